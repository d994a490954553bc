// What a Session is inside: one arena, and programs bound to it.
#pragma once

#include <linnet/inspect.hpp>

#include <chrono>
#include <memory>
#include <vector>

#include "runtime/frame.hpp"
#include "runtime/held.hpp"
#include "runtime/in_use.hpp"
#include "runtime/model_impl.hpp"

namespace linnet::internal {

struct TaskTime;

/// Memory of the steps of one program at a time.
struct Arena {
  std::shared_ptr<std::byte> memory;
  std::size_t bytes = 0;
};

/// Where the graph was cut, a session has one of its own for every part of the model (session_parts.cpp); they share
/// the arena, and what one makes for another lies in its outputs. Thread-safety: one thread at a time, which claims
/// in_use() where others might come. Requires: the model outlives it.
class SessionImpl {
 public:
  explicit SessionImpl(ModelImpl& model, std::shared_ptr<Arena> arena = std::make_shared<Arena>());
  SessionImpl(const SessionImpl&) = delete;
  SessionImpl& operator=(const SessionImpl&) = delete;

  ModelImpl& model() const { return model_; }
  InUse& in_use() const { return in_use_; }
  /// The data of a view of a held type are the address of a Held, which lives until after the last run.
  void bind_input(std::size_t index, const ConstTensorView& view);
  /// The same, and keeps the value until the input is bound anew or all are unbound.
  void bind_value(std::size_t index, std::shared_ptr<const Held> value);
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
  /// The same as it was made, wherever that is. After `prepare` only type and shape, where the inputs decide them.
  /// Requires: as `programs`.
  ConstTensorView made(std::size_t index) const;
  /// One more state, whose input stays an input: the next run reads what is bound to it, if anything is. Errors: those
  /// of ModelImpl::tie.
  void carry(const State& state);
  /// Carries every output that is named as an input is, but for "present" in place of "past". Errors: those of `carry`,
  /// and kInvalidArgument when there is none; nothing is carried then.
  std::vector<State> carry_caches();
  /// Whether input `index` is a state: nobody has to bind it.
  bool is_state(std::size_t index) const noexcept { return inputs_[index].is_state; }
  /// States are zeros for the next run.
  void reset() noexcept;
  /// A graph, and the program of its steps.
  struct PartProgram {
    const ModelImpl* model;
    const Program* program;
  };
  /// In the order in which they run: steps are numbered through all of them. Requires: prepare succeeded since inputs
  /// changed, or run, where data decides shapes.
  std::vector<PartProgram> programs() const;

 private:
  class TracedTasks;
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
    mutable std::shared_ptr<std::byte> own;
    mutable std::size_t own_bytes = 0;
    Held held;                               ///< in place of `own`, of an output whose shape the run finds out
    const void* last = nullptr;              ///< where the last result lies, of an output that is a state
    std::byte* grown = nullptr;              ///< what the run appends to, of an output that is a growing cache
    mutable bool own_is_dense_copy = false;  ///< of what the last run made of `grown`, for who asked for it
  };
  /// Memory that the caller bound.
  struct Buffer {
    std::uintptr_t begin, end;
    std::size_t index;  ///< of the output or input
    bool output;
  };
  /// What the next run reads; the memory that it writes is the output's own, and the two change places after it.
  struct SessionState {
    StateTie tie;
    std::shared_ptr<std::byte> memory;
    std::size_t bytes = 0;
    std::shared_ptr<std::byte> larger;  ///< for what a run made that `memory` does not hold
    Shape shape;
    bool zeros = true;                    ///< at the next run
    bool given = false;                   ///< the next run reads what is bound to the input
    const GrowingCache* cache = nullptr;  ///< of one that may grow where it lies
    std::int64_t room = 0;                ///< along the cache's axis, when it does; 0: `memory` is dense
  };

  void require_inputs() const;
  void bind_part(std::size_t part);
  void prepare_parts(const Stop& stop);
  void run_parts(const Stop& stop, std::vector<StepTime>* step_times);
  /// Bytes of the outputs whose shapes the last run found out, or that are no arrays.
  std::size_t held_bytes() const;
  void run_own_steps(const Stop& stop, std::vector<StepTime>* step_times);
  void return_revealed();
  void set_trace(TaskTrace* trace) noexcept;
  const SessionState* state_of(std::size_t input) const noexcept;
  std::vector<StateTie> ties() const;
  void add_state(const StateTie& tie);
  void begin_states();
  void set_first_shape(SessionState& state) const;
  void check_shape(const SessionState& state) const;
  static void reserve_own(const OutputBinding& output, std::size_t bytes);
  struct CacheLayout;  ///< session_caches.cpp, as all of these
  CacheLayout layout_of(const SessionState& state) const;
  bool grows_in_place(const SessionState& state) const;
  void begin_growing(SessionState& state);
  std::shared_ptr<std::byte> memory_for_room(const SessionState& state, std::int64_t least, std::size_t* bytes) const;
  void reserve_room(SessionState& state, std::int64_t least);
  void reserve_grown(const Stop& stop);
  void keep_states();
  void keep_grown(SessionState& state);
  void copy_dense(const SessionState& state, const ConstTensorView& made, std::byte* to) const;
  const void* dense_output(std::size_t index) const;
  void find_program(const Stop& stop);
  std::unique_ptr<BoundProgram> bind(ProgramKey key, std::shared_ptr<const Program> program);
  void drop_old_programs(std::size_t bytes);
  void reserve_arena(std::size_t bytes);
  void follow_arena();
  void point_bound_into_arena(BoundProgram& bound) const;
  void prepare_outputs();
  void point_at_buffers();
  void check_overlap();
  [[noreturn]] void refuse_overlap(const Buffer& output, const Buffer& other) const;
  void* output_data(std::size_t position) const;
  void* output_operand(std::size_t position);
  void run_steps(const Stop& stop, std::vector<StepTime>* step_times);
  /// The step that a task belongs to, from `first` on: steps follow each other, and no task outlives its own.
  static std::size_t step_of(const std::vector<StepTime>& steps, std::size_t first, const TaskTime& task);

  ModelImpl& model_;
  mutable InUse in_use_;
  RunControl control_;
  std::vector<InputBinding> inputs_;
  std::vector<std::shared_ptr<const Held>> values_;  ///< that inputs_ refer to
  std::vector<OutputBinding> outputs_;
  std::vector<Buffer> buffers_;  ///< of check_overlap, which allocates nothing
  std::vector<SessionState> states_;
  std::vector<std::unique_ptr<BoundProgram>> programs_;
  BoundProgram* current_ = nullptr;
  std::uint64_t uses_ = 0;
  ProgramKey key_;
  bool shapes_changed_ = true;
  bool buffers_changed_ = true;
  bool prepared_ = false;  ///< and nothing failed on the way
  bool ran_ = false;       ///< since it was prepared
  std::shared_ptr<Arena> arena_;
  const std::byte* pointed_at_ = nullptr;  ///< the arena that programs_ refer to
  std::vector<std::unique_ptr<SessionImpl>> parts_;
};

}  // namespace linnet::internal
