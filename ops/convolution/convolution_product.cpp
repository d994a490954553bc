// Tasks of convolutions that are products: a block of X is gathered as the packed right side, all rows of the task are
// multiplied with it, and blocks of depth follow each other, each adding to what the one before has left.
#include <algorithm>

#include "ops/convolution/convolution_simd.hpp"
#include "ops/kernels/gemm.hpp"
#include "ops/kernels/shift_scale.hpp"

namespace linnet::internal {
namespace {

/// Rows of a block multiplied before a stop is looked at.
constexpr std::size_t kRowsAtOnce = 240;
/// Of a gathered block.
constexpr std::size_t kPanelsAtOnce = 4;
constexpr std::size_t kChannelsAtOnce = 8;

class ProductTask {
 public:
  ProductTask(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory)
      : run_(run), part_(part), c_(run.plan.convolution), gathered_(memory) {
    const ProductTasks& product = part.product;
    row_begin_ = task % product.row_tasks * product.rows;
    task /= product.row_tasks;
    column_begin_ = task % product.column_tasks * product.columns;
    task /= product.column_tasks;
    group_ = task % static_cast<std::size_t>(c_.groups);
    image_ = task / static_cast<std::size_t>(c_.groups);
    row_end_ = std::min(row_begin_ + product.rows, part.rows);
    columns_ = std::min(product.columns, part.outputs - column_begin_);
    if (!c_.transposed) {
      y_stride_ = static_cast<std::size_t>(c_.y_plane);
      y_ = run.y_plane(image_, group_) + row_begin_ * y_stride_ + column_begin_;
      return;
    }
    y_stride_ = round_up(columns_, kernels::kColumnUnit);
    y_ = memory + part.result_begin;
  }

  void run() {
    for (std::size_t k = 0; k < part_.depth; k += kBlockDepth) {
      const std::size_t depth = std::min(kBlockDepth, part_.depth - k);
      gather(k, depth);
      for (std::size_t row = row_begin_; row < row_end_; row += kRowsAtOnce) {
        if (run_.control.abandon_if_stopped()) return;
        float* to = y_ + (row - row_begin_) * y_stride_;
        kernels::GemmEpilogue epilogue;
        epilogue.fills_padding = c_.transposed;
        if (k == 0 && run_.operands.addend != nullptr) {
          start_with_addend(row, std::min(kRowsAtOnce, row_end_ - row), to);
          epilogue.addend = to;
          epilogue.addend_row_stride = y_stride_;
          epilogue.addend_column_stride = 1;
        } else if (k == 0) {
          epilogue.addend = run_.bias(part_, group_, row);
          epilogue.addend_row_stride = 1;
        } else {
          epilogue.addend = to;
          epilogue.addend_row_stride = y_stride_;
          epilogue.addend_column_stride = 1;
        }
        if (k + depth == part_.depth) epilogue.activation = c_.activation;
        kernels::gemm(std::min(kRowsAtOnce, row_end_ - row), columns_, depth, run_.weights(part_, group_, row) + k,
                      part_.weights_stride, gathered_, epilogue, to, y_stride_, 0, kernels::panel_count(columns_));
      }
    }
    if (c_.transposed) scatter();
  }

 private:
  /// Rows from `row` on become their bias and what is added to them. Requires: not transposed.
  void start_with_addend(std::size_t row, std::size_t rows, float* to) const {
    const float* bias = run_.bias(part_, group_, row);
    const float* from = run_.addend_plane(image_, group_) + row * y_stride_ + column_begin_;
    for (std::size_t i = 0; i < rows; ++i, from += y_stride_, to += y_stride_) {
      kernels::shift_scale(from, 0.0F, 1.0F, bias == nullptr ? 0.0F : bias[i], to, columns_);
    }
  }

  /// Outputs [begin, end) of a row.
  struct Segment {
    std::int64_t row, begin, end;
  };
  struct PanelPieces {
    Segment segments[kernels::kPanelColumns];
    std::size_t segment_count = 0;
    kernels::RowPiece pieces[kernels::kPanelColumns];
    std::size_t count = 0;
    std::size_t columns = 0, width = 0;
    float* to = nullptr;  ///< the next row
  };

  /// The operand [depth, columns_] from step `k` and output column_begin_ on, as the packed B of the product. Some
  /// channels of several panels at a time: so long a piece of each plane is read that the CPU fetches it ahead.
  void gather(std::size_t k, std::size_t depth) const {
    const std::size_t panels = kernels::panel_count(columns_);
    for (std::size_t panel = 0; panel < panels; panel += kPanelsAtOnce) {
      gather_panels(k, depth, panel, std::min(kPanelsAtOnce, panels - panel));
    }
  }

  void gather_panels(std::size_t k, std::size_t depth, std::size_t first, std::size_t count) const {
    const auto channels = static_cast<std::size_t>(c_.x_channels);
    PanelPieces panels[kPanelsAtOnce];
    for (std::size_t i = 0; i < count; ++i) {
      PanelPieces& panel = panels[i];
      const std::size_t column = (first + i) * kernels::kPanelColumns;
      panel.columns = std::min(kernels::kPanelColumns, columns_ - column);
      panel.width = kernels::panel_width(columns_, first + i);
      panel.to = gathered_ + column * depth;
      panel.segment_count =
          segments_of(part_.grid.axes.back().outputs, column_begin_ + column, panel.columns, panel.segments);
    }
    for (const std::size_t end = k + depth; k < end;) {
      const std::size_t channel = k % channels;
      const std::size_t rows = std::min(channels - channel, end - k);  // of one tap
      for (std::size_t i = 0; i < count; ++i) set_pieces(k / channels, panels[i]);
      for (std::size_t row = 0; row < rows; row += kChannelsAtOnce) {
        const std::size_t some = std::min(kChannelsAtOnce, rows - row);
        for (std::size_t i = 0; i < count; ++i) {
          gather_rows(panels[i], channel + row, some, k + row + some == end && i + 1 < count);
        }
      }
      k += rows;
    }
  }

  /// `ends_panel`: the rows are the last before another panel, whose beginning is there and stays as it is.
  void gather_rows(PanelPieces& panel, std::size_t channel, std::size_t rows, bool ends_panel) const {
    const auto plane = static_cast<std::size_t>(c_.x_plane);
    float kept[kernels::kSlackFloats];
    float* const end = panel.to + rows * panel.width;
    if (ends_panel) std::copy_n(end, kernels::kSlackFloats, kept);
    kernels::gather_rows(run_.x_plane(image_, group_) + channel * plane, plane,
                         static_cast<std::size_t>(part_.grid.axes.back().stride), rows, panel.pieces, panel.count,
                         panel.width, panel.to);
    if (ends_panel) std::copy_n(kept, kernels::kSlackFloats, end);
    panel.to = end;
  }

  /// The rows of outputs that [column, column + count) are made of.
  static std::size_t segments_of(std::int64_t width, std::size_t column, std::size_t count, Segment* segments) {
    std::int64_t row = static_cast<std::int64_t>(column) / width;
    std::int64_t begin = static_cast<std::int64_t>(column) % width;
    std::size_t made = 0;
    for (auto left = static_cast<std::int64_t>(count); left > 0; ++row, begin = 0) {
      const std::int64_t end = std::min(width, begin + left);
      left -= end - begin;
      segments[made++] = {row, begin, end};
    }
    return made;
  }

  /// What the outputs of a panel read under a tap, and zeros up to its width.
  void set_pieces(std::size_t tap, PanelPieces& panel) const {
    const std::vector<TapAxis>& axes = part_.grid.axes;
    const std::int64_t* shifts = part_.shifts.data() + tap * axes.size();
    const TapAxis& last = axes.back();
    const std::int64_t shift = shifts[axes.size() - 1];
    const IndexRange inside = part_.inside[tap];  // outputs whose element is one of X
    std::size_t made = 0;
    for (std::size_t i = 0; i < panel.segment_count; ++i) {
      const auto [row, begin, end] = panel.segments[i];
      kernels::RowPiece piece = {0, static_cast<std::size_t>(end - begin), 0, 0};
      const std::int64_t x_row = source_row(axes, shifts, row);
      if (x_row >= 0) {
        const std::int64_t first = std::clamp(inside.begin, begin, end);
        const std::int64_t behind = std::clamp(inside.end, first, end);
        piece.from = static_cast<std::ptrdiff_t>(x_row * last.input + first * last.stride + shift);
        piece.zeros_before = static_cast<std::size_t>(first - begin);
        piece.count = static_cast<std::size_t>(behind - first);
        piece.zeros_after = static_cast<std::size_t>(end - behind);
      }
      if (made > 0 && continues(panel.pieces[made - 1], piece, last.stride)) {
        panel.pieces[made - 1].count += piece.count;
        panel.pieces[made - 1].zeros_after = piece.zeros_after;
      } else {
        panel.pieces[made++] = piece;
      }
    }
    panel.pieces[made - 1].zeros_after += panel.width - panel.columns;
    panel.count = made;
  }

  static bool continues(const kernels::RowPiece& before, const kernels::RowPiece& piece, std::int64_t step) {
    return before.count > 0 && piece.count > 0 && before.zeros_after == 0 && piece.zeros_before == 0 &&
           before.from + static_cast<std::ptrdiff_t>(before.count) * step == piece.from;
  }

  /// The row of X that row `row` of the outputs reads; -1 for one outside.
  static std::int64_t source_row(const std::vector<TapAxis>& axes, const std::int64_t* shifts, std::int64_t row) {
    std::int64_t result = 0;
    std::int64_t rows = 1;
    for (std::size_t i = axes.size() - 1; i-- > 0;) {
      const bool outermost = i == 0;
      const std::int64_t input = (outermost ? row : row % axes[i].outputs) * axes[i].stride + shifts[i];
      if (input < 0 || input >= axes[i].input) return -1;
      result += input * rows;
      if (outermost) break;
      rows *= axes[i].input;
      row /= axes[i].outputs;
    }
    return result;
  }

  /// Rows of a transposed convolution, from `y_` to where their phases have them.
  void scatter() const {
    const auto plane = static_cast<std::size_t>(c_.y_plane);
    const std::int64_t width = part_.grid.axes.back().outputs;
    const bool pairs = comes_in_pairs();
    const bool even_first = part_.grid.axes.back().phases[0].begin == 0;
    for (std::size_t row = row_begin_; row < row_end_;) {
      const std::size_t member = row % part_.members;
      const bool pair = pairs && member % 2 == 0 && row + 1 < row_end_;
      float* channel = run_.y_plane(image_, group_) + row / part_.members * plane;
      const float* from = y_ + (row - row_begin_) * y_stride_;
      for (std::size_t done = 0; done < columns_;) {
        const auto place = static_cast<std::int64_t>(column_begin_ + done);
        const std::int64_t begin = place % width;
        const auto count = std::min(columns_ - done, static_cast<std::size_t>(width - begin));
        if (!pair) {
          store_row(member, place / width, begin, count, from + done, channel);
        } else if (float* to = row_of_member(member, place / width, channel)) {
          const float* even = from + done + (even_first ? 0 : y_stride_);
          const float* odd = from + done + (even_first ? y_stride_ : 0);
          kernels::interleave(even, odd, to + 2 * begin, count);
        }
        done += count;
      }
      row += pair ? 2 : 1;
    }
  }

  /// Whether members 0 and 1, 2 and 3, ... make up whole rows of Y between them.
  bool comes_in_pairs() const {
    const TapAxis& last = part_.grid.axes.back();
    return last.y_step == 2 && last.phases.size() == 2 && last.y_size % 2 == 0;
  }

  /// Where the row of Y begins that row `row` of a member's outputs belongs to; null for one behind Y.
  float* row_of_member(std::size_t member, std::int64_t row, float* channel) const {
    const std::vector<TapAxis>& axes = part_.grid.axes;
    std::int64_t place = 0;
    std::int64_t size = axes.back().y_size;
    for (std::size_t i = axes.size() - 1; i-- > 0;) {
      const std::int64_t output = i == 0 ? row : row % axes[i].outputs;
      const std::int64_t y = part_.phase_of(member, i).begin + output * axes[i].y_step;
      if (y >= axes[i].y_size) return nullptr;
      place += y * size;
      if (i == 0) break;
      size *= axes[i].y_size;
      row /= axes[i].outputs;
    }
    return channel + place;
  }

  /// Outputs [begin, begin + count) of row `row` of a member.
  void store_row(std::size_t member, std::int64_t row, std::int64_t begin, std::size_t count, const float* from,
                 float* channel) const {
    const TapAxis& last = part_.grid.axes.back();
    const TapAxis::Phase& phase = part_.phase_of(member, part_.grid.axes.size() - 1);
    const std::int64_t left = last.outputs_of(phase) - begin;
    float* to = row_of_member(member, row, channel);
    if (left <= 0 || to == nullptr) return;
    kernels::RowCopy copy = {from, 0, 1, to + phase.begin + begin * last.y_step, 0, 0, 1, 0};
    copy.to_step = static_cast<std::size_t>(last.y_step);
    copy.columns = std::min(count, static_cast<std::size_t>(left));
    kernels::copy_rows(copy);
  }

  const ConvolutionRun& run_;
  const ConvolutionPart& part_;
  const Convolution& c_;
  float* gathered_;
  std::size_t image_ = 0, group_ = 0;
  std::size_t row_begin_ = 0, row_end_ = 0;
  std::size_t column_begin_ = 0, columns_ = 0;
  float* y_ = nullptr;  ///< Y itself; of a transposed convolution a copy, whose outputs follow each other
  std::size_t y_stride_ = 0;
};

}  // namespace

void multiply_task(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory) {
  ProductTask(run, part, task, memory).run();
}

}  // namespace linnet::internal
