#include <algorithm>
#include <cmath>
#include <cstddef>

#include "ops/kernels/gemm.hpp"
#include "ops/kernels/gemm_tiles.hpp"

namespace linnet::kernels {
namespace {

// Multiply-adds of a slice: at most 0.5 ms at 5e10 a second; at least so many that taking a slice costs little beside.
constexpr double kMaxSliceWork = 2.5e7;
constexpr double kMinSliceWork = 1 << 16;
// At most so many slices for each thread: a thread that comes late leaves little for the others to wait for.
constexpr std::size_t kSlicesPerThread = 4;
// With few rows the time goes into reading weights: 8 MiB of them take 0.3 ms at 28 GB/s.
constexpr double kMaxSliceWeights = 1 << 21;

// Tiles have 12 or 6 rows.
constexpr std::size_t kRowUnit = 12;

std::size_t divide_up(std::size_t a, std::size_t b) { return a / b + (a % b != 0 ? 1 : 0); }

// `part` rounded down to whole tiles, but not to nothing and to no more than there is.
std::size_t whole_tiles(double part, std::size_t rows) {
  if (part >= static_cast<double>(rows)) return rows;
  return std::min(rows, std::max(kRowUnit, static_cast<std::size_t>(part) / kRowUnit * kRowUnit));
}

std::size_t whole_panels(double part, std::size_t panels) {
  if (part >= static_cast<double>(panels)) return panels;
  return std::max<std::size_t>(1, static_cast<std::size_t>(part));
}

// How many of its units a slice gets.
struct Part {
  std::size_t units;
  std::size_t end;  // units that the busiest thread does
};

// So that `users` threads that take at most `most` slices are done soonest; of equals, the smallest.
Part even_part(std::size_t units, std::size_t users, std::size_t most) {
  Part best = {units, units};
  for (std::size_t count = users; count <= std::max(most, users); count += users) {
    const std::size_t part = divide_up(units, count);
    const std::size_t end = divide_up(divide_up(units, part), users) * part;
    if (end <= best.end) best = {part, end};
  }
  return best;
}

}  // namespace

GemmSlices choose_slices(std::size_t m, std::size_t n, std::size_t k, std::size_t threads) {
  const std::size_t panels = panel_count(n);
  GemmSlices slices = {m, panels, std::max<std::size_t>(m, 1), std::max<std::size_t>(panels, 1)};
  if (m == 0 || n == 0) return slices;

  // A slice of about as many rows as columns reads the least for its work.
  const double depth = static_cast<double>(std::max<std::size_t>(k, 1));
  const double area = kMaxSliceWork / depth;
  const double panel = static_cast<double>(kPanelColumns);
  slices.rows_per_slice = whole_tiles(std::sqrt(area), m);
  const double most_panels =
      std::min(area / static_cast<double>(slices.rows_per_slice), kMaxSliceWeights / depth) / panel;
  slices.panels_per_slice = whole_panels(most_panels, panels);
  slices.rows_per_slice = whole_tiles(area / (static_cast<double>(slices.panels_per_slice) * panel), m);

  const double work = static_cast<double>(m) * static_cast<double>(n) * depth;
  const double worth = std::max(1.0, work / kMinSliceWork);
  const std::size_t users = static_cast<std::size_t>(std::min(static_cast<double>(threads), worth));
  if (slices.count() >= users * kSlicesPerThread) {
    // No small slice at the end.
    slices.rows_per_slice = std::min(m, divide_up(divide_up(m, slices.row_slices()), kRowUnit) * kRowUnit);
    slices.panels_per_slice = divide_up(panels, slices.panel_slices());
    return slices;
  }
  const std::size_t most = static_cast<std::size_t>(std::min(static_cast<double>(users * kSlicesPerThread), worth));
  const std::size_t tiles = divide_up(m, kRowUnit);
  const Part by_rows = even_part(tiles, users, most);
  const Part by_panels = even_part(panels, users, most);
  const bool rows_are_evener = std::min(by_rows.end * kRowUnit, m) * panels <= by_panels.end * m;
  if (m >= 2 * kRowUnit * users && rows_are_evener) {
    slices.panels_per_slice = panels;
    slices.rows_per_slice = std::min(m, by_rows.units * kRowUnit);
  } else {
    slices.rows_per_slice = m;
    slices.panels_per_slice = by_panels.units;
  }
  return slices;
}

GemmSlices choose_slices_in_place(std::size_t m, std::size_t n, std::size_t k, std::size_t threads) {
  const std::size_t panels = panel_count(n);
  GemmSlices slices = {m, panels, std::max<std::size_t>(m, 1), std::max<std::size_t>(panels, 1)};
  if (m == 0 || n == 0) return slices;
  const double depth = static_cast<double>(std::max<std::size_t>(k, 1));
  const double panel = static_cast<double>(kPanelColumns);
  const double work = static_cast<double>(m) * static_cast<double>(n) * depth;
  const double users = std::max(1.0, std::min(static_cast<double>(threads), work / kMinSliceWork));
  const std::size_t share = divide_up(panels, static_cast<std::size_t>(users));
  const std::size_t strip = kStripColumns / kPanelColumns;
  slices.panels_per_slice = std::min({strip, share, whole_panels(kMaxSliceWeights / depth / panel, panels)});
  return slices;
}

GemmSlices choose_tile_slices(std::size_t m, std::size_t n, std::size_t k, std::size_t threads) {
  // Multiply-adds of a slice, and bytes of weights that it reads.
  constexpr double kMostWork = 1 << 27;
  constexpr double kLeastWork = 1 << 20;
  constexpr double kMostWeights = 1 << 23;
  // 256 rows and columns: of A and of the sums, what a block of k needs stays in the second-level cache.
  constexpr std::size_t kMostRowTiles = 16;
  constexpr std::size_t kMostPanels = 4;
  const std::size_t row_tiles = row_tile_count(m);
  const std::size_t panels = panel_count(n);
  GemmSlices slices = {row_tiles, panels, std::max<std::size_t>(row_tiles, 1), std::max<std::size_t>(panels, 1)};
  if (m == 0 || n == 0) return slices;
  const double panel = static_cast<double>(kPanelColumns) * static_cast<double>(std::max<std::size_t>(k, 1));
  const auto whole_pairs = [&](std::size_t parts) {
    return std::min(row_tiles, divide_up(divide_up(row_tiles, parts), 2) * 2);
  };
  const std::size_t rows = whole_pairs(divide_up(row_tiles, kMostRowTiles));
  const double work_of_panel = panel * static_cast<double>(std::min(m, rows * kTileRows));
  const double most = std::min(kMostWork / work_of_panel, kMostWeights / (2.0 * panel));
  const std::size_t most_panels = std::min(kMostPanels, whole_panels(most, panels));
  const double work = panel * static_cast<double>(m) * static_cast<double>(panels);
  const auto users = static_cast<std::size_t>(std::max(1.0, std::min(static_cast<double>(threads), work / kLeastWork)));
  // So that the busiest thread does the least; of equals, the largest slices: each reads its A or B once.
  std::size_t least = static_cast<std::size_t>(-1);
  for (std::size_t parts = divide_up(row_tiles, rows);; parts *= 2) {
    const std::size_t part_rows = whole_pairs(parts);
    for (std::size_t part_panels = most_panels; part_panels != 0; --part_panels) {
      const std::size_t count = divide_up(row_tiles, part_rows) * divide_up(panels, part_panels);
      const std::size_t end = divide_up(count, users) * part_rows * part_panels;
      if (end >= least) continue;
      least = end;
      slices.rows_per_slice = part_rows;
      slices.panels_per_slice = part_panels;
    }
    if (part_rows <= 2) return slices;
  }
}

}  // namespace linnet::kernels
