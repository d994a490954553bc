// Rotary embeddings that exports write as several nodes, each as one node. With x1 and x2 the elements of pairs, which
// are the two halves of x's last dimension, or its even and odd elements:
//
//   x * cos + joined(-x2, x1) * sin                       cos and sin have values for all of x's last dimension
//   joined(x1 * cos - x2 * sin, x2 * cos + x1 * sin)      they have values for half of it
//
// `joined` is Concat for halves, and Unsqueeze, Concat and Reshape for neighbours. x1 and x2 come from Slice or Split.
// x may be the front of wider rows whose rest is put behind it again, by Concat.
// One of the two products is no longer rounded. Only float32: 16-bit types would skip a rounding step.
#include "ops/attention/rotary_embedding.hpp"
#include "runtime/data_type.hpp"
#include "runtime/passes/pass.hpp"
#include "runtime/pattern.hpp"

namespace linnet::internal {
namespace {

using patterns::any;
using patterns::constant;
using patterns::one_of;
using patterns::op;

/// Halves, or "neighbours" that lie beside each other in a dimension more until Reshape.
Pattern joined(const Pattern& first, const Pattern& second) {
  const Pattern list = constant(nullptr);
  const Pattern neighbours =
      op("Concat", {op("Unsqueeze", {first, list}), op("Unsqueeze", {second, list})}, "neighbours");
  return one_of({op("Reshape", {neighbours, any(nullptr)}, "joined"), op("Concat", {first, second}, "joined")});
}

Pattern product(const char* a, const char* b) { return op("Mul", {any(a), any(b)}); }

Pattern of_whole_rows() {
  const Pattern turned = joined(op("Neg", {any("second")}), any("first"));
  return op("Add", {product("x", "cos"), op("Mul", {turned, any("sin")})});
}

Pattern of_pairs() {
  return joined(op("Sub", {product("first", "cos"), product("second", "sin")}),
                op("Add", {product("second", "cos"), product("first", "sin")}));
}

/// Only the front of x is turned: partial rotary embeddings.
Pattern of_front() {
  const Pattern turned = op("RotaryEmbedding", {any("front"), any("cos"), any("sin")}, "turned");
  return op("Concat", {turned, any("rest")});
}

/// Which elements of the last dimension of `x` a value has: `count` of them from `first` on.
struct Part {
  ValueId x;
  const TensorType* type;  ///< of x
  std::int64_t first, step, count;

  std::int64_t width() const { return type->dims.back().value(); }
  bool is(std::int64_t its_first, std::int64_t its_count, std::int64_t its_step = 1) const {
    return first == its_first && count == its_count && step == its_step;
  }
};

std::optional<std::int64_t> only(const NodeView& node, std::size_t input) {
  const std::optional<std::vector<std::int64_t>> list = node.input_integers(input);
  return list && list->size() == 1 ? std::optional<std::int64_t>(list->front()) : std::nullopt;
}

/// Where a Slice ends, or what a Split cuts, its output's size says.
std::optional<Part> part_of(const Match& match, const char* name) {
  const ValueId value = match.value(name);
  const std::optional<NodeView> maker = match.maker(value);
  const Dims& dims = match.type(name).dims;
  if (!maker || !maker->has_input(0) || dims.empty() || !dims.back().known()) return std::nullopt;
  const Node& node = maker->node();
  const TensorType& x = maker->input(0);
  if (x.dims.size() != dims.size() || !x.dims.back().known()) return std::nullopt;
  Part part = {node.inputs[0], &x, 0, 1, dims.back().value()};
  if (node.op == match.registry().find("", "Split") && node.outputs.size() == 2) {
    if (part.count == part.width()) return std::nullopt;  // along another axis
    if (node.outputs[0] != value) part.first = part.width() - part.count;
    return part;
  }
  // Before opset 10 a Slice has no inputs but x, which is left alone.
  if (node.op != match.registry().find("", "Slice") || !maker->has_input(3)) return std::nullopt;
  const auto rank = static_cast<std::int64_t>(dims.size());
  const std::optional<std::int64_t> start = only(*maker, 1), axis = only(*maker, 3);
  const std::optional<std::int64_t> step = maker->has_input(4) ? only(*maker, 4) : 1;
  if (!start || !axis || !step || (*axis != -1 && *axis != rank - 1)) return std::nullopt;
  part.first = *start < 0 ? *start + part.width() : *start;
  part.step = *step;
  return part;
}

/// What `first` and `second` are parts of; nothing where they are not the elements of the pairs of `joined`.
std::optional<Part> paired(const Match& match, const char* first, const char* second, std::int64_t half) {
  const std::optional<Part> x1 = part_of(match, first);
  const std::optional<Part> x2 = part_of(match, second);
  if (!x1 || !x2 || x1->x != x2->x || x1->width() != 2 * half) return std::nullopt;
  const bool pairs =
      match.has("neighbours") ? x1->is(0, half, 2) && x2->is(1, half, 2) : x1->is(0, half) && x2->is(half, half);
  return pairs ? x1 : std::nullopt;
}

/// Half of the last dimension of what comes out of `joined`; nothing where that joins along another one, or is not so
/// shaped that every pair is known.
std::optional<std::int64_t> half_of(const Match& match) {
  const Dims& dims = match.type("joined").dims;
  if (dims.empty() || !dims.back().known()) return std::nullopt;
  const std::int64_t width = dims.back().value();
  if (width < 2 || width % 2 != 0) return std::nullopt;
  if (!match.has("neighbours")) return width / 2;
  const Dims& apart = match.type("neighbours").dims;
  if (apart.size() != dims.size() + 1 || !apart.back().is(2)) return std::nullopt;
  if (!apart[dims.size() - 1].is(width / 2)) return std::nullopt;
  for (std::size_t i = 0; i + 1 < dims.size(); ++i) {
    if (!apart[i].same(dims[i])) return std::nullopt;
  }
  return width / 2;
}

using Rotary = RotaryEmbeddingAttributes;

/// x turned by tables of those names. `turned` as the attribute is.
std::optional<Replacement> turned_by(const Match& match, ValueId x, const char* cos, const char* sin, bool interleaved,
                                     std::int64_t turned = 0) {
  const OpDef* op = match.registry().find("", "RotaryEmbedding");
  if (op == nullptr) return std::nullopt;
  auto attributes = new_shared<Rotary>();
  attributes->broadcasts = true;
  attributes->interleaved = interleaved;
  attributes->turned = turned;
  return Replacement{op, std::move(attributes), {x, match.value(cos), match.value(sin)}};
}

/// With tables of so many columns.
std::optional<Replacement> rotary(const Match& match, const Part& x, const char* cos, const char* sin,
                                  std::int64_t columns) {
  constexpr std::size_t kMostDimensions = 4;
  if (x.type->type != DataType::kFloat32 || x.type->dims.size() > kMostDimensions) return std::nullopt;
  for (const char* table : {cos, sin}) {
    const Dims& dims = match.type(table).dims;
    if (dims.empty() || dims.size() > kMostDimensions || !dims.back().is(columns)) return std::nullopt;
  }
  return turned_by(match, x.x, cos, sin, match.has("neighbours"));
}

/// x and cos are factors of one product: which is which, the parts of x say.
std::optional<Replacement> make_of_whole_rows(const Match& match) {
  const std::optional<std::int64_t> half = half_of(match);
  if (!half) return std::nullopt;
  const std::optional<Part> x = paired(match, "first", "second", *half);
  if (!x || (x->x != match.value("x") && x->x != match.value("cos"))) return std::nullopt;
  return rotary(match, *x, x->x == match.value("x") ? "cos" : "x", "sin", 2 * *half);
}

/// The pairs and what turns them may change places: they are factors of the same products.
std::optional<Replacement> make_of_pairs(const Match& match) {
  const std::optional<std::int64_t> half = half_of(match);
  if (!half) return std::nullopt;
  if (const std::optional<Part> x = paired(match, "first", "second", *half))
    return rotary(match, *x, "cos", "sin", *half);
  const std::optional<Part> x = paired(match, "cos", "sin", *half);
  return x ? rotary(match, *x, "first", "second", *half) : std::nullopt;
}

/// The front of x is turned, and the rest of it is put behind that again.
std::optional<Replacement> make_of_front(const Match& match) {
  const auto& before = match.node("turned").attributes<Rotary>();
  const std::optional<Part> front = part_of(match, "front");
  const std::optional<Part> rest = part_of(match, "rest");
  if (!before.broadcasts || before.turned != 0 || !front || !rest || front->x != rest->x) return std::nullopt;
  const std::int64_t width = front->width();
  if (!front->is(0, front->count) || !rest->is(front->count, width - front->count)) return std::nullopt;
  if (!match.last().output(0).dims.back().is(width)) return std::nullopt;  // joined along another axis
  return turned_by(match, front->x, "cos", "sin", before.interleaved, front->count);
}

}  // namespace

void register_rotary_fusions(Registry& registry) {
  registry.add(Fusion{kFuseLayerParts, of_whole_rows(), make_of_whole_rows});
  registry.add(Fusion{kFuseLayerParts, of_pairs(), make_of_pairs});
  registry.add(Fusion{kFuseLayerParts, of_front(), make_of_front});
}

}  // namespace linnet::internal
