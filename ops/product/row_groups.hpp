// Products of rows that lie in groups, each with a matrix of its own: C[r] = A[r] W[g] for the rows r of group g.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "runtime/op.hpp"

namespace linnet::internal {

/// Group g has the rows from ends[g - 1] (0 of the first group) to ends[g].
struct RowGroups {
  const std::int64_t* ends = nullptr;
  std::size_t count = 0;

  std::size_t begin(std::size_t group) const { return group == 0 ? 0 : static_cast<std::size_t>(ends[group - 1]); }
  std::size_t end(std::size_t group) const { return static_cast<std::size_t>(ends[group]); }
  std::size_t rows(std::size_t group) const { return end(group) - begin(group); }
  /// Requires: there is one, and it is in a group.
  std::size_t group_of(std::size_t row) const;
};

/// Groups that cover `rows` rows. Errors: kRuntimeFault where an end comes before the one before it, or the last one is
/// not that of the rows.
RowGroups row_groups(const void* ends, std::size_t count, std::size_t rows);

/// The ends of `groups` groups of about as many rows each, for OpFacts::wanted_elements.
WantedElements wanted_ends(const NodeView& node, std::size_t groups_input);

/// What one task multiplies: rows [row, row + rows) of all, by panels of the group's matrix.
struct GroupPart {
  std::size_t group = 0, row = 0, rows = 0, panel_begin = 0, panel_end = 0;
};

/// How groups are cut into parts. Time that a task takes comes from the sizes of one product; for choosing only.
struct GroupParts {
  std::size_t panels = 0;     ///< of each matrix
  std::size_t task_rows = 1;  ///< the most, by one panel
  bool joins_panels = true;   ///< a part of few rows has several panels
  double row_work = 0.0;      ///< nanoseconds of a row, by all panels
  double matrix_work = 0.0;   ///< the least of a matrix, however few its rows are

  static GroupParts of(std::size_t panels, double panel_row_work, double matrix_work);

  /// The number of tasks; `firsts` [groups + 1] receives the first one of each group.
  std::size_t count(const RowGroups& groups, std::size_t* firsts) const;
  double work(const RowGroups& groups) const;
  GroupPart part(const RowGroups& groups, const std::size_t* firsts, std::size_t task) const;

 private:
  std::size_t step(std::size_t rows) const;  ///< panels of a part
};

/// Calls multiply(part, worker), from several threads, for parts that cover all groups' products once. `firsts` is room
/// for groups.count + 1 numbers.
template <typename Multiply>
void for_parts(RunControl& control, const RowGroups& groups, const GroupParts& parts, std::size_t* firsts,
               const Multiply& multiply) {
  const std::size_t tasks = parts.count(groups, firsts);
  control.parallel_for(tasks, parts.work(groups), [&](std::size_t task, std::size_t worker) {
    multiply(parts.part(groups, firsts, task), worker);
  });
}

}  // namespace linnet::internal
