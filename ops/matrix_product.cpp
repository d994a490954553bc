#include "ops/matrix_product.hpp"

#include <algorithm>

#include "ops/element_types.hpp"

namespace linnet::internal {
namespace {

/// Fills the batch dimensions, outermost first, of operands whose last two dimensions are matrices.
void set_batches(MatrixProduct& product, const Shape& a, const Shape& b) {
  const std::size_t rank = std::max(a.size(), b.size()) - 2;
  const auto size_of_batch = [rank](const Shape& shape, std::size_t axis) -> std::int64_t {
    const std::size_t missing = rank + 2 - shape.size();
    return axis < missing ? 1 : shape[axis - missing];
  };
  std::int64_t a_stride = product.rows * product.depth;
  std::int64_t b_stride = product.depth * product.columns;
  // Innermost first, turned round at the end.
  for (std::size_t axis = rank; axis-- > 0;) {
    const std::int64_t a_size = size_of_batch(a, axis);
    const std::int64_t b_size = size_of_batch(b, axis);
    const std::int64_t size = std::max(a_size, b_size);
    if (size == 1) continue;
    const std::int64_t a_step = a_size == 1 ? 0 : a_stride;
    const std::int64_t b_step = b_size == 1 ? 0 : b_stride;
    a_stride *= a_size;
    b_stride *= b_size;
    product.batches *= size;
    product.b_matrices *= b_size;
    if (!product.batch_sizes.empty()) {
      const std::int64_t inner = product.batch_sizes.back();
      if (a_step == product.a_batch_strides.back() * inner && b_step == product.b_batch_strides.back() * inner) {
        product.batch_sizes.back() = inner * size;
        continue;
      }
    }
    product.batch_sizes.push_back(size);
    product.a_batch_strides.push_back(a_step);
    product.b_batch_strides.push_back(b_step);
  }
  std::reverse(product.batch_sizes.begin(), product.batch_sizes.end());
  std::reverse(product.a_batch_strides.begin(), product.a_batch_strides.end());
  std::reverse(product.b_batch_strides.begin(), product.b_batch_strides.end());
}

void join_batches_of_one_b(MatrixProduct& product) {
  const bool consecutive = product.batch_sizes.size() == 1 && product.b_batch_strides[0] == 0 &&
                           product.a_batch_strides[0] == product.rows * product.depth;
  if (!consecutive || product.c_row_stride != 0 || product.transposed_a()) return;
  product.rows *= product.batches;
  product.batches = 1;
  product.batch_sizes.clear();
  product.a_batch_strides.clear();
  product.b_batch_strides.clear();
}

/// From what SSE4 kernels reach in float32, and the reference in other types.
double folding_ns(const NodeView& node) {
  constexpr double kSimdProductNanoseconds = 0.1;
  constexpr double kReferenceProductNanoseconds = 2.0;
  const MatrixProduct product = matrix_product(node);
  const bool simd = node.input_type(0) == DataType::kFloat32 && node.options().backend != Backend::kReference;
  return static_cast<double>(product.batches) * static_cast<double>(product.rows) *
         static_cast<double>(product.columns) * static_cast<double>(product.depth + 1) *
         (simd ? kSimdProductNanoseconds : kReferenceProductNanoseconds);
}

}  // namespace

void check_matrix_product_types(const NodeView& node) {
  require_type(node, 0, "A", kMatrixProductTypes);
  require_type_of_first(node, 1, "B", "A");
  if (node.has_input(2)) require_type_of_first(node, 2, "C", "A");
}

MatrixProduct::Batch MatrixProduct::batch(std::int64_t index) const {
  Batch batch;
  for (std::size_t axis = batch_sizes.size(); axis-- > 0;) {
    const std::int64_t position = index % batch_sizes[axis];
    index /= batch_sizes[axis];
    batch.a += position * a_batch_strides[axis];
    batch.b += position * b_batch_strides[axis];
  }
  return batch;
}

MatrixProduct matrix_product(const NodeView& node) {
  const auto& attributes = node.attributes<MatrixProductAttributes>();
  Shape a = node.input_shape(0);
  Shape b = node.input_shape(1);
  if (a.size() == 1) a.insert(a.begin(), 1);
  if (b.size() == 1) b.push_back(1);
  MatrixProduct product;
  product.alpha = attributes.alpha;
  product.beta = attributes.beta;
  product.activation = attributes.activation;
  product.rows = a[a.size() - 2];
  product.depth = a[a.size() - 1];
  product.a_row_stride = product.depth;
  product.a_depth_stride = 1;
  if (attributes.transpose_a) {
    std::swap(product.rows, product.depth);
    product.a_row_stride = 1;
    product.a_depth_stride = product.rows;
  }
  product.columns = attributes.transpose_b ? b[b.size() - 2] : b[b.size() - 1];
  product.b_depth_stride = attributes.transpose_b ? 1 : product.columns;
  product.b_column_stride = attributes.transpose_b ? product.depth : 1;
  if (element_count(node.output_shape(0)) == 0) {
    product.batches = 0;
    return product;
  }
  if (node.has_input(2) && attributes.beta != 0.0F) {
    const Shape c = node.input_shape(2);
    product.has_c = true;
    if (!c.empty() && c.back() != 1) product.c_column_stride = 1;
    if (c.size() == 2 && c.front() != 1) product.c_row_stride = c.back();
  }
  set_batches(product, a, b);
  join_batches_of_one_b(product);
  return product;
}

std::vector<Implementation> matrix_product_implementations() {
  return {onednn_bfloat16_matrix_product(), bfloat16_matrix_product(), simd_matrix_product(),     half_matrix_product(),
          double_matrix_product(),          onednn_matrix_product(),   reference_matrix_product()};
}

OpFacts matrix_product_facts() {
  OpFacts facts;
  facts.folding_ns = folding_ns;
  facts.absorb_addend = absorb_addend_into_product;
  facts.absorb_affine = absorb_affine_into_product;
  facts.absorb_activation = absorb_activation_into_product;
  return facts;
}

}  // namespace linnet::internal
