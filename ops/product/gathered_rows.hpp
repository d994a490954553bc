// Products of rows with a matrix each, which an index names: Y[r] = A[r / repeats] W[index[r]]. Rows of one matrix are
// brought together, multiplied at once, and put back. Where one matrix serves all rows, they stay where they are.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "ops/shared/workspace_layout.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

/// Rows in groups: group g has the rows from ends[g - 1] (0 of the first group) to ends[g], and one matrix.
struct RowGroups {
  const std::int64_t* ends = nullptr;
  const std::int64_t* matrices = nullptr;  ///< null: the first one
  std::size_t count = 0;

  std::size_t begin(std::size_t group) const { return group == 0 ? 0 : static_cast<std::size_t>(ends[group - 1]); }
  std::size_t end(std::size_t group) const { return static_cast<std::size_t>(ends[group]); }
  std::size_t rows(std::size_t group) const { return end(group) - begin(group); }
};

/// The rows of a node with concrete shapes.
struct GatheredRows {
  std::size_t rows = 0;        ///< of Y
  std::size_t repeats = 1;     ///< rows of Y that have the same row of A
  std::size_t matrices = 1;    ///< W, one behind the other
  std::size_t k = 0, n = 0;    ///< of each
  std::size_t indices = 0;     ///< the input that has them; 0: one matrix serves all rows
  std::size_t index_step = 1;  ///< 0: there is one index, for all rows
  DataType index_type = DataType::kInt64;

  /// The matrix of a row. Requires: check passed.
  std::size_t matrix_of(const RunArguments& args, std::size_t row) const;
  /// Errors: kRuntimeFault for an index outside [-matrices, matrices).
  void check(const RunArguments& args) const;

  /// Room in a workspace, for what follows. Errors: kLimitExceeded.
  void reserve(WorkspaceLayout& workspace);
  /// Rows by matrices, float32. Only matrices that have rows are groups: time and room do not grow with the others.
  struct Grouped {
    RowGroups groups;
    const float* a = nullptr;
    float* y = nullptr;
    std::size_t* firsts = nullptr;  ///< room for a number more than there are groups
    bool moved = false;
    std::int64_t all = 0;  ///< where the only group ends
  };
  /// Into `grouped`, which stays where it is. Errors: those of check and RunControl::parallel_for.
  void gather(const RunArguments& args, Grouped& grouped) const;
  /// Y's rows from where the product put them.
  void scatter(const RunArguments& args, const Grouped& grouped) const;

 private:
  /// Matrices are counted one by one where they are no more than these.
  std::size_t most_counted() const { return 4 * rows + 1024; }
  void sort_rows(const std::int64_t* matrix_of_row, std::int64_t* counts, std::int64_t* order) const;

  std::size_t firsts_at_ = 0, rows_at_ = 0, order_at_ = 0, ends_at_ = 0, matrices_at_ = 0, counts_at_ = 0;
  std::size_t a_at_ = 0, y_at_ = 0;
};

/// What one task multiplies: rows [row, row + rows) of all, by panels of their matrix.
struct GroupPart {
  std::size_t matrix = 0, row = 0, rows = 0, panel_begin = 0, panel_end = 0;
};

/// How groups are cut into parts. Time that a task takes comes from the sizes of one product; for choosing only.
struct GroupParts {
  std::size_t panels = 0;     ///< of each matrix
  std::size_t threads = 1;    ///< that share the parts
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

/// Calls multiply(part, worker), from several threads, for parts that cover all groups' products once.
template <typename Multiply>
void for_parts(RunControl& control, const GatheredRows::Grouped& grouped, const GroupParts& parts,
               const Multiply& multiply) {
  GroupParts shared = parts;
  shared.threads = static_cast<std::size_t>(control.threads());
  const std::size_t tasks = shared.count(grouped.groups, grouped.firsts);
  control.parallel_for(tasks, shared.work(grouped.groups), [&](std::size_t task, std::size_t worker) {
    multiply(shared.part(grouped.groups, grouped.firsts, task), worker);
  });
}

}  // namespace linnet::internal
