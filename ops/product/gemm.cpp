// Gemm: Y = alpha * A' B' + beta * C. A' is A [M,K], or A [K,M] transposed; B' is B [K,N], or B [N,K] transposed. C
// broadcasts to Y [M,N]: a matrix, a row, a column or a scalar. Opsets 7 to newest; C may be left out from opset 11.
// Types: float, double, float16, bfloat16, int32, int64, uint32, uint64. With K = 0, Y is beta * C, or zeros. C is not
// read when beta is 0. Integers wrap around; with an alpha or beta that is no integer they are computed in double and
// cut. Deviation: types that came with a later opset are taken at every opset.
#include "ops/product/matrix_product.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

AttributesPtr parse_gemm(ParseContext& context) {
  if (context.opset() < 11 && context.input_count() < 3) {
    invalid_model("input C is missing; it may be left out from opset 11");
  }
  auto attributes = new_shared<MatrixProductAttributes>();
  attributes->alpha = context.get_float("alpha", 1.0F);
  attributes->beta = context.get_float("beta", 1.0F);
  attributes->transpose_a = context.get_int("transA", 0) != 0;
  attributes->transpose_b = context.get_int("transB", 0) != 0;
  return attributes;
}

Dims matrix_dims(const NodeView& node, std::size_t input, const char* name, bool transpose) {
  Dims dims = operand_dims(node, input);
  if (dims.size() != 2) invalid_model("input ", name, " is ", dims, " with rank ", dims.size(), ", expected rank 2");
  if (transpose) std::swap(dims[0], dims[1]);
  return dims;
}

/// Checks that C broadcasts to `product`, and fills in what C tells of it.
void join_addend(const Dims& c, Dims& product) {
  const auto refuse = [&] {
    invalid_model("input C is ", c, " but A times B is ", product, ": C must broadcast to it");
  };
  if (c.size() > 2) refuse();
  for (std::size_t i = 0; i < c.size(); ++i) {
    const Dim mine = c[c.size() - 1 - i];
    Dim& wanted = product[1 - i];
    if (mine.is(1)) continue;
    if (mine.differs(wanted)) refuse();
    if (mine.known()) wanted = mine;
  }
}

void infer_gemm(InferContext& context) {
  const auto& attributes = context.attributes<MatrixProductAttributes>();
  const Dims a = matrix_dims(context, 0, "A", attributes.transpose_a);
  const Dims b = matrix_dims(context, 1, "B", attributes.transpose_b);
  if (a[1].differs(b[0])) {
    invalid_model("input A ", attributes.transpose_a ? "transposed " : "", "is ", a, " but B ",
                  attributes.transpose_b ? "transposed " : "", "is ", b, ": inner dimensions differ");
  }
  Dims product = {a[0], b[1]};
  if (context.has_input(2)) join_addend(context.input_dims(2), product);
  context.set_output(0, reordered_output(context, product));
}

constexpr InputDef kInputs[] = {
    {"A", kMatrixProductTypes},
    {"B", kMatrixProductTypes, kTypeOfFirst},
    {"C", kMatrixProductTypes, kMayBeLeftOut | kTypeOfFirst},
};

}  // namespace

void register_gemm(Registry& registry) {
  OpDef op;
  op.name = "Gemm";
  op.inputs = kInputs;
  op.outputs = kYOfFirst;
  op.parse = parse_gemm;
  op.infer = infer_gemm;
  op.implementations = matrix_product_implementations();
  op.facts = matrix_product_facts();
  registry.add(std::move(op));
}

}  // namespace linnet::internal
