// What the attributes of tree ensembles say.
#pragma once

#include "ops/learned/scores.hpp"
#include "ops/learned/trees.hpp"

namespace linnet::internal {

/// X of opset 5, and what its attributes hold.
inline constexpr TypeSet kEnsembleTypes{DataType::kFloat32, DataType::kFloat64, DataType::kFloat16};

struct EnsembleAttributes : Attributes {
  Trees trees;
  PostTransform transform = PostTransform::kNone;
  bool keeps_type = false;  ///< Y has the type of X
  std::vector<double> base;
  Labels labels;                  ///< of a classifier, and 0 and 1
  bool one_class_only = false;    ///< of two classes, weights of one
  bool weights_negative = false;  ///< any of them
};

AttributesPtr parse_tree_regressor(ParseContext& context);
AttributesPtr parse_tree_classifier(ParseContext& context);
/// Opset 5.
AttributesPtr parse_tree_ensemble(ParseContext& context);

}  // namespace linnet::internal
