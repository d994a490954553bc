// Work without Python's lock, safe when the interpreter ends meanwhile.
#pragma once

#include <nanobind/nanobind.h>

#include <exception>

namespace linnet::python {

/// Takes the lock again. When the interpreter is finalizing this never returns: a daemon thread that comes back from a
/// run then must neither touch Python nor be unwound through C++ frames (CPython before 3.14 would do the latter).
void take_gil(PyThreadState* state);

/// True when Python can still be called from a thread that does not hold its lock.
bool interpreter_alive() noexcept;

/// Calls body() without the lock; what it throws is thrown again with the lock held.
template <typename Body>
void without_gil(Body&& body) {
  PyThreadState* const state = PyEval_SaveThread();
  std::exception_ptr error;
  try {
    body();
  } catch (...) {
    error = std::current_exception();
  }
  take_gil(state);
  if (error != nullptr) std::rethrow_exception(error);
}

}  // namespace linnet::python
