// Convolutions whose windows are multiplied where they lie: the plan, and its tasks. A band of X is copied with its
// padding, the channels of a place next to each other, so that a row of a window is one run of elements, and so are the
// channels of a tap of a dilated one. A row of outputs is a product then, whose left side is these windows:
//   Y' [outputs, rows] = X' [outputs, depth] * W' [depth, rows], with W' packed once as pixel_task has it
// Nothing is gathered. Images with channels last are copied as they lie, and Y' is Y, or, of a transposed convolution,
// the places of Y that have this phase. Of three axes a task has one output along the outermost, and copies what its
// taps there read. Rows of the kernel that meet none of X (planes, of three axes) are left out, in whole groups of the
// product's sums, which changes no bit of finite weights. Every sum is the one that multiply_task gives.
#include <algorithm>
#include <cstring>

#include "ops/convolution/convolution_simd.hpp"
#include "ops/shared/pixels.hpp"

namespace linnet::internal {
namespace {

/// What earns turning X and Y, for windows that are multiplied where they lie: rows of W, outputs of a row, and steps
/// of the depth that follow each other.
constexpr std::size_t kLeastWindowRows = 16;
constexpr std::int64_t kLeastWindowOutputs = 12;  ///< and as many at once where many of their taps meet none of X
constexpr std::size_t kLeastWindowRun = 8;
constexpr std::int64_t kLeastProductOutputs = 6;  ///< that kernels::gemm_of_windows takes
/// Of the results of a band, to be in the second-level cache: 128 KiB. Its results, and its copy of X, are no more than
/// 4 MiB.
constexpr std::size_t kWindowResults = 1 << 15;
constexpr std::int64_t kMostWindowFloats = 1 << 20;

static_assert(kBlockDepth <= kernels::kMostStepsOfWindows);

/// Where the runs of the depth begin in the copy of X. Columns of one row of the kernel that lie side by side are one.
void set_window_runs(const Convolution& c, const ConvolutionPart& part, WindowTasks& windows) {
  const TapAxis& across = part.inner(0);
  const TapAxis& along = part.inner(1);
  const auto channels = static_cast<std::size_t>(c.x_channels);
  const std::size_t plane_taps = across.shifts.size() * along.shifts.size();
  const auto span = static_cast<std::size_t>(along.shifts.back() - along.shifts.front() + 1);
  const std::size_t merged = span == along.shifts.size() ? span : 1;
  windows.run = merged * channels;
  windows.runs.reserve(part.taps / merged + 1);
  for (std::size_t tap = 0; tap < part.taps; tap += merged) {
    const std::int64_t row = across.shifts[tap % plane_taps / along.shifts.size()] - across.shifts.front();
    const std::int64_t column = along.shifts[tap % along.shifts.size()] - along.shifts.front();
    windows.runs.push_back(static_cast<std::ptrdiff_t>(tap / plane_taps * windows.plane) +
                           (row * static_cast<std::int64_t>(windows.width) + column) * c.x_channels);
  }
  windows.runs.push_back(0);
}

/// Taps along the outermost of three axes.
std::size_t outer_taps(const ConvolutionPart& part) {
  return part.grid.axes.size() > 2 ? part.grid.axes[0].shifts.size() : 1;
}

/// Sizes of the copy of X and of the results; false where one is too large.
bool set_window_sizes(const Convolution& c, const ConvolutionPart& part, WindowTasks& windows) {
  auto results = static_cast<std::int64_t>(packed_columns(part.rows));
  std::int64_t floats = c.x_channels;
  for (std::size_t i = 0; i < 2; ++i) {
    const TapAxis& axis = part.inner(i);
    const std::int64_t outputs = i == windows.axis ? windows.outputs : axis.outputs;
    const std::int64_t span = axis.shifts.back() - axis.shifts.front() + 1;
    if (span > kMostWindowFloats || outputs - 1 > (kMostWindowFloats - span) / axis.stride) return false;
    const std::int64_t size = (outputs - 1) * axis.stride + span;
    if (size > kMostWindowFloats / floats || outputs > kMostWindowFloats / results) return false;
    floats *= size;
    results *= outputs;
    windows.width = static_cast<std::size_t>(size);
  }
  const auto planes = static_cast<std::int64_t>(outer_taps(part));
  if (planes > kMostWindowFloats / floats) return false;
  windows.plane = static_cast<std::size_t>(floats);
  windows.copied = static_cast<std::size_t>(floats * planes);
  return true;
}

template <std::size_t kChannels>
void copy_few(const float* from, std::size_t from_stride, float* to, std::size_t places) {
  for (std::size_t place = 0; place < places; ++place) {
    std::memcpy(to + place * kChannels, from + place * from_stride, kChannels * sizeof(float));
  }
}

class WindowTask {
 public:
  WindowTask(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory)
      : run_(run), part_(part), c_(run.plan.convolution), windows_(part.windows), copy_(memory) {
    const std::size_t columns = packed_columns(part.rows);
    first_ = task % windows_.panel_tasks * windows_.panels * kernels::kPanelColumns;
    columns_ = std::min(windows_.panels * kernels::kPanelColumns, part.rows - first_);
    c_stride_ = packed_columns(columns_);
    task /= windows_.panel_tasks;
    const auto band = static_cast<std::int64_t>(task % windows_.bands);
    task /= windows_.bands;
    if (has_planes()) {
      const auto planes = static_cast<std::size_t>(part.grid.axes[0].outputs);
      plane_ = static_cast<std::int64_t>(task % planes);
      task /= planes;
    }
    group_ = task % static_cast<std::size_t>(c_.groups);
    image_ = task / static_cast<std::size_t>(c_.groups);
    for (std::size_t i = 0; i < 2; ++i) outputs_[i] = {0, part.inner(i).outputs};
    const auto bands = static_cast<std::int64_t>(windows_.bands);
    IndexRange& banded = outputs_[windows_.axis];
    pieces_ = {0, std::max<std::int64_t>(windows_.pieces, 1)};
    if (windows_.axis == 0 || windows_.pieces == 0) {
      banded = part_of(banded, band, bands);
    } else {
      pieces_ = part_of(pieces_, band, bands);
      banded = {piece(pieces_.begin).begin, piece(pieces_.end - 1).end};
    }
    sums_ = memory + part.result_begin;
    row_stride_ = static_cast<std::size_t>(outputs_[1].end - outputs_[1].begin) * c_stride_;
    if (c_.channels_last) {
      const std::int64_t begins[] = {plane_, outputs_[0].begin, outputs_[1].begin};
      const std::size_t channels = static_cast<std::size_t>(c_.groups) * part.rows;
      const std::int64_t first = part.place_of(static_cast<std::int64_t>(image_), begins + (has_planes() ? 0 : 1));
      c_stride_ = static_cast<std::size_t>(part.inner(1).y_step) * channels;
      row_stride_ = static_cast<std::size_t>(part.inner(0).y_step * part.inner(1).y_size) * channels;
      const std::size_t place = static_cast<std::size_t>(first) * channels + group_ * part.rows + first_;
      sums_ = run.operands.y + place;
      if (run.operands.addend != nullptr) addend_ = run.operands.addend + place;
    }
    weights_ = run.operands.packed + part.weights_begin + group_ * part.depth * columns;
  }

  void run() {
    copy();
    for (std::size_t k = 0; k < part_.depth; k += kBlockDepth) {
      const std::size_t depth = std::min(kBlockDepth, part_.depth - k);
      for (std::size_t column = 0; column < columns_; column += kernels::kPanelColumns) {
        for (std::int64_t row = outputs_[0].begin; row < outputs_[0].end; ++row) {
          for (std::int64_t i = pieces_.begin; i < pieces_.end; ++i) {
            if (run_.control.abandon_if_stopped()) return;
            const IndexRange some = windows_.pieces == 0 ? outputs_[1] : piece(i);
            const std::size_t place = static_cast<std::size_t>(row - outputs_[0].begin) * row_stride_ +
                                      static_cast<std::size_t>(some.begin - outputs_[1].begin) * c_stride_ + column;
            multiply(k, depth, column, row, some, place);
          }
        }
      }
    }
    if (!c_.channels_last) store();
  }

 private:
  bool has_planes() const { return part_.grid.axes.size() > 2; }

  /// Part `index` of `parts`, which are of nearly equal size.
  static IndexRange part_of(IndexRange all, std::int64_t index, std::int64_t parts) {
    const std::int64_t size = all.end - all.begin;
    return {all.begin + size * index / parts, all.begin + size * (index + 1) / parts};
  }

  /// Outputs of a row. Requires: it is made in pieces.
  IndexRange piece(std::int64_t index) const { return part_of({0, part_.inner(1).outputs}, index, windows_.pieces); }

  /// Steps [k, k + depth) of outputs `some` of row `row`, of the panel that begins with `column`. `place`: of sums.
  void multiply(std::size_t k, std::size_t depth, std::size_t column, std::int64_t row, IndexRange some,
                std::size_t place) {
    const IndexRange met = steps_of(k, depth, row, some);
    const auto begin = static_cast<std::size_t>(met.begin), end = static_cast<std::size_t>(met.end);
    const std::size_t width = kernels::panel_width(columns_, column / kernels::kPanelColumns);
    kernels::GemmEpilogue epilogue;
    epilogue.fills_padding = !c_.channels_last;
    epilogue.addend_row_stride = c_stride_;
    epilogue.addend_column_stride = 1;
    float* const sums = sums_ + place;
    if (k > 0) {
      epilogue.addend = sums;
    } else {
      epilogue.bias = run_.bias(part_, group_, first_ + column);
      if (addend_ != nullptr) epilogue.addend = addend_ + place;
    }
    const bool is_stored = c_.channels_last || run_.operands.addend == nullptr;
    if (k + depth == part_.depth && is_stored) epilogue.activation = c_.activation;
    const TapAxis& across = part_.inner(0);
    const TapAxis& along = part_.inner(1);
    const auto channels = static_cast<std::size_t>(c_.x_channels);
    const auto first_row = static_cast<std::size_t>((row - outputs_[0].begin) * across.stride);
    const auto first_column = static_cast<std::size_t>((some.begin - outputs_[1].begin) * along.stride);
    const float* a = copy_ + (first_row * windows_.width + first_column) * channels;
    const float* b = weights_ + k * packed_columns(part_.rows) + (first_ + column) * depth + (begin - k) * width;
    kernels::gemm_of_windows(static_cast<std::size_t>(some.end - some.begin),
                             std::min(kernels::kPanelColumns, columns_ - column), end - begin, a,
                             static_cast<std::size_t>(along.stride) * channels,
                             {windows_.runs.data(), windows_.run, begin}, b, epilogue, sums, c_stride_);
  }

  /// Those of [k, k + depth) that meet an element of X, from whole groups on. The steps of a tap of the outer axis, or
  /// of the only one, follow each other.
  IndexRange steps_of(std::size_t k, std::size_t depth, std::int64_t row, IndexRange some) const {
    const bool one_row = !has_planes() && part_.grid.axes[0].shifts.size() == 1;
    if (one_row && windows_.pieces == 0) return {static_cast<std::int64_t>(k), static_cast<std::int64_t>(k + depth)};
    const TapAxis& axis = part_.grid.axes[one_row ? 1 : 0];
    if (has_planes()) row = plane_;
    const IndexRange outputs = one_row ? some : IndexRange{row, row + 1};
    const auto steps = static_cast<std::int64_t>(part_.depth / axis.shifts.size());
    const auto group = static_cast<std::int64_t>(kernels::kGroupLength);
    const auto begin = std::lower_bound(axis.shifts.begin(), axis.shifts.end(), -(outputs.end - 1) * axis.stride);
    const auto end = std::lower_bound(begin, axis.shifts.end(), axis.input - outputs.begin * axis.stride);
    const auto low = static_cast<std::int64_t>(k), high = static_cast<std::int64_t>(k + depth);
    const std::int64_t first = std::clamp((begin - axis.shifts.begin()) * steps / group * group, low, high);
    return {first, std::clamp((end - axis.shifts.begin()) * steps, first, high)};
  }

  /// The band of X under the windows: [rows, columns, channels], zeros where there is no X; of three axes for each tap
  /// along the outermost.
  void copy() const {
    std::memset(copy_, 0, windows_.copied * sizeof(float));
    if (!has_planes()) return copy_plane(0, copy_);
    const TapAxis& outer = part_.grid.axes[0];
    for (std::size_t tap = 0; tap < outer.shifts.size(); ++tap) {
      const std::int64_t plane = plane_ * outer.stride + outer.shifts[tap];
      if (plane >= 0 && plane < outer.input) copy_plane(plane, copy_ + tap * windows_.plane);
    }
  }

  /// `x_plane`: along the outermost of three axes.
  void copy_plane(std::int64_t x_plane, float* copy) const {
    const auto channels = static_cast<std::size_t>(c_.x_channels);
    const TapAxis& across = part_.inner(0);
    const TapAxis& along = part_.inner(1);
    const std::int64_t first_row = outputs_[0].begin * across.stride + across.shifts.front();
    const std::int64_t first_column = outputs_[1].begin * along.stride + along.shifts.front();
    const std::int64_t last_row = (outputs_[0].end - 1) * across.stride + across.shifts.back();
    const std::int64_t last_column = (outputs_[1].end - 1) * along.stride + along.shifts.back();
    const IndexRange rows = {std::max<std::int64_t>(first_row, 0), std::min(last_row + 1, across.input)};
    const IndexRange columns = {std::max<std::int64_t>(first_column, 0), std::min(last_column + 1, along.input)};
    if (columns.end <= columns.begin) return;
    const auto plane = static_cast<std::size_t>(c_.x_plane), x_stride = static_cast<std::size_t>(c_.groups) * channels;
    for (std::int64_t row = rows.begin; row < rows.end; ++row) {
      const auto to = static_cast<std::size_t>(row - first_row) * windows_.width +
                      static_cast<std::size_t>(columns.begin - first_column);
      const auto from = static_cast<std::size_t>((x_plane * across.input + row) * along.input + columns.begin);
      const auto places = static_cast<std::size_t>(columns.end - columns.begin);
      if (c_.channels_last) {
        copy_places(run_.operands.x + (image_ * plane + from) * x_stride + group_ * channels, x_stride,
                    copy + to * channels, channels, places);
      } else {
        transpose_floats(run_.x_plane(image_, group_) + from, plane, copy + to * channels, channels, places, channels);
      }
    }
  }

  void store() const {
    const auto plane = static_cast<std::size_t>(c_.y_plane);
    const auto outputs =
        static_cast<std::size_t>((outputs_[0].end - outputs_[0].begin) * (outputs_[1].end - outputs_[1].begin));
    const auto begin = static_cast<std::size_t>(outputs_[0].begin * part_.grid.axes[1].outputs + outputs_[1].begin);
    float* y = run_.y_plane(image_, group_) + first_ * plane + begin;
    transpose_floats(sums_, c_stride_, y, plane, columns_, outputs);
    if (run_.operands.addend == nullptr) return;
    const float* addend = run_.addend_plane(image_, group_) + first_ * plane + begin;
    for (std::size_t row = 0; row < columns_; ++row, y += plane, addend += plane) {
      for (std::size_t i = 0; i < outputs; ++i) y[i] += addend[i];
      kernels::apply_activation(c_.activation, y, y, outputs);
    }
  }

  const ConvolutionRun& run_;
  const ConvolutionPart& part_;
  const Convolution& c_;
  const WindowTasks& windows_;
  float* copy_;
  float* sums_ = nullptr;           ///< [outputs of the band, columns]
  const float* addend_ = nullptr;   ///< as sums_, with channels last
  const float* weights_ = nullptr;  ///< of the group
  std::size_t image_ = 0, group_ = 0;
  std::size_t first_ = 0, columns_ = 0;        ///< of rows of W
  std::size_t c_stride_ = 0, row_stride_ = 0;  ///< between outputs, and rows of them
  std::int64_t plane_ = 0;                     ///< output along the outermost of three axes
  IndexRange outputs_[2] = {};                 ///< of the band, along the inner axes
  IndexRange pieces_ = {};                     ///< of its rows
};

}  // namespace

void copy_places(const float* from, std::size_t from_stride, float* to, std::size_t channels, std::size_t places) {
  if (from_stride == channels) {
    std::memcpy(to, from, places * channels * sizeof(float));
    return;
  }
  // Of few channels, a call would take longer than the copy.
  if (channels == 4) return copy_few<4>(from, from_stride, to, places);
  if (channels == 8) return copy_few<8>(from, from_stride, to, places);
  if (channels == 16) return copy_few<16>(from, from_stride, to, places);
  for (std::size_t place = 0; place < places; ++place) {
    std::memcpy(to + place * channels, from + place * from_stride, channels * sizeof(float));
  }
}

bool plan_windows(const Convolution& c, int threads, ConvolutionPart& part) {
  if (c.transposed ? !c.channels_last : part.taps == 1) return false;
  const bool has_planes = part.grid.axes.size() > 2;
  if (part.grid.axes.size() > (c.channels_last ? 3 : 2)) return false;
  const TapAxis& across = part.inner(0);
  const TapAxis& along = part.inner(1);
  const auto planes = static_cast<std::size_t>(has_planes ? part.grid.axes[0].outputs : 1);
  const std::size_t columns = packed_columns(part.rows);
  // Gathered, each tap of a group would be a run of its own.
  const bool of_pieces = c.channels_last && c.groups > 1 && across.outputs > 1;
  if (along.outputs < (of_pieces ? kLeastProductOutputs : kLeastWindowOutputs)) return false;
  if (!c.channels_last && (part.rows < kLeastWindowRows || part.rows > part.depth || 4 * columns > 5 * part.rows)) {
    return false;
  }
  WindowTasks windows;
  windows.axis = across.outputs == 1 ? 1 : 0;
  const auto all = static_cast<std::size_t>(part.inner(windows.axis).outputs);
  const std::size_t units = static_cast<std::size_t>(c.images * c.groups) * planes;
  // Of each place along the outermost axis a copy is there.
  const std::size_t results = kWindowResults / outer_taps(part);
  const std::size_t most = std::max<std::size_t>(1, results / columns * all / (part.outputs / planes));
  const std::size_t tasks = wanted_tasks(c, part, threads);
  // Pieces do not depend on bands, which threads do: what a piece leaves out is the same in any case.
  const bool narrow =
      !has_planes && across.shifts.size() == 1 && 2 * static_cast<std::int64_t>(along.shifts.size()) > along.outputs;
  if (narrow) windows.pieces = (along.outputs + kLeastWindowOutputs - 1) / kLeastWindowOutputs;
  const auto pieces = static_cast<std::size_t>(windows.pieces);
  const std::size_t most_bands = windows.axis == 0 ? all
                                 : narrow          ? pieces
                                                   : all / static_cast<std::size_t>(kLeastWindowOutputs);
  windows.bands = std::min(most_bands, std::max(divide_up(all, most), divide_up(tasks, units)));
  const std::size_t outputs = windows.axis == 1 && narrow ? divide_up(pieces, windows.bands) * divide_up(all, pieces)
                                                          : divide_up(all, windows.bands);
  windows.outputs = static_cast<std::int64_t>(outputs);
  if (!set_window_sizes(c, part, windows)) return false;
  set_window_runs(c, part, windows);
  if (windows.run < kLeastWindowRun) return false;
  // Each task copies its band.
  const std::size_t panels = kernels::panel_count(part.rows);
  const std::size_t panel_tasks = std::min(panels, divide_up(static_cast<std::size_t>(threads), units * windows.bands));
  windows.panels = divide_up(panels, panel_tasks);
  windows.panel_tasks = divide_up(panels, windows.panels);
  part.tasks = units * windows.bands * windows.panel_tasks;
  part.windows = std::move(windows);
  part.form = ConvolutionForm::kWindows;
  return true;
}

void window_task(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory) {
  WindowTask(run, part, task, memory).run();
}

}  // namespace linnet::internal
