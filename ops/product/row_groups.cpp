#include "ops/product/row_groups.hpp"

#include "ops/shared/wanted_elements.hpp"
#include "runtime/error.hpp"

namespace linnet::internal {
namespace {

constexpr double kTaskNanoseconds = 3e5;
/// Where products are made of rows, fewer would not fill a tile.
constexpr double kLeastTaskRows = 12;

}  // namespace

std::size_t RowGroups::group_of(std::size_t row) const {
  return static_cast<std::size_t>(std::upper_bound(ends, ends + count, static_cast<std::int64_t>(row)) - ends);
}

RowGroups row_groups(const void* ends, std::size_t count, std::size_t rows) {
  const RowGroups groups = {static_cast<const std::int64_t*>(ends), count};
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const bool last = i + 1 == count;
    if (groups.ends[i] < begin || (last && groups.ends[i] != static_cast<std::int64_t>(rows))) {
      fail(ErrorCode::kRuntimeFault, "ends[", i, "] is ", groups.ends[i], ", expected ", last ? "" : "at least ",
           last ? static_cast<std::int64_t>(rows) : begin);
    }
    begin = groups.ends[i];
  }
  if (count == 0 && rows > 0) fail(ErrorCode::kRuntimeFault, "there are ", rows, " rows but no groups");
  return groups;
}

WantedElements wanted_ends(const NodeView& node, std::size_t groups_input) {
  const Dim rows = node.input_dims(0)[0];
  const std::size_t count = length_of(node, groups_input);
  std::vector<std::int64_t> ends;
  for (std::size_t i = 1; i <= count; ++i) {
    const std::int64_t all = rows.known() ? rows.value() : 0;
    ends.push_back(i == count ? all : all / static_cast<std::int64_t>(count) * static_cast<std::int64_t>(i));
  }
  return wanted_list(std::move(ends), "where each group of rows ends");
}

GroupParts GroupParts::of(std::size_t panels, double panel_row_work, double matrix_work) {
  GroupParts parts;
  parts.panels = panels;
  parts.task_rows =
      static_cast<std::size_t>(std::clamp(kTaskNanoseconds / std::max(panel_row_work, 1e-3), kLeastTaskRows, 1e9));
  parts.row_work = panel_row_work * static_cast<double>(panels);
  parts.matrix_work = matrix_work;
  return parts;
}

std::size_t GroupParts::step(std::size_t rows) const {
  if (!joins_panels || rows >= task_rows || panels == 0) return 1;
  return std::clamp<std::size_t>(task_rows / (8 * (rows + 1)), 1, panels);
}

std::size_t GroupParts::count(const RowGroups& groups, std::size_t* firsts) const {
  std::size_t tasks = 0;
  for (std::size_t i = 0; i < groups.count; ++i) {
    firsts[i] = tasks;
    const std::size_t rows = groups.rows(i);
    const std::size_t panels_of_part = step(rows);
    tasks += (rows + task_rows - 1) / task_rows * ((panels + panels_of_part - 1) / panels_of_part);
  }
  firsts[groups.count] = tasks;
  return tasks;
}

double GroupParts::work(const RowGroups& groups) const {
  double sum = 0.0;
  for (std::size_t i = 0; i < groups.count; ++i) {
    const std::size_t rows = groups.rows(i);
    if (rows > 0) sum += std::max(row_work * static_cast<double>(rows), matrix_work);
  }
  return sum;
}

GroupPart GroupParts::part(const RowGroups& groups, const std::size_t* firsts, std::size_t task) const {
  GroupPart part;
  part.group = static_cast<std::size_t>(std::upper_bound(firsts, firsts + groups.count, task) - firsts) - 1;
  const std::size_t rows = groups.rows(part.group);
  const std::size_t panels_of_part = step(rows);
  const std::size_t row_parts = (rows + task_rows - 1) / task_rows;
  const std::size_t index = task - firsts[part.group];
  // Parts of the same panels follow each other: threads that take them in order share the weights.
  const std::size_t row = index % row_parts * task_rows;
  part.row = groups.begin(part.group) + row;
  part.rows = std::min(task_rows, rows - row);
  part.panel_begin = index / row_parts * panels_of_part;
  part.panel_end = std::min(panels, part.panel_begin + panels_of_part);
  return part;
}

}  // namespace linnet::internal
