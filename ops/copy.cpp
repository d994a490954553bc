#include "ops/copy.hpp"

#include <algorithm>
#include <cstring>

namespace linnet::internal {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
constexpr double kNanosecondsPerByte = 0.1;

struct CopyState {
  std::size_t bytes = 0;
};

Prepared prepare_copy(const PrepareContext& context) {
  auto state = std::make_shared<CopyState>();
  state->bytes = byte_count(context.output(0).type, context.output_shape(0));
  return {state, 0, 0};
}

void run_copy(const RunArguments& args) {
  copy_bytes(args.control, args.outputs[0], args.inputs[0], static_cast<const CopyState*>(args.state)->bytes);
}

}  // namespace

void copy_bytes(RunControl& control, void* to, const void* from, std::size_t bytes) {
  if (to == from || bytes == 0) return;
  const std::size_t chunks = (bytes + kChunkBytes - 1) / kChunkBytes;
  control.parallel_for(chunks, static_cast<double>(bytes) * kNanosecondsPerByte, [=](std::size_t chunk) {
    const std::size_t offset = chunk * kChunkBytes;
    std::memcpy(static_cast<std::byte*>(to) + offset, static_cast<const std::byte*>(from) + offset,
                std::min(kChunkBytes, bytes - offset));
  });
}

Implementation copy_implementation() { return {"reference", Backend::kReference, nullptr, prepare_copy, run_copy}; }

}  // namespace linnet::internal
