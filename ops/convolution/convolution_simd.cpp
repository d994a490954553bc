// Convolutions by Linnet's own float32 kernels, as convolution_simd.hpp describes them. Each output is its bias and one
// sum in an order that depends on the kernel alone: taps in W's order, the channels of a group within each. Neither the
// place of the output, nor threads, nor what else is computed change its bits.
#include "ops/convolution/convolution_simd.hpp"

#include <algorithm>
#include <cstring>

#include "ops/kernels/gemm.hpp"
#include "ops/shared/element_types.hpp"

namespace linnet::internal {
namespace {

/// Rows of a block multiplied, multiply-adds of tap sums, and elements filled before a stop is looked at.
constexpr std::size_t kRowsAtOnce = 240;
constexpr std::size_t kProductsAtOnce = std::size_t{1} << 23;
constexpr std::size_t kFilledAtOnce = std::size_t{1} << 18;
constexpr std::size_t kForgottenBytes = std::size_t{1} << 20;

struct SimdConvolution {
  ConvolutionPlan plan;
  std::shared_ptr<const std::byte> packed;  ///< null where W is packed by every run
};

std::string accepts(const NodeView& node) {
  return node.input_type(kConvolutionX) == DataType::kFloat32 ? plan_refusal(node) : accepts_float32(node);
}

Prepared prepare(const PrepareContext& context) {
  auto state = std::make_shared<SimdConvolution>();
  const Convolution c = convolution_of(context);
  Prepared prepared;
  if (c.images > 0) {
    state->plan = plan_convolution(c, context.has_input(kConvolutionB), context.threads());
    const ConstantPtr& w = context.input_constant(kConvolutionW);
    if (w != nullptr) {
      const std::size_t bytes = state->plan.packed_floats * sizeof(float);
      state->packed = context.weights().get(w, packing_key(c), bytes, [&](std::byte* memory) {
        pack_convolution(state->plan, w->data, context.control(), reinterpret_cast<float*>(memory));
        if (w->bytes >= kForgottenBytes) w->forget_range(w->data, w->bytes);
      });
      prepared.unread_inputs = 1U << kConvolutionW;
    }
    prepared.workspace_bytes = place_workspace(state->plan, w == nullptr, context.threads()) * sizeof(float);
  }
  prepared.state = std::move(state);
  return prepared;
}

/// One run of a plan.
class Runner {
 public:
  Runner(const ConvolutionPlan& plan, const ConvolutionOperands& operands, RunControl& control)
      : control_(control),
        plan_(plan),
        c_(plan.convolution),
        x_(operands.x),
        bias_(operands.bias),
        y_(operands.y),
        workspace_(operands.workspace),
        packed_(operands.packed) {
    if (packed_ != nullptr) return;
    pack_convolution(plan_, static_cast<const std::byte*>(operands.w), control_, workspace_ + plan_.packed_begin);
    packed_ = workspace_ + plan_.packed_begin;
  }

  void run() {
    repeat_bias();
    if (!plan_.covers_output) fill_with_bias();
    control_.parallel_for(plan_.tasks, plan_.work, [this](std::size_t task, std::size_t worker) {
      const ConvolutionPart& part = part_of(task);
      float* memory = workspace_ + worker * plan_.worker_floats;
      if (part.sums_taps) {
        sum_band(part, task - part.first_task, memory);
      } else {
        multiply(part, task - part.first_task, memory);
      }
    });
  }

 private:
  const ConvolutionPart& part_of(std::size_t task) const {
    const auto behind =
        std::upper_bound(plan_.parts.begin(), plan_.parts.end(), task,
                         [](std::size_t wanted, const ConvolutionPart& part) { return wanted < part.first_task; });
    return *(behind - 1);
  }

  const float* x_plane(std::size_t image, std::size_t group) const {
    const auto plane = (image * static_cast<std::size_t>(c_.groups) + group) * static_cast<std::size_t>(c_.x_channels);
    return x_ + plane * static_cast<std::size_t>(c_.x_plane);
  }
  float* y_plane(std::size_t image, std::size_t group, std::size_t channel = 0) const {
    const auto first = (image * static_cast<std::size_t>(c_.groups) + group) * static_cast<std::size_t>(c_.y_channels);
    return y_ + (first + channel) * static_cast<std::size_t>(c_.y_plane);
  }
  const float* weights(const ConvolutionPart& part, std::size_t group, std::size_t row) const {
    return packed_ + part.weights_begin + part.row_of(group, row) * part.weights_stride;
  }
  /// Of a row and those behind it; null where there is none.
  const float* bias(const ConvolutionPart& part, std::size_t group, std::size_t row) const {
    if (bias_ == nullptr) return nullptr;
    const float* first = part.members > 1 ? workspace_ + plan_.bias_begin + part.bias_begin : bias_;
    return first + part.row_of(group, row);
  }

  /// For rows of several members.
  void repeat_bias() {
    if (bias_ == nullptr) return;
    const auto channels = static_cast<std::size_t>(c_.y_channels);
    for (const ConvolutionPart& part : plan_.parts) {
      if (part.members == 1) continue;
      float* to = workspace_ + plan_.bias_begin + part.bias_begin;
      for (std::size_t group = 0; group < static_cast<std::size_t>(c_.groups); ++group) {
        for (std::size_t channel = 0; channel < channels; ++channel, to += part.members) {
          std::fill_n(to, part.members, bias_[group * channels + channel]);
        }
      }
    }
  }

  /// Of elements that no tap reaches.
  void fill_with_bias() {
    const auto channels = static_cast<std::size_t>(c_.groups * c_.y_channels);
    const auto plane = static_cast<std::size_t>(c_.y_plane);
    const std::size_t planes = static_cast<std::size_t>(c_.images) * channels;
    const std::size_t pieces = (plane + kFilledAtOnce - 1) / kFilledAtOnce;
    const double work = 0.1 * static_cast<double>(planes) * static_cast<double>(plane);
    control_.parallel_for(planes * pieces, work, [&](std::size_t task) {
      const std::size_t index = task / pieces;
      const std::size_t first = task % pieces * kFilledAtOnce;
      float value = bias_ == nullptr ? 0.0F : bias_[index % channels];
      kernels::apply_activation(c_.activation, &value, &value, 1);
      std::fill_n(y_ + index * plane + first, std::min(kFilledAtOnce, plane - first), value);
    });
  }

  // Products.

  void multiply(const ConvolutionPart& part, std::size_t task, float* memory) const {
    const ProductTasks& product = part.product;
    const std::size_t row_begin = task % product.row_tasks * product.rows;
    task /= product.row_tasks;
    const std::size_t column_begin = task % product.column_tasks * product.columns;
    task /= product.column_tasks;
    const std::size_t group = task % static_cast<std::size_t>(c_.groups);
    const std::size_t image = task / static_cast<std::size_t>(c_.groups);
    const std::size_t row_end = std::min(row_begin + product.rows, part.rows);
    const std::size_t columns = std::min(product.columns, part.outputs - column_begin);
    const std::size_t most_depth = std::min(part.depth, kBlockDepth);
    const std::size_t padded_columns =
        (columns + kernels::kColumnUnit - 1) / kernels::kColumnUnit * kernels::kColumnUnit;
    const auto plane = static_cast<std::size_t>(c_.y_plane);
    float* kept = memory + (padded_columns * most_depth + kernels::kSlackFloats + 15) / 16 * 16;
    float* y = c_.transposed ? kept : y_plane(image, group, row_begin) + column_begin;
    const std::size_t y_stride = c_.transposed ? padded_columns : plane;
    for (std::size_t k = 0; k < part.depth; k += kBlockDepth) {
      const std::size_t depth = std::min(kBlockDepth, part.depth - k);
      gather(part, x_plane(image, group), column_begin, columns, k, depth, memory);
      for (std::size_t row = row_begin; row < row_end; row += kRowsAtOnce) {
        if (control_.abandon_if_stopped()) return;
        float* to = y + (row - row_begin) * y_stride;
        kernels::GemmEpilogue epilogue;
        epilogue.fills_padding = c_.transposed;
        if (k == 0) {
          epilogue.addend = bias(part, group, row);
          epilogue.addend_row_stride = 1;
        } else {
          epilogue.addend = to;
          epilogue.addend_row_stride = y_stride;
          epilogue.addend_column_stride = 1;
        }
        if (k + depth == part.depth) epilogue.activation = c_.activation;
        kernels::gemm(std::min(kRowsAtOnce, row_end - row), columns, depth, weights(part, group, row) + k,
                      part.weights_stride, memory, epilogue, to, y_stride, 0, kernels::panel_count(columns));
      }
    }
    if (c_.transposed) scatter(part, image, group, row_begin, row_end, column_begin, columns, kept, y_stride);
  }

  /// The operand [depth, columns] from step `k` and output `column` on, as the packed B of the product.
  void gather(const ConvolutionPart& part, const float* x, std::size_t column, std::size_t columns, std::size_t k,
              std::size_t depth, float* to) const {
    const auto channels = static_cast<std::size_t>(c_.x_channels);
    const auto plane = static_cast<std::size_t>(c_.x_plane);
    const auto step = static_cast<std::size_t>(part.grid.axes.back().stride);
    for (std::size_t panel = 0; panel < kernels::panel_count(columns); ++panel) {
      const std::size_t width = kernels::panel_width(columns, panel);
      const std::size_t first = panel * kernels::kPanelColumns;
      const std::size_t count = std::min(kernels::kPanelColumns, columns - first);
      kernels::RowPiece pieces[kernels::kPanelColumns];
      for (std::size_t step_of_depth = k; step_of_depth < k + depth;) {
        const std::size_t tap = step_of_depth / channels;
        const std::size_t channel = step_of_depth % channels;
        const std::size_t rows = std::min(channels - channel, k + depth - step_of_depth);
        const std::size_t piece_count = row_pieces(part, tap, column + first, count, width, pieces);
        kernels::gather_rows(x + channel * plane, plane, step, rows, pieces, piece_count, width, to);
        to += rows * width;
        step_of_depth += rows;
      }
    }
  }

  /// What outputs [column, column + count) read under a tap, and zeros up to `width`.
  std::size_t row_pieces(const ConvolutionPart& part, std::size_t tap, std::size_t column, std::size_t count,
                         std::size_t width, kernels::RowPiece* pieces) const {
    const std::vector<TapAxis>& axes = part.grid.axes;
    const std::int64_t* shifts = part.shifts.data() + tap * axes.size();
    const TapAxis& last = axes.back();
    const std::int64_t shift = shifts[axes.size() - 1];
    std::int64_t row = static_cast<std::int64_t>(column) / last.outputs;
    std::int64_t begin = static_cast<std::int64_t>(column) % last.outputs;
    std::size_t pieces_made = 0;
    for (auto left = static_cast<std::int64_t>(count); left > 0; ++row, begin = 0) {
      const std::int64_t end = std::min(last.outputs, begin + left);
      left -= end - begin;
      kernels::RowPiece piece = {0, static_cast<std::size_t>(end - begin), 0, 0};
      const std::int64_t x_row = source_row(axes, shifts, row);
      if (x_row >= 0) {
        // Outputs whose element is one of X.
        const std::int64_t from = shift >= 0 ? 0 : (-shift + last.stride - 1) / last.stride;
        const std::int64_t to = shift >= last.input ? 0 : (last.input - shift + last.stride - 1) / last.stride;
        const std::int64_t first = std::clamp(from, begin, end);
        const std::int64_t behind = std::clamp(to, first, end);
        piece.from = static_cast<std::ptrdiff_t>(x_row * last.input + first * last.stride + shift);
        piece.zeros_before = static_cast<std::size_t>(first - begin);
        piece.count = static_cast<std::size_t>(behind - first);
        piece.zeros_after = static_cast<std::size_t>(end - behind);
      }
      if (pieces_made > 0 && continues(pieces[pieces_made - 1], piece, last.stride)) {
        pieces[pieces_made - 1].count += piece.count;
        pieces[pieces_made - 1].zeros_after = piece.zeros_after;
      } else {
        pieces[pieces_made++] = piece;
      }
    }
    pieces[pieces_made - 1].zeros_after += width - count;
    return pieces_made;
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

  /// Rows of a transposed convolution, from `kept` to where their phases have them.
  void scatter(const ConvolutionPart& part, std::size_t image, std::size_t group, std::size_t row_begin,
               std::size_t row_end, std::size_t column, std::size_t columns, const float* kept,
               std::size_t kept_stride) const {
    const std::int64_t width = part.grid.axes.back().outputs;
    const bool pairs = comes_in_pairs(part);
    for (std::size_t row = row_begin; row < row_end;) {
      const std::size_t member = row % part.members;
      const bool pair = pairs && member % 2 == 0 && row + 1 < row_end;
      float* plane = y_plane(image, group, row / part.members);
      const float* from = kept + (row - row_begin) * kept_stride;
      for (std::size_t done = 0; done < columns;) {
        const auto place = static_cast<std::int64_t>(column + done);
        const std::int64_t begin = place % width;
        const auto count = std::min(columns - done, static_cast<std::size_t>(width - begin));
        if (!pair) {
          store_row(part, member, place / width, begin, count, from + done, plane);
        } else if (float* to = row_of_member(part, member, place / width, plane)) {
          kernels::interleave(from + done, from + done + kept_stride, to + 2 * begin, count);
        }
        done += count;
      }
      row += pair ? 2 : 1;
    }
  }

  /// Whether members 0 and 1, 2 and 3, ... make up whole rows of Y between them.
  static bool comes_in_pairs(const ConvolutionPart& part) {
    const TapAxis& last = part.grid.axes.back();
    return last.y_step == 2 && last.phases.size() == 2 && last.y_size % 2 == 0;
  }

  /// Where the row of Y begins that row `row` of a member's outputs belongs to; null for one behind Y.
  static float* row_of_member(const ConvolutionPart& part, std::size_t member, std::int64_t row, float* plane) {
    const std::vector<TapAxis>& axes = part.grid.axes;
    std::int64_t place = 0;
    std::int64_t size = axes.back().y_size;
    for (std::size_t i = axes.size() - 1; i-- > 0;) {
      const std::int64_t y = phase_of(part, member, i).begin + row % axes[i].outputs * axes[i].y_step;
      if (y >= axes[i].y_size) return nullptr;
      place += y * size;
      size *= axes[i].y_size;
      row /= axes[i].outputs;
    }
    return plane + place;
  }

  /// Outputs [begin, begin + count) of row `row` of a member.
  static void store_row(const ConvolutionPart& part, std::size_t member, std::int64_t row, std::int64_t begin,
                        std::size_t count, const float* from, float* plane) {
    const TapAxis& last = part.grid.axes.back();
    const TapAxis::Phase& phase = phase_of(part, member, part.grid.axes.size() - 1);
    const std::int64_t left = last.outputs_of(phase) - begin;
    float* to = row_of_member(part, member, row, plane);
    if (left <= 0 || to == nullptr) return;
    kernels::RowCopy copy = {from, 0, 1, to + phase.begin + begin * last.y_step, 0, 0, 1, 0};
    copy.to_step = static_cast<std::size_t>(last.y_step);
    copy.columns = std::min(count, static_cast<std::size_t>(left));
    kernels::copy_rows(copy);
  }

  static const TapAxis::Phase& phase_of(const ConvolutionPart& part, std::size_t member, std::size_t axis) {
    const auto index = part.members == 1 ? 0 : part.grid.phase_of(static_cast<std::int64_t>(member), axis);
    return part.grid.axes[axis].phases[static_cast<std::size_t>(index)];
  }

  // Tap sums.

  void sum_band(const ConvolutionPart& part, std::size_t task, float* memory) const {
    const TapBand& band = part.band;
    const auto channels = static_cast<std::size_t>(c_.x_channels);
    const auto groups = static_cast<std::size_t>(c_.groups);
    const auto step = static_cast<std::size_t>(band.groups_of_task);
    const std::int64_t begin = static_cast<std::int64_t>(task) % band.bands * band.outputs;
    task /= static_cast<std::size_t>(band.bands);
    const std::size_t group_tasks = (groups + step - 1) / step;
    const std::size_t group_begin = task % group_tasks * step;
    const std::size_t image = task / group_tasks;
    const std::size_t copied = channels * band.floats + kernels::kTapSumSlack;
    std::memset(memory, 0, copied * sizeof(float));
    kernels::TapSums sums;
    sums.x = memory;
    sums.offsets = band.offsets.data();
    sums.taps = part.depth;
    sums.weights_stride = part.weights_stride;
    sums.rows = part.rows;
    sums.columns = band.span;
    sums.y = memory + (copied + 15) / 16 * 16;
    sums.y_row_stride = band.span + kernels::kTapSumSlack;
    for (std::size_t group = group_begin; group < std::min(group_begin + step, groups); ++group) {
      for (std::size_t channel = 0; channel < channels; ++channel) {
        const float* plane = x_plane(image, group) + channel * static_cast<std::size_t>(c_.x_plane);
        copy_to_band(part, plane, begin, memory + channel * band.floats);
      }
      sums.weights = weights(part, group, 0);
      sums.bias = bias(part, group, 0);
      if (!sum_taps(sums)) return;
      for (std::size_t row = 0; row < part.rows; ++row) {
        float* y = sums.y + row * sums.y_row_stride;
        if (c_.activation.kind != kernels::ActivationKind::kNone) {
          kernels::apply_activation(c_.activation, y, y, band.span);
        }
        store_axis(part, 0, row % part.members, begin, y, y_plane(image, group, row / part.members));
      }
    }
  }

  /// False when the run is to stop.
  bool sum_taps(const kernels::TapSums& sums) const {
    const std::size_t products = sums.taps * sums.rows * kernels::kTapSumSlack;
    const std::size_t step = std::max<std::size_t>(1, kProductsAtOnce / products) * kernels::kTapSumSlack;
    for (std::size_t column = 0; column < sums.columns; column += step) {
      if (control_.abandon_if_stopped()) return false;
      kernels::TapSums piece = sums;
      piece.x += column;
      piece.y += column;
      piece.columns = std::min(step, sums.columns - column);
      kernels::tap_sums(piece);
    }
    return true;
  }

  /// What an axis of X has for one remainder of a band: `count` elements from `from` on, a stride apart, to the
  /// quotients from `to` on.
  struct Copied {
    std::int64_t from = 0, to = 0, count = 0;
  };
  static Copied copied(const ConvolutionPart& part, std::size_t i, std::int64_t band_begin, std::int64_t remainder) {
    const TapAxis& axis = part.grid.axes[i];
    const std::int64_t first = part.band.lowest[i] + (i == part.band.axis ? band_begin * axis.stride : 0) + remainder;
    const std::int64_t begin = first >= 0 ? 0 : (-first + axis.stride - 1) / axis.stride;
    const std::int64_t end = first >= axis.input ? 0 : (axis.input - first + axis.stride - 1) / axis.stride;
    return {first + begin * axis.stride, begin, std::max<std::int64_t>(0, std::min(end, part.band.sizes[i]) - begin)};
  }

  /// The elements of a plane of X that the band from output `begin` on reads. What is none of X stays as it is, zero.
  void copy_to_band(const ConvolutionPart& part, const float* plane, std::int64_t begin, float* to) const {
    copy_axis(part, 0, plane, begin, to);
  }

  /// Axes from `i` on.
  void copy_axis(const ConvolutionPart& part, std::size_t i, const float* from, std::int64_t band_begin,
                 float* to) const {
    const std::vector<TapAxis>& axes = part.grid.axes;
    const TapBand& band = part.band;
    std::int64_t inner = 1;
    for (std::size_t axis = i + 1; axis < axes.size(); ++axis) inner *= axes[axis].input;
    for (std::int64_t remainder = 0; remainder < axes[i].stride; ++remainder) {
      const Copied here = copied(part, i, band_begin, remainder);
      if (here.count == 0) continue;
      float* target = to + remainder * band.remainder_strides[i] + here.to * band.strides[i];
      const float* source = from + here.from * inner;
      if (i + 2 < axes.size()) {
        for (std::int64_t index = 0; index < here.count; ++index) {
          copy_axis(part, i + 1, source + index * axes[i].stride * inner, band_begin, target + index * band.strides[i]);
        }
        continue;
      }
      for (std::int64_t last = 0; last < axes[i + 1].stride; ++last) {
        const Copied row = copied(part, i + 1, band_begin, last);
        if (row.count == 0) continue;
        kernels::copy_rows({source + row.from, static_cast<std::size_t>(axes[i].stride * inner),
                            static_cast<std::size_t>(axes[i + 1].stride),
                            target + last * band.remainder_strides[i + 1] + row.to,
                            static_cast<std::size_t>(band.strides[i]), 1, static_cast<std::size_t>(here.count),
                            static_cast<std::size_t>(row.count)});
      }
    }
  }

  /// The outputs of a member that belong to the band from output `band_begin` on, of axes from `i` on.
  void store_axis(const ConvolutionPart& part, std::size_t i, std::size_t member, std::int64_t band_begin,
                  const float* from, float* to) const {
    const std::vector<TapAxis>& axes = part.grid.axes;
    const auto outputs = [&](std::size_t axis) {
      const std::int64_t all = axes[axis].outputs_of(phase_of(part, member, axis));
      return axis == part.band.axis ? std::clamp<std::int64_t>(all - band_begin, 0, part.band.outputs) : all;
    };
    const auto place = [&](std::size_t axis) {
      const std::int64_t first = axis == part.band.axis ? band_begin : 0;
      return phase_of(part, member, axis).begin + first * axes[axis].y_step;
    };
    std::int64_t inner = 1;
    for (std::size_t axis = i + 1; axis < axes.size(); ++axis) inner *= axes[axis].y_size;
    float* target = to + place(i) * inner;
    const std::int64_t count = outputs(i);
    const std::int64_t stride = part.band.strides[i];
    if (i + 2 < axes.size()) {
      for (std::int64_t index = 0; index < count; ++index) {
        store_axis(part, i + 1, member, band_begin, from + index * stride, target + index * axes[i].y_step * inner);
      }
      return;
    }
    kernels::copy_rows({from, static_cast<std::size_t>(stride), 1, target + place(i + 1),
                        static_cast<std::size_t>(axes[i].y_step * inner), static_cast<std::size_t>(axes[i + 1].y_step),
                        static_cast<std::size_t>(count), static_cast<std::size_t>(outputs(i + 1))});
  }

  RunControl& control_;
  const ConvolutionPlan& plan_;
  const Convolution& c_;
  const float* x_;
  const float* bias_;
  float* y_;
  float* workspace_;
  const float* packed_;
};

void run(const RunArguments& args) {
  const auto& state = *static_cast<const SimdConvolution*>(args.state);
  if (state.plan.convolution.images == 0) return;
  ConvolutionOperands operands = {};
  operands.x = static_cast<const float*>(args.inputs[kConvolutionX]);
  operands.w = args.inputs[kConvolutionW];
  operands.packed = reinterpret_cast<const float*>(state.packed.get());
  operands.bias = state.plan.has_b ? static_cast<const float*>(args.inputs[kConvolutionB]) : nullptr;
  operands.y = static_cast<float*>(args.outputs[0]);
  operands.workspace = static_cast<float*>(args.workspace);
  run_convolution(state.plan, operands, args.control);
}

}  // namespace

void run_convolution(const ConvolutionPlan& plan, const ConvolutionOperands& operands, RunControl& control) {
  Runner(plan, operands, control).run();
}

Implementation simd_convolution() { return {"simd", Backend::kSimd, accepts, prepare, run}; }

}  // namespace linnet::internal
