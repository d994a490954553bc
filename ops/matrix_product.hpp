// What Gemm and MatMul share: Y = activation(alpha * op(A) op(B) + beta * C), for one matrix or a batch of them.
#pragma once

#include "ops/kernels/activation.hpp"
#include "runtime/data_type.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

/// The attributes of Gemm and MatMul; MatMul leaves all but the activation as they are. A MatMul that a pass has given
/// an addend has it as input 2, C: a row of N elements or a scalar.
struct MatrixProductAttributes : Attributes {
  float alpha = 1.0F;
  float beta = 1.0F;
  bool transpose_a = false;
  bool transpose_b = false;
  kernels::Activation activation;  ///< the epilogue that a pass took in; float32 only
};

/// Element types that both operators compute with.
inline constexpr TypeSet kMatrixProductTypes =
    kFloatTypes | TypeSet{DataType::kInt32, DataType::kInt64, DataType::kUint32, DataType::kUint64};

/// Errors: kInvalidModel (kUnsupported for what Linnet cannot hold) for other types, and when the inputs have different
/// ones.
void check_matrix_product_types(const NodeView& node);

/// A product with concrete shapes. Strides count elements; 0 repeats an operand.
struct MatrixProduct {
  std::int64_t batches = 1;                       ///< 0 when Y has no elements
  std::int64_t rows = 0, columns = 0, depth = 0;  ///< of one op(A) [rows, depth] and op(B) [depth, columns]
  std::int64_t a_row_stride = 0, a_depth_stride = 0;
  std::int64_t b_depth_stride = 0, b_column_stride = 0;
  float alpha = 1.0F;
  float beta = 1.0F;
  bool has_c = false;  ///< false with beta = 0: C is then not read, as BLAS and numpy-based references have it
  std::int64_t c_row_stride = 0, c_column_stride = 0;
  kernels::Activation activation;

  struct Batch {
    std::int64_t a = 0;
    std::int64_t b = 0;
  };
  /// Where the matrices of a batch begin, in elements. Those of Y follow each other.
  Batch batch(std::int64_t index) const;

  bool transposed_a() const { return a_depth_stride != 1 && depth > 1; }
  std::int64_t y_elements() const { return rows * columns; }

  Shape batch_sizes;  ///< neighbours are joined where strides allow it
  std::vector<std::int64_t> a_batch_strides, b_batch_strides;
  std::int64_t b_matrices = 1;  ///< how many B there are, one after another
};

/// Batches that share one B are joined to a single matrix of all their rows.
/// Requires: the shapes have passed infer, and all dimensions are known.
MatrixProduct matrix_product(const NodeView& node);

// Of Gemm and MatMul, in the order of matrix_product_implementations. `auto` takes simd for every float32 product: on
// an AMD EPYC (Zen 4, AVX-512), one thread, B constant, the best of many runs took, simd against oneDNN 3.2, 0.18
// against 0.68 us (A [1,64], B [64,100]), 42 against 54 us
// ([1,1024], [1024,1024]), 1154 against 1205 us ([64,1024], [1024,1024]) and 2.61 against 2.57 ms ([512,512],
// [512,512]). Where only a run knows B and A has few rows, oneDNN is faster (124 against 56 us for [1,1024],
// [1024,1024]), for it need not pack B; but it does not promise the same bits for a row in every batch.
Implementation onednn_bfloat16_matrix_product();  ///< only on request; where the CPU has AMX
Implementation bfloat16_matrix_product();         ///< only on request
Implementation simd_matrix_product();
Implementation half_matrix_product();    ///< float16 and bfloat16
Implementation double_matrix_product();  ///< float64
Implementation onednn_matrix_product();
Implementation reference_matrix_product();
std::vector<Implementation> matrix_product_implementations();

/// Why a product cannot be one of bfloat16 operands, whoever computes it; empty when it can.
std::string bfloat16_refusal(const NodeView& node);

// Fusion hooks, all in matrix_product_facts.
std::optional<Replacement> absorb_addend_into_product(const FusionContext& context);
std::optional<Replacement> absorb_affine_into_product(const FusionContext& context);
std::optional<Replacement> absorb_activation_into_product(const FusionContext& context);
OpFacts matrix_product_facts();

}  // namespace linnet::internal
