// Rotary embeddings that exports write as several nodes, each as one node:
//
//   x * cos + Concat(-x[..., h:], x[..., :h]) * sin
//
// where h is half of x's last dimension, and cos and sin have values for all of it. One of the two products is no
// longer rounded. Only float32: 16-bit types would skip a rounding step.
#include "ops/attention/rotary_embedding.hpp"
#include "runtime/data_type.hpp"
#include "runtime/passes/pass.hpp"
#include "runtime/pattern.hpp"

namespace linnet::internal {
namespace {

using patterns::any;
using patterns::constant;
using patterns::number;
using patterns::one_of;
using patterns::op;

/// Some columns of x, with step 1; before opset 10 a Slice has no inputs but x, which is left alone.
Pattern columns(const char* as) {
  const Pattern list = constant(nullptr);
  return one_of(
      {op("Slice", {any("x"), list, list, list, number(1.0)}, as), op("Slice", {any("x"), list, list, list}, as)});
}

Pattern rotated() {
  const Pattern second = op("Neg", {columns("second")});
  const Pattern turned = op("Concat", {second, columns("first")}, "turned");
  return op("Add", {op("Mul", {any("x"), any("cos")}), op("Mul", {turned, any("sin")})});
}

/// Whether the Slice is `half` columns of x from `first` on. Its output says where it ends.
bool is_half(const Match& match, const char* slice, std::int64_t first, std::int64_t half) {
  const NodeView node = match.node(slice);
  const auto rank = static_cast<std::int64_t>(node.input_rank(0));
  const std::optional<std::vector<std::int64_t>> starts = node.input_integers(1);
  const std::optional<std::vector<std::int64_t>> axes = node.input_integers(3);
  if (!starts || !axes || starts->size() != 1 || axes->size() != 1) return false;
  const std::int64_t start = starts->front();
  const std::int64_t axis = axes->front();
  if (axis != -1 && axis != rank - 1) return false;
  return (start < 0 ? start + 2 * half : start) == first && node.output(0).dims.back().is(half);
}

std::optional<Replacement> make_rotary(const Match& match) {
  constexpr std::size_t kMostDimensions = 4;
  const TensorType& x = match.type("x");
  const OpDef* op = match.registry().find("", "RotaryEmbedding");
  if (op == nullptr || x.type != DataType::kFloat32 || x.dims.empty() || !x.dims.back().known()) return std::nullopt;
  const std::int64_t width = x.dims.back().value();
  if (width < 2 || width % 2 != 0 || x.dims.size() > kMostDimensions) return std::nullopt;
  for (const char* table : {"cos", "sin"}) {
    const Dims& dims = match.type(table).dims;
    if (dims.empty() || dims.size() > kMostDimensions || !dims.back().is(width)) return std::nullopt;
  }
  // Halves that are joined along another axis would not be as wide as x again.
  if (!match.type("turned").dims.back().is(width)) return std::nullopt;
  if (!is_half(match, "first", 0, width / 2)) return std::nullopt;
  if (!is_half(match, "second", width / 2, width / 2)) return std::nullopt;
  auto attributes = new_shared<RotaryEmbeddingAttributes>();
  attributes->whole_rows = true;
  return Replacement{op, std::move(attributes), {match.value("x"), match.value("cos"), match.value("sin")}};
}

}  // namespace

void register_rotary_fusions(Registry& registry) { registry.add(Fusion{kFuseLayerParts, rotated(), make_rotary}); }

}  // namespace linnet::internal
