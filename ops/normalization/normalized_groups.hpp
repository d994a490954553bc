// What GroupNormalization, InstanceNormalization and MeanVarianceNormalization share: X is cut into groups of elements,
// each of which is brought to mean 0 and variance 1 by itself.
#pragma once

#include "runtime/op.hpp"

namespace linnet::internal {

/// Every group is `runs` runs of `run_length` neighbouring elements; group and run number count row by row through the
/// dimensions.
struct NormalizedGroups {
  DataType type = DataType::kFloat32;
  Shape group_sizes, group_strides;
  Shape run_sizes, run_strides;
  std::int64_t groups = 1, runs = 1, run_length = 1;
  double variance_epsilon = 0;   ///< is added to the variance
  double deviation_epsilon = 0;  ///< is added to its root
  bool scaled = false;           ///< inputs 1 and 2 hold scale and bias
  std::int64_t scales = 1;       ///< elements of each: groups take them in turn
  bool scale_per_run = false;    ///< each run of a group has its own
};

/// X is `sizes`, of which the dimensions in `reduced` make up a group.
NormalizedGroups normalized_groups(DataType type, const Shape& sizes, const std::vector<bool>& reduced);

std::string accepts_normalized_groups(const NormalizedGroups& groups);
Prepared prepare_normalized_groups(NormalizedGroups groups);
void run_normalized_groups(const RunArguments& args);
void run_normalized_groups_reference(const RunArguments& args);

/// simd for groups of whole runs of all types but double, reference. Mean and variance are found in two passes, in
/// double (of double in long double), in an order that depends on the shape alone.
template <NormalizedGroups (*kGroupsOf)(const NodeView&)>
std::vector<Implementation> normalized_groups_implementations() {
  const auto accepts = [](const NodeView& node) { return accepts_normalized_groups(kGroupsOf(node)); };
  const auto prepare = [](const PrepareContext& context) { return prepare_normalized_groups(kGroupsOf(context)); };
  return {
      {"simd", Backend::kSimd, accepts, prepare, run_normalized_groups},
      {"reference", Backend::kReference, nullptr, prepare, run_normalized_groups_reference},
  };
}

}  // namespace linnet::internal
