// linnet::Model and linnet::Session: thin handles on runtime/.
#include <cstring>

#include "api/guard.hpp"
#include "api/run_values.hpp"
#include "api/session_access.hpp"
#include "loaders/loader.hpp"
#include "ops/kernels/targets.hpp"
#include "ops/kernels/tiles.hpp"
#include "ops/ops.hpp"
#include "runtime/log.hpp"
#include "runtime/model_impl.hpp"
#include "runtime/passes/pass.hpp"
#include "runtime/session_impl.hpp"
#include "runtime/value_type.hpp"

namespace linnet {

using internal::guarded;
using internal::ModelImpl;
using internal::SessionImpl;
using internal::Stop;

namespace {

void require_cpu() {
  if (!kernels::cpu_is_supported())
    internal::unsupported("this CPU lacks SSE4.2, AES or PCLMULQDQ, which x86 CPUs have since 2011: Linnet needs them");
}

std::shared_ptr<ModelImpl> finish(internal::LoadedModel&& loaded, const Options& options, const Stop& stop) {
  const auto multiplies_bfloat16 = [&] {
    if (options.backend == Backend::kOnednn) return kernels::has_bfloat16_instructions();
    return kernels::bfloat16_pairs_are_fast() || kernels::tiles() != kernels::Tiles::kNone;
  };
  if (options.precision == Precision::kBf16 && !multiplies_bfloat16()) {
    internal::log(
        options, LogLevel::kWarning,
        "precision bf16: this CPU has no bfloat16 arithmetic that is faster (AMX, AVX512_BF16), so float32 is "
        "used");
  }
  internal::PassContext context{loaded.graph, internal::all_operators(), options, stop};
  const std::size_t before = loaded.graph.nodes.size();
  internal::ModelFacts facts{loaded.ir_version, std::move(loaded.opsets), std::move(loaded.metadata),
                             internal::run_passes(context)};
  internal::log(options, LogLevel::kInfo, "loaded ", before, " nodes, ", loaded.graph.nodes.size(),
                " after the passes");
  Options kept = options;
  kept.external_data.clear();  // the caller may free it now
  kept.initializers.clear();
  return internal::new_shared<ModelImpl>(std::move(loaded.graph), std::move(facts), std::move(kept));
}

std::size_t index_of(const std::vector<ValueInfo>& infos, std::string_view name, const char* kind) {
  std::string names;
  for (std::size_t i = 0; i < infos.size(); ++i) {
    if (infos[i].name == name) return i;
    names += (i == 0 ? "\"" : ", \"") + internal::printable(infos[i].name) + "\"";
  }
  internal::invalid_argument("there is no ", kind, " \"", internal::printable(name), "\"; the model has ",
                             names.empty() ? "none" : names);
}

/// A session of the model's pool: keeps the model alive, and gives the session back whatever happens.
class Borrowed {
 public:
  explicit Borrowed(std::shared_ptr<ModelImpl> model) : model_(std::move(model)), session_(model_->take_session()) {
    session_->reset();
  }
  ~Borrowed() { model_->give_back(std::move(session_)); }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  SessionImpl& session() const { return *session_; }

 private:
  std::shared_ptr<ModelImpl> model_;
  std::unique_ptr<SessionImpl> session_;
};

/// guarded(body), refused while another thread is in the session.
template <typename Body>
decltype(auto) alone_in(SessionImpl& session, Body&& body) {
  return guarded([&] {
    const internal::InUse::Claim claim(session.in_use());
    return body();
  });
}

ConstTensorView view_of(const Tensor& tensor) { return tensor.view(); }
ConstTensorView view_of(const ConstTensorView& view) { return view; }

/// What is bound for one run is the caller's to free after it, whether it succeeds or not.
class BoundForOneRun {
 public:
  explicit BoundForOneRun(SessionImpl& session) : session_(session) { session.unbind_all(); }
  ~BoundForOneRun() { session_.unbind_all(); }
  BoundForOneRun(const BoundForOneRun&) = delete;
  BoundForOneRun& operator=(const BoundForOneRun&) = delete;

 private:
  SessionImpl& session_;
};

Stop stop_of_run(const RunOptions& options) { return {options, "the run"}; }

void bind_numbers(SessionImpl& session, std::size_t index, const ConstTensorView& view) {
  internal::require_numbers(index, view);
  session.bind_input(index, view);
}

[[noreturn]] void refuse_output(const ModelImpl& model, std::size_t index, const char* instead) {
  internal::invalid_argument("output \"", internal::printable(model.outputs()[index].name), "\" is ",
                             model.type_of_output(index), ", which is no tensor of numbers: ", instead);
}

void require_numbers(const ModelImpl& model) {
  for (std::size_t i = 0; i < model.outputs().size(); ++i) {
    if (internal::is_held(model.type_of_output(i))) refuse_output(model, i, "run with values");
  }
}

/// Calls bind(index, input) for the inputs that are no states. Errors: kInvalidArgument when there are not as many.
template <typename Input, typename Bind>
void bind_each(const SessionImpl& session, const std::vector<Input>& inputs, const Bind& bind) {
  const std::size_t all = session.model().inputs().size();
  std::size_t wanted = 0;
  for (std::size_t i = 0; i < all; ++i) wanted += session.is_state(i) ? 0 : 1;
  if (inputs.size() != wanted) internal::invalid_argument(inputs.size(), " inputs given, the model wants ", wanted);
  auto input = inputs.begin();
  for (std::size_t i = 0; i < all; ++i) {
    if (!session.is_state(i)) bind(i, *input++);
  }
}

std::vector<Value> run_on_values(SessionImpl& session, const std::vector<Value>& inputs, const RunOptions& options) {
  const Stop stop = stop_of_run(options);
  const BoundForOneRun bound(session);
  bind_each(session, inputs, [&](std::size_t i, const Value& value) { internal::bind_value(session, i, value); });
  session.run(stop);
  std::vector<Value> outputs;
  for (std::size_t i = 0; i < session.model().outputs().size(); ++i)
    outputs.push_back(internal::output_value(session, i));
  return outputs;
}

/// What the run made, copied.
std::vector<Tensor> copied_outputs(const SessionImpl& session) {
  std::vector<Tensor> outputs;
  const std::size_t count = session.model().outputs().size();
  outputs.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const ConstTensorView made = session.output(i);
    Tensor& output = outputs.emplace_back(made.type, Shape(made.shape, made.shape + made.rank));
    if (output.bytes() > 0) std::memcpy(output.data(), made.data, output.bytes());
  }
  return outputs;
}

template <typename Input>
std::vector<Tensor> run_owned(SessionImpl& session, const std::vector<Input>& inputs, const RunOptions& options) {
  require_numbers(session.model());
  const Stop stop = stop_of_run(options);
  const BoundForOneRun bound(session);
  bind_each(session, inputs, [&](std::size_t i, const Input& input) { bind_numbers(session, i, view_of(input)); });
  if (session.model().data_decides_shapes()) {
    session.run(stop);
    return copied_outputs(session);
  }
  session.prepare(stop);
  std::vector<Tensor> outputs;
  outputs.reserve(session.model().outputs().size());
  for (const internal::ProgramOutput& made : session.programs().front().program->outputs)
    outputs.emplace_back(made.type, made.shape);
  for (std::size_t i = 0; i < outputs.size(); ++i) session.bind_output(i, outputs[i].view());
  session.run(stop);
  return outputs;
}

}  // namespace

Model::Model(std::shared_ptr<ModelImpl> impl) : impl_(std::move(impl)) {}
Model::Model(const Model&) = default;
Model& Model::operator=(const Model&) = default;
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

Model Model::load(const std::string& path, const Options& options, const RunOptions& until) {
  return guarded([&] {
    require_cpu();
    const Stop stop(until, "loading");
    return Model(finish(internal::load_model_file(path, internal::all_operators(), options, stop), options, stop));
  });
}

Model Model::load(const void* bytes, std::size_t size, const Options& options, const RunOptions& until) {
  return guarded([&] {
    require_cpu();
    if (bytes == nullptr) internal::invalid_argument("no model given (null)");
    const Stop stop(until, "loading");
    return Model(
        finish(internal::load_model_bytes(bytes, size, internal::all_operators(), options, stop), options, stop));
  });
}

const std::vector<ValueInfo>& Model::inputs() const { return impl_->inputs(); }
const std::vector<ValueInfo>& Model::outputs() const { return impl_->outputs(); }
std::size_t Model::input_index(std::string_view name) const {
  return guarded([&] { return index_of(inputs(), name, "input"); });
}
std::size_t Model::output_index(std::string_view name) const {
  return guarded([&] { return index_of(outputs(), name, "output"); });
}

bool Model::data_decides_shapes() const noexcept { return impl_->data_decides_shapes(); }

Session Model::session() const {
  return guarded([&] { return Session(impl_, std::make_unique<SessionImpl>(*impl_)); });
}

void Model::trim() const noexcept { impl_->trim(); }

std::vector<Tensor> Model::run(const std::vector<Tensor>& inputs, const RunOptions& options) const {
  return guarded([&] { return run_owned(Borrowed(impl_).session(), inputs, options); });
}
std::vector<Tensor> Model::run_views(const std::vector<ConstTensorView>& inputs, const RunOptions& options) const {
  return guarded([&] { return run_owned(Borrowed(impl_).session(), inputs, options); });
}

Session::Session(std::shared_ptr<ModelImpl> model, std::unique_ptr<SessionImpl> impl)
    : model_(std::move(model)), impl_(std::move(impl)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&& other) noexcept {
  impl_ = std::move(other.impl_);  // before the model that it refers to
  model_ = std::move(other.model_);
  return *this;
}
Session::~Session() = default;

void Session::bind_input(std::size_t index, const ConstTensorView& view) {
  alone_in(*impl_, [&] { bind_numbers(*impl_, index, view); });
}
void Session::bind_output(std::size_t index, const TensorView& view) {
  alone_in(*impl_, [&] { impl_->bind_output(index, view); });
}
void Session::unbind_output(std::size_t index) {
  alone_in(*impl_, [&] { impl_->unbind_output(index); });
}
void Session::prepare(const RunOptions& options) {
  alone_in(*impl_, [&] { impl_->prepare(stop_of_run(options)); });
}
void Session::run(const RunOptions& options) {
  alone_in(*impl_, [&] { impl_->run(stop_of_run(options)); });
}
void Session::carry(const std::string& output, const std::string& input) {
  alone_in(*impl_, [&] { impl_->carry({input, output}); });
}
std::vector<State> Session::carry_caches() {
  return alone_in(*impl_, [&] { return impl_->carry_caches(); });
}
void Session::reset() {
  alone_in(*impl_, [&] { impl_->reset(); });
}
ConstTensorView Session::output(std::size_t index) const {
  return alone_in(*impl_, [&] {
    const ConstTensorView view = impl_->output(index);
    if (internal::is_held(view.type)) refuse_output(impl_->model(), index, "take it as a value");
    return view;
  });
}

void Session::run(const std::vector<ConstTensorView>& inputs, const std::vector<TensorView>& outputs,
                  const RunOptions& options) {
  alone_in(*impl_, [&] {
    const ModelImpl& model = impl_->model();
    if (outputs.size() > model.outputs().size())
      internal::invalid_argument(outputs.size(), " outputs given, the model has ", model.outputs().size());
    bind_each(*impl_, inputs, [&](std::size_t i, const ConstTensorView& view) { bind_numbers(*impl_, i, view); });
    for (std::size_t i = 0; i < model.outputs().size(); ++i) {
      if (i < outputs.size() && outputs[i].data != nullptr) {
        impl_->bind_output(i, outputs[i]);
      } else {
        impl_->unbind_output(i);
      }
    }
    impl_->run(stop_of_run(options));
  });
}

std::vector<Tensor> Session::run(const std::vector<Tensor>& inputs, const RunOptions& options) {
  return alone_in(*impl_, [&] { return run_owned(*impl_, inputs, options); });
}

std::vector<Tensor> Session::run_views(const std::vector<ConstTensorView>& inputs, const RunOptions& options) {
  return alone_in(*impl_, [&] { return run_owned(*impl_, inputs, options); });
}

std::vector<std::int64_t> run_profiled(Session& session) {
  return alone_in(*session.impl_, [&] { return session.impl_->run_profiled(); });
}

std::vector<NodeTime> run_profiled_nodes(Session& session) {
  internal::SessionImpl& impl = internal::SessionAccess::impl(session);
  return alone_in(impl, [&] { return impl.run_profiled_nodes(); });
}

std::vector<TraceEvent> run_traced(Session& session) {
  return alone_in(*session.impl_, [&] { return session.impl_->run_traced(); });
}

std::vector<Value> run_values(const Model& model, const std::vector<Value>& inputs, const RunOptions& options) {
  return guarded([&] { return run_on_values(Borrowed(model.impl()).session(), inputs, options); });
}

std::vector<Value> run_values(Session& session, const std::vector<Value>& inputs, const RunOptions& options) {
  SessionImpl& impl = internal::SessionAccess::impl(session);
  return alone_in(impl, [&] { return run_on_values(impl, inputs, options); });
}

void bind_value(Session& session, std::size_t index, const Value& value) {
  SessionImpl& impl = internal::SessionAccess::impl(session);
  alone_in(impl, [&] { internal::bind_value(impl, index, value); });
}

Value output_value(const Session& session, std::size_t index) {
  SessionImpl& impl = internal::SessionAccess::impl(session);
  return alone_in(impl, [&] { return internal::output_value(impl, index); });
}

const char* version() noexcept { return LINNET_VERSION; }

}  // namespace linnet
