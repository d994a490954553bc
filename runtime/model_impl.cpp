#include "runtime/model_impl.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>

#include <unistd.h>

#include "runtime/caller_pool.hpp"
#include "runtime/control_groups.hpp"
#include "runtime/data_type.hpp"
#include "runtime/float_mode.hpp"
#include "runtime/session_impl.hpp"
#include "runtime/thread_pool.hpp"

namespace linnet::internal {
namespace {

constexpr int kMostThreads = 1024;

std::size_t physical_memory() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page_bytes = sysconf(_SC_PAGE_SIZE);
  if (pages <= 0 || page_bytes <= 0) return SIZE_MAX / 2;
  return static_cast<std::size_t>(pages) * static_cast<std::size_t>(page_bytes);
}

/// What the process may have of the machine's memory. Asked once: the files of control groups take as long to read as a
/// small model takes to load.
std::size_t memory_of_process() {
  static const std::size_t kBytes = std::min(physical_memory(), memory_limit());
  return kBytes;
}

std::string describe_shape(const ValueInfo& info) {
  if (!info.has_shape) return "of any shape";
  std::string out = "[";
  for (std::size_t i = 0; i < info.shape.size(); ++i) {
    const Dimension& dimension = info.shape[i];
    if (i > 0) out += ',';
    out += dimension.value >= 0 ? text(dimension.value) : dimension.name.empty() ? "?" : printable(dimension.name);
  }
  return out + "]";
}

bool fits(const ValueInfo& info, const std::int64_t* shape, std::size_t rank) {
  if (!info.has_shape) return true;
  if (rank != info.shape.size()) return false;
  for (std::size_t i = 0; i < rank; ++i) {
    if (info.shape[i].value >= 0 && info.shape[i].value != shape[i]) return false;
  }
  return true;
}

Shape shape_of(const ConstTensorView& view) { return Shape(view.shape, view.shape + view.rank); }

[[noreturn]] void refuse_input(const ValueInfo& info, const std::string& reason) {
  invalid_argument("input \"", printable(info.name), "\": the model wants ", describe(info), ", ", reason);
}

}  // namespace

ValueInfo info_of(const Graph& graph, ValueId value, const std::string& name) {
  const TensorType& type = graph.values[value].type;
  ValueInfo info;
  info.name = name;
  info.type = element_type_of(type.type);
  info.kind = kind_of(type.type);
  info.key_type = key_type_of(type.type);
  info.has_shape = type.ranked && info.kind == ValueKind::kTensor;
  if (!info.has_shape) return info;
  for (const Dim dim : type.dims) {
    Dimension dimension;
    if (dim.known()) dimension.value = dim.value();
    if (dim.is_symbol() && dim.symbol_index() < graph.symbols.size())
      dimension.name = graph.symbols[dim.symbol_index()];
    info.shape.push_back(std::move(dimension));
  }
  return info;
}

std::string describe(const ValueInfo& info) {
  switch (info.kind) {
    case ValueKind::kTensor:
      break;
    case ValueKind::kSequence:
      return text(sequence_of(info.type));
    case ValueKind::kOptional:
      return text(optional_of(info.type));
    case ValueKind::kOptionalSequence:
      return text(optional_of(sequence_of(info.type)));
    case ValueKind::kMap:
      return text(map_of(info.key_type, info.type));
    case ValueKind::kMapSequence:
      return text(sequence_of(map_of(info.key_type, info.type)));
  }
  return text(info.type, " ", describe_shape(info));
}

ValueKind kind_of(DataType type) noexcept {
  if (is_optional(type)) return is_sequence(type_inside(type)) ? ValueKind::kOptionalSequence : ValueKind::kOptional;
  if (is_sequence(type)) return is_map(type_inside(type)) ? ValueKind::kMapSequence : ValueKind::kSequence;
  return is_map(type) ? ValueKind::kMap : ValueKind::kTensor;
}

ModelImpl::ModelImpl(Graph graph, ModelFacts facts, Options options)
    : graph_(std::move(graph)),
      facts_(std::move(facts)),
      options_(std::move(options)),
      weights_(memory_of_process()),
      after_fork_(start_anew_after_fork, this) {
  if (options_.threads < 0 || options_.threads > kMostThreads) {
    invalid_argument("option threads is ", options_.threads, ", expected 0 (all CPUs) to ", kMostThreads);
  }
  const ThreadPoolFunctions& own_pool = options_.thread_pool;
  if (own_pool.concurrency != nullptr || own_pool.parallel_for != nullptr) {
    caller_pool_ = std::make_unique<const CallerPool>(own_pool);
    threads_ = std::min(options_.threads == 0 ? kMostThreads : options_.threads, caller_pool_->threads());
  } else {
    threads_ = options_.threads == 0 ? available_cpus() : options_.threads;
    if (threads_ > 1) pool_ = ThreadPool::shared(threads_);
  }
  memory_budget_ = options_.memory_budget == 0 ? memory_of_process() : options_.memory_budget;
  tie_states();
  for (std::size_t i = 0; i + states_.size() < graph_.inputs.size(); ++i)
    inputs_.push_back(info_of(graph_, graph_.inputs[i], graph_.input_names[i]));
  for (std::size_t i = 0; i < graph_.outputs.size(); ++i)
    outputs_.push_back(info_of(graph_, graph_.outputs[i], graph_.output_names[i]));
  cut_graph();
  if (!parts_.empty()) return;
  const std::vector<bool> decides = find_shape_values(graph_);
  for (const ValueId input : graph_.inputs) {
    decides_shapes_.push_back(decides[input]);
    has_shape_inputs_ = has_shape_inputs_ || decides[input];
  }
  for (const GrowingCache& cache : find_growing_caches(graph_, options_)) {
    if (!decides_shapes_[cache.input]) growing_caches_.push_back(cache);
  }
}

ModelImpl::~ModelImpl() = default;

StateTie ModelImpl::tie(const State& state, const std::vector<StateTie>& others) const {
  const auto position_of = [](const std::vector<std::string>& names, const std::string& name, const char* kind) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
      invalid_argument("a state names the ", kind, " \"", printable(name), "\", which the model does not have");
    return static_cast<std::size_t>(found - names.begin());
  };
  const StateTie tie = {position_of(graph_.input_names, state.input, "input"),
                        position_of(graph_.output_names, state.output, "output")};
  for (const StateTie& other : others) {
    if (other.input == tie.input) invalid_argument("two states name the input \"", printable(state.input), "\"");
    if (other.output == tie.output) invalid_argument("two states name the output \"", printable(state.output), "\"");
  }
  const TensorType& input = graph_.values[graph_.inputs[tie.input]].type;
  const TensorType& output = graph_.values[graph_.outputs[tie.output]].type;
  if (is_held(input.type)) {
    invalid_argument("the state \"", printable(state.input), "\" is ", input.type, ", expected a tensor of numbers");
  }
  bool fits = input.type == output.type && (!input.ranked || !output.ranked || input.dims.size() == output.dims.size());
  for (std::size_t axis = 0; fits && input.ranked && output.ranked && axis < input.dims.size(); ++axis)
    fits = !input.dims[axis].differs(output.dims[axis]);
  if (!fits) {
    invalid_argument("a state's input \"", printable(state.input), "\" is ",
                     describe(info_of(graph_, graph_.inputs[tie.input], state.input)), ", its output \"",
                     printable(state.output), "\" ",
                     describe(info_of(graph_, graph_.outputs[tie.output], state.output)));
  }
  return tie;
}

/// Moves the inputs that are states behind the others.
void ModelImpl::tie_states() {
  const std::size_t count = options_.states.size();
  for (const State& state : options_.states) states_.push_back(tie(state, states_));
  for (std::size_t i = 0; i < count; ++i) {
    const auto position = std::find(graph_.input_names.begin(), graph_.input_names.end(), options_.states[i].input) -
                          graph_.input_names.begin();
    std::rotate(graph_.inputs.begin() + position, graph_.inputs.begin() + position + 1, graph_.inputs.end());
    std::rotate(graph_.input_names.begin() + position, graph_.input_names.begin() + position + 1,
                graph_.input_names.end());
    states_[i].input = graph_.inputs.size() - count + i;
  }
}

/// Makes a model of every stage, where there are several.
void ModelImpl::cut_graph() {
  Stages stages = cut_into_stages(graph_);
  data_decides_shapes_ = stages.data_decides_shapes;
  Options options = options_;
  options.states.clear();
  for (Stage& stage : stages.stages)
    parts_.push_back(
        {std::make_unique<ModelImpl>(std::move(stage.graph), ModelFacts{}, options), std::move(stage.inputs)});
  output_sources_ = std::move(stages.outputs);
}

/// Called while compiling, which one thread does at a time.
ModelImpl& ModelImpl::model_of(const std::shared_ptr<const Graph>& body) {
  std::unique_ptr<ModelImpl>& model = body_models_[body.get()];
  if (model == nullptr) {
    Options options = options_;
    options.states.clear();
    model = std::make_unique<ModelImpl>(*body, ModelFacts{}, std::move(options));
  }
  return *model;
}

std::size_t ModelImpl::packed_weights_bytes() const {
  std::size_t bytes = weights_.total_bytes();
  for (const Part& part : parts_) bytes += part.model->packed_weights_bytes();
  return bytes;
}

/// Sessions that other threads were using, and a program that one was compiling, are lost with those threads.
void ModelImpl::start_anew_after_fork(void* model) {
  auto& self = *static_cast<ModelImpl*>(model);
  if (free_after_fork(self.sessions_mutex_)) new (&self.sessions_) IdlePool<SessionImpl>;
  if (free_after_fork(self.programs_mutex_)) {
    new (&self.programs_) std::list<CachedProgram>;
    new (&self.body_models_) std::map<const Graph*, std::unique_ptr<ModelImpl>>;
  }
  self.weights_.start_anew_after_fork();
}

void ModelImpl::check_input(std::size_t index, const ConstTensorView& view) const {
  if (index >= inputs_.size()) invalid_argument("input ", index, " does not exist: the model has ", inputs_.size());
  const ValueInfo& info = inputs_[index];
  if (view.rank > 0 && view.shape == nullptr)
    refuse_input(info, text("the view has rank ", view.rank, " but no shape"));
  if (options_.limits.rank != 0 && view.rank > options_.limits.rank) {
    refuse_input(info, text("got rank ", view.rank, ", the limit is ", options_.limits.rank));
  }
  std::size_t bytes = (bits_of(view.type) + 7) / 8;  // of packed types too many, which does no harm
  bool overflow = false;
  bool empty = false;
  for (std::size_t i = 0; i < view.rank; ++i) {
    if (view.shape[i] < 0) refuse_input(info, text("got the shape ", shape_of(view), " with a negative dimension"));
    empty = empty || view.shape[i] == 0;
    overflow = overflow || __builtin_mul_overflow(bytes, static_cast<std::size_t>(view.shape[i]), &bytes);
  }
  if (empty) bytes = 0;
  const DataType type = type_of_input(index);
  if (view.type != type || !fits(info, view.shape, view.rank)) {
    const bool is_tensor = kind_of(view.type) == ValueKind::kTensor || type_name(element_type_of(view.type)) == nullptr;
    refuse_input(info, is_tensor ? text("got ", view.type, " ", shape_of(view)) : text("got ", view.type));
  }
  if (is_held(type) && view.data == nullptr) refuse_input(info, "got no data (null)");
  if (!empty && (overflow || bytes > static_cast<std::size_t>(INT64_MAX))) {
    refuse_input(info, text("got the shape ", shape_of(view), ", which needs more bytes than 63 bits can count"));
  }
  if (view.data == nullptr && bytes > 0) refuse_input(info, text("got no data (null) for shape ", shape_of(view)));
  if (!is_aligned(view.data, view.type)) {
    refuse_input(info, text("the data is not aligned to its element size of ", size_of(view.type)));
  }
}

void ModelImpl::check_shared_dimensions(const std::vector<InputBinding>& inputs) const {
  struct Seen {
    std::int64_t size = -1;
    std::size_t input = 0;
  };
  std::vector<Seen> seen(graph_.symbols.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const TensorType& type = graph_.values[graph_.inputs[i]].type;
    for (std::size_t axis = 0; axis < type.dims.size(); ++axis) {
      if (!type.dims[axis].is_symbol() || type.dims[axis].symbol_index() >= seen.size()) continue;
      Seen& first = seen[type.dims[axis].symbol_index()];
      const std::int64_t size = inputs[i].shape[axis];
      if (first.size < 0) {
        first = {size, i};
      } else if (first.size != size) {
        invalid_argument("dimension \"", printable(graph_.symbols[type.dims[axis].symbol_index()]), "\" is ",
                         first.size, " in input \"", printable(graph_.input_names[first.input]), "\" but ", size,
                         " in input \"", printable(graph_.input_names[i]), "\": the model wants the same size");
      }
    }
  }
}

void ModelImpl::make_key(const std::vector<InputBinding>& inputs, ProgramKey& key) const {
  key.clear();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const InputBinding& input = inputs[i];
    key.push_back(static_cast<std::int64_t>(input.shape.size()));
    key.insert(key.end(), input.shape.begin(), input.shape.end());
    if (!decides_shapes_[i]) continue;
    const std::size_t bytes = byte_count(input.type, input.shape);
    const std::size_t start = key.size();
    key.resize(start + (bytes + 7) / 8, 0);
    if (bytes > 0) std::memcpy(&key[start], input.data, bytes);
  }
  for (const GrowingCache& cache : growing_caches_) key.push_back(inputs[cache.input].room);
}

std::shared_ptr<const Program> ModelImpl::program(const ProgramKey& key, const std::vector<InputBinding>& inputs,
                                                  const Stop& stop) {
  const std::unique_lock<std::mutex> lock = lock_unless_stopped(programs_mutex_, stop);
  for (auto cached = programs_.begin(); cached != programs_.end(); ++cached) {
    if (cached->key != key) continue;
    programs_.splice(programs_.begin(), programs_, cached);
    return programs_.front().program;
  }
  check_shared_dimensions(inputs);
  std::vector<ProgramInput> concrete(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    concrete[i].shape = inputs[i].shape;
    if (decides_shapes_[i]) concrete[i].elements = copy_constant(inputs[i].type, inputs[i].shape, inputs[i].data);
  }
  for (const GrowingCache& cache : growing_caches_) concrete[cache.input].room = {cache.axis, inputs[cache.input].room};
  const FloatMode mode(options_.flush_denormals);  // of weights as in a run
  // Not on a caller's pool: its threads may take up another run of this model while they wait, and that would wait
  // here.
  RunControl control(pool_.get(), pool_ == nullptr ? 1 : threads_);
  control.set_flush_denormals(options_.flush_denormals);
  control.set_stop(stop);
  programs_.push_front(
      {key, compile(graph_, concrete, {options_, threads_, weights_, control, memory_budget_, *this})});
  drop_old_programs();
  return programs_.front().program;
}

/// The newest stays, however large.
void ModelImpl::drop_old_programs() {
  const std::size_t most = std::max<std::size_t>(options_.program_cache, 1);
  std::size_t bytes = 0;
  std::size_t kept = 0;
  auto entry = programs_.begin();
  for (; entry != programs_.end(); ++entry, ++kept) {
    bytes += kept_bytes(entry->key, *entry->program);
    if (kept > 0 && (kept == most || bytes > options_.program_cache_bytes)) break;
  }
  programs_.erase(entry, programs_.end());
}

void ModelImpl::trim() noexcept {
  std::vector<std::unique_ptr<SessionImpl>> idle;
  {
    const std::lock_guard<std::mutex> lock(sessions_mutex_);
    idle = sessions_.take_all();
  }
  idle.clear();  // they hold programs
  for (const Part& part : parts_) part.model->trim();
  const std::lock_guard<std::mutex> lock(programs_mutex_);
  programs_.remove_if([](const CachedProgram& cached) { return cached.program.use_count() == 1; });
  for (const auto& [graph, model] : body_models_) model->trim();
}

std::unique_ptr<SessionImpl> ModelImpl::take_session() {
  {
    const std::lock_guard<std::mutex> lock(sessions_mutex_);
    if (std::unique_ptr<SessionImpl> session = sessions_.take()) return session;
  }
  return std::make_unique<SessionImpl>(*this);
}

void ModelImpl::give_back(std::unique_ptr<SessionImpl> session) noexcept {
  std::unique_ptr<SessionImpl> surplus;
  try {
    const std::lock_guard<std::mutex> lock(sessions_mutex_);
    surplus = sessions_.give_back(session);
  } catch (...) {  // no memory to keep it: the next run makes another
  }
}

}  // namespace linnet::internal
