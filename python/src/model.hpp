// A model with a pool of sessions, as Python sees it.
#pragma once

#include <linnet/inspect.hpp>

#include <functional>
#include <memory>
#include <vector>

#include "python/src/array.hpp"
#include "python/src/profile.hpp"
#include "runtime/idle_pool.hpp"

namespace linnet::python {

/// Thread-safety: any thread that holds the interpreter's lock; runs let go of it, so several go on at once, each in a
/// session of its own.
class PythonModel {
 public:
  explicit PythonModel(Model model);

  const Model& model() const { return model_; }
  Profile& profile() { return profile_; }
  /// Every run is timed. Errors: kUnsupported where inputs or outputs are no arrays of numbers.
  void start_profile();
  /// Model::trim, and the sessions kept here.
  void trim();

  /// One array per model input, in the model's order. Errors: kInvalidArgument, also for inputs that are no arrays of
  /// numbers.
  std::vector<BorrowedArray> borrow_inputs(const std::vector<nb::object>& inputs) const;
  /// Runs on one array per model input, in the model's order. `wanted` numbers the outputs to return, each once;
  /// `given` is empty or holds, for each of them, None or the array to write to, which is returned then. Other outputs
  /// are new objects of `framework`: see object_of. Errors: kInvalidArgument; kUnsupported for arrays to write to where
  /// inputs or outputs are no arrays of numbers.
  std::vector<nb::object> run(const std::vector<nb::object>& inputs, const std::vector<std::size_t>& wanted,
                              const std::vector<nb::object>& given, Framework framework, const RunOptions& options);

 private:
  /// A session and the shapes that it ran with last.
  struct Slot {
    explicit Slot(Session made) : session(std::move(made)) {}
    Session session;
    std::vector<Shape> shapes;  ///< of the inputs; empty: it has not run yet
  };
  class Lease;

  std::vector<nb::object> run_values(const std::vector<nb::object>& inputs, const std::vector<std::size_t>& wanted,
                                     const std::vector<nb::object>& given, Framework framework,
                                     const RunOptions& options) const;
  void prepare(Slot& slot, std::vector<BorrowedArray>& inputs, const RunOptions& options) const;

  Model model_;
  bool numbers_only_;  ///< has_numbers_only
  internal::IdlePool<Slot> idle_;
  Profile profile_;
};

/// Runs a bound session without the interpreter's lock; when the model is being profiled, every step is timed. `inputs`
/// gives what is bound, and is asked only then.
void run_session(Session& session, PythonModel& model, const RunOptions& options,
                 const std::function<std::vector<ConstTensorView>()>& inputs);

/// Requires: all are dense.
std::vector<ConstTensorView> views_of(std::vector<BorrowedArray>& arrays);

/// Errors: kInvalidArgument when the model has another number of inputs.
void check_input_count(const Model& model, std::size_t given);
/// "input \"x\"", for messages.
std::string input_text(const Model& model, std::size_t index);
std::string output_text(const Model& model, std::size_t index);

void register_model(nb::module_& module);

}  // namespace linnet::python
