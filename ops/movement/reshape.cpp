// Reshape: the same elements under the shape that input 1 (int64, 1-D) gives. A view.
// In `shape`, -1 (once at most) takes what is left, and 0 copies the dimension at the same position of the input; with
// allowzero=1 (opset 14) 0 means zero. Opsets 5 to newest; opset 1's shape attribute is older than what is loaded.
// Deviation: where dimensions of an empty input are copied by 0, -1 takes the product of the others ([0,2,3] by [0,-1]
// is [0,6]); ONNX leaves this open. An element that is a symbol is taken for the output's dimension, as if it could not
// be 0.
#include <algorithm>

#include "ops/movement/copy.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"
#include "runtime/dim_arithmetic.hpp"

namespace linnet::internal {
namespace {

struct ReshapeAttributes : Attributes {
  bool allow_zero = false;
};

AttributesPtr parse_reshape(ParseContext& context) {
  auto attributes = new_shared<ReshapeAttributes>();
  if (context.opset() >= 14) attributes->allow_zero = context.get_int("allowzero", 0) != 0;
  return attributes;
}

/// Dimensions whose product the -1 has to make up for: those of the input over those of the output, with what stands on
/// both sides left out.
struct Quotient {
  Dims numerator;
  Dims denominator;
};

void cancel(Quotient& quotient) {
  Dims left;
  for (const Dim dim : quotient.denominator) {
    const auto twin = std::find_if(quotient.numerator.begin(), quotient.numerator.end(),
                                   [&](Dim other) { return dim.is_symbol() && dim.same(other); });
    if (twin == quotient.numerator.end()) {
      left.push_back(dim);
    } else {
      quotient.numerator.erase(twin);
    }
  }
  quotient.denominator = std::move(left);
}

/// The dimension that -1 stands for. Errors: kInvalidModel when there is none.
Dim remaining_dim(Quotient quotient, const Dims& input, const Dims& wanted) {
  cancel(quotient);
  const Dim divisor = product_of(quotient.denominator, 0, quotient.denominator.size());
  if (divisor.is(0)) invalid_model("shape ", wanted, " leaves -1 open: its other dimensions have product 0");
  if (!divisor.known()) return Dim::unknown();
  if (divisor.is(1)) return product_of(quotient.numerator, 0, quotient.numerator.size());
  Dims symbols;
  Dims numbers;
  for (const Dim dim : quotient.numerator) (dim.known() ? numbers : symbols).push_back(dim);
  const std::int64_t product = product_of(numbers, 0, numbers.size()).value();
  if (symbols.empty()) {
    if (product % divisor.value() != 0) invalid_model("the elements of ", input, " cannot be arranged as ", wanted);
    return product / divisor.value();
  }
  if (symbols.size() != 1 || product == 0 || product % divisor.value() != 0) return Dim::unknown();
  return product == divisor.value() ? symbols[0] : multiple(symbols[0], product / divisor.value());
}

Dims reshaped(const Dims& input, const Dims& wanted, bool allow_zero) {
  Dims result;
  Quotient quotient;
  std::vector<bool> copied(input.size(), false);
  std::optional<std::size_t> open;
  bool has_zero = false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Dim dim = wanted[i];
    result.push_back(dim);
    if (dim.is(-1)) {
      if (open) invalid_model("shape ", wanted, " has more than one -1");
      open = i;
    } else if (dim.known() && dim.value() < -1) {
      invalid_model("shape ", wanted, " has the negative dimension ", dim);
    } else if (dim.is(0) && !allow_zero) {
      if (i >= input.size())
        invalid_model("0 at position ", i, " of shape ", wanted, " copies a dimension that input ", input,
                      " does not have");
      result[i] = input[i];
      copied[i] = true;
    } else {
      has_zero = has_zero || dim.is(0);
      quotient.denominator.push_back(dim);
    }
  }
  if (!open) return result;
  if (has_zero) invalid_model("shape ", wanted, " has both 0 and -1 though allowzero is 1");
  for (std::size_t axis = 0; axis < input.size(); ++axis) {
    if (!copied[axis]) quotient.numerator.push_back(input[axis]);
  }
  result[*open] = remaining_dim(std::move(quotient), input, wanted);
  return result;
}

void infer_reshape(InferContext& context) {
  const Dim rank = list_length(context, 1, "shape");
  const std::optional<Dims> wanted = context.input_elements(1);
  if (!wanted) {
    set_output_of_rank(context, 0, rank);
    return;
  }
  const Dims& input = context.input_dims(0);
  Dims result = reshaped(input, *wanted, context.attributes<ReshapeAttributes>().allow_zero);
  if (all_known(input) && all_known(result)) {
    const std::int64_t have = element_count(to_shape(input));
    const std::int64_t want = element_count(to_shape(result));
    if (have != want) invalid_model("input ", input, " has ", have, " elements, but shape ", *wanted, " needs ", want);
  }
  context.set_output(0, std::move(result));
  pass_elements(context);
}

/// All elements along the first axis.
std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  if (input != 1) return std::nullopt;
  std::vector<std::int64_t> shape(length_of(node, 1), 1);
  if (!shape.empty()) shape.front() = -1;
  WantedElements wanted = wanted_list(std::move(shape), "the shape to reshape to");
  wanted.low = -1;
  return wanted;
}

constexpr InputDef kInputs[] = {{"data", kStoredTypes}, {"shape", kInt64Type, kDecidesShapes}};
constexpr OutputDef kOutputs[] = {{"reshaped", TypeOf{0}}};

}  // namespace

void register_reshape(Registry& registry) {
  OpDef op;
  op.name = "Reshape";
  op.since_opset = 5;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse_reshape;
  op.infer = infer_reshape;
  op.implementations = {copy_implementation()};
  op.facts.view_of = 0;
  op.facts.wanted_elements = wanted_elements;
  op.facts.is_identity = keeps_shape;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
