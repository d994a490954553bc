// The oneDNN implementation of Softmax and LogSoftmax. It runs only when `--backend onednn` asks for it: its error is
// past 4 ULP (its exp is looser, and x - max is rounded), a row of which -inf is the maximum is NaN there as here, and
// an axis that is not the last runs in its scalar reference code.
#include "ops/normalization/softmax.hpp"
#include "ops/onednn/onednn_slices.hpp"

namespace linnet::internal {
namespace {

constexpr std::int64_t kSliceElements = 16384;
constexpr double kCost = 1.5;  // ns per element

std::string accepts(const NodeView& node) {
  if (node.options().backend != Backend::kOnednn) return "its error is past 4 ULP; only on request";
  if (node.input_type(0) != DataType::kFloat32) return text("only float32, not ", node.input_type(0));
  return onednn_refusal();
}

Prepared prepare(const PrepareContext& context) {
  const SoftmaxExtents extents = softmax_extents(context);
  const bool logarithm = context.attributes<SoftmaxAttributes>().logarithm;
  const std::int64_t outer = extents.count() == 0 ? 0 : extents.outer;
  const std::int64_t row = std::max<std::int64_t>(extents.axis * extents.inner, 1);
  auto slices = new_shared<OnednnSlices>(
      make_onednn_slices(outer, std::max<std::int64_t>(kSliceElements / row, 1), [&](std::int64_t rows) {
        return make_onednn_softmax({rows, extents.axis, extents.inner, logarithm}, context.threads());
      }));
  slices->row_elements = row;
  Prepared prepared;
  prepared.workspace_bytes = slices->worker_bytes * static_cast<std::size_t>(context.threads());
  prepared.state = std::move(slices);
  return prepared;
}

void run(const RunArguments& args) {
  const OnednnSlices& slices = *static_cast<const OnednnSlices*>(args.state);
  const auto* x = static_cast<const float*>(args.inputs[0]);
  auto* y = static_cast<float*>(args.outputs[0]);
  execute_onednn_slices(slices, args, static_cast<double>(slices.rows * slices.row_elements) * kCost,
                        [&](std::int64_t row) {
                          OnednnBuffers buffers;
                          buffers.src = x + row * slices.row_elements;
                          buffers.dst = y + row * slices.row_elements;
                          return buffers;
                        });
}

}  // namespace

Implementation onednn_softmax_implementation() { return {"onednn", Backend::kOnednn, accepts, prepare, run}; }

}  // namespace linnet::internal
