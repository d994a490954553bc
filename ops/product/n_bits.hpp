// Products with weights of few bits, each a code that a scale and a zero point of its block along K make a number of:
//   W[n, k] = (code[n, k] - zero_point[n, g]) * scale[n, g],   g = k / block, or g_idx[k]
// of one matrix W [N, K], or of several, of which each row names one: what MatMulNBits, GatheredMatMulNBits and
// DequantizedMatMul share.
#pragma once

#include "ops/product/gathered_rows.hpp"
#include "ops/shared/element_lines.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

/// Where an operator has its inputs behind A, which is input 0.
struct NBitsInputs {
  std::size_t codes = 1, scales = 2, zero_points = 3, bias = 5;
  std::size_t g_idx = 0;  ///< 0: the operator has none
};

/// Elements of a list for each row of all W: element i of row r is number r * row + i * step of an input.
struct RowElements {
  DataType type = DataType::kUndefined;
  std::size_t row = 0, step = 1;

  void load(const void* elements, std::size_t at_row, std::size_t first, std::size_t count, float* line) const;
};

/// A node with concrete shapes.
struct NBits : GatheredRows {
  NBitsInputs inputs;
  std::size_t bits = 4;                    ///< of a code
  std::size_t block = 1, blocks = 0;       ///< along K; of a row of W
  DataType type = DataType::kUndefined;    ///< of A, Y and bias
  RowElements codes, scales, zero_points;  ///< zero_points.type is kUndefined where there are none
  float zero_point = 0;                    ///< where there are none
  bool has_g_idx = false, has_bias = false;

  /// `type`, and which of bias and g_idx there are.
  void look_at(const NodeView& node);
  bool is_signed() const { return kSignedLineTypes.has(codes.type); }

  /// Null for none.
  const std::int32_t* g_idx(const RunArguments& args) const {
    return has_g_idx ? static_cast<const std::int32_t*>(args.inputs[inputs.g_idx]) : nullptr;
  }
  const void* zeros(const RunArguments& args) const {
    return zero_points.type == DataType::kUndefined ? nullptr : args.inputs[inputs.zero_points];
  }
  const void* bias(const RunArguments& args) const { return has_bias ? args.inputs[inputs.bias] : nullptr; }
};

/// Unsigned codes of so many bits.
constexpr DataType code_type(std::int64_t bits) {
  return bits == 2 ? DataType::kUint2 : bits == 4 ? DataType::kUint4 : DataType::kUint8;
}

struct NBitsAttributes : Attributes {
  explicit NBitsAttributes(NBits (*concrete)(const NodeView&)) : concrete(concrete) {}

  NBits (*concrete)(const NodeView&);  ///< the node, of concrete shapes
  std::int64_t bits = 4, accuracy_level = 0;
};

/// Reads `bits` and `accuracy_level`. Errors: kUnsupported for bits other than 2, 4 and 8.
void parse_bits(ParseContext& context, NBitsAttributes& attributes);

inline NBits n_bits(const NodeView& node) { return node.attributes<NBitsAttributes>().concrete(node); }

/// OpFacts::folding_ns
double n_bits_folding_ns(const NodeView& node);
/// Nanoseconds of one thread for a product of all rows.
double n_bits_work(const NBits& node, double products_per_ns, double weights_per_ns);

// In the order of n_bits_implementations.
Implementation n_bits_int8();    ///< 4 bits, with A rounded to int8 in blocks, where accuracy_level allows it
Implementation n_bits_packed();  ///< constant W, as it is packed
Implementation n_bits_panels();  ///< W becomes float32 panel by panel, in each run: it is never in memory as such
Implementation n_bits_reference();
std::vector<Implementation> n_bits_implementations();

}  // namespace linnet::internal
