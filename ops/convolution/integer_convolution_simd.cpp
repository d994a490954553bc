// Convolutions of 8-bit integers as products, by ops/kernels/gemm_int8.hpp: Y [channels, outputs] = W [channels, depth]
// X [depth, outputs], where depth runs over a group's channels and the kernel's taps in W's order.
//
// X is copied with its padding first. Elements of an axis whose places have the same remainder by the stride lie next
// to each other, so that under every tap consecutive outputs meet consecutive elements: row k of X begins a fixed
// distance behind the copy's first element. Between the last output of a row and the first of the next are some that
// are none (all rows of the copy are as long as those that taps shift to), and are left behind.
#include <algorithm>
#include <cstring>
#include <optional>

#include "ops/convolution/integer_convolution.hpp"
#include "ops/kernels/gemm_int8.hpp"
#include "ops/shared/workspace_layout.hpp"

namespace linnet::internal {
namespace {

constexpr double kProductsPerNanosecond = 150.0;
constexpr double kCopiedPerNanosecond = 4.0;
/// Of X gathered for a task: within the second-level cache.
constexpr std::size_t kBlockBytes = std::size_t{192} << 10;
/// Weights of a task before a stop is looked at matter less than this: 0.3 ms at most.
constexpr std::size_t kMostTaskProducts = std::size_t{1} << 25;
constexpr std::size_t kLeastTaskRows = 12;
constexpr std::size_t kSlack = 64;  ///< bytes behind the copy that gathering may read

constexpr std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

/// One axis of the copy.
struct CopiedAxis {
  WindowAxis window;
  std::size_t remainders = 1;  ///< of places by the stride, as far as taps meet them
  std::size_t places = 1;      ///< for each of these
};

struct State {
  IntegerConvolution node;
  CopiedAxis rows, columns;
  std::size_t plane_bytes = 0;  ///< of the copy of one channel
  std::vector<std::ptrdiff_t> offsets;
  std::size_t depth = 0, outputs = 0;  ///< with those between rows
  std::size_t block = 0, blocks = 1;   ///< outputs of a task
  std::size_t task_rows = 0, row_tasks = 1;
  std::shared_ptr<const std::byte> packed;  ///< W as rows of A, and their sums; null where every run makes them
  std::size_t sums_begin = 0, packed_bytes = 0;
  bool has_w_zero = false;  ///< some may not be 0
  /// What the epilogue has for each output channel, the starts of sums first; null where every run makes it.
  std::shared_ptr<const std::byte> lists;
  std::size_t zero_at = 0, scale_at = 0, bias_at = 0, list_bytes = 0;  ///< in it
  // In the workspace:
  std::size_t copy_at = 0, packed_at = 0, lists_at = 0, workers_at = 0;
  // Of a worker:
  std::size_t worker_bytes = 0, column_sums_at = 0, ones_at = 0, result_at = 0;

  std::size_t channels() const {
    return static_cast<std::size_t>(node.convolution.groups * node.convolution.y_channels);
  }
  bool joins_rows() const { return columns.places == static_cast<std::size_t>(columns.window.output); }
};

CopiedAxis copied_axis(const WindowAxis& window) {
  CopiedAxis axis;
  axis.window = window;
  const auto last = static_cast<std::size_t>((window.kernel - 1) * window.dilation);
  const auto stride = static_cast<std::size_t>(window.stride);
  axis.remainders = std::min(stride, last + 1);
  axis.places = static_cast<std::size_t>(window.output) + last / stride;
  return axis;
}

std::string accepts(const NodeView& node) {
  const Convolution c = integer_convolution(node).convolution;
  if (c.axes.size() > 2) return "it has more than two spatial axes";
  if (c.images == 0) return "";
  if (c.x_channels == 0) return "X has no channels";
  double plane = 1;
  for (const WindowAxis& window : c.axes) {
    const CopiedAxis axis = copied_axis(window);
    plane *= static_cast<double>(axis.remainders) * static_cast<double>(axis.places);
  }
  const bool is_large = plane > 0x1p16 + 8.0 * static_cast<double>(c.x_plane + c.y_plane);
  return is_large ? "X with its padding is far larger than X and Y" : "";
}

void set_offsets(State& state) {
  const Convolution& c = state.node.convolution;
  const auto place = [](const CopiedAxis& axis, std::int64_t tap) {
    const std::int64_t at = tap * axis.window.dilation;
    return std::pair<std::int64_t, std::int64_t>(at % axis.window.stride, at / axis.window.stride);
  };
  const auto width = static_cast<std::int64_t>(state.columns.places);
  const auto height = static_cast<std::int64_t>(state.rows.places);
  state.offsets.reserve(state.depth);
  for (std::int64_t channel = 0; channel < c.x_channels; ++channel) {
    for (std::int64_t i = 0; i < state.rows.window.kernel; ++i) {
      for (std::int64_t j = 0; j < state.columns.window.kernel; ++j) {
        const auto [row_rest, row] = place(state.rows, i);
        const auto [column_rest, column] = place(state.columns, j);
        const std::int64_t plane = row_rest * static_cast<std::int64_t>(state.columns.remainders) + column_rest;
        state.offsets.push_back(channel * static_cast<std::int64_t>(state.plane_bytes) +
                                (plane * height + row) * width + column);
      }
    }
  }
}

/// Blocks of outputs that fit a cache and threads, then rows, where there are too few of those.
void choose_tasks(State& state, std::size_t threads) {
  const Convolution& c = state.node.convolution;
  const std::size_t depth_bytes = kernels::quad_count(state.depth) * 4;
  const auto rows = static_cast<std::size_t>(c.y_channels);
  const auto units = static_cast<std::size_t>(c.images * c.groups);
  const std::size_t panels = kernels::panel_count(state.outputs);
  const std::size_t most =
      std::min(kBlockBytes / (depth_bytes * kernels::kPanelColumns),
               kMostTaskProducts / (depth_bytes * kernels::kPanelColumns * std::min<std::size_t>(rows, 256)));
  const std::size_t wanted = threads == 1 ? 1 : divide_up(4 * threads, units);
  const std::size_t blocks = std::min(panels, std::max(divide_up(panels, std::max<std::size_t>(1, most)), wanted));
  const std::size_t block_panels = divide_up(panels, blocks);
  state.block = block_panels * kernels::kPanelColumns;
  state.blocks = divide_up(panels, block_panels);
  const std::size_t splits = std::min(divide_up(wanted, state.blocks), std::max<std::size_t>(1, rows / kLeastTaskRows));
  state.task_rows = divide_up(divide_up(rows, splits), kLeastTaskRows) * kLeastTaskRows;
  state.row_tasks = divide_up(rows, state.task_rows);
}

void pack_weights(const State& state, const std::byte* w, std::byte* packed) {
  const std::uint8_t flip = state.node.w == DataType::kUint8 ? kernels::kInt8Flip : 0;
  kernels::copy_int8_rows(w, state.depth, state.channels(), state.depth, flip, reinterpret_cast<std::int8_t*>(packed),
                          reinterpret_cast<std::int32_t*>(packed + state.sums_begin));
}

/// Whether zero points of W, as of int8, are not known to be all 0.
bool has_w_zero(const NodeView& node, const IntegerConvolution& of) {
  const bool flips = of.w == DataType::kUint8;
  if (!of.has(of.inputs.w_zero)) return flips;
  const ConstantPtr& zeros = node.input_constant(of.inputs.w_zero);
  if (zeros == nullptr) return true;
  const auto none = static_cast<std::byte>(flips ? kernels::kInt8Flip : 0);
  return std::any_of(zeros->data, zeros->data + zeros->bytes, [&](std::byte zero) { return zero != none; });
}

/// Fills in what the epilogue has for each output channel. `packed`: as State's.
void fill_lists(const State& state, const void* const* inputs, const std::byte* packed, std::byte* lists) {
  const IntegerConvolution& node = state.node;
  const auto* const sums = reinterpret_cast<const std::int32_t*>(packed + state.sums_begin);
  auto* const starts = reinterpret_cast<std::int32_t*>(lists);
  auto* const zeros = reinterpret_cast<std::int32_t*>(lists + state.zero_at);
  auto* const scales = reinterpret_cast<float*>(lists + state.scale_at);
  auto* const biases = reinterpret_cast<float*>(lists + state.bias_at);
  const std::int32_t flip_w = node.w == DataType::kUint8 ? 128 : 0;
  const std::int32_t flip_x = node.x == DataType::kInt8 ? 128 : 0;
  const auto x_zero = static_cast<std::int32_t>(node.element(inputs, node.inputs.x_zero, 0)) + flip_x;
  for (std::size_t i = 0; i < state.channels(); ++i) {
    zeros[i] = static_cast<std::int32_t>(node.element(inputs, node.inputs.w_zero, i)) - flip_w;
    // Modulo 2^32.
    const std::uint32_t rest = static_cast<std::uint32_t>(sums[i]) -
                               static_cast<std::uint32_t>(state.depth) * static_cast<std::uint32_t>(zeros[i]);
    std::uint32_t start = 0U - rest * static_cast<std::uint32_t>(x_zero);
    if (node.has(node.inputs.bias) && !node.has_float_bias()) {
      start += static_cast<std::uint32_t>(static_cast<std::int32_t>(node.element(inputs, node.inputs.bias, i)));
    }
    starts[i] = static_cast<std::int32_t>(start);
    if (node.y == DataType::kInt32) continue;
    scales[i] = node.scale(inputs, i);
    if (node.has_float_bias()) biases[i] = node.bias(inputs, i);
  }
}

/// Places the lists, and fills them in where all that they are made of is constant.
void prepare_lists(const PrepareContext& context, State& state) {
  WorkspaceLayout lists;
  lists.add(state.channels() * sizeof(std::int32_t));
  state.zero_at = lists.add(state.channels() * sizeof(std::int32_t));
  state.scale_at = lists.add(state.channels() * sizeof(float));
  state.bias_at = lists.add(state.channels() * sizeof(float));
  state.list_bytes = lists.bytes();
  if (state.packed == nullptr) return;
  const std::optional<IntegerOperands> operands = constant_operands(context, state.node.inputs.x, state.node.inputs.w);
  if (!operands) return;
  const std::shared_ptr<std::byte> memory = allocate_aligned(state.list_bytes);
  fill_lists(state, operands->data(), state.packed.get(), memory.get());
  state.lists = memory;
}

void place_workspace(State& state, std::size_t threads, Prepared& prepared) {
  const Convolution& c = state.node.convolution;
  WorkspaceLayout workspace;
  const auto x_planes = checked_product(c.images * c.groups, c.x_channels);
  const auto copied = x_planes ? checked_product(*x_planes, static_cast<std::int64_t>(state.plane_bytes)) : x_planes;
  if (!copied) fail(ErrorCode::kLimitExceeded, "X needs more bytes with its padding than 64 bits can count");
  state.copy_at = workspace.add(static_cast<std::size_t>(*copied) + kSlack);
  if (state.packed == nullptr) state.packed_at = workspace.add(state.packed_bytes);
  if (state.lists == nullptr) state.lists_at = workspace.add(state.list_bytes);
  state.workers_at = workspace.bytes();
  WorkspaceLayout worker;
  worker.add(kernels::packed_int8_bytes(state.depth, state.block));
  if (state.has_w_zero) {
    state.column_sums_at = worker.add(state.block * sizeof(std::int32_t));
    state.ones_at = worker.add(kernels::quad_count(state.depth) * 4);
  }
  if (!state.joins_rows()) state.result_at = worker.add(state.task_rows * state.block * size_of(state.node.y));
  state.worker_bytes = worker.bytes();
  for (std::size_t i = 0; i < threads; ++i) workspace.add(state.worker_bytes);
  prepared.workspace_bytes = workspace.bytes();
}

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->node = integer_convolution(context);
  const Convolution& c = state->node.convolution;
  Prepared prepared;
  if (c.images == 0) {
    prepared.state = std::move(state);
    return prepared;
  }
  state->rows = copied_axis(c.axes[0]);
  state->columns = copied_axis(c.axes[1]);
  state->plane_bytes = state->rows.remainders * state->rows.places * state->columns.remainders * state->columns.places;
  state->depth = static_cast<std::size_t>(c.x_channels * c.taps);
  const auto width = state->columns.places;
  state->outputs =
      (static_cast<std::size_t>(c.axes[0].output) - 1) * width + static_cast<std::size_t>(c.axes[1].output);
  set_offsets(*state);
  choose_tasks(*state, static_cast<std::size_t>(context.threads()));
  WorkspaceLayout packed;
  packed.add(state->channels() * kernels::quad_count(state->depth) * 4);
  state->sums_begin = packed.bytes();
  packed.add(state->channels() * sizeof(std::int32_t));
  state->packed_bytes = packed.bytes();
  state->has_w_zero = has_w_zero(context, state->node);
  const std::size_t w_input = state->node.inputs.w;
  if (const ConstantPtr& w = context.input_constant(w_input); w != nullptr) {
    state->packed = context.weights().get(w, "int8 convolution", state->packed_bytes,
                                          [&](std::byte* memory) { pack_weights(*state, w->data, memory); });
    prepared.unread_inputs = std::uint64_t{1} << w_input;
  }
  prepare_lists(context, *state);
  place_workspace(*state, static_cast<std::size_t>(context.threads()), prepared);
  prepared.state = std::move(state);
  return prepared;
}

/// One run.
class Runner {
 public:
  explicit Runner(const RunArguments& args)
      : args_(args),
        state_(*static_cast<const State*>(args.state)),
        node_(state_.node),
        c_(node_.convolution),
        workspace_(static_cast<std::byte*>(args.workspace)),
        packed_(state_.packed.get()),
        lists_(state_.lists.get()) {}

  void run() {
    if (packed_ == nullptr) {
      std::byte* const packed = workspace_ + state_.packed_at;
      pack_weights(state_, static_cast<const std::byte*>(args_.inputs[node_.inputs.w]), packed);
      packed_ = packed;
    }
    if (lists_ == nullptr) {
      std::byte* const lists = workspace_ + state_.lists_at;
      fill_lists(state_, args_.inputs, packed_, lists);
      lists_ = lists;
    }
    const auto planes = static_cast<std::size_t>(c_.images * c_.groups * c_.x_channels);
    const double copied = static_cast<double>(planes) * static_cast<double>(state_.plane_bytes) / kCopiedPerNanosecond;
    args_.control.parallel_for(planes, copied, [&](std::size_t plane) { copy_plane(plane); });
    const auto units = static_cast<std::size_t>(c_.images * c_.groups);
    const double work = static_cast<double>(units) * static_cast<double>(state_.outputs * state_.depth) *
                        static_cast<double>(c_.y_channels + 4) / kProductsPerNanosecond;
    args_.control.parallel_for(units * state_.blocks * state_.row_tasks, work,
                               [&](std::size_t task, std::size_t worker) { multiply(task, worker); });
  }

 private:
  std::uint8_t* copies() const { return reinterpret_cast<std::uint8_t*>(workspace_ + state_.copy_at); }

  template <typename T>
  const T* list(std::size_t at) const {
    return reinterpret_cast<const T*>(lists_ + at);
  }

  /// The places of a row of the copy that have elements of X: the first of them is element `from`.
  struct CopiedRow {
    std::size_t begin = 0, end = 0;
    std::int64_t from = 0;
  };
  static CopiedRow copied_row(const CopiedAxis& axis, std::size_t remainder) {
    const WindowAxis& window = axis.window;
    const std::int64_t first = static_cast<std::int64_t>(remainder) - window.pad_begin;
    const auto [begin, end] =
        indices_inside(first, window.stride, window.input, static_cast<std::int64_t>(axis.places));
    return {static_cast<std::size_t>(begin), static_cast<std::size_t>(end), first + begin * window.stride};
  }

  void copy_plane(std::size_t plane) {
    if (args_.control.abandon_if_stopped()) return;
    const auto* const x =
        static_cast<const std::uint8_t*>(args_.inputs[node_.inputs.x]) + plane * static_cast<std::size_t>(c_.x_plane);
    std::uint8_t* to = copies() + plane * state_.plane_bytes;
    const auto zero =
        static_cast<std::uint8_t>(static_cast<std::int32_t>(node_.element(args_.inputs, node_.inputs.x_zero, 0)));
    std::memset(to, zero, state_.plane_bytes);
    const std::size_t width = state_.columns.places;
    const std::int64_t x_width = state_.columns.window.input;
    const auto step = static_cast<std::size_t>(state_.columns.window.stride);
    for (std::size_t row_rest = 0; row_rest < state_.rows.remainders; ++row_rest) {
      const CopiedRow rows = copied_row(state_.rows, row_rest);
      for (std::size_t rest = 0; rest < state_.columns.remainders; ++rest, to += state_.rows.places * width) {
        const CopiedRow columns = copied_row(state_.columns, rest);
        const std::size_t count = columns.end - columns.begin;
        const std::uint8_t* from = x + rows.from * x_width + columns.from;
        for (std::size_t row = rows.begin; row < rows.end; ++row, from += state_.rows.window.stride * x_width) {
          std::uint8_t* const copy = to + row * width + columns.begin;
          if (step == 1) {
            std::memcpy(copy, from, count);
          } else {
            for (std::size_t i = 0; i < count; ++i) copy[i] = from[i * step];
          }
        }
      }
    }
  }

  kernels::Int8Epilogue epilogue(std::size_t channel, const std::int32_t* column_sums) const {
    kernels::Int8Epilogue epilogue;
    epilogue.row_start = list<std::int32_t>(0);
    if (column_sums != nullptr) {
      epilogue.a_zero = list<std::int32_t>(state_.zero_at);
      epilogue.column_sums = column_sums;
    }
    epilogue.result = int8_result(node_.y);
    if (node_.y != DataType::kInt32) {
      epilogue.row_scale = list<float>(state_.scale_at);
      if (node_.has_float_bias()) epilogue.row_bias = list<float>(state_.bias_at);
      const ResultBounds bounds = node_.bounds(args_.inputs);
      epilogue.low = bounds.low;
      epilogue.high = bounds.high;
      epilogue.zero = static_cast<std::int32_t>(node_.element(args_.inputs, node_.inputs.y_zero, 0));
    }
    return epilogue.from_row(channel);
  }

  void multiply(std::size_t task, std::size_t worker) {
    if (args_.control.abandon_if_stopped()) return;
    const std::size_t row = task % state_.row_tasks * state_.task_rows;
    const std::size_t first = task / state_.row_tasks % state_.blocks * state_.block;
    const std::size_t unit = task / state_.row_tasks / state_.blocks;
    const auto group = unit % static_cast<std::size_t>(c_.groups);
    const auto rows = static_cast<std::size_t>(c_.y_channels);
    std::byte* const memory = workspace_ + state_.workers_at + worker * state_.worker_bytes;
    const std::size_t quads = kernels::quad_count(state_.depth);
    kernels::Int8Product product;
    product.n = std::min(state_.block, state_.outputs - first);
    product.k = state_.depth;
    product.packed_b = reinterpret_cast<const std::uint8_t*>(memory);
    product.panel_end = kernels::panel_count(product.n);
    const auto planes = static_cast<std::size_t>(c_.x_channels) * state_.plane_bytes;
    const std::size_t gathered = divide_up(product.n, kernels::kColumnUnit) * kernels::kColumnUnit;
    kernels::gather_int8(copies() + unit * planes + first, state_.offsets.data(), state_.depth, gathered,
                         node_.x == DataType::kInt8 ? kernels::kInt8Flip : 0, reinterpret_cast<std::uint8_t*>(memory));
    std::int32_t* column_sums = nullptr;
    if (state_.has_w_zero) {
      column_sums = reinterpret_cast<std::int32_t*>(memory + state_.column_sums_at);
      std::memset(memory + state_.ones_at, 1, quads * 4);
      product.m = 1;
      product.a = reinterpret_cast<const std::int8_t*>(memory + state_.ones_at);
      product.c = column_sums;
      kernels::gemm_int8(product);
    }
    const std::size_t channel = group * rows + row;
    product.m = std::min(state_.task_rows, rows - row);
    product.a = reinterpret_cast<const std::int8_t*>(packed_) + channel * quads * 4;
    product.epilogue = epilogue(channel, column_sums);
    const std::size_t element = size_of(node_.y);
    const auto y_plane = static_cast<std::size_t>(c_.y_plane);
    std::byte* const y = static_cast<std::byte*>(args_.outputs[0]) + (unit * rows + row) * y_plane * element;
    const bool joins = state_.joins_rows();
    product.c = joins ? y + first * element : memory + state_.result_at;
    product.c_row_stride = joins ? y_plane : product.n;
    kernels::gemm_int8(product);
    if (joins) return;
    for (std::size_t i = 0; i < product.m; ++i) {
      store_row(memory + state_.result_at + i * product.n * element, first, product.n, y + i * y_plane * element);
    }
  }

  /// The outputs among columns [first, first + count) of the product.
  void store_row(const std::byte* from, std::size_t first, std::size_t count, std::byte* y) const {
    const std::size_t element = size_of(node_.y);
    const std::size_t width = state_.columns.places;
    const auto outputs = static_cast<std::size_t>(state_.columns.window.output);
    std::size_t row = first / width;
    std::size_t column = first % width;
    for (std::size_t i = 0; i < count; ++row, column = 0) {
      const std::size_t end = std::min(count - i, width - column);  // of this row
      if (column < outputs) {
        const std::size_t size = std::min(end, outputs - column);
        std::memcpy(y + (row * outputs + column) * element, from + i * element, size * element);
      }
      i += end;
    }
  }

  const RunArguments& args_;
  const State& state_;
  const IntegerConvolution& node_;
  const Convolution& c_;
  std::byte* workspace_;
  const std::byte* packed_;
  const std::byte* lists_;
};

void run(const RunArguments& args) {
  if (static_cast<const State*>(args.state)->node.convolution.images != 0) Runner(args).run();
}

}  // namespace

Implementation simd_integer_convolution() { return {"simd", Backend::kSimd, accepts, prepare, run}; }

}  // namespace linnet::internal
