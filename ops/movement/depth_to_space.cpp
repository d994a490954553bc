// DepthToSpace: the channels of input [N,C,H,W] become blocks of blocksize x blocksize elements of the output
// [N, C / blocksize^2, H * blocksize, W * blocksize]; SpaceToDepth: the other way round. Channel c of the deep tensor
// is row r and column s of the blocks of channel k of the wide one: c = (r * blocksize + s) * channels + k with mode =
// DCR, the default, and c = (k * blocksize + r) * blocksize + s with mode = CRD. Opsets 1 to newest (mode: 11, of
// SpaceToDepth 28); all types are accepted at every opset.
#include "ops/movement/strided_copy.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/shape_helpers.hpp"

namespace linnet::internal {
namespace {

struct BlockAttributes : Attributes {
  std::int64_t size = 1;
  bool channels_first = false;  ///< CRD
  bool to_space = true;
};

template <bool kToSpace>
AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<BlockAttributes>();
  attributes->to_space = kToSpace;
  attributes->size = context.require_int("blocksize");
  if (attributes->size < 1) invalid_model("blocksize is ", attributes->size, ", expected 1 or more");
  const std::string mode = context.opset() >= (kToSpace ? 11 : 28) ? context.get_string("mode", "DCR") : "DCR";
  if (mode != "DCR" && mode != "CRD") invalid_model("mode is \"", printable(mode), "\", expected \"DCR\" or \"CRD\"");
  attributes->channels_first = mode == "CRD";
  return attributes;
}

/// A dimension by a block's size. Errors: kInvalidModel unless that is a whole number.
Dim quotient(Dim dim, std::int64_t divisor, const Dims& input, const char* what) {
  if (!dim.known()) return divisor == 1 ? dim : Dim::unknown();
  if (dim.value() % divisor != 0) invalid_model("input is ", input, ", of which ", divisor, " does not divide ", what);
  return dim.value() / divisor;
}

void infer(InferContext& context) {
  const auto& attributes = context.attributes<BlockAttributes>();
  const Dims& input = context.input_dims(0);
  if (input.size() != 4) invalid_model("input is ", input, ", expected rank 4");
  const std::int64_t size = attributes.size;
  const std::optional<std::int64_t> area = checked_product(size, size);
  if (!area) invalid_model("blocksize ", size, " is too large");
  Dims output = {input[0]};
  if (attributes.to_space) {
    output.push_back(quotient(input[1], *area, input, "the channels"));
    for (const std::size_t axis : {2, 3}) output.push_back(product_of({input[axis], size}, 0, 2));
  } else {
    output.push_back(product_of({input[1], *area}, 0, 2));
    output.push_back(quotient(input[2], size, input, "the height"));
    output.push_back(quotient(input[3], size, input, "the width"));
  }
  context.set_output(0, std::move(output));
}

Prepared prepare(const PrepareContext& context) {
  const auto& attributes = context.attributes<BlockAttributes>();
  const Shape input = context.input_shape(0);
  const Shape output = context.output_shape(0);
  if (element_count(input) == 0) return {new_shared<const StridedCopy>(), 0, 0};
  // The deep tensor is [N, (row, column, channel), height, width], or [N, (channel, row, column), height, width]; the
  // wide one is [N, channel, (height, row), (width, column)].
  const std::int64_t size = attributes.size;
  const Shape& wide = attributes.to_space ? output : input;
  const Shape& deep = attributes.to_space ? input : output;
  const std::int64_t channels = wide[1], height = deep[2], width = deep[3];
  const Shape whole_deep = attributes.channels_first ? Shape{wide[0], channels, size, size, height, width}
                                                     : Shape{wide[0], size, size, channels, height, width};
  const Shape whole_wide = {wide[0], channels, height, size, width, size};
  // Which dimension of the input is each of the output.
  const std::size_t to_wide[2][6] = {{0, 3, 4, 1, 5, 2}, {0, 1, 4, 2, 5, 3}};
  const std::size_t to_deep[2][6] = {{0, 3, 5, 1, 2, 4}, {0, 1, 3, 5, 2, 4}};
  const std::size_t* order = (attributes.to_space ? to_wide : to_deep)[attributes.channels_first ? 1 : 0];
  const std::vector<std::int64_t> strides = row_major_strides(attributes.to_space ? whole_deep : whole_wide);
  std::vector<std::int64_t> permuted;
  for (std::size_t i = 0; i < 6; ++i) permuted.push_back(strides[order[i]]);
  return {new_shared<const StridedCopy>(make_strided_copy(size_of(context.input_type(0)),
                                                          attributes.to_space ? whole_wide : whole_deep, permuted, 0)),
          0, 0};
}

void run(const RunArguments& args) {
  run_strided_copy(args.control, *static_cast<const StridedCopy*>(args.state), args.inputs[0], args.outputs[0]);
}

constexpr InputDef kInputs[] = {{"input", kByteTypes, kMoved}};

template <bool kToSpace>
OpDef blocks(const char* name) {
  OpDef op;
  op.name = name;
  op.inputs = kInputs;
  op.outputs = kOutputOfFirst;
  op.parse = parse<kToSpace>;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.is_identity = [](const NodeView& node) { return node.attributes<BlockAttributes>().size == 1; };
  return op;
}

}  // namespace

void register_depth_to_space(Registry& registry) { registry.add(blocks<true>("DepthToSpace")); }
void register_space_to_depth(Registry& registry) { registry.add(blocks<false>("SpaceToDepth")); }

}  // namespace linnet::internal
