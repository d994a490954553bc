#include "ops/product/matrix_product.hpp"

#include <algorithm>

#include "ops/shared/axis_order.hpp"

namespace linnet::internal {
namespace {

/// A tensor in some order of its axes. The last two are a matrix.
struct Operand {
  Shape shape;
  std::vector<std::int64_t> strides;

  /// Of batch dimension `axis` of `rank`; 1 for one that is not there.
  std::int64_t size_of_batch(std::size_t axis, std::size_t rank) const {
    const std::size_t missing = rank + 2 - shape.size();
    return axis < missing ? 1 : shape[axis - missing];
  }
  /// 0 for one that repeats.
  std::int64_t stride_of_batch(std::size_t axis, std::size_t rank) const {
    const std::size_t missing = rank + 2 - shape.size();
    return axis < missing || shape[axis - missing] == 1 ? 0 : strides[axis - missing];
  }
};

Operand operand(const Shape& shape, const std::vector<std::size_t>& order) {
  return {in_order(shape, order), in_order(row_major_strides(shape), order)};
}

/// Y as the product makes it, before y_order. Requires: it has elements.
Operand result(const MatrixProduct& product, const Operand& a, const Operand& b,
               const std::vector<std::size_t>& y_order) {
  Operand y;
  const std::size_t rank = std::max(a.shape.size(), b.shape.size()) - 2;
  for (std::size_t axis = 0; axis < rank; ++axis)
    y.shape.push_back(std::max(a.size_of_batch(axis, rank), b.size_of_batch(axis, rank)));
  y.shape.push_back(product.rows);
  y.shape.push_back(product.columns);
  y.strides = row_major_strides(in_order(y.shape, y_order));
  if (y_order.empty()) return y;
  const std::vector<std::int64_t> stored = y.strides;
  for (std::size_t i = 0; i < y_order.size(); ++i) y.strides[y_order[i]] = stored[i];
  return y;
}

/// Fills the batch dimensions, outermost first. Those of Y are all there: none repeats, and size 1 counts for nothing.
void set_batches(MatrixProduct& product, const Operand& a, const Operand& b, const Operand& y) {
  const std::size_t rank = std::max(a.shape.size(), b.shape.size()) - 2;
  // Innermost first, turned round at the end.
  for (std::size_t axis = rank; axis-- > 0;) {
    const std::int64_t size = std::max(a.size_of_batch(axis, rank), b.size_of_batch(axis, rank));
    if (size == 1) continue;
    const std::int64_t a_step = a.stride_of_batch(axis, rank);
    const std::int64_t b_step = b.stride_of_batch(axis, rank);
    const std::int64_t y_step = y.stride_of_batch(axis, rank);
    product.batches *= size;
    product.b_matrices *= b.size_of_batch(axis, rank);
    if (!product.batch_sizes.empty()) {
      const std::int64_t inner = product.batch_sizes.back();
      if (a_step == product.a_batch_strides.back() * inner && b_step == product.b_batch_strides.back() * inner &&
          y_step == product.y_batch_strides.back() * inner) {
        product.batch_sizes.back() = inner * size;
        continue;
      }
    }
    product.batch_sizes.push_back(size);
    product.a_batch_strides.push_back(a_step);
    product.b_batch_strides.push_back(b_step);
    product.y_batch_strides.push_back(y_step);
  }
  std::reverse(product.batch_sizes.begin(), product.batch_sizes.end());
  std::reverse(product.a_batch_strides.begin(), product.a_batch_strides.end());
  std::reverse(product.b_batch_strides.begin(), product.b_batch_strides.end());
  std::reverse(product.y_batch_strides.begin(), product.y_batch_strides.end());
}

void join_batches_of_one_b(MatrixProduct& product) {
  const bool consecutive = product.batch_sizes.size() == 1 && product.b_batch_strides[0] == 0 &&
                           product.a_batch_strides[0] == product.rows * product.a_row_stride &&
                           product.y_batch_strides[0] == product.rows * product.y_row_stride;
  if (!consecutive || product.c_row_stride != 0 || product.transposed_a()) return;
  product.rows *= product.batches;
  product.batches = 1;
  product.batch_sizes.clear();
  product.a_batch_strides.clear();
  product.b_batch_strides.clear();
  product.y_batch_strides.clear();
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

Dims operand_dims(const NodeView& node, std::size_t input) {
  const auto& attributes = node.attributes<MatrixProductAttributes>();
  return in_order(node.input_dims(input), input == 0 ? attributes.a_order : attributes.b_order);
}

Dims reordered_output(const NodeView& node, const Dims& product) {
  return in_order(product, node.attributes<MatrixProductAttributes>().y_order);
}

std::string reordered_refusal(const NodeView& node) {
  return node.attributes<MatrixProductAttributes>().reordered() ? "its operands or its result are transposed in place"
                                                                : "";
}

MatrixProduct::Batch MatrixProduct::batch(std::int64_t index) const {
  Batch batch;
  for (std::size_t axis = batch_sizes.size(); axis-- > 0;) {
    const std::int64_t position = index % batch_sizes[axis];
    index /= batch_sizes[axis];
    batch.a += position * a_batch_strides[axis];
    batch.b += position * b_batch_strides[axis];
    batch.y += position * y_batch_strides[axis];
  }
  return batch;
}

MatrixProduct matrix_product(const MatrixProductAttributes& attributes, Shape a_shape, Shape b_shape, const Shape* c,
                             const Shape& y_shape) {
  if (a_shape.size() == 1) a_shape.insert(a_shape.begin(), 1);
  if (b_shape.size() == 1) b_shape.push_back(1);
  Operand a = operand(a_shape, attributes.a_order);
  Operand b = operand(b_shape, attributes.b_order);
  const std::size_t row = a.shape.size() - (attributes.transpose_a ? 1 : 2);
  const std::size_t depth = a.shape.size() - (attributes.transpose_a ? 2 : 1);
  const std::size_t b_depth = b.shape.size() - (attributes.transpose_b ? 1 : 2);
  const std::size_t column = b.shape.size() - (attributes.transpose_b ? 2 : 1);
  MatrixProduct product;
  product.alpha = attributes.alpha;
  product.beta = attributes.beta;
  product.activation = attributes.activation;
  product.rows = a.shape[row];
  product.depth = a.shape[depth];
  product.columns = b.shape[column];
  if (element_count(y_shape) == 0) {
    product.batches = 0;
    return product;
  }
  if (c != nullptr && attributes.beta != 0.0F) {
    product.has_c = true;
    if (!c->empty() && c->back() != 1) product.c_column_stride = 1;
    if (c->size() == 2 && c->front() != 1) product.c_row_stride = c->back();
  }
  if (product.depth == 0) {  // there is nothing to point at
    std::fill(a.strides.begin(), a.strides.end(), 0);
    std::fill(b.strides.begin(), b.strides.end(), 0);
  }
  product.a_row_stride = a.strides[row];
  product.a_depth_stride = product.depth == 0 ? 1 : a.strides[depth];
  product.b_depth_stride = b.strides[b_depth];
  product.b_column_stride = b.strides[column];
  product.dense_b = attributes.b_order.empty() || b.shape.size() == 2;
  const Operand y = result(product, a, b, attributes.y_order);
  product.y_row_stride = y.strides[y.shape.size() - 2];
  set_batches(product, a, b, y);
  // Without depth no stride tells whether there is one B or one A, and an A has as many rows as before.
  if (product.depth != 0) join_batches_of_one_b(product);
  return product;
}

MatrixProduct matrix_product(const NodeView& node) {
  const bool has_c = node.has_input(2);
  const Shape c = has_c ? node.input_shape(2) : Shape();
  return matrix_product(node.attributes<MatrixProductAttributes>(), node.input_shape(0), node.input_shape(1),
                        has_c ? &c : nullptr, node.output_shape(0));
}

std::vector<Implementation> matrix_product_implementations() {
  return {tile_matrix_product(),   bfloat16_matrix_product(), simd_matrix_product(),
          half_matrix_product(),   double_matrix_product(),   onednn_bfloat16_matrix_product(),
          onednn_matrix_product(), reference_matrix_product()};
}

OpFacts matrix_product_facts() {
  OpFacts facts;
  facts.folding_ns = folding_ns;
  facts.absorb_addend = absorb_addend_into_product;
  facts.absorb_affine = absorb_affine_into_product;
  facts.absorb_activation = absorb_activation_into_product;
  facts.absorb_transpose = absorb_transpose_into_product;
  return facts;
}

}  // namespace linnet::internal
