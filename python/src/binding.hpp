// A session whose inputs and outputs stay bound to the caller's arrays from run to run.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "python/src/model.hpp"
#include "python/src/value.hpp"

namespace linnet::python {

/// Thread-safety: any thread that holds the interpreter's lock; a call while a run is under way in another thread is an
/// error (kInvalidArgument) and changes nothing.
class PythonBinding {
 public:
  /// `owner` is a PythonModel; it is kept alive.
  explicit PythonBinding(nb::object owner);

  /// Reads from the array at every run; it is kept alive. An array that is not dense, and what is no array of numbers,
  /// is copied now.
  void bind_input(std::size_t index, nb::handle array);
  void bind_input_memory(std::size_t index, int type, const Shape& shape, std::uintptr_t address);
  void bind_output(std::size_t index, nb::handle array);
  void bind_output_memory(std::size_t index, int type, const Shape& shape, std::uintptr_t address);
  /// Every run makes a new NumPy array for this output, or what object_of makes of it.
  void bind_output_new(std::size_t index);
  void unbind_inputs();
  void unbind_outputs();
  void run(const RunOptions& options);
  void carry(const std::string& output, const std::string& input);  ///< Session::carry
  /// Session::carry_caches: the names of outputs and of inputs.
  std::vector<std::pair<std::string, std::string>> carry_caches();
  void reset();  ///< Session::reset
  /// The array that output `index` was written to: the one bound, or the one made by the last run. None before a run,
  /// for memory bound by address, and for outputs that are not bound.
  nb::object output(std::size_t index) const;

 private:
  struct Input {
    bool bound = false;
    bool carried = false;                ///< need not be bound
    std::optional<BorrowedArray> array;  ///< none where the session has a copy of what is no array of numbers
  };
  struct Output {
    enum class Kind { kUnbound, kArray, kMemory, kNew } kind = Kind::kUnbound;
    std::optional<BorrowedArray> buffer;
    nb::object array;
  };
  void check_idle() const;
  void check_output(std::size_t index) const;

  nb::object owner_;
  PythonModel& model_;
  Session session_;
  std::vector<Input> inputs_;
  std::vector<Output> outputs_;
  bool running_ = false;
};

void register_binding(nb::module_& module);

}  // namespace linnet::python
