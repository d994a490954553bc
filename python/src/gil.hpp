// Work without Python's lock, safe when the interpreter ends meanwhile.
#pragma once

#include <nanobind/nanobind.h>

#include <cxxabi.h>

#include <exception>

namespace linnet::python {

/// Takes the lock again. When the interpreter is finalizing this never returns: a daemon thread that comes back from a
/// run then must neither touch Python nor be unwound through C++ frames (CPython before 3.14 would do the latter).
void take_gil(PyThreadState* state);

/// Never returns; for threads that the end of the interpreter caught in the middle.
[[noreturn]] void wait_for_the_end();

/// False once the interpreter is finalizing: Python must not be called any more by a thread without its lock.
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

/// Calls body(), which uses Python, from a thread that may or may not hold the lock. Does nothing once the interpreter
/// is finalizing; when that begins meanwhile, this never returns.
template <typename Body>
void with_gil(Body&& body) {
  if (!interpreter_alive()) return;
  try {
    const PyGILState_STATE state = PyGILState_Ensure();
    body();
    PyGILState_Release(state);
  } catch (abi::__forced_unwind&) {
    wait_for_the_end();
  }
}

}  // namespace linnet::python
