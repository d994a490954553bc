// What Gemm and MatMul share: Y = activation(alpha * op(A) op(B) + beta * C), for one matrix or a batch of them.
#pragma once

#include "ops/kernels/activation.hpp"
#include "runtime/data_type.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

/// The attributes of Gemm and MatMul; MatMul leaves all but the activation as they are. A MatMul that a pass has given
/// an addend has it as input 2, C: a row of N elements or a scalar.
///
/// A pass may have taken in Transposes: dimension i of A, as it is multiplied, is then dimension a_order[i] of input 0,
/// and transpose_a counts from there; likewise of B. Dimension i of the output is dimension y_order[i] of the product.
/// An order has as many axes as its tensor has dimensions, 2 at least, or is empty.
struct MatrixProductAttributes : Attributes {
  float alpha = 1.0F;
  float beta = 1.0F;
  bool transpose_a = false;
  bool transpose_b = false;
  kernels::Activation activation;  ///< the epilogue that a pass took in; float32 only
  std::vector<std::size_t> a_order, b_order, y_order;

  bool reordered() const { return !a_order.empty() || !b_order.empty() || !y_order.empty(); }
};

/// Element types that both operators compute with.
inline constexpr TypeSet kMatrixProductTypes =
    kFloatTypes | TypeSet{DataType::kInt32, DataType::kInt64, DataType::kUint32, DataType::kUint64};

/// Errors: kInvalidModel (kUnsupported for what Linnet cannot hold) for other types, and when the inputs have different
/// ones.
void check_matrix_product_types(const NodeView& node);

/// Dimensions of A (input 0) or B (1) as they are multiplied, before transpose_a and transpose_b.
Dims operand_dims(const NodeView& node, std::size_t input);
/// Dimensions of the output, from those of the product.
Dims reordered_output(const NodeView& node, const Dims& product);

/// Why an implementation that reads dense operands only cannot compute the product; empty when it can.
std::string reordered_refusal(const NodeView& node);

/// A product with concrete shapes. Strides count elements; 0 repeats an operand.
struct MatrixProduct {
  std::int64_t batches = 1;                       ///< 0 when Y has no elements
  std::int64_t rows = 0, columns = 0, depth = 0;  ///< of one op(A) [rows, depth] and op(B) [depth, columns]
  std::int64_t a_row_stride = 0, a_depth_stride = 0;
  std::int64_t b_depth_stride = 0, b_column_stride = 0;
  std::int64_t y_row_stride = 0;  ///< its columns are contiguous
  float alpha = 1.0F;
  float beta = 1.0F;
  bool has_c = false;  ///< false with beta = 0: C is then not read, as BLAS and numpy-based references have it
  std::int64_t c_row_stride = 0, c_column_stride = 0;
  kernels::Activation activation;

  struct Batch {
    std::int64_t a = 0;
    std::int64_t b = 0;
    std::int64_t y = 0;
  };
  /// Where the matrices of a batch begin, in elements.
  Batch batch(std::int64_t index) const;

  bool transposed_a() const { return a_depth_stride != 1 && depth > 1; }
  /// Its rows follow each other without gaps.
  bool dense_a() const { return a_depth_stride == 1 && a_row_stride == depth; }
  std::int64_t y_elements() const { return rows * columns; }

  Shape batch_sizes;  ///< neighbours are joined where strides allow it
  std::vector<std::int64_t> a_batch_strides, b_batch_strides, y_batch_strides;
  std::int64_t b_matrices = 1;  ///< how many B there are
  bool dense_b = true;          ///< they follow one another without gaps
};

/// Batches that share one B are joined to a single matrix of all their rows.
/// Requires: the shapes have passed infer, and all dimensions are known.
MatrixProduct matrix_product(const NodeView& node);
/// The same of shapes; `c` is null where there is none.
MatrixProduct matrix_product(const MatrixProductAttributes& attributes, Shape a_shape, Shape b_shape, const Shape* c,
                             const Shape& y_shape);

/// Dimensions of numpy.matmul(A, B). Errors: kInvalidModel where they do not fit.
Dims matmul_dims(const Dims& a, const Dims& b);

// Of Gemm and MatMul, in the order of matrix_product_implementations. `auto` takes simd for every float32 product: on
// an AMD EPYC (Zen 4, AVX-512), one thread, B constant, the best of many runs took, simd against oneDNN 3.2, 0.18
// against 0.68 us (A [1,64], B [64,100]), 42 against 54 us
// ([1,1024], [1024,1024]), 1154 against 1205 us ([64,1024], [1024,1024]) and 2.61 against 2.57 ms ([512,512],
// [512,512]). Where only a run knows B, few rows of A are multiplied without packing it; oneDNN does not promise the
// same bits for a row in every batch.
Implementation tile_matrix_product();      ///< bfloat16, only on request; where the CPU has AMX
Implementation bfloat16_matrix_product();  ///< only on request
Implementation simd_matrix_product();
Implementation half_matrix_product();             ///< float16 and bfloat16
Implementation double_matrix_product();           ///< float64
Implementation onednn_bfloat16_matrix_product();  ///< only on request, and of oneDNN
Implementation onednn_matrix_product();
Implementation reference_matrix_product();
std::vector<Implementation> matrix_product_implementations();

/// Why a product cannot be one of bfloat16 operands, whoever computes it; empty when it can.
std::string bfloat16_refusal(const NodeView& node);

// Fusion hooks, all in matrix_product_facts.
std::optional<Replacement> absorb_addend_into_product(const FusionContext& context);
std::optional<Replacement> absorb_affine_into_product(const FusionContext& context);
std::optional<Replacement> absorb_activation_into_product(const FusionContext& context);
/// Of float32 products whose operands and result still have rows or columns that are contiguous. A product of many
/// matrices A and one B is left alone: A's rows are one long matrix then. Of a constant what folding left is taken in:
/// a table of embeddings, say, that is the last layer's weights too, and too large for a copy.
std::optional<Replacement> absorb_transpose_into_product(const FusionContext& context);
std::optional<Replacement> absorb_transpose_of_operand(const FusionContext& context);  ///< the producer is it
OpFacts matrix_product_facts();

}  // namespace linnet::internal
