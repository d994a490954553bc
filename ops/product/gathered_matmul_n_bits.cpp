// GatheredMatMulNBits (of Linnet's own domain): GatheredMatMul with weights of few bits.
// codes [G, N, K * bits / 8]: uint8, of `bits` 2, 4 or 8, the first in the lowest bits. scales [G, N, blocks]: float32,
// float16 or bfloat16, for blocks of block_size neighbours along K, the last one of what is left; without it one block.
// zero_points: uint8, packed as codes are, [G, N, bytes of the blocks]; or [G, N, blocks] of a type that scales may
// have; left out 2^(bits - 1).
#include "ops/product/gathered_matmul.hpp"
#include "runtime/infer.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kA = kGatheredA;
constexpr NBitsInputs kFewBits = {kGatheredWeights, 3, 4, 5, 0};

const GatheredMatMulAttributes& attributes_of(const NodeView& node) {
  return node.attributes<GatheredMatMulAttributes>();
}

NBits concrete_product(const NodeView& node) {
  const Shape scales = node.input_shape(kFewBits.scales);
  const Shape a = node.input_shape(kA);
  NBits result;
  set_gathered_rows(node, result);
  result.inputs = kFewBits;
  result.matrices = static_cast<std::size_t>(scales[0]);
  result.n = static_cast<std::size_t>(scales[1]);
  result.k = static_cast<std::size_t>(a.back());
  result.blocks = static_cast<std::size_t>(scales[2]);
  const std::int64_t block = attributes_of(node).block_size;
  result.block = block > 0 ? static_cast<std::size_t>(block) : result.k;
  const std::int64_t bits = attributes_of(node).bits;
  result.bits = static_cast<std::size_t>(bits);
  result.codes = {code_type(bits), result.k};
  result.scales = {node.input_type(kFewBits.scales), result.blocks};
  result.zero_points = {node.input_type(kFewBits.zero_points), result.blocks};
  if (result.zero_points.type == DataType::kUint8) {
    const auto bytes = static_cast<std::size_t>(node.input_shape(kFewBits.zero_points)[2]);
    result.zero_points = {code_type(bits), bytes * (8 / result.bits)};
  }
  result.zero_point = static_cast<float>(1U << (result.bits - 1));
  result.look_at(node);
  return result;
}

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<GatheredMatMulAttributes>(concrete_product);
  parse_repeats(context, *attributes);
  parse_bits(context, *attributes);
  attributes->block_size = context.get_int("block_size", 0);
  if (attributes->block_size < 0) invalid_model("block_size is ", attributes->block_size, ", expected 0 or more");
  return attributes;
}

void infer(InferContext& context) {
  const Dims& scales = context.input_dims(kFewBits.scales);
  if (scales.size() != 3) invalid_model("input scales is ", scales, ", expected rank 3");
  if (context.input_rank(kA) == 0) invalid_model("input A is a scalar, expected rank 1 or more");
  const std::int64_t codes_of_byte = 8 / attributes_of(context).bits;
  const Dim k = context.input_dims(kA).back();
  if (k.is(0)) unsupported("K is 0, expected 1 or more");
  if (k.known() && k.value() % codes_of_byte != 0) invalid_model("K is ", k, ", expected whole bytes of codes");
  const std::int64_t size = attributes_of(context).block_size;
  const Dim blocks = size == 0 ? Dim(1) : k.known() ? Dim((k.value() - 1) / size + 1) : Dim();
  check_gathered_dims(context, kFewBits.scales, {scales[0], scales[1], blocks});
  check_gathered_dims(context, kFewBits.codes,
                      {scales[0], scales[1], k.known() ? Dim(k.value() / codes_of_byte) : Dim()});
  if (context.has_input(kFewBits.zero_points)) {
    const bool packed = context.input_type(kFewBits.zero_points) == DataType::kUint8;
    const Dim bytes = scales[2].known() ? Dim((scales[2].value() - 1) / codes_of_byte + 1) : Dim();
    check_gathered_dims(context, kFewBits.zero_points, {scales[0], scales[1], packed ? bytes : scales[2]});
  }
  if (context.has_input(kFewBits.bias)) check_gathered_dims(context, kFewBits.bias, {scales[0], scales[1]});
  infer_gathered_rows(context, k, scales[1]);
}

constexpr InputDef kInputs[] = {{"A", kFloat32Type},
                                {"indices", kGatheredIndexTypes},
                                {"codes", {DataType::kUint8}},
                                {"scales", kGatheredWeightTypes},
                                {"zero_points", kGatheredWeightTypes | TypeSet{DataType::kUint8}, kMayBeLeftOut},
                                {"bias", kFloat32Type, kMayBeLeftOut}};

}  // namespace

void register_gathered_matmul_n_bits(Registry& registry) {
  OpDef op = gathered_operator("GatheredMatMulNBits", kInputs);
  op.parse = parse;
  op.infer = infer;
  op.implementations = n_bits_implementations();
  op.facts.folding_ns = n_bits_folding_ns;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
