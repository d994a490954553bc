// Hardmax: Y is 1 where the largest element along the axis stands, the first of equal ones, and 0 elsewhere; a NaN
// counts as larger than every number, as in ArgMax. X and Y have the same floating-point type and shape, of rank 1 or
// more. Opsets 7 to newest: the axis is as that of Softmax, before 13 too, where X counts as a matrix. bfloat16 (from
// 13) is accepted at every opset.
#include <cstring>

#include "ops/normalization/softmax.hpp"
#include "ops/reduction/arg_max.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kChunk = 16384;
constexpr double kCost = 0.3;  // ns per element

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<SoftmaxAttributes>();
  attributes->flattened = context.opset() < 13;
  attributes->axis = context.get_int("axis", attributes->flattened ? 1 : -1);
  return attributes;
}

void infer(InferContext& context) {
  infer_like_first(context);
  normalized_axis(context.attributes<SoftmaxAttributes>().axis, context.input_rank(0));
}

Prepared prepare(const PrepareContext& context) {
  const SoftmaxExtents extents = softmax_extents(context);
  auto search = new_shared<ExtremeSearch>();
  search->type = context.input_type(0);
  if (extents.count() > 0) {
    search->outer = static_cast<std::size_t>(extents.outer);
    search->size = static_cast<std::size_t>(extents.axis);
    search->inner = static_cast<std::size_t>(extents.inner);
  }
  const std::size_t found_bytes = search->outer * search->inner * sizeof(std::int64_t);
  return {std::move(search), found_bytes, 0};
}

void run(const RunArguments& args) {
  const auto& search = *static_cast<const ExtremeSearch*>(args.state);
  auto* found = static_cast<std::int64_t*>(args.workspace);
  find_extremes(args.control, search, args.inputs[0], found);
  auto* y = static_cast<std::byte*>(args.outputs[0]);
  const std::size_t bytes = size_of(search.type);
  for_chunks(args.control, search.outer * search.size * search.inner, kChunk, kCost,
             [=](std::size_t first, std::size_t size) { std::memset(y + first * bytes, 0, size * bytes); });
  for_chunks(args.control, search.outer * search.inner, kChunk, 4 * kCost, [&](std::size_t first, std::size_t size) {
    const double one = 1;
    for (std::size_t i = first; i < first + size; ++i) {
      const std::size_t row = i / search.inner * search.size + static_cast<std::size_t>(found[i]);
      store_line(search.type, &one, row * search.inner + i % search.inner, 1, y);
    }
  });
}

}  // namespace

void register_hardmax(Registry& registry) {
  OpDef op;
  op.name = "Hardmax";
  op.inputs = kInputOfFloats;
  op.outputs = kOutputOverFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  registry.add(std::move(op));
}

}  // namespace linnet::internal
