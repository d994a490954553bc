#include "python/src/gil.hpp"

#include <unistd.h>

namespace linnet::python {
namespace {

bool finalizing() noexcept {
#if PY_VERSION_HEX >= 0x030D0000
  return Py_IsFinalizing() != 0;
#else
  return _Py_IsFinalizing() != 0;
#endif
}

}  // namespace

void wait_for_the_end() {
  for (;;) ::pause();
}

bool interpreter_alive() noexcept { return Py_IsInitialized() != 0 && !finalizing(); }

void take_gil(PyThreadState* state) {
  if (finalizing()) wait_for_the_end();
  try {
    PyEval_RestoreThread(state);
  } catch (abi::__forced_unwind&) {  // finalizing began after the question above
    wait_for_the_end();
  }
}

}  // namespace linnet::python
