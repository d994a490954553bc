#include "ops/onednn/module/primitive.hpp"

#include <algorithm>

#include "ops/onednn/module/exit_gate.hpp"

namespace linnet::internal {
namespace {
/// Room for executions beyond those that were announced, so that theirs are kept too.
constexpr int kSpareContexts = 16;

void* workspace_of(const OnednnBuffers& buffers) { return buffers.workspace; }
}  // namespace

/// What one execution at a time may use. Streams and memory objects are cheap, but not free, to make.
struct OnednnPrimitive::Context {
  onednn::Stream stream;
  std::vector<onednn::Memory> memories;
  std::vector<dnnl_exec_arg_t> arguments;  ///< of `memories`
};

OnednnPrimitive::OnednnPrimitive(const dnnl_primitive_desc* description, std::vector<Argument> arguments, int contexts)
    : primitive_(
          onednn::created<onednn::Primitive>([&](auto* out) { return dnnl_primitive_create(out, description); })),
      arguments_(std::move(arguments)),
      idle_(static_cast<std::size_t>(std::max(contexts, 1) + kSpareContexts)) {
  const char* name = nullptr;
  onednn::check(dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, static_cast<void*>(&name)));
  implementation_ = name;
  onednn::MemoryDesc scratchpad = onednn::queried(description, dnnl_query_scratchpad_md);
  workspace_bytes_ = dnnl_memory_desc_get_size(scratchpad.get());
  if (workspace_bytes_ > 0) arguments_.push_back({DNNL_ARG_SCRATCHPAD, std::move(scratchpad), workspace_of});
  for (int i = 0; i < contexts; ++i) give_back(make_context());
}

OnednnPrimitive::~OnednnPrimitive() {
  for (std::atomic<Context*>& slot : idle_) delete slot.load();
}

dnnl_memory_desc_t OnednnPrimitive::description_of(int id) const {
  for (const Argument& argument : arguments_) {
    if (argument.id == id) return argument.description.get();
  }
  return nullptr;
}

std::unique_ptr<OnednnPrimitive::Context> OnednnPrimitive::make_context() const {
  auto context = std::make_unique<Context>();
  context->stream = onednn::created<onednn::Stream>(
      [](auto* out) { return dnnl_stream_create(out, onednn::engine(), dnnl_stream_default_flags); });
  for (const Argument& argument : arguments_) {
    context->memories.push_back(onednn::created<onednn::Memory>([&](auto* out) {
      return dnnl_memory_create(out, argument.description.get(), onednn::engine(), DNNL_MEMORY_NONE);
    }));
    context->arguments.push_back({argument.id, context->memories.back().get()});
  }
  return context;
}

std::unique_ptr<OnednnPrimitive::Context> OnednnPrimitive::take_context() const {
  for (std::atomic<Context*>& slot : idle_) {
    if (slot.load(std::memory_order_relaxed) == nullptr) continue;
    if (Context* context = slot.exchange(nullptr, std::memory_order_acquire)) return std::unique_ptr<Context>(context);
  }
  return make_context();
}

void OnednnPrimitive::give_back(std::unique_ptr<Context> context) const noexcept {
  for (std::atomic<Context*>& slot : idle_) {
    Context* empty = nullptr;
    if (slot.compare_exchange_strong(empty, context.get(), std::memory_order_release, std::memory_order_relaxed)) {
      static_cast<void>(context.release());
      return;
    }
  }
}

void OnednnPrimitive::execute(const OnednnBuffers& buffers) const {
  std::unique_ptr<Context> context = take_context();
  for (std::size_t i = 0; i < arguments_.size(); ++i) {
    onednn::check(dnnl_memory_set_data_handle(context->memories[i].get(), arguments_[i].pointer(buffers)));
  }
  {
    const onednn::OneThread one_thread;
    onednn::check(dnnl_primitive_execute(primitive_.get(), context->stream.get(),
                                         static_cast<int>(context->arguments.size()), context->arguments.data()));
  }
  give_back(std::move(context));
  if (!executed_.load(std::memory_order_relaxed)) {
    onednn::close_gate_before(implementation_);
    executed_.store(true, std::memory_order_relaxed);
  }
}

namespace onednn {

// oneDNN's memory objects hold plain pointers; it does not write through those of its inputs.
void* src_of(const OnednnBuffers& buffers) { return const_cast<void*>(buffers.src); }
void* weights_of(const OnednnBuffers& buffers) { return const_cast<void*>(buffers.weights); }
void* bias_of(const OnednnBuffers& buffers) { return const_cast<void*>(buffers.bias); }
void* dst_of(const OnednnBuffers& buffers) { return buffers.dst; }

MemoryDesc queried(const dnnl_primitive_desc* description, dnnl_query_t query) {
  const_dnnl_memory_desc_t found = dnnl_primitive_desc_query_md(description, query, 0);
  if (found == nullptr) throw Failure{OnednnStatus::kFailed};
  return created<MemoryDesc>([&](auto* out) { return dnnl_memory_desc_clone(out, found); });
}

}  // namespace onednn
}  // namespace linnet::internal
