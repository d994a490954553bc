// Normalisations over the last dimensions that exports write as several nodes, each as one node:
//
//   LayerNormalization   d / sqrt(mean(d^2) + epsilon) * scale + bias, with d = x - mean(x)
//   RMSNormalization     x / sqrt(mean(x^2) + epsilon) * scale
//
// with the root as Sqrt or Pow, and divided by or inverted and multiplied with. The operators compute the means in
// double and round less often than the nodes do. scale and bias are one row: the dimensions that are normalised.
//
// Only float32: 16-bit types would skip a rounding step, and float64 has no kernel that would be worth it.
#include <algorithm>

#include "ops/normalization/layer_normalization.hpp"
#include "ops/reduction/reduction.hpp"
#include "ops/shared/float_scalar.hpp"
#include "runtime/passes/pass.hpp"
#include "runtime/pattern.hpp"

namespace linnet::internal {
namespace {

using patterns::any;
using patterns::constant;
using patterns::number;
using patterns::one_of;
using patterns::op;

/// Its axes are an attribute up to opset 17.
Pattern mean(const Pattern& of, const char* as) {
  return one_of({op("ReduceMean", {of, constant(nullptr)}, as), op("ReduceMean", {of}, as)});
}

/// x / sqrt(mean(x^2) + epsilon) * scale, where x is any value of this name or what `of` says it is.
Pattern normalized(const char* x, const Pattern& of) {
  const Pattern square = one_of({op("Pow", {of, number(2.0)}), op("Mul", {of, any(x)})});
  const Pattern sum = op("Add", {mean(square, "mean square"), constant("epsilon")});
  const Pattern root = one_of({op("Sqrt", {sum}), op("Pow", {sum, number(0.5)})});
  const Pattern inverse =
      one_of({op("Reciprocal", {root}), op("Div", {number(1.0), root}), op("Pow", {sum, number(-0.5)})});
  return op("Mul", {one_of({op("Div", {any(x), root}), op("Mul", {any(x), inverse})}), any("scale")});
}

Pattern layer_normalization() { return normalized("d", op("Sub", {any("x"), mean(any("x"), "mean")}, "d")); }
Pattern rms_normalization() { return normalized("x", any("x")); }
Pattern biased() { return op("Add", {op("LayerNormalization", {any("x"), any("scale")}, "normalized"), any("bias")}); }

/// The first of the last dimensions of x, all of which the node reduces to one that stays; nothing for other axes.
std::optional<std::size_t> first_reduced(const NodeView& node) {
  const std::optional<std::vector<bool>> reduced = reduced_dims(node);
  if (!reduced || !node.attributes<ReduceAttributes>().keep_dims) return std::nullopt;
  const auto first = std::find(reduced->begin(), reduced->end(), true);
  if (first == reduced->end() || std::find(first, reduced->end(), false) != reduced->end()) return std::nullopt;
  return static_cast<std::size_t>(first - reduced->begin());
}

/// Whether it has the dimensions of x from `axis` on, with none but 1 before them.
bool is_row(const TensorType& tensor, const TensorType& x, std::size_t axis) {
  if (tensor.type != x.type || tensor.dims.size() > x.dims.size()) return false;
  const std::size_t missing = x.dims.size() - tensor.dims.size();
  if (missing > axis) return false;
  for (std::size_t i = missing; i < x.dims.size(); ++i) {
    const Dim dim = tensor.dims[i - missing];
    if (i < axis ? !dim.is(1) : !dim.same(x.dims[i])) return false;
  }
  return true;
}

/// With as many dimensions as `x` has (a constant may add some), the epsilon as a float, and means over the same
/// dimensions wherever there are two.
std::optional<Replacement> make(const Match& match, const char* op_name, bool centred) {
  const TensorType& x = match.type("x");
  const OpDef* op = match.registry().find("", op_name);
  if (op == nullptr || x.type != DataType::kFloat32) return std::nullopt;
  const std::optional<std::size_t> axis = first_reduced(match.node("mean square"));
  if (!axis || (centred && first_reduced(match.node("mean")) != axis)) return std::nullopt;
  const std::optional<float> rounded = float_scalar(match.constant("epsilon"));
  const bool same_rank = match.last().output(0).dims.size() == x.dims.size();
  if (!rounded || !same_rank || !is_row(match.type("scale"), x, *axis)) return std::nullopt;
  auto attributes = new_shared<LayerNormalizationAttributes>();
  attributes->axis = static_cast<std::int64_t>(*axis);
  attributes->epsilon = *rounded;
  attributes->centred = centred;
  return Replacement{op, std::move(attributes), {match.value("x"), match.value("scale")}};
}

std::optional<Replacement> make_layer_normalization(const Match& match) {
  return make(match, "LayerNormalization", true);
}

std::optional<Replacement> make_rms_normalization(const Match& match) { return make(match, "RMSNormalization", false); }

std::optional<Replacement> make_biased(const Match& match) {
  const NodeView normalized = match.node("normalized");
  const TensorType& x = match.type("x");
  const std::int64_t axis = normalized_axis(normalized.attributes<LayerNormalizationAttributes>().axis, x.dims.size());
  if (x.type != DataType::kFloat32 || !is_row(match.type("bias"), x, static_cast<std::size_t>(axis))) {
    return std::nullopt;
  }
  return Replacement{normalized.node().op,
                     normalized.node().attributes,
                     {match.value("x"), match.value("scale"), match.value("bias")}};
}

}  // namespace

/// What is centred first is a normalisation by its root mean square, too: the longer pattern comes first.
void register_normalization_fusions(Registry& registry) {
  registry.add(Fusion{kFuseLayerParts, layer_normalization(), make_layer_normalization});
  registry.add(Fusion{kFuseLayerParts, rms_normalization(), make_rms_normalization});
  registry.add(Fusion{kFuseLayerParts, biased(), make_biased});
}

}  // namespace linnet::internal
