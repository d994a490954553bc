// A model with a pool of sessions, as Python sees it.
#pragma once

#include <linnet/inspect.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "python/src/array.hpp"
#include "python/src/profile.hpp"

namespace linnet::python {

/// How a run ends early. The token is kept alive by the caller of the run.
struct RunLimits {
  const CancelToken* cancel = nullptr;
  std::chrono::nanoseconds timeout{0};
};

/// Thread-safety: any thread that holds the interpreter's lock; runs let go of it, so several go on at once, each in a
/// session of its own.
class PythonModel {
 public:
  explicit PythonModel(Model model) : model_(std::move(model)) {}

  const Model& model() const { return model_; }
  Profile& profile() { return profile_; }

  /// Runs on one array per model input, in the model's order. `wanted` numbers the outputs to return; `given` is empty
  /// or holds, for each of them, None or the array to write to, which is returned then. Other outputs are new arrays of
  /// `framework`.
  std::vector<nb::object> run(const std::vector<nb::object>& inputs, const std::vector<std::size_t>& wanted,
                              const std::vector<nb::object>& given, Framework framework, const RunLimits& limits);

 private:
  /// A session and the shapes that it ran with last.
  struct Slot {
    explicit Slot(Session made) : session(std::move(made)) {}
    Session session;
    std::vector<Shape> shapes;  ///< of the inputs; empty: it has not run yet
  };
  class Lease;

  std::vector<BorrowedArray> borrow_inputs(const std::vector<nb::object>& inputs) const;
  void prepare(Slot& slot, std::vector<BorrowedArray>& inputs) const;

  Model model_;
  std::vector<std::unique_ptr<Slot>> idle_;
  Profile profile_;
};

/// Runs a bound session without the interpreter's lock; with a profile that is on, every step is timed.
void run_session(Session& session, const Model& model, std::vector<BorrowedArray>& inputs, Profile& profile,
                 const RunLimits& limits);

/// "input \"x\"", for messages.
std::string input_text(const Model& model, std::size_t index);
std::string output_text(const Model& model, std::size_t index);

void register_model(nb::module_& module);

}  // namespace linnet::python
