// What a Session is inside: one arena, and programs bound to it.
#pragma once

#include <linnet/inspect.hpp>

#include <chrono>
#include <memory>
#include <vector>

#include "runtime/frame.hpp"
#include "runtime/in_use.hpp"
#include "runtime/model_impl.hpp"

namespace linnet::internal {

struct TaskTime;

/// Thread-safety: one thread at a time, which claims in_use() where others might come. Requires: the model outlives it.
class SessionImpl {
 public:
  explicit SessionImpl(ModelImpl& model);
  SessionImpl(const SessionImpl&) = delete;
  SessionImpl& operator=(const SessionImpl&) = delete;

  ModelImpl& model() const { return model_; }
  InUse& in_use() const { return in_use_; }
  void bind_input(std::size_t index, const ConstTensorView& view);
  void bind_output(std::size_t index, const TensorView& view);
  void unbind_output(std::size_t index);
  /// Forgets the caller's buffers: inputs must be bound anew, outputs go to memory of the session.
  void unbind_all() noexcept;
  /// Errors: those of Stop::check too, after which a later call begins anew.
  void prepare(const Stop& stop = {});
  void run(const Stop& stop = {}) { run_steps(stop, nullptr); }
  /// Nanoseconds of every step.
  std::vector<std::int64_t> run_profiled();
  /// The same by node: see linnet::run_profiled_nodes.
  std::vector<NodeTime> run_profiled_nodes();
  /// When every step ran, and every task of it (see TraceEvent).
  std::vector<TraceEvent> run_traced();
  ConstTensorView output(std::size_t index) const;
  /// States are zeros for the next run.
  void reset() noexcept;
  /// Requires: prepare or run succeeded since inputs changed.
  const Program& program() const { return *current_->program; }

 private:
  struct StepTime {
    std::chrono::steady_clock::time_point start;
    std::chrono::steady_clock::time_point end;
  };
  struct BoundProgram {
    ProgramKey key;
    std::shared_ptr<const Program> program;
    std::vector<void*> operands;
    std::vector<Call> calls;
    std::uint64_t last_used = 0;
  };
  struct OutputBinding {
    DataType type = DataType::kUndefined;
    Shape shape;
    void* data = nullptr;
    bool bound = false;
    std::shared_ptr<std::byte> own;
    std::size_t own_bytes = 0;
    const void* last = nullptr;  ///< where the last result lies, of an output that is a state
  };
  /// What the next run reads; the memory that it writes is the output's own, and the two change places after it.
  struct SessionState {
    StateTie tie;
    std::shared_ptr<std::byte> memory;
    std::size_t bytes = 0;
    std::shared_ptr<std::byte> larger;  ///< for what a run made that `memory` does not hold
    Shape shape;
    bool zeros = true;  ///< at the next run
  };

  void require_inputs() const;
  void begin_states();
  Shape first_shape(const SessionState& state) const;
  void keep_states();
  void find_program(const Stop& stop);
  std::unique_ptr<BoundProgram> bind(ProgramKey key, std::shared_ptr<const Program> program);
  void drop_old_programs(std::size_t bytes);
  void reserve_arena(std::size_t bytes);
  void point_bound_into_arena(BoundProgram& bound) const;
  void prepare_outputs();
  void point_at_buffers();
  void check_overlap() const;
  void* output_data(std::size_t position) const;
  void run_steps(const Stop& stop, std::vector<StepTime>* step_times);
  /// The step that a task belongs to, from `first` on: steps follow each other, and no task outlives its own.
  static std::size_t step_of(const std::vector<StepTime>& steps, std::size_t first, const TaskTime& task);

  ModelImpl& model_;
  mutable InUse in_use_;
  RunControl control_;
  std::vector<InputBinding> inputs_;
  std::vector<OutputBinding> outputs_;
  std::vector<SessionState> states_;
  std::vector<std::unique_ptr<BoundProgram>> programs_;
  BoundProgram* current_ = nullptr;
  std::uint64_t uses_ = 0;
  ProgramKey key_;
  bool shapes_changed_ = true;
  bool buffers_changed_ = true;
  std::shared_ptr<std::byte> arena_;
  std::size_t arena_bytes_ = 0;
};

}  // namespace linnet::internal
