// Scores of a row, and the class that they decide for.
#pragma once

#include "ops/learned/labels.hpp"

namespace linnet::internal {

/// In the order of TreeEnsemble's numbers.
enum class PostTransform : std::uint8_t { kNone, kSoftmax, kLogistic, kSoftmaxZero, kProbit };

/// Attribute post_transform.
PostTransform parse_post_transform(ParseContext& context);

/// What the scores of a row become, in place. SOFTMAX_ZERO: scores of 0 stay 0, and the others share 1. PROBIT is
/// Winitzki's approximation, as ONNX Runtime has it: 2e-3 of the true value.
void transform_scores(PostTransform transform, double* scores, std::size_t count);

/// What stands beside a single score of two classes.
enum class OtherScore : std::uint8_t { kNone, kComplement, kNegated };

/// Makes scores[0], that of class 1, two scores, unless there is to be no other. LOGISTIC transforms both, PROBIT the
/// one (the other is 0 then), and no other transform anything.
void expand_score(PostTransform transform, OtherScore other, double* scores);

/// What a classifier writes: Y ([rows], labels) and Z ([rows, scores], float32), which may be left out.
struct ClassOutputs {
  const Labels* labels = nullptr;
  std::size_t rows = 0;
  std::size_t scores = 0;  ///< 0: left out

  /// Sets the types of a node's outputs.
  static void infer(InferContext& context, const Labels& labels, Dim rows, std::int64_t scores);
  /// The scores; null where they are left out. Errors: kLimitExceeded.
  float* z(const RunArguments& args) const;
  /// `places` of the labels, one of each row; these themselves where there are no labels. Errors: kLimitExceeded.
  void write_labels(const RunArguments& args, const std::uint32_t* places) const;
};

/// Registers a classifier, and the one of Linnet's own domain, `string_name`, that takes its place where `labels_of`
/// its attributes are strings.
using LabelsOf = const Labels& (*)(const Attributes&);
template <LabelsOf labels_of, const char* string_name>
void add_classifier(Registry& registry, const char* domain, OpDef op) {
  op.domain = domain;
  op.output_type = [](const NodeView& node, std::size_t) { return labels_of(*node.node().attributes).type(); };
  op.string_form = [](const NodeView& node) {
    return labels_of(*node.node().attributes).are_strings() ? string_name : nullptr;
  };
  registry.add(op);
  op.name = string_name;
  op.domain = kOwnDomain;
  op.string_form = nullptr;
  op.facts.reveals = true;
  registry.add(std::move(op));
}

/// X of what goes row by row, and what a regressor and a classifier make of it.
inline constexpr InputDef kRowsOfNumbers[] = {
    {"X", {DataType::kFloat32, DataType::kFloat64, DataType::kInt32, DataType::kInt64}}};
inline constexpr OutputDef kScores[] = {{"Y", kFloat32Type}};
inline constexpr OutputDef kClassOutputs[] = {{"Y", {DataType::kInt64, DataType::kString}}, {"Z", kFloat32Type}};

/// Rows of an input, [rows,columns] or [columns] of one row. Errors: kInvalidModel for other ranks.
struct RowDims {
  Dim rows;
  Dim columns;
};
RowDims rows_of(const NodeView& node);

/// The first of the largest, as float32.
std::uint32_t largest_score(const double* scores, std::size_t count);

/// Of a step that goes row by row: scratch for each worker, and the places of a classifier's labels.
struct RowsState {
  AttributesPtr attributes;
  DataType type = DataType::kUndefined;  ///< of X
  std::size_t rows = 0;
  std::size_t columns = 0;
  bool has_scores = false;        ///< a classifier's output Z
  std::size_t scratch_bytes = 0;  ///< of a worker; the places lie behind all of them
  std::size_t places_at = 0;

  std::byte* scratch(const RunArguments& args, std::size_t worker) const {
    return static_cast<std::byte*>(args.workspace) + worker * scratch_bytes;
  }
  ClassOutputs outputs(const Labels& labels, std::size_t scores) const {
    return {&labels, rows, has_scores ? scores : 0};
  }
  std::uint32_t* places(const RunArguments& args) const {
    return reinterpret_cast<std::uint32_t*>(static_cast<std::byte*>(args.workspace) + places_at);
  }
};
/// With a RowsState.
Prepared prepare_rows(const PrepareContext& context, std::size_t scratch_bytes);

}  // namespace linnet::internal
