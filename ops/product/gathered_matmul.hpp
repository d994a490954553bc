// What GatheredMatMul and GatheredMatMulNBits share, and what fusions need to know of the first.
#pragma once

#include "ops/product/n_bits.hpp"
#include "runtime/infer.hpp"

namespace linnet::internal {

inline constexpr const char* kGatheredMatMul = "GatheredMatMul";
inline constexpr TypeSet kGatheredWeightTypes{DataType::kFloat32, DataType::kFloat16, DataType::kBfloat16};
inline constexpr TypeSet kGatheredIndexTypes{DataType::kInt32, DataType::kInt64};
inline constexpr std::size_t kGatheredA = 0, kGatheredIndices = 1, kGatheredWeights = 2;

/// How rows and results of GatheredMatMul lie.
enum class GatheredForm : std::uint8_t {
  kRows,     ///< A [..., K], Y has the dimensions of the indices, and N
  kRow,      ///< A [R, 1, K], Y [R, 1, N]; one row of A, or one index, serves all
  kColumns,  ///< A [R, K, 1], Y [R, N, 1]; likewise
};

struct GatheredMatMulAttributes : NBitsAttributes {
  /// `concrete` is that of weights of few bits.
  explicit GatheredMatMulAttributes(NBits (*concrete)(const NodeView&) = nullptr) : NBitsAttributes(concrete) {}

  GatheredForm form = GatheredForm::kRows;
  std::int64_t repeats = 1;     ///< kRows: neighbouring rows of Y that have the same row of A
  bool transpose_w = true;      ///< W [G, N, K], else [G, K, N]
  std::int64_t block_size = 0;  ///< of weights of few bits; 0: one scale for a row of W
};

/// Errors: kInvalidModel for less than 1.
void parse_repeats(ParseContext& context, GatheredMatMulAttributes& attributes);
/// The output of a product with matrices of these sizes. Errors: kInvalidModel where A and indices do not fit.
void infer_gathered_rows(InferContext& context, Dim k, Dim n);
/// Errors: kInvalidModel where the input has not these dimensions.
void check_gathered_dims(const NodeView& node, std::size_t input, const Dims& wanted);
/// Rows and indices of concrete shapes.
void set_gathered_rows(const NodeView& node, GatheredRows& result);
/// Name, domain, inputs, outputs and facts of both operators.
OpDef gathered_operator(const char* name, InputTable inputs);

}  // namespace linnet::internal
