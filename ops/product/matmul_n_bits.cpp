// MatMulNBits (com.microsoft): Y = A W^T + bias, where W [N, K] is quantised in blocks along K:
//   W[n, k] = (B[n, k] - zero_points[n, g]) * scales[n, g],   g = k / block_size, or g_idx[k]
// A [..., K] and Y [..., N]: float32, float16 or bfloat16, as scales, zero_points that are no integers, and bias [N].
// B: uint8 [N, blocks, block_size * bits / 8], elements of `bits` 2, 4 or 8, the first in the lowest bits; blocks =
// K / block_size, rounded up. scales [N, blocks]. zero_points: uint8, packed like B, each n beginning a byte; or one
// element for each scale; without it 2^(bits - 1). g_idx: int32, one for each k.
#include "ops/product/n_bits.hpp"
#include "ops/shared/output_tables.hpp"
#include "runtime/infer.hpp"

namespace linnet::internal {
namespace {

constexpr TypeSet kTypes{DataType::kFloat32, DataType::kFloat16, DataType::kBfloat16};
constexpr std::size_t kA = 0, kB = 1, kScales = 2, kZeroPoints = 3, kGroups = 4, kBias = 5;
constexpr std::int64_t kMostSize = std::int64_t{1} << 31;

struct MatMulNBitsAttributes : NBitsAttributes {
  using NBitsAttributes::NBitsAttributes;
  std::int64_t k = 0, n = 0, block_size = 0;

  std::int64_t blocks() const { return (k + block_size - 1) / block_size; }
  std::int64_t row_bytes() const { return blocks() * block_size * bits / 8; }
  std::int64_t zero_row_bytes() const { return (blocks() * bits + 7) / 8; }
};

const MatMulNBitsAttributes& attributes_of(const NodeView& node) { return node.attributes<MatMulNBitsAttributes>(); }

NBits concrete(const NodeView& node) {
  const MatMulNBitsAttributes& attributes = attributes_of(node);
  NBits result;
  result.inputs.g_idx = kGroups;
  const Shape a = node.input_shape(kA);
  result.rows = static_cast<std::size_t>(element_count(Shape(a.begin(), a.end() - 1)));
  result.k = static_cast<std::size_t>(attributes.k);
  result.n = static_cast<std::size_t>(attributes.n);
  result.block = static_cast<std::size_t>(attributes.block_size);
  result.blocks = static_cast<std::size_t>(attributes.blocks());
  result.bits = static_cast<std::size_t>(attributes.bits);
  const DataType codes = code_type(attributes.bits);
  const auto elements = [&](std::int64_t bytes) { return static_cast<std::size_t>(bytes) * 8 / result.bits; };
  result.codes = {codes, elements(attributes.row_bytes())};
  result.scales = {node.input_type(kScales), result.blocks};
  result.zero_points = {node.input_type(kZeroPoints), result.blocks};
  if (result.zero_points.type == DataType::kUint8) {
    result.zero_points = {codes, elements(attributes.zero_row_bytes())};
  }
  result.zero_point = static_cast<float>(1U << (result.bits - 1));
  result.look_at(node);
  return result;
}

std::int64_t positive(ParseContext& context, const char* name) {
  const std::int64_t value = context.require_int(name);
  if (value < 1 || value >= kMostSize) invalid_model(name, " is ", value, ", expected 1 to ", kMostSize - 1);
  return value;
}

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<MatMulNBitsAttributes>(concrete);
  attributes->k = positive(context, "K");
  attributes->n = positive(context, "N");
  attributes->block_size = positive(context, "block_size");
  parse_bits(context, *attributes);
  const std::int64_t block = attributes->block_size;
  if (block < 16 || (block & (block - 1)) != 0)
    invalid_model("block_size is ", block, ", expected a power of 2 from 16 on");
  return attributes;
}

void check_count(const NodeView& node, std::size_t input, const char* name, std::int64_t count) {
  const Dim elements = element_count(node.input_dims(input));
  if (elements.differs(count)) {
    invalid_model("input ", name, " is ", node.input_dims(input), ", expected ", count, " elements");
  }
}

void infer(InferContext& context) {
  const MatMulNBitsAttributes& attributes = attributes_of(context);
  check_count(context, kB, "B", attributes.n * attributes.row_bytes());
  check_count(context, kScales, "scales", attributes.n * attributes.blocks());
  if (context.has_input(kZeroPoints)) {
    const bool packed = context.input_type(kZeroPoints) == DataType::kUint8;
    if (!packed) require_type(context, kZeroPoints, "zero_points", {context.input_type(kA)});
    check_count(context, kZeroPoints, "zero_points",
                attributes.n * (packed ? attributes.zero_row_bytes() : attributes.blocks()));
  }
  if (context.has_input(kGroups)) {
    const Dim count = element_count(context.input_dims(kGroups));
    const std::int64_t padded = attributes.blocks() * attributes.block_size;
    if (count.differs(attributes.k) && count.differs(padded)) {
      invalid_model("input g_idx has ", count, " elements, expected ", attributes.k, ", one for each k");
    }
  }
  if (context.has_input(kBias)) check_count(context, kBias, "bias", attributes.n);
  Dims dims = context.input_dims(kA);
  if (dims.empty() || dims.back().differs(attributes.k)) {
    invalid_model("input A is ", dims, ", expected a last dimension of K, ", attributes.k);
  }
  dims.back() = attributes.n;
  context.set_output(0, std::move(dims));
}

constexpr InputDef kInputs[] = {
    {"A", kTypes},
    {"B", {DataType::kUint8}},
    {"scales", kTypes, kTypeOfFirst},
    {"zero_points", kTypes | TypeSet{DataType::kUint8}, kMayBeLeftOut},
    {"g_idx", {DataType::kInt32}, kMayBeLeftOut},
    {"bias", kTypes, kMayBeLeftOut | kTypeOfFirst},
};

}  // namespace

void register_matmul_n_bits(Registry& registry) {
  OpDef op;
  op.name = "MatMulNBits";
  op.domain = "com.microsoft";
  op.inputs = kInputs;
  op.outputs = kYOfFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = n_bits_implementations();
  op.facts.folding_ns = n_bits_folding_ns;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
