// What LayerNormalization and RMSNormalization share, also with the fusions that make them of nodes that spell them
// out.
#pragma once

#include <algorithm>
#include <cstddef>

#include "runtime/data_type.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

struct LayerNormalizationAttributes : Attributes {
  std::int64_t axis = -1;
  float epsilon = 1e-5F;
  DataType stash_type = DataType::kFloat32;
  bool centred = true;  ///< else RMSNormalization
};

/// With concrete shapes. Without elements there are rows only where they have a Mean or an InvStdDev.
struct LayerNormalization {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  float epsilon = 0;
  bool centred = true;
  DataType type = DataType::kFloat32;
  DataType scale_type = DataType::kFloat32;  ///< that of B and Y as well
  DataType stash_type = DataType::kFloat32;
  bool has_bias = false, has_mean = false, has_inv_std_dev = false;

  // Null where there is none.
  const void* bias(const RunArguments& args) const { return has_bias ? args.inputs[2] : nullptr; }
  void* mean(const RunArguments& args) const { return has_mean ? args.outputs[1] : nullptr; }
  void* inv_std_dev(const RunArguments& args) const { return has_inv_std_dev ? args.outputs[2] : nullptr; }
};

/// The first of the dimensions that are normalised. Errors: kInvalidModel for a wrong axis.
std::size_t first_normalized_axis(const NodeView& node);

/// Requires: all dimensions known.
LayerNormalization layer_normalization_of(const NodeView& node);

/// Calls body(first_row, rows, worker) for tasks of about `chunk` elements; `cost`: nanoseconds per element.
template <typename Body>
void for_rows(const RunArguments& args, const LayerNormalization& of, std::int64_t chunk, double cost,
              const Body& body) {
  const std::int64_t rows_per_task = std::max<std::int64_t>(1, chunk / std::max<std::int64_t>(of.columns, 1));
  const auto tasks = static_cast<std::size_t>((of.rows + rows_per_task - 1) / rows_per_task);
  const double work = static_cast<double>(of.rows) * static_cast<double>(of.columns + 1) * cost;
  args.control.parallel_for(tasks, work, [&](std::size_t task, std::size_t worker) {
    const std::int64_t first = static_cast<std::int64_t>(task) * rows_per_task;
    body(first, std::min(rows_per_task, of.rows - first), worker);
  });
}

Implementation simd_layer_normalization();
Implementation half_layer_normalization();  ///< float16 and bfloat16
Implementation double_layer_normalization();
Implementation reference_layer_normalization();

}  // namespace linnet::internal
