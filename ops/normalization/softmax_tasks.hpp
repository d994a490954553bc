// How the kernels of Softmax and LogSoftmax share their work out.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "ops/normalization/softmax.hpp"
#include "runtime/run_control.hpp"

namespace linnet::internal {

inline constexpr std::int64_t kTaskElements = 16384;
inline constexpr std::int64_t kLeastColumns = 16;  ///< a vector's width, and a cache line

struct SoftmaxState {
  SoftmaxExtents extents;
  bool logarithm = false;
  DataType type = DataType::kUndefined;
};
/// Requires: all dimensions known.
std::shared_ptr<const SoftmaxState> softmax_state(const NodeView& node);

/// Sums that one task computes: those of the outermost indices [first, first + count), and of these the columns
/// [column, column + columns) of [0, inner).
struct SoftmaxTask {
  std::int64_t first, count, column, columns;
};

/// Calls body(SoftmaxTask, worker) for tasks of about kTaskElements elements that cover all; how they are cut depends
/// on the extents only.
template <typename Body>
void for_softmax_tasks(RunControl& control, const SoftmaxExtents& extents, double cost, const Body& body) {
  if (extents.count() == 0) return;
  const std::int64_t group = std::clamp<std::int64_t>(kTaskElements / (extents.axis * extents.inner), 1, extents.outer);
  const std::int64_t groups = (extents.outer + group - 1) / group;
  const std::int64_t block = std::clamp(kTaskElements / extents.axis / kLeastColumns * kLeastColumns,
                                        std::min(kLeastColumns, extents.inner), extents.inner);
  const std::int64_t blocks = (extents.inner + block - 1) / block;
  const double work = static_cast<double>(extents.count()) * cost;
  control.parallel_for(static_cast<std::size_t>(groups * blocks), work, [&](std::size_t index, std::size_t worker) {
    const std::int64_t first = static_cast<std::int64_t>(index) / blocks * group;
    const std::int64_t column = static_cast<std::int64_t>(index) % blocks * block;
    body(SoftmaxTask{first, std::min(group, extents.outer - first), column, std::min(block, extents.inner - column)},
         worker);
  });
}

}  // namespace linnet::internal
