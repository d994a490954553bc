// Tasks of convolutions in Winograd's form. Tiles are the rows of 16 products and channels their depth, so that X, sums
// and Y are transformed by vectors of channels:
//   sums[position] [tiles, rows] = X'[position] [tiles, channels] * W'[position] [channels, rows]
// W' is packed once, by panels of rows. A block of tiles is transformed along both axes; then its products are made and
// transformed panel by panel. With channels first, the rows of X under a block are turned before, and those of Y
// afterwards.
//
// Sums over channels are made of chains of a quarter of the usual length, of many channels of an eighth: with them,
// errors are no larger than those of direct sums, although the terms are (tests/ops/convolution/winograd_test.cpp).
//
// Places of X that lie the dilation apart are an image of their own, a phase, whose convolution has none: tiles are
// those of all phases, one phase after the other.
//
// An infinite element of X can become NaN in outputs where a direct sum is infinite, and so can a sum of large numbers
// that overflows. So where an output is not finite, all of the block and the panel are summed directly.
#include <algorithm>
#include <cstring>

#include "ops/convolution/convolution_simd.hpp"
#include "ops/shared/pixels.hpp"

namespace linnet::internal {
namespace {

/// What earns the transforms, and the larger weights.
constexpr std::int64_t kLeastChannels = 32;
constexpr std::int64_t kLeastOutputs = 6 * 6;
/// Of the pairs of channels, with as many outputs and with fewer: 16 MiB and 4 MiB of transformed weights, which come
/// from memory for every block of tiles.
constexpr std::int64_t kManyOutputs = 14 * 14;
constexpr std::int64_t kMostPairs = 1 << 18, kMostPairsOfFew = 1 << 16;
constexpr std::size_t kManyChannels = 129, kChain = kernels::kChainLength / 4, kChainOfMany = kChain / 2;
constexpr std::size_t kPositions = kernels::kWinogradPositions;
constexpr std::size_t kTaps = 9;
/// Of transformed X: half of a second-level cache of 1 MiB. Blocks of fewer tiles, those of 14 x 14 outputs, would read
/// W' too often.
constexpr std::size_t kBlockFloats = 1 << 17;
constexpr std::size_t kLeastBlock = 49, kMostBlock = 96;
/// Outputs of a phase along an axis that earn its tiles.
constexpr std::int64_t kLeastPhase = 3;
/// What is summed directly at once.
constexpr std::size_t kDirectRows = kernels::kColumnUnit, kDirectOutputs = 8;

/// The outputs first, first + dilation, ... of an axis, and the places of X that they meet.
struct Phase {
  std::int64_t first, outputs;
  std::int64_t first_input, inputs;
  std::int64_t pad_begin;

  Phase(const WindowAxis& axis, std::int64_t output) : first(output) {
    const auto of = [&axis](std::int64_t begin, std::int64_t end) {
      return begin < end ? (end - begin + axis.dilation - 1) / axis.dilation : 0;
    };
    const std::int64_t begin = first - axis.pad_begin;
    pad_begin = begin < 0 ? (axis.dilation - 1 - begin) / axis.dilation : -(begin / axis.dilation);
    first_input = begin + pad_begin * axis.dilation;
    outputs = of(first, axis.output);
    inputs = of(first_input, axis.input);
  }
};

/// Tiles of the largest phase along the axis.
std::size_t tiles_along(const WindowAxis& axis) { return static_cast<std::size_t>((Phase(axis, 0).outputs + 1) / 2); }

class WinogradTask {
 public:
  WinogradTask(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory)
      : run_(run), part_(part), c_(run.plan.convolution), winograd_(part.winograd), memory_(memory) {
    panel_task_ = task % winograd_.panel_tasks;
    task /= winograd_.panel_tasks;
    const std::size_t block = task % winograd_.blocks;
    task /= winograd_.blocks;
    group_ = task % static_cast<std::size_t>(c_.groups);
    image_ = task / static_cast<std::size_t>(c_.groups);
    begin_ = winograd_.tiles * block / winograd_.blocks;
    count_ = winograd_.tiles * (block + 1) / winograd_.blocks - begin_;
    lines_ = memory + winograd_.lines_begin;
  }

  void run() {
    transform_inputs();
    const std::size_t panels = kernels::panel_count(part_.rows);
    const std::size_t end = std::min(panels, (panel_task_ + 1) * winograd_.panels);
    for (std::size_t panel = panel_task_ * winograd_.panels; panel < end; ++panel) {
      if (!run_panel(panel)) return;
    }
  }

 private:
  /// Neighbouring tiles of one row of tiles.
  struct Run {
    Phase down, along;
    std::size_t row, tile;     ///< of the phase
    std::size_t first, count;  ///< in the block
  };
  /// Neighbouring outputs of a row of a phase, those of a run of tiles.
  struct Outputs {
    std::size_t half;  ///< the first or the second row of the tiles
    std::size_t first, count;
  };

  std::size_t channels() const { return static_cast<std::size_t>(c_.x_channels); }

  /// Calls visitor(run) for the runs of the block until it returns false; whether none did.
  template <typename Visitor>
  bool for_runs(const Visitor& visitor) const {
    for (std::size_t first = 0; first < count_;) {
      const std::size_t row = (begin_ + first) / winograd_.across;
      const std::size_t tile = (begin_ + first) % winograd_.across;
      const std::size_t count = std::min(winograd_.across - tile, count_ - first);
      const auto phase = static_cast<std::int64_t>(row / winograd_.down);
      const std::int64_t phases = c_.axes[1].dilation;
      const Run run = {
          {c_.axes[0], phase / phases}, {c_.axes[1], phase % phases}, row % winograd_.down, tile, first, count};
      if (!visitor(run)) return false;
      first += count;
    }
    return true;
  }

  /// The same for visitor(outputs), of the rows of outputs of a run that exist.
  template <typename Visitor>
  bool for_outputs(const Run& run, const Visitor& visitor) const {
    const auto height = static_cast<std::size_t>(run.down.outputs), width = static_cast<std::size_t>(run.along.outputs);
    if (2 * run.tile >= width) return true;
    const auto down = static_cast<std::size_t>(c_.axes[0].dilation),
               along = static_cast<std::size_t>(c_.axes[1].dilation);
    for (std::size_t half = 0; half < 2 && 2 * run.row + half < height; ++half) {
      const std::size_t row = static_cast<std::size_t>(run.down.first) + (2 * run.row + half) * down;
      const std::size_t column = static_cast<std::size_t>(run.along.first) + 2 * run.tile * along;
      const std::size_t first = row * static_cast<std::size_t>(c_.axes[1].output) + column;
      if (!visitor(Outputs{half, first, std::min(2 * run.count, width - 2 * run.tile)})) return false;
    }
    return true;
  }

  /// The columns of the phase under a run: those from `left` on, of which [begin, end) exist.
  struct Columns {
    std::int64_t left, begin, end, count;
  };
  Columns columns_of(const Run& run) const {
    const auto count = static_cast<std::int64_t>(2 * run.count + 2);
    const std::int64_t left = static_cast<std::int64_t>(2 * run.tile) - run.along.pad_begin;
    const std::int64_t begin = std::clamp<std::int64_t>(-left, 0, count);
    return {left, begin, std::clamp<std::int64_t>(run.along.inputs - left, begin, count), count};
  }

  /// The elements of row `i` of the four under a run, the channels of a column next to each other: where they are in X,
  /// or a copy in `copy`. Null for a row that does not exist.
  const float* row_of(const Run& run, const Columns& columns, std::size_t i, float* copy) const {
    const std::int64_t of_phase = static_cast<std::int64_t>(2 * run.row + i) - run.down.pad_begin;
    if (of_phase < 0 || of_phase >= run.down.inputs || columns.begin == columns.end) return nullptr;
    const std::int64_t row = run.down.first_input + of_phase * c_.axes[0].dilation;
    const std::int64_t column = run.along.first_input + (columns.left + columns.begin) * c_.axes[1].dilation;
    const auto place = static_cast<std::size_t>(row * c_.axes[1].input + column);
    const auto count = static_cast<std::size_t>(columns.end - columns.begin);
    const auto plane = static_cast<std::size_t>(c_.x_plane), groups = static_cast<std::size_t>(c_.groups);
    if (!c_.channels_last) {
      transpose_floats(run_.x_plane(image_, group_) + place, plane, copy, channels(), count, channels());
      return copy;
    }
    const float* from = run_.operands.x + ((image_ * plane + place) * groups + group_) * channels();
    const std::size_t stride = groups * static_cast<std::size_t>(c_.axes[1].dilation) * channels();
    if (stride == channels()) return from;
    copy_places(from, stride, copy, channels(), count);
    return copy;
  }

  void transform_inputs() {
    float* const zeros = lines_ + 4 * winograd_.line;
    float* const copies = zeros + winograd_.line;
    std::memset(zeros, 0, winograd_.line * sizeof(float));
    const std::size_t position_stride = count_ * channels();
    for_runs([&](const Run& run) {
      const Columns columns = columns_of(run);
      kernels::WinogradInputLines rows = {};
      for (std::size_t i = 0; i < 4; ++i) {
        const float* const row = row_of(run, columns, i, copies + i * winograd_.line);
        rows.from[i] = row == nullptr ? zeros : row;
        clear_outside(columns, lines_ + i * winograd_.line);
      }
      rows.to = lines_ + static_cast<std::size_t>(columns.begin) * channels();
      rows.to_stride = winograd_.line;
      rows.count = columns.end > columns.begin ? 1 : 0;
      rows.floats = static_cast<std::size_t>(columns.end - columns.begin) * channels();
      kernels::winograd_input_lines(rows);
      for (std::size_t i = 0; i < 4; ++i) {
        kernels::WinogradInputLines along = {};
        for (std::size_t j = 0; j < 4; ++j) along.from[j] = lines_ + i * winograd_.line + j * channels();
        along.from_step = 2 * channels();
        along.to = memory_ + 4 * i * position_stride + run.first * channels();
        along.to_stride = position_stride;
        along.to_step = channels();
        along.count = run.count;
        along.floats = channels();
        kernels::winograd_input_lines(along);
      }
      return true;
    });
  }

  void clear_outside(const Columns& columns, float* line) const {
    const std::size_t begin = static_cast<std::size_t>(columns.begin) * channels();
    const std::size_t end = static_cast<std::size_t>(columns.end) * channels();
    const std::size_t all = static_cast<std::size_t>(columns.count) * channels();
    std::memset(line, 0, begin * sizeof(float));
    std::memset(line + end, 0, (all - end) * sizeof(float));
  }

  /// False when the run is to stop.
  bool run_panel(std::size_t panel) {
    const std::size_t first_row = panel * kernels::kPanelColumns;
    const std::size_t rows = std::min(kernels::kPanelColumns, part_.rows - first_row);
    const std::size_t width = kernels::panel_width(part_.rows, panel);
    const std::size_t position_floats = channels() * packed_columns(part_.rows);
    const float* const weights =
        run_.operands.packed + part_.weights_begin + group_ * kPositions * position_floats + first_row * channels();
    const bool last = first_row + rows == part_.rows;  // then more tiles begin with the first panel
    const float* const next_panel = last ? weights - first_row * channels() : weights + rows * channels();
    float* const sums = memory_ + winograd_.sums_begin;
    kernels::GemmEpilogue epilogue;
    epilogue.fills_padding = true;
    epilogue.chain_length = channels() < kManyChannels ? kChain : kChainOfMany;
    for (std::size_t position = 0; position < kPositions; ++position) {
      if (run_.control.abandon_if_stopped()) return false;
      epilogue.next_b = position + 1 < kPositions ? weights + (position + 1) * position_floats : next_panel;
      kernels::gemm(count_, rows, channels(), memory_ + position * count_ * channels(), channels(),
                    weights + position * position_floats, epilogue, sums + position * count_ * width, width, 0, 1);
    }
    kernels::winograd_sum_lines(sums, 4 * count_ * width);
    bool finite = true;
    for_runs([&](const Run& run) {
      return for_outputs(run, [&](const Outputs& outputs) {
        const float* const from = sums + outputs.half * 4 * count_ * width + run.first * width;
        finite = transform_outputs(from, width, first_row, rows, outputs) && finite;
        return true;
      });
    });
    return finite || for_runs([&](const Run& run) { return sum_directly(run, first_row, rows); });
  }

  /// Where the rows of W from `first_row` on have their element of an output, in Y and in the addend, and how far apart
  /// outputs and rows are.
  struct Place {
    std::size_t at, output_stride, row_stride;
  };
  Place place_of(const Outputs& outputs, std::size_t first_row) const {
    const auto plane = static_cast<std::size_t>(c_.y_plane), groups = static_cast<std::size_t>(c_.groups);
    const std::size_t row = group_ * part_.rows + first_row, all = groups * part_.rows;
    if (c_.channels_last) {
      const std::size_t stride = static_cast<std::size_t>(c_.axes[1].dilation) * all;
      return {(image_ * plane + outputs.first) * all + row, stride, 1};
    }
    return {(image_ * all + row) * plane + outputs.first, 1, plane};
  }

  /// False if a sum is not finite.
  bool transform_outputs(const float* sums, std::size_t width, std::size_t first_row, std::size_t rows,
                         const Outputs& outputs) const {
    const Place place = place_of(outputs, first_row);
    const float* const addend = run_.operands.addend == nullptr ? nullptr : run_.operands.addend + place.at;
    const bool turns = place.row_stride != 1;
    const bool relu = c_.activation.kind == kernels::ActivationKind::kRelu;
    float* const y = run_.operands.y + place.at;
    kernels::WinogradPixels pixels = {
        sums, count_ * width,      width, rows, outputs.count, run_.bias(part_, group_, first_row), addend,
        y,    place.output_stride, relu};
    if (turns) {
      float* const turned = memory_ + winograd_.turned_begin;
      pixels.y = turned;
      pixels.y_stride = kernels::kPanelColumns;
      if (addend != nullptr) {
        float* const added = turned + winograd_.turned;
        transpose_floats(addend, place.row_stride, added, pixels.y_stride, outputs.count, rows);
        pixels.addend = added;
      }
    }
    const bool finite = kernels::winograd_pixels(pixels);
    if (c_.activation.kind != kernels::ActivationKind::kNone && !relu) {
      for (std::size_t i = 0; i < outputs.count; ++i) {
        float* const output = pixels.y + i * pixels.y_stride;
        kernels::apply_activation(c_.activation, output, output, rows);
      }
    }
    if (turns) transpose_floats(pixels.y, pixels.y_stride, y, place.row_stride, rows, outputs.count);
    return finite;
  }

  /// The outputs of a run. False when the run is to stop.
  bool sum_directly(const Run& run, std::size_t first_row, std::size_t rows) const {
    const Columns columns = columns_of(run);
    for (std::size_t i = 0; i < 4; ++i) {
      float* const line = lines_ + i * winograd_.line;
      float* const inside = line + static_cast<std::size_t>(columns.begin) * channels();
      const std::size_t floats = static_cast<std::size_t>(columns.end - columns.begin) * channels();
      std::memset(line, 0, winograd_.line * sizeof(float));
      const float* const row = row_of(run, columns, i, inside);
      if (row != nullptr && row != inside) std::memcpy(inside, row, floats * sizeof(float));
    }
    float* const packed = memory_ + winograd_.direct_begin;
    const auto* w = static_cast<const std::byte*>(run_.operands.w);
    for (std::size_t row = first_row; row < first_row + rows; row += kDirectRows) {
      const std::size_t some = std::min(kDirectRows, first_row + rows - row);
      pack_pixel_columns({channels(), kTaps, some, 0, kDirectRows, kTaps, channels() * kTaps, nullptr},
                         w + (group_ * part_.rows + row) * part_.depth * sizeof(float), packed);
      const bool done = for_outputs(run, [&](const Outputs& outputs) {
        for (std::size_t i = 0; i < outputs.count; i += kDirectOutputs) {
          if (run_.control.abandon_if_stopped()) return false;
          multiply(outputs, i, std::min(kDirectOutputs, outputs.count - i), row, some, packed);
        }
        return true;
      });
      if (!done) return false;
    }
    return true;
  }

  /// `count` of the outputs from `begin` on, whose rows of X stand in lines_.
  void multiply(const Outputs& outputs, std::size_t begin, std::size_t count, std::size_t first_row, std::size_t rows,
                float* packed) const {
    float* const windows = packed + part_.depth * kDirectRows;
    const std::size_t run = 3 * channels();
    for (std::size_t i = 0; i < 3 * count; ++i) {
      const float* const line = lines_ + (outputs.half + i % 3) * winograd_.line;
      std::memcpy(windows + i * run, line + (begin + i / 3) * channels(), run * sizeof(float));
    }
    const Place place = place_of(outputs, first_row);
    const std::size_t at = place.at + begin * place.output_stride;
    float* const sums = windows + kDirectOutputs * part_.depth;
    for (std::size_t k = 0; k < part_.depth; k += kBlockDepth) {
      const std::size_t depth = std::min(kBlockDepth, part_.depth - k);
      kernels::GemmEpilogue epilogue;
      if (k > 0) {
        epilogue.addend = sums;
        epilogue.addend_row_stride = kDirectRows;
        epilogue.addend_column_stride = 1;
      } else {
        epilogue.bias = run_.bias(part_, group_, first_row);
        if (run_.operands.addend != nullptr) epilogue.addend = run_.operands.addend + at;
        epilogue.addend_row_stride = place.output_stride;
        epilogue.addend_column_stride = place.row_stride;
      }
      if (k + depth == part_.depth) epilogue.activation = c_.activation;
      kernels::gemm(count, rows, depth, windows + k, part_.depth, packed + k * kDirectRows, epilogue, sums, kDirectRows,
                    0, 1);
    }
    for (std::size_t i = 0; i < count * rows; ++i) {
      run_.operands.y[at + i / rows * place.output_stride + i % rows * place.row_stride] =
          sums[i / rows * kDirectRows + i % rows];
    }
  }

  const ConvolutionRun& run_;
  const ConvolutionPart& part_;
  const Convolution& c_;
  const WinogradTasks& winograd_;
  float* memory_;           ///< begins with transformed X
  float* lines_ = nullptr;  ///< four, then one of zeros, then four for copies of X
  std::size_t panel_task_ = 0, group_ = 0, image_ = 0;
  std::size_t begin_ = 0, count_ = 0;  ///< tiles of the block
};

}  // namespace

bool suits_winograd(const Convolution& c) {
  const auto fits = [&c](const WindowAxis& axis) {
    const bool has_phases = c.channels_last && axis.output / kLeastPhase >= axis.dilation;
    return axis.kernel == 3 && axis.stride == 1 && (axis.dilation == 1 || has_phases);
  };
  return !c.transposed && c.axes.size() == 2 && fits(c.axes[0]) && fits(c.axes[1]) &&
         std::min(c.x_channels, c.y_channels) >= kLeastChannels && c.y_plane >= kLeastOutputs &&
         c.x_channels <= (c.y_plane < kManyOutputs ? kMostPairsOfFew : kMostPairs) / c.y_channels;
}

void plan_winograd(const Convolution& c, int threads, ConvolutionPart& part) {
  WinogradTasks& winograd = part.winograd;
  winograd.down = tiles_along(c.axes[0]);
  winograd.across = tiles_along(c.axes[1]);
  winograd.tiles = static_cast<std::size_t>(c.axes[0].dilation * c.axes[1].dilation) * winograd.down * winograd.across;
  const std::size_t most =
      std::clamp(kBlockFloats / (kPositions * static_cast<std::size_t>(c.x_channels)), kLeastBlock, kMostBlock);
  winograd.blocks = divide_up(winograd.tiles, most);
  winograd.block = divide_up(winograd.tiles, winograd.blocks);
  // Tasks of one block transform the same X: a block is shared out only where threads would be idle.
  const std::size_t units = static_cast<std::size_t>(c.images * c.groups) * winograd.blocks;
  const std::size_t panels = kernels::panel_count(part.rows);
  winograd.panels = divide_up(panels, divide_up(static_cast<std::size_t>(threads), units));
  winograd.panel_tasks = divide_up(panels, winograd.panels);
  part.tasks = units * winograd.panel_tasks;
  part.form = ConvolutionForm::kWinograd;
}

std::size_t place_winograd(const Convolution& c, ConvolutionPart& part) {
  WinogradTasks& winograd = part.winograd;
  const auto channels = static_cast<std::size_t>(c.x_channels);
  const std::size_t run = std::min(winograd.block, winograd.across);
  winograd.line = cache_lines((2 * run + 2) * channels);
  winograd.sums_begin = cache_lines(kPositions * winograd.block * channels);
  winograd.lines_begin = winograd.sums_begin + kPositions * winograd.block * kernels::kPanelColumns;
  winograd.turned_begin = winograd.lines_begin + 9 * winograd.line;
  winograd.turned = 2 * run * kernels::kPanelColumns;
  winograd.direct_begin = winograd.turned_begin + (c.channels_last ? 0 : 2 * winograd.turned);
  const std::size_t direct = (kDirectRows + kDirectOutputs) * part.depth + kDirectOutputs * kDirectRows;
  return winograd.direct_begin + cache_lines(direct);
}

std::size_t packed_winograd_floats(const Convolution& c, const ConvolutionPart& part) {
  return kPositions * static_cast<std::size_t>(c.groups * c.x_channels) * packed_columns(part.rows);
}

void pack_winograd_panel(const Convolution& c, const ConvolutionPart& part, std::size_t index, const std::byte* w,
                         float* packed) {
  // G g, of three numbers that lie `step` apart.
  const auto transform = [](const double* g, std::size_t step, double* result, std::size_t result_step) {
    const double sum = g[0] + g[2 * step];
    result[0] = g[0];
    result[result_step] = (sum + g[step]) / 2;
    result[2 * result_step] = (sum - g[step]) / 2;
    result[3 * result_step] = g[2 * step];
  };
  const auto channels = static_cast<std::size_t>(c.x_channels);
  const std::size_t position_floats = channels * packed_columns(part.rows);
  const std::size_t panels = kernels::panel_count(part.rows);
  const std::size_t panel = index % panels, group = index / panels;
  const std::size_t first = panel * kernels::kPanelColumns;
  const std::size_t width = kernels::panel_width(part.rows, panel);
  const std::size_t rows = std::min(kernels::kPanelColumns, part.rows - first);
  packed += part.weights_begin + group * kPositions * position_floats + first * channels;
  w += (group * part.rows + first) * part.depth * sizeof(float);
  for (std::size_t i = 0; i < channels * width; ++i) {
    const std::size_t channel = i / width, row = i % width;
    float taps[kTaps] = {};
    if (row < rows) std::memcpy(taps, w + (row * channels + channel) * sizeof taps, sizeof taps);
    double g[kTaps], half[4 * 3], result[kPositions];
    std::copy(taps, taps + kTaps, g);
    for (std::size_t j = 0; j < 3; ++j) transform(g + j, 3, half + j, 3);
    for (std::size_t j = 0; j < 4; ++j) transform(half + 3 * j, 1, result + 4 * j, 1);
    for (std::size_t j = 0; j < kPositions; ++j) packed[j * position_floats + i] = static_cast<float>(result[j]);
  }
}

void winograd_task(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory) {
  WinogradTask(run, part, task, memory).run();
}

}  // namespace linnet::internal
