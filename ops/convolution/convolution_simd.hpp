// Convolution of float32 on Linnet's own kernels: the plan that prepare makes of it. A plan has a part for each grid of
// taps (tap_grid.hpp), and a part its tasks. Rows are those of its weights: for every output channel of a group one for
// each combination of phases. Depth is that of its sums: for every tap all input channels of the group.
//
//   products   Y [rows, outputs] = W [rows, depth] * X [depth, outputs], by the kernel of Gemm. Its right side is
//              gathered from X for a block of outputs and of depth that fits the second-level cache
//   windows    the same with outputs as rows: Y' = X' W', where X is copied so that windows are multiplied as they lie
//   pixels     the same with few outputs, whose windows are gathered
//   channels last   the same of images in this layout, as they lie or with windows gathered. Windows may have this
//              layout, too, and three axes then; so may Winograd's form
//   Winograd   3 x 3 kernels over many channels and pixels: 16 products over channels alone, of transformed X and W,
//              for each block of tiles of 2 x 2 outputs (ops/kernels/winograd.hpp). 16 multiplications instead of 36
//   tap sums   for few rows: X is copied with its padding, so that every tap of every output lies at one distance from
//              the output's own place, and sums run along the copy without edges
//   wide       for depthwise ones whose kernel is about as wide as X: rows of X times matrices made of rows of W
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ops/convolution/tap_grid.hpp"
#include "ops/kernels/convolution.hpp"
#include "ops/kernels/convolution_taps.hpp"
#include "ops/kernels/gemm.hpp"
#include "ops/kernels/winograd.hpp"
#include "runtime/rounding.hpp"

namespace linnet::internal {

/// Products: outputs and rows of a task.
struct ProductTasks {
  std::size_t columns = 0, column_tasks = 1;
  std::size_t rows = 0, row_tasks = 1;
};

/// Tap sums: the padded copy of one channel, for a band of outputs along one axis. Along axis a it has the input
/// elements lowest[a] + stride * origin on, those with the same remainder by the stride next to each other: at
/// [remainder of every axis][quotient of every axis].
struct TapBand {
  std::size_t axis = 0;      ///< where a band ends before the output does
  std::int64_t outputs = 1;  ///< of a band along that axis
  std::int64_t bands = 1;    ///< as many make up the axis
  std::int64_t groups_of_task = 1;
  std::vector<std::int64_t> lowest;   ///< shift of each axis
  std::vector<std::int64_t> sizes;    ///< quotients along each axis
  std::vector<std::int64_t> strides;  ///< between these
  std::vector<std::int64_t> remainder_strides;
  std::size_t floats = 0;               ///< of one channel
  std::size_t span = 0;                 ///< from the first output of a band to the last, in the copy
  std::vector<std::ptrdiff_t> offsets;  ///< of each step of the depth
};

/// Winograd: tiles of an image, phase by phase, each in row-major order. A task has a block of them, and some panels of
/// W.
struct WinogradTasks {
  std::size_t down = 0, across = 0;  ///< tiles of a column and of a row of a phase
  std::size_t tiles = 0, blocks = 0;
  std::size_t block = 0;  ///< tiles of the largest block
  std::size_t panels = 0, panel_tasks = 1;
  std::size_t line = 0;    ///< floats of a row of X under tiles of a row
  std::size_t turned = 0;  ///< floats of a row of their outputs, of one panel
  // Of a worker's floats. Transformed X stands at the beginning.
  std::size_t sums_begin = 0, lines_begin = 0, turned_begin = 0, direct_begin = 0;
};

/// Products with outputs as rows: a task has all of them, and some panels of W.
struct PixelTasks {
  std::size_t panels = 0, panel_tasks = 1;
  std::size_t turned_stride = 0;  ///< between places of X, whose channels follow each other
  bool gathers = true;            ///< otherwise X, turned, is the left side
  std::size_t gathered_begin = 0, gathered_stride = 0;
  std::size_t sums_begin = 0;
  std::vector<std::int32_t> places;  ///< [tap][output]: what is read of a plane; -1 for nothing
};

/// Products with windows as rows: a task has a band of outputs along one of the inner two axes, and some panels of W.
struct WindowTasks {
  std::size_t axis = 0;      ///< where a band ends before the output does: the last but one, or 1, the last
  std::int64_t outputs = 1;  ///< of the largest band along that axis
  std::size_t bands = 1;     ///< as many make up the axis
  std::int64_t pieces = 0;   ///< of a row of outputs, each of which leaves out its own taps; 0: none does
  std::size_t panels = 0, panel_tasks = 1;
  std::size_t width = 0;             ///< columns of the copy of X
  std::size_t plane = 0;             ///< floats of one place along the outermost of three axes
  std::size_t copied = 0;            ///< floats of the copy
  std::size_t run = 1;               ///< steps of the depth that follow each other in the copy
  std::vector<std::ptrdiff_t> runs;  ///< where each begins, and one more
};

/// Products of images with channels last: a task has some outputs of all images, and some panels of W. Those of a
/// transposed convolution, which lie apart in Y, are stored from a copy.
struct ChannelsLastTasks {
  kernels::GemmSlices slices = {};  ///< of outputs and panels, of each group
  bool gathers = true;              ///< otherwise X is the left side
  std::size_t at_once = 0;          ///< outputs that are multiplied before the next are
  std::size_t gathered_stride = 0;
  std::size_t results_begin = 0;  ///< of the copy, in a worker's floats
  std::size_t merged = 1;         ///< taps that lie side by side in X
  std::size_t run = 1;            ///< steps of the depth that these are
};

enum class ConvolutionForm : std::uint8_t { kProduct, kWindows, kPixels, kTapSums, kWide, kWinograd, kChannelsLast };

struct ConvolutionPart {
  TapGrid grid;
  std::vector<std::int64_t> shifts;    ///< [tap][axis]
  std::vector<IndexRange> inside;      ///< [tap]: outputs along the last axis that read an element of X
  std::vector<std::int64_t> elements;  ///< [member][tap], in the kernel
  std::vector<std::uint32_t> phases;   ///< [member][axis], of the grid's
  std::size_t members = 1, taps = 1, rows = 0, depth = 0, outputs = 0;
  std::size_t weights_begin = 0, weights_stride = 0;  ///< of packed rows, of all groups
  std::size_t bias_begin = 0;                         ///< in the workspace; for several members
  ConvolutionForm form = ConvolutionForm::kProduct;
  ProductTasks product;
  TapBand band;
  WinogradTasks winograd;
  WindowTasks windows;
  PixelTasks pixels;
  ChannelsLastTasks channels_last;
  std::size_t result_begin = 0;  ///< of a worker's floats
  std::size_t first_task = 0, tasks = 0;

  /// The last axis but one, or (1) the last.
  const TapAxis& inner(std::size_t axis) const { return grid.axes[grid.axes.size() - 2 + axis]; }
  /// Where an output is in Y with channels last, in places. `outputs`: its index along every axis. Requires: one
  /// member.
  std::int64_t place_of(std::int64_t image, const std::int64_t* outputs) const {
    for (std::size_t axis = 0; axis < grid.axes.size(); ++axis) {
      const TapAxis& along = grid.axes[axis];
      image = image * along.y_size + along.phases[0].begin + outputs[axis] * along.y_step;
    }
    return image;
  }
  const TapAxis::Phase& phase_of(std::size_t member, std::size_t axis) const {
    return grid.axes[axis].phases[phases[member * grid.axes.size() + axis]];
  }
};

struct ConvolutionPlan {
  Convolution convolution;
  std::vector<ConvolutionPart> parts;
  bool covers_output = true;
  bool has_b = false;
  bool has_addend = false;
  std::size_t tasks = 0;
  double work = 0;  ///< nanoseconds of one thread
  std::size_t packed_floats = 0;
  std::size_t bias_floats = 0;
  std::size_t worker_floats = 0;
  std::size_t packed_begin = 0, bias_begin = 0;  ///< in the workspace; worker 0 begins at 0
};

/// Floats of whole cache lines.
inline std::size_t cache_lines(std::size_t floats) { return round_up(floats, 16); }

/// Steps of depth in a block: whole groups of the product's sums.
constexpr std::size_t kBlockDepth = 1024;
static_assert(kBlockDepth % kernels::kGroupLength == 0);

/// `constant_w`: W is known before the run, and stays.
ConvolutionPlan plan_convolution(const Convolution& convolution, bool has_b, bool has_addend, bool constant_w,
                                 int threads);

/// Writes packed_floats of `packed`, from W at any address.
void pack_convolution(const ConvolutionPlan& plan, const std::byte* w, RunControl& control, float* packed);

/// Convolutions of one W that have the same key pack it alike.
std::string packing_key(const ConvolutionPlan& plan);

/// Whether a run reads W as it is, even if it is packed.
bool reads_w(const ConvolutionPlan& plan);

/// Floats that a run needs beside operands, for so many threads; sets where they are. `packs`: W is packed by each run.
std::size_t place_workspace(ConvolutionPlan& plan, bool packs, int threads);

/// The operands of a run.
struct ConvolutionOperands {
  const float* x;
  const void* w;        ///< at any address; read where nothing is packed, and by what reads_w
  const float* packed;  ///< null where the run is to pack W
  const float* bias;    ///< null for none
  const float* addend;  ///< of the shape of Y, null for none; not with tap sums
  float* y;
  float* workspace;
};

/// Errors: those of RunControl::parallel_for. Requires: the convolution has images.
void run_convolution(const ConvolutionPlan& plan, const ConvolutionOperands& operands, RunControl& control);

/// What the tasks of a run share. Planes are those of a group's first channel.
struct ConvolutionRun {
  const ConvolutionPlan& plan;
  ConvolutionOperands operands;
  RunControl& control;

  const float* x_plane(std::size_t image, std::size_t group) const;
  float* y_plane(std::size_t image, std::size_t group) const;
  /// What is added to y_plane; null for nothing.
  const float* addend_plane(std::size_t image, std::size_t group) const;
  const float* weights(const ConvolutionPart& part, std::size_t group, std::size_t row) const;
  /// Of a row and those behind it; null where there is none.
  const float* bias(const ConvolutionPart& part, std::size_t group, std::size_t row) const;
};

// Task `task` of a part. `memory`: worker_floats of the plan.
void multiply_task(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory);
void window_task(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory);
void pixel_task(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory);
void wide_task(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory);
void winograd_task(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory);
void channels_last_task(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory);
void sum_taps_task(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory);

/// That threads have enough to do, and none too little.
std::size_t wanted_tasks(const Convolution& convolution, const ConvolutionPart& part, int threads);

/// False where the part had better have another form than windows.
bool plan_windows(const Convolution& convolution, int threads, ConvolutionPart& part);

/// Requires: W is constant, and there are no more than kMostChannelsLastAxes axes.
void plan_channels_last(const Convolution& convolution, int threads, ConvolutionPart& part);
/// Floats of a worker of such a part.
std::size_t place_channels_last(const Convolution& convolution, const ConvolutionPart& part);

/// False where the part had better be tap sums.
bool plan_wide(const Convolution& convolution, ConvolutionPart& part);
/// Where the floats of a worker of such a part are, behind the copy of X.
struct WideBuffers {
  std::size_t rows = 0;  ///< of the copy
  std::size_t line_begin = 0, matrices_begin = 0, floats = 0;
};
WideBuffers wide_buffers(const ConvolutionPart& part);

/// Whether Winograd's form pays, with constant W.
bool suits_winograd(const Convolution& convolution);
void plan_winograd(const Convolution& convolution, int threads, ConvolutionPart& part);
/// Floats of a worker of such a part; sets where its buffers are.
std::size_t place_winograd(const Convolution& convolution, ConvolutionPart& part);
std::size_t packed_winograd_floats(const Convolution& convolution, const ConvolutionPart& part);
/// Panel `index` of those of all groups.
void pack_winograd_panel(const Convolution& convolution, const ConvolutionPart& part, std::size_t index,
                         const std::byte* w, float* packed);

/// Of an image with channels last, the channels of a group for neighbouring places, which lie from_stride apart.
void copy_places(const float* from, std::size_t from_stride, float* to, std::size_t channels, std::size_t places);
/// Columns of W as the forms with outputs as rows pack it.
inline std::size_t packed_columns(std::size_t rows) { return round_up(rows, kernels::kColumnUnit); }

/// Floats of a worker of a part whose windows are gathered; sets where its buffers are.
std::size_t place_pixels(const Convolution& convolution, ConvolutionPart& part);
std::size_t packed_pixel_floats(const Convolution& convolution, const ConvolutionPart& part);
/// Rows of W of one panel: as columns they begin with `first` of `all`.
struct PixelColumns {
  std::size_t channels, taps;
  std::size_t rows, first, all;
  std::size_t channel_stride, row_stride;  ///< of elements of W
  const std::int64_t* elements;            ///< where each tap is in a kernel; null: in their order
};
/// `w`: the first of these rows.
void pack_pixel_columns(const PixelColumns& columns, const std::byte* w, float* packed);
/// Panel `index` of those of all groups.
void pack_pixel_panel(const Convolution& convolution, const ConvolutionPart& part, std::size_t index,
                      const std::byte* w, float* packed);

/// Why the plan does not serve a node of any type; empty when it does.
std::string plan_refusal(const NodeView& node);

}  // namespace linnet::internal
