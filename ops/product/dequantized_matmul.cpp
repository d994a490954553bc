// DequantizedMatMul (of Linnet's own domain): Y = A DequantizeLinear(B, scales, zero_points) + bias, where B never
// becomes float32 as a whole. A fusion puts it where weights alone are quantised.
//   W[k, n] = (B[k, n] - zero_points[..]) * scales[..], with one scale for all of B, for each column n, or for each
//   block of block_size neighbours along k
// A [..., K] and Y [..., N]: float32. B [K, N], or [N, K] with transpose_b: integers of 8, 4 or 2 bits; zero_points, of
// the same type, may be left out (0). scales: float32; with blocks it has B's shape, but for as many k as there are
// blocks. bias [N]. A block is summed before it is scaled: where that sum alone overflows, so does Y.
#include "ops/product/dequantized_matmul.hpp"

#include "ops/product/n_bits.hpp"
#include "ops/quantization/scales.hpp"
#include "ops/shared/output_tables.hpp"
#include "runtime/infer.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kA = 0, kB = 1, kScales = 2, kZeroPoints = 3, kBias = 4;
/// Where one scale serves all of K, a multiple of this stands for K: blocks of the kernels are parts of it.
constexpr std::size_t kBlockOfAll = 128;

const DequantizedMatMulAttributes& attributes_of(const NodeView& node) {
  return node.attributes<DequantizedMatMulAttributes>();
}

NBits concrete_product(const NodeView& node) {
  const DequantizedMatMulAttributes& attributes = attributes_of(node);
  const Shape a = node.input_shape(kA);
  const Shape b = node.input_shape(kB);
  NBits result;
  result.inputs = {kB, kScales, kZeroPoints, kBias, 0};
  result.rows = static_cast<std::size_t>(element_count(Shape(a.begin(), a.end() - 1)));
  result.k = static_cast<std::size_t>(b[attributes.transpose_b ? 1 : 0]);
  result.n = static_cast<std::size_t>(b[attributes.transpose_b ? 0 : 1]);
  result.bits = bits_of(node.input_type(kB));
  // Elements [n, k] of a matrix of so many k.
  const auto lie = [&](DataType type, std::size_t count_k) {
    return attributes.transpose_b ? RowElements{type, count_k, 1} : RowElements{type, 1, result.n};
  };
  result.codes = lie(node.input_type(kB), result.k);
  const bool in_blocks = attributes.block_size > 0;
  result.block = in_blocks ? static_cast<std::size_t>(attributes.block_size)
                           : (result.k + kBlockOfAll - 1) / kBlockOfAll * kBlockOfAll;
  result.blocks = in_blocks ? (result.k + result.block - 1) / result.block : 1;
  const std::size_t of_row = element_count(node.input_dims(kScales)).is(1) ? 0 : 1;
  const auto of_scales = [&](std::size_t input) {
    const DataType type = node.input_type(input);
    return in_blocks ? lie(type, result.blocks) : RowElements{type, of_row, 1};
  };
  result.scales = of_scales(kScales);
  result.zero_points = of_scales(kZeroPoints);
  result.look_at(node);
  return result;
}

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<DequantizedMatMulAttributes>();
  attributes->block_size = context.get_int("block_size", 0);
  attributes->transpose_b = context.get_int("transpose_b", 0) != 0;
  if (attributes->block_size < 0) invalid_model("block_size is ", attributes->block_size, ", expected 0 or more");
  return attributes;
}

void check_scales_of(const NodeView& node, std::size_t input, const Dims& of_blocks, Dim n) {
  const Dims& dims = node.input_dims(input);
  if (attributes_of(node).block_size == 0) {
    const Dim count = element_count(dims);
    if (!count.is(1) && count.differs(n))
      invalid_model("input ", input, " is ", dims, ", expected 1 or ", n, " elements");
    return;
  }
  if (dims.size() != 2 || dims[0].differs(of_blocks[0]) || dims[1].differs(of_blocks[1]))
    invalid_model("input ", input, " is ", dims, ", expected ", of_blocks);
}

void infer(InferContext& context) {
  const DequantizedMatMulAttributes& attributes = attributes_of(context);
  const Dims& b = context.input_dims(kB);
  if (b.size() != 2) invalid_model("input B is ", b, ", expected rank 2");
  const Dim k = b[attributes.transpose_b ? 1 : 0];
  const Dim n = b[attributes.transpose_b ? 0 : 1];
  if (k.is(0)) unsupported("input B is ", b, ", expected a K of 1 or more");
  Dims dims = context.input_dims(kA);
  if (dims.empty() || dims.back().differs(k)) invalid_model("input A is ", dims, ", expected a last dimension of ", k);
  const std::int64_t size = attributes.block_size;
  const Dim blocks = size > 0 && k.known() ? Dim((k.value() - 1) / size + 1) : Dim();
  const Dims of_blocks = attributes.transpose_b ? Dims{n, blocks} : Dims{blocks, n};
  check_scales_of(context, kScales, of_blocks, n);
  if (context.has_input(kZeroPoints)) {
    require_type(context, kZeroPoints, "zero_points", {context.input_type(kB)});
    check_scales_of(context, kZeroPoints, of_blocks, n);
    const Dim zeros = element_count(context.input_dims(kZeroPoints));
    const Dim scales = element_count(context.input_dims(kScales));
    if (zeros.differs(scales))
      invalid_model("there are ", zeros, " zero_points but ", scales, " scales, expected as many");
  }
  if (context.has_input(kBias) && element_count(context.input_dims(kBias)).differs(n))
    invalid_model("input bias is ", context.input_dims(kBias), ", expected ", n, " elements");
  dims.back() = n;
  context.set_output(0, std::move(dims));
}

constexpr InputDef kInputs[] = {{"A", kFloat32Type},
                                {"B", kCodeTypes},
                                {"scales", kFloat32Type},
                                {"zero_points", kCodeTypes, kMayBeLeftOut},
                                {"bias", kFloat32Type, kMayBeLeftOut}};

}  // namespace

DequantizedMatMulAttributes::DequantizedMatMulAttributes() : NBitsAttributes(concrete_product) {}

void register_dequantized_matmul(Registry& registry) {
  OpDef op;
  op.name = kDequantizedMatMul;
  op.domain = kOwnDomain;
  op.inputs = kInputs;
  op.outputs = kYOfFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {n_bits_packed(), n_bits_panels(), n_bits_reference()};
  op.facts.folding_ns = n_bits_folding_ns;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
