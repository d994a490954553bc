// MatMul: Y = A B as numpy.matmul: matrices in the last two dimensions, the others broadcast. A 1-D A is a row and a
// 1-D B a column, whose dimension is not in Y: [K] x [...,K,N] -> [...,N], [...,M,K] x [K] -> [...,M], [K] x [K] -> [].
// Opsets 1 to newest. Types: float, double, float16, bfloat16, int32, int64, uint32, uint64; integers wrap around. With
// K = 0, Y is zeros. Deviation: types that came with a later opset are taken at every opset.
// Internal extension: a pass may add input 2, a row [N] or a scalar that is added to every row, and give A, B and Y
// other orders of axes (see MatrixProductAttributes).
#include <algorithm>

#include "ops/product/matrix_product.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

AttributesPtr parse_matmul(ParseContext&) { return new_shared<MatrixProductAttributes>(); }

Dims batch_dims(const Dims& a, const Dims& b) {
  const auto leading = [](const Dims& dims) { return dims.size() > 2 ? Dims(dims.begin(), dims.end() - 2) : Dims(); };
  const Dims a_batch = leading(a);
  const Dims b_batch = leading(b);
  for (std::size_t i = 1; i <= std::min(a_batch.size(), b_batch.size()); ++i) {
    const Dim x = a_batch[a_batch.size() - i];
    const Dim y = b_batch[b_batch.size() - i];
    if (x.differs(y) && !x.is(1) && !y.is(1)) {
      invalid_model("input A is ", a, " but B is ", b, ": batch dimensions ", x, " and ", y, " do not broadcast");
    }
  }
  return broadcast(a_batch, b_batch);
}

void infer_matmul(InferContext& context) {
  const Dims dims = matmul_dims(operand_dims(context, 0), operand_dims(context, 1));
  context.set_output(0, reordered_output(context, dims));
}

constexpr InputDef kInputs[] = {{"A", kMatrixProductTypes}, {"B", kMatrixProductTypes, kTypeOfFirst}};

}  // namespace

Dims matmul_dims(const Dims& a, const Dims& b) {
  if (a.empty() || b.empty()) {
    invalid_model("input ", a.empty() ? "A" : "B", " is a scalar, expected rank 1 or more");
  }
  const Dim a_depth = a.back();
  const Dim b_depth = b.size() == 1 ? b[0] : b[b.size() - 2];
  if (a_depth.differs(b_depth)) invalid_model("input A is ", a, " but B is ", b, ": inner dimensions differ");
  Dims dims = batch_dims(a, b);
  if (a.size() > 1) dims.push_back(a[a.size() - 2]);
  if (b.size() > 1) dims.push_back(b.back());
  return dims;
}

void register_matmul(Registry& registry) {
  OpDef op;
  op.name = "MatMul";
  op.inputs = kInputs;
  op.outputs = kYOfFirst;
  op.parse = parse_matmul;
  op.infer = infer_matmul;
  op.implementations = matrix_product_implementations();
  op.facts = matrix_product_facts();
  registry.add(std::move(op));
}

}  // namespace linnet::internal
