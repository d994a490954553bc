// What a Model is inside: the graph after the passes, and the programs compiled from it.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/after_fork.hpp"
#include "runtime/growing_caches.hpp"
#include "runtime/idle_pool.hpp"
#include "runtime/model_facts.hpp"
#include "runtime/program.hpp"
#include "runtime/stages.hpp"
#include "runtime/weights_store.hpp"

namespace linnet::internal {

class CallerPool;
class SessionImpl;
class ThreadPool;

/// The element type, shape and data of one input, as the caller gave them.
struct InputBinding {
  DataType type = DataType::kUndefined;
  Shape shape;
  const void* data = nullptr;
  bool bound = false;
  bool is_state = false;  ///< of a session: nobody has to bind it
  std::int64_t room = 0;  ///< of a growing cache: for how many elements along its axis there is memory; 0: no more
};

/// A program's key: rank and dimensions of every input, with the bytes of those that decide shapes; then the room of
/// caches that grow.
using ProgramKey = std::vector<std::int64_t>;

/// What a cached program takes, its key included.
inline std::size_t kept_bytes(const ProgramKey& key, const Program& program) {
  return key.size() * sizeof(key[0]) + program.kept_bytes;
}

/// A graph input that is what a graph output was in the run before.
struct StateTie {
  std::size_t input = 0;
  std::size_t output = 0;
};

/// Immutable but for its caches. Thread-safety: all members. In the child of a fork, caches that another thread was
/// changing are empty.
class ModelImpl : public BodyModels {
 public:
  /// `graph`: after the passes. Errors: kInvalidArgument for options out of range, and states that the model has not.
  ModelImpl(Graph graph, ModelFacts facts, Options options);
  ~ModelImpl() override;

  const Graph& graph() const { return graph_; }
  const ModelFacts& facts() const { return facts_; }
  const Options& options() const { return options_; }
  int threads() const { return threads_; }
  /// Null with one thread, and where the caller's own pool takes its place.
  ThreadPool* pool() const { return pool_.get(); }
  const CallerPool* caller_pool() const { return caller_pool_.get(); }
  /// Those of a caller: the first of the graph's inputs. States stand behind them.
  const std::vector<ValueInfo>& inputs() const { return inputs_; }
  const std::vector<StateTie>& states() const { return states_; }
  /// None with parts.
  const std::vector<GrowingCache>& growing_caches() const { return growing_caches_; }
  /// Errors: kInvalidArgument where the model has no such input or output, one does not fit the other, or one of
  /// `others` has either.
  StateTie tie(const State& state, const std::vector<StateTie>& others) const;
  /// As graph() has them: of inputs() and outputs() too, which say what is in a sequence or optional.
  DataType type_of_input(std::size_t index) const { return graph_.values[graph_.inputs[index]].type.type; }
  DataType type_of_output(std::size_t index) const { return graph_.values[graph_.outputs[index]].type.type; }
  const std::vector<ValueInfo>& outputs() const { return outputs_; }
  /// Whether shapes, of outputs or between, are known only when a run has found them out.
  bool data_decides_shapes() const { return data_decides_shapes_; }

  /// A part of the graph that is compiled when those before it have run: see stages.hpp.
  struct Part {
    std::unique_ptr<ModelImpl> model;
    std::vector<StageValue> inputs;
  };
  /// None where one program serves the whole graph.
  const std::vector<Part>& parts() const { return parts_; }
  /// With parts: where the outputs come from.
  const std::vector<StageValue>& output_sources() const { return output_sources_; }
  ModelImpl& model_of(const std::shared_ptr<const Graph>& body) override;

  std::size_t packed_weights_bytes() const;
  bool has_shape_inputs() const { return has_shape_inputs_; }
  std::size_t memory_budget() const { return memory_budget_; }  ///< bytes of a session's arena; never 0

  /// Errors: kInvalidArgument saying what the model wants, when the binding does not fit input `index`.
  void check_input(std::size_t index, const ConstTensorView& view) const;
  /// Errors: kInvalidArgument when a dimension that several inputs share by name has different sizes.
  void check_shared_dimensions(const std::vector<InputBinding>& inputs) const;
  /// Writes the key, reusing its memory. Requires: all inputs bound and checked.
  void make_key(const std::vector<InputBinding>& inputs, ProgramKey& key) const;
  /// From the cache, or compiled now; the least recently used program makes room. Errors: those of
  /// check_shared_dimensions and of `compile`, and of Stop::check also while another thread compiles.
  /// Requires: no parts.
  std::shared_ptr<const Program> program(const ProgramKey& key, const std::vector<InputBinding>& inputs,
                                         const Stop& stop = {});

  /// A session from the pool, or a new one; given back by the caller.
  std::unique_ptr<SessionImpl> take_session();
  void give_back(std::unique_ptr<SessionImpl> session) noexcept;
  /// Frees the idle sessions, and the programs that no session uses.
  void trim() noexcept;

 private:
  struct CachedProgram {
    ProgramKey key;
    std::shared_ptr<const Program> program;
  };

  static void start_anew_after_fork(void* model);
  void tie_states();
  void cut_graph();
  void drop_old_programs();

  Graph graph_;
  ModelFacts facts_;
  Options options_;
  int threads_;
  std::size_t memory_budget_;
  std::shared_ptr<ThreadPool> pool_;
  std::unique_ptr<const CallerPool> caller_pool_;
  std::vector<ValueInfo> inputs_;
  std::vector<ValueInfo> outputs_;
  std::vector<StateTie> states_;
  std::vector<GrowingCache> growing_caches_;
  std::vector<bool> decides_shapes_;  ///< by input position
  bool has_shape_inputs_ = false;
  bool data_decides_shapes_ = false;
  std::vector<Part> parts_;
  std::vector<StageValue> output_sources_;
  WeightsStore weights_;
  std::mutex programs_mutex_;
  std::list<CachedProgram> programs_;                               ///< most recently used first
  std::map<const Graph*, std::unique_ptr<ModelImpl>> body_models_;  ///< of graphs that nodes keep alive
  std::mutex sessions_mutex_;
  IdlePool<SessionImpl> sessions_;
  AfterFork after_fork_;
};

/// What public headers call it.
ValueKind kind_of(DataType type) noexcept;
/// What is known of a value, under this name.
ValueInfo info_of(const Graph& graph, ValueId value, const std::string& name);
/// `float32 [batch,100]`
std::string describe(const ValueInfo& info);

}  // namespace linnet::internal
