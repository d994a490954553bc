// Winograd's form of convolution_winograd.cpp with channels last: tiles are the rows of the 16 products and channels
// their depth, so that X, sums and Y are transformed by vectors of channels.
//   sums[position] [tiles, rows] = X'[position] [tiles, channels] * W'[position] [channels, rows]
// W' is packed once, by panels of rows. A block of tiles is transformed along both axes, then its products are made and
// transformed panel by panel. Every sum has the bits that winograd_task gives; what is not finite is summed directly,
// for the block and the panel.
#include <algorithm>
#include <cstring>

#include "ops/convolution/convolution_simd.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kPositions = kernels::kWinogradPositions;
/// Of transformed X: half of a second-level cache of 1 MiB. Fewer tiles than that would read W' too often.
constexpr std::size_t kBlockFloats = 1 << 17;
constexpr std::size_t kLeastBlock = 24, kMostBlock = 96;
/// What is summed directly at once.
constexpr std::size_t kDirectRows = kernels::kColumnUnit, kDirectOutputs = 24;

class WinogradRowsTask {
 public:
  WinogradRowsTask(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory)
      : run_(run), part_(part), c_(run.plan.convolution), tasks_(part.winograd_rows), memory_(memory) {
    panel_task_ = task % tasks_.panel_tasks;
    task /= tasks_.panel_tasks;
    const std::size_t block = task % tasks_.blocks;
    group_ = task / tasks_.blocks;
    begin_ = tasks_.tiles * block / tasks_.blocks;
    count_ = tasks_.tiles * (block + 1) / tasks_.blocks - begin_;
  }

  void run() {
    transform_inputs();
    const std::size_t panels = kernels::panel_count(part_.rows);
    const std::size_t end = std::min(panels, (panel_task_ + 1) * tasks_.panels);
    for (std::size_t panel = panel_task_ * tasks_.panels; panel < end; ++panel) {
      if (!run_panel(panel)) return;
    }
  }

 private:
  /// Neighbouring tiles of one row of tiles of an image.
  struct Run {
    std::size_t image, row, tile;
    std::size_t first, count;  ///< in the block
  };

  std::size_t channels() const { return static_cast<std::size_t>(c_.x_channels); }
  std::size_t x_stride() const { return static_cast<std::size_t>(c_.groups) * channels(); }
  std::size_t y_stride() const { return static_cast<std::size_t>(c_.groups) * part_.rows; }

  /// Calls visitor(run) for the runs of the block until it returns false; whether none did.
  template <typename Visitor>
  bool for_runs(const Visitor& visitor) const {
    for (std::size_t first = 0; first < count_;) {
      const std::size_t row = (begin_ + first) / tasks_.across;
      const std::size_t tile = (begin_ + first) % tasks_.across;
      const std::size_t count = std::min(tasks_.across - tile, count_ - first);
      if (!visitor(Run{row / tasks_.down, row % tasks_.down, tile, first, count})) return false;
      first += count;
    }
    return true;
  }

  /// The same for visitor(run, half, output, outputs), of both rows of outputs of a run, as far as they exist;
  /// `output`: the first, numbered over all images.
  template <typename Visitor>
  bool for_output_rows(const Visitor& visitor) const {
    const auto height = static_cast<std::size_t>(c_.axes[0].output),
               width = static_cast<std::size_t>(c_.axes[1].output);
    return for_runs([&](const Run& run) {
      const std::size_t outputs = std::min(2 * run.count, width - 2 * run.tile);
      for (std::size_t half = 0; half < 2 && 2 * run.row + half < height; ++half) {
        const std::size_t output = (run.image * height + 2 * run.row + half) * width + 2 * run.tile;
        if (!visitor(run, half, output, outputs)) return false;
      }
      return true;
    });
  }

  void transform_inputs() {
    float* const lines = memory_ + tasks_.lines_begin;
    float* const zeros = lines + 4 * tasks_.line;
    std::memset(zeros, 0, tasks_.line * sizeof(float));
    const std::size_t position_stride = count_ * channels();
    for_runs([&](const Run& run) {
      transform_rows(run, lines, zeros);
      for (std::size_t i = 0; i < 4; ++i) {
        const float* const line = lines + i * tasks_.line;
        kernels::WinogradInputLines columns = {};
        for (std::size_t j = 0; j < 4; ++j) columns.from[j] = line + j * channels();
        columns.from_step = 2 * channels();
        columns.to = memory_ + 4 * i * position_stride + run.first * channels();
        columns.to_stride = position_stride;
        columns.to_step = channels();
        columns.count = run.count;
        columns.floats = channels();
        kernels::winograd_lines_of_inputs(columns);
      }
      return true;
    });
  }

  /// B' of the columns that a run of tiles reads: four lines.
  void transform_rows(const Run& run, float* lines, const float* zeros) const {
    const WindowAxis& down = c_.axes[0];
    const WindowAxis& along = c_.axes[1];
    const auto count = static_cast<std::int64_t>(2 * run.count + 2);
    const std::int64_t left = static_cast<std::int64_t>(2 * run.tile) - along.pad_begin;
    const std::int64_t begin = std::clamp<std::int64_t>(-left, 0, count);
    const std::int64_t end = std::clamp<std::int64_t>(along.input - left, begin, count);
    const std::size_t head = static_cast<std::size_t>(begin) * channels();
    const std::size_t behind = static_cast<std::size_t>(end) * channels();
    for (std::size_t i = 0; i < 4; ++i) {
      float* const line = lines + i * tasks_.line;
      std::memset(line, 0, head * sizeof(float));
      std::memset(line + behind, 0, (static_cast<std::size_t>(count) * channels() - behind) * sizeof(float));
    }
    if (begin == end) return;
    kernels::WinogradInputLines rows = {};
    const float* const x = run_.operands.x + group_ * channels();
    for (std::size_t i = 0; i < 4; ++i) {
      const std::int64_t row = static_cast<std::int64_t>(2 * run.row + i) - down.pad_begin;
      const std::int64_t place = (static_cast<std::int64_t>(run.image) * down.input + row) * along.input + left + begin;
      const bool inside = row >= 0 && row < down.input;
      rows.from[i] = inside ? x + static_cast<std::size_t>(place) * x_stride() : zeros;
    }
    const auto columns = static_cast<std::size_t>(end - begin);
    rows.from_step = x_stride();
    rows.to = lines + head;
    rows.to_stride = tasks_.line;
    rows.to_step = channels();
    rows.count = c_.groups == 1 ? 1 : columns;
    rows.floats = c_.groups == 1 ? behind - head : channels();
    kernels::winograd_lines_of_inputs(rows);
  }

  /// False when the run is to stop.
  bool run_panel(std::size_t panel) {
    const std::size_t columns = packed_columns(part_.rows);
    const std::size_t first_row = panel * kernels::kPanelColumns;
    const std::size_t rows = std::min(kernels::kPanelColumns, part_.rows - first_row);
    const std::size_t width = kernels::panel_width(part_.rows, panel);
    const float* const weights = run_.operands.packed + part_.weights_begin +
                                 group_ * kPositions * channels() * columns + first_row * channels();
    float* const sums = memory_ + tasks_.sums_begin;
    kernels::GemmEpilogue epilogue;
    epilogue.fills_padding = true;
    epilogue.chain_length = winograd_chain(channels());
    for (std::size_t position = 0; position < kPositions; ++position) {
      if (run_.control.abandon_if_stopped()) return false;
      kernels::gemm(count_, rows, channels(), memory_ + position * count_ * channels(), channels(),
                    weights + position * channels() * columns, epilogue, sums + position * count_ * width, width, 0, 1);
    }
    kernels::winograd_rows_of_sums(sums, 4 * count_ * width);
    return transform_outputs(sums, width, first_row, rows);
  }

  bool transform_outputs(const float* sums, std::size_t width, std::size_t first_row, std::size_t rows) {
    const bool relu = c_.activation.kind == kernels::ActivationKind::kRelu;
    const bool activates = c_.activation.kind != kernels::ActivationKind::kNone && !relu;
    kernels::WinogradPixels pixels = {};
    pixels.position_stride = count_ * width;
    pixels.row_width = width;
    pixels.rows = rows;
    pixels.bias = run_.bias(part_, group_, first_row);
    pixels.y_stride = y_stride();
    pixels.relu = relu;
    bool finite = true;
    for_output_rows([&](const Run& run, std::size_t half, std::size_t output, std::size_t outputs) {
      const std::size_t place = output * y_stride() + group_ * part_.rows + first_row;
      pixels.sums = sums + half * 4 * pixels.position_stride + run.first * width;
      pixels.outputs = outputs;
      pixels.addend = run_.operands.addend == nullptr ? nullptr : run_.operands.addend + place;
      pixels.y = run_.operands.y + place;
      finite = kernels::winograd_pixels(pixels) && finite;
      for (std::size_t i = 0; activates && i < outputs; ++i) {
        float* const y = pixels.y + i * y_stride();
        kernels::apply_activation(c_.activation, y, y, rows);
      }
      return true;
    });
    return finite || sum_directly(first_row, rows);
  }

  /// False when the run is to stop.
  bool sum_directly(std::size_t first_row, std::size_t rows) {
    float* const packed = memory_ + tasks_.weights_begin;
    const auto* w = static_cast<const std::byte*>(run_.operands.w);
    ChannelsLastProduct product = {};
    product.group = group_;
    product.packed = packed;
    product.panel_end = 1;
    product.gathered = memory_ + tasks_.gathered_begin;
    for (std::size_t row = 0; row < rows; row += kDirectRows) {
      product.first_row = first_row + row;
      product.rows = std::min(kDirectRows, rows - row);
      pack_pixel_columns({channels(), part_.taps, product.rows, 0, kDirectRows},
                         w + (group_ * part_.rows + product.first_row) * part_.depth * sizeof(float), packed);
      const bool done = for_output_rows([&](const Run&, std::size_t, std::size_t output, std::size_t outputs) {
        for (std::size_t i = 0; i < outputs; i += kDirectOutputs) {
          product.first_output = output + i;
          product.outputs = std::min(kDirectOutputs, outputs - i);
          if (!multiply_channels_last(run_, part_, product)) return false;
        }
        return true;
      });
      if (!done) return false;
    }
    return true;
  }

  const ConvolutionRun& run_;
  const ConvolutionPart& part_;
  const Convolution& c_;
  const WinogradRowTasks& tasks_;
  float* memory_;  ///< begins with transformed X
  std::size_t panel_task_ = 0, group_ = 0;
  std::size_t begin_ = 0, count_ = 0;  ///< tiles of the block
};

}  // namespace

void plan_winograd_rows(const Convolution& c, int threads, ConvolutionPart& part) {
  plan_channels_last(c, threads, part);  // for what is summed directly
  WinogradRowTasks& tasks = part.winograd_rows;
  tasks.down = static_cast<std::size_t>((c.axes[0].output + 1) / 2);
  tasks.across = static_cast<std::size_t>((c.axes[1].output + 1) / 2);
  tasks.tiles = static_cast<std::size_t>(c.images) * tasks.down * tasks.across;
  const std::size_t most =
      std::clamp(kBlockFloats / (kPositions * static_cast<std::size_t>(c.x_channels)), kLeastBlock, kMostBlock);
  tasks.blocks = divide_up(tasks.tiles, most);
  tasks.block = divide_up(tasks.tiles, tasks.blocks);
  // Tasks of one block transform the same X: a block is shared out only where threads would be idle.
  const std::size_t units = static_cast<std::size_t>(c.groups) * tasks.blocks;
  const std::size_t panels = kernels::panel_count(part.rows);
  tasks.panels = divide_up(panels, divide_up(static_cast<std::size_t>(threads), units));
  tasks.panel_tasks = divide_up(panels, tasks.panels);
  part.tasks = units * tasks.panel_tasks;
  part.form = ConvolutionForm::kWinogradRows;
}

std::size_t place_winograd_rows(const Convolution& c, ConvolutionPart& part) {
  WinogradRowTasks& tasks = part.winograd_rows;
  const auto channels = static_cast<std::size_t>(c.x_channels);
  tasks.line = cache_lines((2 * std::min(tasks.block, tasks.across) + 2) * channels);
  tasks.sums_begin = cache_lines(kPositions * tasks.block * channels);
  tasks.lines_begin = tasks.sums_begin + kPositions * tasks.block * kernels::kPanelColumns;
  tasks.weights_begin = tasks.lines_begin + 5 * tasks.line;
  tasks.gathered_begin = tasks.weights_begin + part.depth * kDirectRows;
  return tasks.gathered_begin + cache_lines(kDirectOutputs * part.channels_last.gathered_stride);
}

std::size_t packed_winograd_floats(const Convolution& c, const ConvolutionPart& part) {
  return kPositions * static_cast<std::size_t>(c.groups * c.x_channels) * packed_columns(part.rows);
}

void pack_winograd_panel(const Convolution& c, const ConvolutionPart& part, std::size_t index, const std::byte* w,
                         float* packed) {
  const auto channels = static_cast<std::size_t>(c.x_channels);
  const std::size_t columns = packed_columns(part.rows);
  const std::size_t panels = kernels::panel_count(part.rows);
  const std::size_t panel = index % panels, group = index / panels;
  const std::size_t first = panel * kernels::kPanelColumns;
  const std::size_t width = kernels::panel_width(part.rows, panel);
  const std::size_t rows = std::min(kernels::kPanelColumns, part.rows - first);
  float* to = packed + part.weights_begin + group * kPositions * channels * columns + first * channels;
  w += (group * part.rows + first) * part.depth * sizeof(float);
  for (std::size_t row = 0; row < rows; ++row) {
    transform_weights(w + row * part.depth * sizeof(float), channels, channels * columns, width, to + row);
  }
  for (std::size_t i = 0; rows < width && i < kPositions * channels; ++i) {
    float* const line = to + i / channels * channels * columns + i % channels * width;
    std::fill(line + rows, line + width, 0.0F);
  }
}

void winograd_rows_task(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory) {
  WinogradRowsTask(run, part, task, memory).run();
}

}  // namespace linnet::internal
