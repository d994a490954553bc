// The module's table of functions, and the one symbol that it exports.
#include "ops/onednn/module/exit_gate.hpp"
#include "ops/onednn/module/primitive.hpp"

namespace linnet::internal {
namespace {

template <typename Problem, std::unique_ptr<OnednnPrimitive> (*kMake)(const Problem&, int)>
OnednnStatus create(const Problem* problem, std::int32_t contexts, OnednnPrimitive** primitive) noexcept {
  return onednn::guarded([&] {
    const onednn::ExitGate open;
    *primitive = kMake(*problem, contexts).release();
  });
}

void destroy(OnednnPrimitive* primitive) noexcept { delete primitive; }

const char* implementation(const OnednnPrimitive* primitive) noexcept { return primitive->implementation(); }

std::size_t workspace_bytes(const OnednnPrimitive* primitive) noexcept { return primitive->workspace_bytes(); }

std::size_t packed_bytes(const OnednnPrimitive* primitive) noexcept {
  return dnnl_memory_desc_get_size(primitive->description_of(DNNL_ARG_WEIGHTS));
}

const char* packed_layout(const OnednnPrimitive* primitive) noexcept { return primitive->packed_layout.c_str(); }

OnednnStatus pack(const OnednnPrimitive* primitive, const float* b, std::int64_t row_stride, std::int64_t column_stride,
                  void* packed) noexcept {
  return onednn::guarded([&] {
    const onednn::ExitGate open;
    onednn::pack_weights(*primitive, b, row_stride, column_stride, packed);
  });
}

OnednnStatus execute(const OnednnPrimitive* primitive, const OnednnBuffers* buffers) noexcept {
  return onednn::guarded([&] {
    const onednn::ExecutionGate open;
    primitive->execute(*buffers);
  });
}

std::string library_version() {
  const dnnl_version_t* version = dnnl_version();
  return std::to_string(version->major) + "." + std::to_string(version->minor) + "." + std::to_string(version->patch);
}

const OnednnApi& table() {
  // Never destroyed: other threads may load while the process exits.
  static const std::string& kLibraryVersion = *new std::string(library_version());
  static const OnednnApi kTable = {
      kOnednnApiVersion,
      kLibraryVersion.c_str(),
      create<OnednnEltwiseProblem, onednn::make_eltwise>,
      create<OnednnSoftmaxProblem, onednn::make_softmax>,
      create<OnednnMatmulProblem, onednn::make_matmul>,
      destroy,
      implementation,
      workspace_bytes,
      packed_bytes,
      packed_layout,
      pack,
      execute,
  };
  return kTable;
}

}  // namespace
}  // namespace linnet::internal

extern "C" __attribute__((visibility("default"))) const linnet::internal::OnednnApi* linnet_onednn_api(
    std::uint32_t version) {
  using linnet::internal::kOnednnApiVersion;
  using linnet::internal::OnednnApi;
  using linnet::internal::OnednnStatus;
  using linnet::internal::table;
  namespace onednn = linnet::internal::onednn;
  if (version != kOnednnApiVersion) return nullptr;
  const OnednnApi* result = nullptr;
  const OnednnStatus status = onednn::guarded([&] {
    onednn::engine();
    onednn::close_gate_at_exit();
    result = &table();
  });
  return status == OnednnStatus::kOk ? result : nullptr;
}
