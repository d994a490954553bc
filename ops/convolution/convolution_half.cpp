// Convolutions of float16 and bfloat16 elements by the float32 kernels: operands are widened once, which is exact, sums
// are those of float32 with channels first, and every element of Y is rounded once. A constant W is packed as float32
// at load, and kept widened, too, where a run reads it; X, B and a W that only the run knows are widened into the
// workspace, where Y stands as float32 first.
#include <algorithm>

#include "ops/convolution/convolution_simd.hpp"
#include "ops/kernels/half.hpp"
#include "ops/shared/element_lines.hpp"

namespace linnet::internal {
namespace {

constexpr double kConvertedPerNanosecond = 4.0;
constexpr std::size_t kTaskElements = 1 << 17;
constexpr std::size_t kHalfBytes = 2;

/// A part of the workspace, in floats.
struct Part {
  std::size_t begin = 0;
  std::size_t count = 0;
};

struct HalfConvolution {
  ConvolutionPlan plan;
  kernels::HalfType type = kernels::HalfType::kFloat16;
  std::shared_ptr<const std::byte> packed;     ///< null where W is packed by every run
  std::shared_ptr<const std::byte> widened_w;  ///< of a constant W that runs read
  Part x, w, b, y;                             ///< behind what the plan needs
};

std::string accepts(const NodeView& node) {
  const DataType type = node.input_type(kConvolutionX);
  if (type != DataType::kFloat16 && type != DataType::kBfloat16) return text("only float16 and bfloat16, not ", type);
  if (node.attributes<ConvolutionAttributes>().channels_last) return "channels last only in float32";
  return plan_refusal(node);
}

/// Errors: kLimitExceeded when the bytes cannot be counted.
Part reserve(std::size_t& floats, const Shape& shape) {
  const std::int64_t count = element_count(shape);
  if (!checked_product(count + 15, 2 * sizeof(float))) {
    fail(ErrorCode::kLimitExceeded, "its operands need more bytes as float32 than 64 bits can count");
  }
  const Part part = {floats, static_cast<std::size_t>(count)};
  floats += (part.count + 15) / 16 * 16;
  return part;
}

/// Calls body(first, count) for runs of elements, several threads at once.
template <typename Body>
void convert(RunControl& control, std::size_t count, const Body& body) {
  const double work = static_cast<double>(count) / kConvertedPerNanosecond;
  control.parallel_for((count + kTaskElements - 1) / kTaskElements, work, [&](std::size_t task) {
    const std::size_t first = task * kTaskElements;
    body(first, std::min(kTaskElements, count - first));
  });
}

void widen_all(RunControl& control, kernels::HalfType type, const void* from, std::size_t count, float* to) {
  convert(control, count, [&](std::size_t first, std::size_t size) {
    kernels::widen(type, static_cast<const std::byte*>(from) + first * kHalfBytes, size, to + first);
  });
}

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<HalfConvolution>();
  const Convolution c = convolution_of(context);
  state->type = half_type(context.input_type(kConvolutionX));
  Prepared prepared;
  if (c.images > 0) {
    const bool has_b = context.has_input(kConvolutionB);
    const ConstantPtr& w = context.input_constant(kConvolutionW);
    state->plan = plan_convolution(c, has_b, false, w != nullptr, context.threads());
    std::size_t floats = place_workspace(state->plan, w == nullptr, context.threads());
    state->x = reserve(floats, context.input_shape(kConvolutionX));
    state->y = reserve(floats, context.output_shape(0));
    if (has_b) state->b = reserve(floats, context.input_shape(kConvolutionB));
    if (w == nullptr) {
      state->w = reserve(floats, context.input_shape(kConvolutionW));
    } else {
      const auto count = static_cast<std::size_t>(w->count());
      const auto widen = [&](std::byte* memory) {
        widen_all(context.control(), state->type, w->data, count, reinterpret_cast<float*>(memory));
      };
      if (reads_w(state->plan)) state->widened_w = context.weights().get(w, "widened", count * sizeof(float), widen);
      const std::size_t bytes = state->plan.packed_floats * sizeof(float);
      state->packed = context.weights().get(w, "widened " + packing_key(state->plan), bytes, [&](std::byte* memory) {
        std::shared_ptr<const std::byte> widened = state->widened_w;
        if (widened == nullptr) {
          const std::shared_ptr<std::byte> copy = allocate_aligned(count * sizeof(float));
          widen(copy.get());
          widened = copy;
        }
        pack_convolution(state->plan, widened.get(), context.control(), reinterpret_cast<float*>(memory));
      });
      prepared.unread_inputs = 1U << kConvolutionW;
    }
    prepared.workspace_bytes = floats * sizeof(float);
  }
  prepared.state = std::move(state);
  return prepared;
}

void run(const RunArguments& args) {
  const auto& state = *static_cast<const HalfConvolution*>(args.state);
  if (state.plan.convolution.images == 0) return;
  auto* workspace = static_cast<float*>(args.workspace);
  const auto widened = [&](const Part& part, std::size_t input) {
    float* to = workspace + part.begin;
    widen_all(args.control, state.type, args.inputs[input], part.count, to);
    return to;
  };
  ConvolutionOperands operands = {};
  operands.x = widened(state.x, kConvolutionX);
  operands.packed = reinterpret_cast<const float*>(state.packed.get());
  operands.w = state.widened_w.get();
  if (operands.packed == nullptr) operands.w = widened(state.w, kConvolutionW);
  if (state.plan.has_b) operands.bias = widened(state.b, kConvolutionB);
  operands.y = workspace + state.y.begin;
  operands.workspace = workspace;
  run_convolution(state.plan, operands, args.control);
  convert(args.control, state.y.count, [&](std::size_t first, std::size_t size) {
    kernels::narrow(state.type, operands.y + first, size,
                    static_cast<std::byte*>(args.outputs[0]) + first * kHalfBytes);
  });
}

}  // namespace

Implementation half_convolution() { return {"simd half", Backend::kSimd, accepts, prepare, run}; }

}  // namespace linnet::internal
