// LSTM, GRU and RNN by the float32 kernels: W x + b of a block of steps is one product, and what remains for a step is
// R h, added to it in place, and the cell. W and R are packed once where they are constants, else at every run. 16-bit
// elements are widened as they are read, and rounded when Y and the last states are stored.
//
// Both directions go through the steps of X in the order of time or against it; a row that has ended keeps its state,
// so that the reverse direction begins with each row's own last step.
#include <algorithm>
#include <cstring>

#include "ops/kernels/gemm.hpp"
#include "ops/product/matrix_product_packing.hpp"
#include "ops/recurrent/packed_gates.hpp"
#include "ops/shared/element_lines.hpp"

namespace linnet::internal {
namespace {

constexpr double kCellCost = 2.0;  // ns for a unit
/// Of R, which the step before has left in the second-level cache.
constexpr double kStepWeightsPerNanosecond = 35.0;
constexpr double kWidenedPerNanosecond = 4.0;
/// Of W x for the steps of a block: they stay in the second-level cache until their steps come.
constexpr std::size_t kBlockFloats = std::size_t{1} << 16;
/// Rows that are multiplied at once, where there are so many: W is read once for all of them.
constexpr std::size_t kLeastBlockRows = 48;
/// Units that a task of cells has, and rows that it widens.
constexpr std::size_t kTaskUnits = 2048;
constexpr std::size_t kTaskElements = std::size_t{1} << 15;
/// A step from here on is shared by more than two threads, rather than the directions by two.
constexpr double kLongStep = 20000.0;

/// Where a direction that is being computed has its lines in the workspace.
struct Lane {
  std::size_t x = 0;  ///< of a block, widened
  std::size_t gates = 0;
  std::size_t h = 0, c = 0, reset = 0;
};

struct State {
  explicit State(const Recurrence& recurrence) : sizes(recurrence), w(recurrence, kW), r(recurrence, kR) {}

  Recurrence sizes;
  PackedGates w, r;
  std::vector<float> parameters;  ///< empty: made at every run
  std::size_t run_parameters = 0;
  std::array<Lane, 2> lanes;
  std::size_t block_steps = 0;
  bool directions_are_tasks = false;
  bool is_half = false;
};

std::string accepts(const NodeView& node) {
  return node.input_type(kX) == DataType::kFloat64 ? "float64 is computed by the reference" : "";
}

double product_work(const GateMatrix& matrix, std::size_t rows, double weights_per_nanosecond) {
  const double weights = static_cast<double>(matrix.columns) * static_cast<double>(matrix.depth + 1);
  return std::max(weights * static_cast<double>(rows) / kProductsPerNanosecond, weights / weights_per_nanosecond);
}

/// Of a step.
double product_work(const Recurrence& sizes, const GateMatrix& matrix, std::size_t rows) {
  return product_work(matrix, rows, sizes.steps > 1 ? kStepWeightsPerNanosecond : kWeightsPerNanosecond);
}

double cells_work(const Recurrence& sizes) {
  return static_cast<double>(sizes.batch) * static_cast<double>(sizes.hidden) * kCellCost;
}

/// B and P, where a run need not look at them.
void prepare_parameters(const PrepareContext& context, State& state, WorkspaceParts& parts, Prepared& prepared) {
  const std::size_t count = CellParameters<float>::count(state.sizes);
  const std::byte* constants[2] = {};
  std::uint64_t read = 0;
  for (const RecurrentInput input : {kB, kP}) {
    if (!context.has_input(input)) continue;
    const ConstantPtr& constant = context.input_constant(input);
    if (constant == nullptr) {
      state.run_parameters = parts.add(count);
      return;
    }
    constants[input == kP ? 1 : 0] = constant->aligned();
    read |= std::uint64_t{1} << input;
  }
  state.parameters.resize(count);
  fill_parameters(state.sizes, constants[0], constants[1], state.parameters.data());
  prepared.unread_inputs |= read;
}

/// Steps whose W x is computed at once.
std::size_t steps_of_block(const Recurrence& sizes) {
  const double step = static_cast<double>(sizes.batch) * static_cast<double>(sizes.gate_rows());
  const auto cached = static_cast<std::size_t>(static_cast<double>(kBlockFloats) / std::max(step, 1.0));
  const std::size_t least = kLeastBlockRows / std::max<std::size_t>(sizes.batch, 1);
  return std::min(sizes.steps, std::max<std::size_t>({cached, least, 1}));
}

void prepare_lanes(State& state, WorkspaceParts& parts) {
  const Recurrence& sizes = state.sizes;
  const std::size_t rows = state.block_steps * sizes.batch;
  for (std::size_t i = 0; i < (state.directions_are_tasks ? 2 : 1); ++i) {
    Lane& lane = state.lanes[i];
    if (state.is_half) lane.x = parts.add(rows, sizes.inputs);
    lane.gates = parts.add(rows, sizes.gate_rows());
    lane.h = parts.add(sizes.batch, sizes.hidden);
    if (sizes.forms[0].cell == RecurrentCell::kLstm) lane.c = parts.add(sizes.batch, sizes.hidden);
    if (sizes.forms[0].cell == RecurrentCell::kGru) lane.reset = parts.add(sizes.batch, sizes.hidden);
  }
}

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>(recurrence(context));
  const Recurrence& sizes = state->sizes;
  const bool is_gru = sizes.forms[0].cell == RecurrentCell::kGru;
  const auto threads = static_cast<std::size_t>(context.threads());
  state->is_half = sizes.type != DataType::kFloat32;
  state->w.add_matrix(0, sizes.gates, threads);
  state->r.add_matrix(0, is_gru ? 2 : sizes.gates, threads);
  if (is_gru) state->r.add_matrix(2, 1, threads);
  const double step = product_work(sizes, state->r.matrix(0), sizes.batch) + cells_work(sizes);
  state->directions_are_tasks = sizes.directions == 2 && threads > 1 && (threads < 4 || step < kLongStep);
  state->block_steps = steps_of_block(sizes);
  Prepared prepared;
  WorkspaceParts parts(sizeof(float));
  state->w.prepare(context, parts, prepared);
  state->r.prepare(context, parts, prepared);
  prepare_parameters(context, *state, parts, prepared);
  prepare_lanes(*state, parts);
  prepared.workspace_bytes = parts.bytes();
  prepared.state = std::move(state);
  return prepared;
}

/// What a run computes with, whatever the direction.
struct Operands {
  const float* w;
  const float* r;
  const float* parameters;
  const std::int32_t* lengths;  ///< null: all rows have all steps
};

/// One direction of a run. Its loops are shared by the threads, or it is itself a task of one.
class Direction {
 public:
  Direction(const State& state, const RunArguments& args, const Operands& operands, std::size_t direction)
      : state_(state),
        sizes_(state.sizes),
        form_(sizes_.forms[direction]),
        args_(args),
        direction_(direction),
        lengths_(operands.lengths),
        w_(operands.w + direction * state.w.direction_stride()),
        r_(operands.r + direction * state.r.direction_stride()),
        parameters_(CellParameters<float>::at(sizes_, operands.parameters, direction)),
        has_peepholes_(sizes_.has_input(kP)) {
    const Lane& lane = state.lanes[state.directions_are_tasks ? direction : 0];
    auto* const workspace = static_cast<float*>(args.workspace);
    x_ = workspace + lane.x;
    gates_ = workspace + lane.gates;
    h_ = workspace + lane.h;
    c_ = workspace + lane.c;
    reset_ = workspace + lane.reset;
  }

  void run() {
    load_state(kInitialH, h_);
    if (form_.cell == RecurrentCell::kLstm) load_state(kInitialC, c_);
    const bool reverse = sizes_.is_reverse(direction_);
    const std::size_t blocks = sizes_.steps == 0 ? 0 : (sizes_.steps - 1) / state_.block_steps + 1;
    for (std::size_t i = 0; i < blocks; ++i) {
      first_step_ = (reverse ? blocks - 1 - i : i) * state_.block_steps;
      const std::size_t steps = std::min(state_.block_steps, sizes_.steps - first_step_);
      project(steps);
      for (std::size_t k = 0; k < steps; ++k) {
        if (is_stopped()) return;
        step(reverse ? steps - 1 - k : k);
      }
    }
    store_state(kYH, h_);
    if (form_.cell == RecurrentCell::kLstm) store_state(kYC, c_);
  }

 private:
  /// A product with packed gates of W or R, those of the direction.
  struct Product {
    const GateMatrix* matrix = nullptr;
    const float* packed = nullptr;
    const float* a = nullptr;
    std::size_t a_row_stride = 0;
    kernels::GemmEpilogue epilogue;
    float* c = nullptr;
    std::size_t c_row_stride = 0;
  };

  template <typename Body>
  void loop(std::size_t count, double work, const Body& body) const {
    if (!state_.directions_are_tasks) return args_.control.parallel_for(count, work, body);
    for (std::size_t i = 0; i < count && !is_stopped(); ++i) body(i);
  }

  /// Of a task: whether it is to return as it is. Otherwise throws when the run is to stop.
  bool is_stopped() const {
    if (state_.directions_are_tasks) return args_.control.abandon_if_stopped();
    args_.control.check();
    return false;
  }

  /// Of the rows of a slice, those below `rows`.
  static void multiply(const Product& product, const kernels::GemmSlice& slice, std::size_t rows) {
    const std::size_t first = slice.row_begin;
    const std::size_t end = std::min(slice.row_end, rows);
    if (first >= end) return;
    kernels::gemm(end - first, product.matrix->columns, product.matrix->depth, product.a + first * product.a_row_stride,
                  product.a_row_stride, product.packed + product.matrix->begin, product.epilogue.from_row(first),
                  product.c + first * product.c_row_stride, product.c_row_stride, slice.panel_begin, slice.panel_end);
  }

  /// The products of a step, none of which needs another.
  void multiply(const Product* products, std::size_t count, std::size_t rows) const {
    const std::size_t first_slices = products[0].matrix->slices.count();
    std::size_t slices = 0;
    double work = 0;
    for (std::size_t i = 0; i < count; ++i) {
      slices += products[i].matrix->slices.count();
      work += product_work(sizes_, *products[i].matrix, rows);
    }
    loop(slices, work, [=](std::size_t task) {
      const bool first = task < first_slices;
      const Product& product = products[first ? 0 : 1];
      multiply(product, product.matrix->slices.slice(first ? task : task - first_slices), rows);
    });
  }

  /// A product with h or the like that is added to what stands in the gates from `to` on.
  Product product_with_r(const GateMatrix& matrix, const float* a, float* to) const {
    Product product = {&matrix, r_, a, sizes_.hidden, {}, to, gates_row_stride()};
    product.epilogue.addend = to;
    product.epilogue.addend_row_stride = gates_row_stride();
    product.epilogue.addend_column_stride = 1;
    return product;
  }

  /// Among the gates of the block.
  std::size_t block_row(std::size_t step, std::size_t n) const {
    return sizes_.batch_first ? n * state_.block_steps + step : step * sizes_.batch + n;
  }
  float* gates_at(std::size_t step, std::size_t n) const { return gates_ + block_row(step, n) * sizes_.gate_rows(); }
  std::size_t gates_row_stride() const { return (sizes_.batch_first ? state_.block_steps : 1) * sizes_.gate_rows(); }

  /// The gates of the block's first `steps` steps become W x + b.
  void project(std::size_t steps) const {
    // Where the batch is first and X has more steps, a row of the batch is a product of its own.
    const bool is_split = sizes_.batch_first && state_.block_steps < sizes_.steps;
    const std::size_t products = is_split ? sizes_.batch : 1;
    const std::size_t rows = is_split ? steps : steps * sizes_.batch;
    if (state_.is_half) widen_x(products, rows);
    const GateMatrix& matrix = state_.w.matrix(0);
    const kernels::GemmSlices slices =
        kernels::choose_slices(rows, matrix.columns, matrix.depth, static_cast<std::size_t>(args_.control.threads()));
    const double work = product_work(matrix, rows, kWeightsPerNanosecond) * static_cast<double>(products);
    loop(slices.count() * products, work, [&](std::size_t task) {
      const std::size_t n = task / slices.count();
      const auto* const x = static_cast<const float*>(args_.inputs[kX]);
      const float* const from =
          state_.is_half ? x_ + block_row(0, n) * sizes_.inputs : x + sizes_.x_row(first_step_, n) * sizes_.inputs;
      Product product = {&matrix, w_, from, sizes_.inputs, {}, gates_at(0, n), sizes_.gate_rows()};
      product.epilogue.bias = parameters_.bias;
      multiply(product, slices.slice(task % slices.count()), rows);
    });
  }

  void widen_x(std::size_t products, std::size_t rows) const {
    const std::size_t count = rows * sizes_.inputs;
    const std::size_t pieces = (count + kTaskElements - 1) / kTaskElements;
    const double work = static_cast<double>(products * count) / kWidenedPerNanosecond;
    loop(products * pieces, work, [&](std::size_t task) {
      const std::size_t n = task / pieces;
      const std::size_t first = task % pieces * kTaskElements;
      load_line(sizes_.type, args_.inputs[kX], sizes_.x_row(first_step_, n) * sizes_.inputs + first,
                std::min(kTaskElements, count - first), x_ + block_row(0, n) * sizes_.inputs + first);
    });
  }

  /// Calls body(n) for the first `rows` rows of the batch, in tasks.
  template <typename Body>
  void for_rows(std::size_t rows, const Body& body) const {
    const std::size_t chunk = std::max<std::size_t>(1, kTaskUnits / std::max<std::size_t>(1, sizes_.hidden));
    loop((rows + chunk - 1) / chunk, cells_work(sizes_), [&](std::size_t task) {
      for (std::size_t n = task * chunk; n < std::min(rows, (task + 1) * chunk); ++n) body(n);
    });
  }

  CellRow<float> cell_row(std::size_t step, std::size_t n) const {
    const std::size_t first = n * sizes_.hidden;
    return {sizes_.hidden, gates_at(step, n), h_ + first,
            c_ + first,    reset_ + first,    has_peepholes_ ? parameters_.peepholes : nullptr};
  }

  /// One behind the last row of the batch that has not ended.
  std::size_t active_rows(std::size_t t) const {
    std::size_t rows = sizes_.batch;
    while (rows > 0 && has_ended(lengths_, rows - 1, t)) --rows;
    return rows;
  }

  void step(std::size_t step) const {
    const std::size_t rows = active_rows(first_step_ + step);
    if (rows > 0) multiply_step(step, rows);
    for_rows(sizes_.batch, [&](std::size_t n) { finish_row(step, n); });
  }

  /// Adds R h to the gates of these rows.
  void multiply_step(std::size_t step, std::size_t rows) const {
    const std::size_t hidden = sizes_.hidden;
    const bool is_gru = form_.cell == RecurrentCell::kGru;
    const PackedGates& r = state_.r;
    Product products[2] = {product_with_r(r.matrix(0), h_, gates_at(step, 0)), {}};
    if (is_gru && form_.linear_before_reset) {
      products[1] = {&r.matrix(1), r_, h_, hidden, {}, reset_, hidden};
      products[1].epilogue.bias = parameters_.recurrent_bias;
      multiply(products, 2, rows);
    } else {
      multiply(products, 1, rows);
    }
    if (is_gru && !form_.linear_before_reset) {
      for_rows(rows, [&](std::size_t n) { open_reset_gate(form_, cell_row(step, n)); });
      products[0] = product_with_r(r.matrix(1), reset_, gates_at(step, 0) + 2 * hidden);
      multiply(products, 1, rows);
    }
  }

  void finish_row(std::size_t step, std::size_t n) const {
    const std::size_t t = first_step_ + step;
    const std::size_t hidden = sizes_.hidden;
    const std::size_t first = sizes_.y_row(t, direction_, n) * hidden;
    void* const y = sizes_.output(args_, kY);
    if (has_ended(lengths_, n, t)) {
      const std::size_t bytes = size_of(sizes_.type);
      if (y != nullptr) std::memset(static_cast<std::byte*>(y) + first * bytes, 0, hidden * bytes);
      return;
    }
    const CellRow<float> row = cell_row(step, n);
    if (form_.cell == RecurrentCell::kGru && form_.linear_before_reset) open_reset_gate(form_, row);
    finish_cell(form_, row);
    if (y != nullptr) store_line(sizes_.type, row.h, first, hidden, y);
  }

  void load_state(RecurrentInput input, float* to) const {
    const std::size_t hidden = sizes_.hidden;
    const void* const from = sizes_.input(args_, input);
    if (from == nullptr) return std::fill_n(to, sizes_.batch * hidden, 0.0F), void();
    for (std::size_t n = 0; n < sizes_.batch; ++n) {
      load_line(sizes_.type, from, sizes_.state_row(direction_, n) * hidden, hidden, to + n * hidden);
    }
  }

  void store_state(RecurrentOutput output, const float* from) const {
    const std::size_t hidden = sizes_.hidden;
    void* const to = sizes_.output(args_, output);
    for (std::size_t n = 0; to != nullptr && n < sizes_.batch; ++n) {
      store_line(sizes_.type, from + n * hidden, sizes_.state_row(direction_, n) * hidden, hidden, to);
    }
  }

  const State& state_;
  const Recurrence& sizes_;
  const CellForm& form_;
  const RunArguments& args_;
  std::size_t direction_;
  const std::int32_t* lengths_;
  const float* w_;
  const float* r_;
  CellParameters<float> parameters_;
  bool has_peepholes_;
  float* x_;
  float* gates_;
  float* h_;
  float* c_;
  float* reset_;
  std::size_t first_step_ = 0;  ///< of the block
};

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const Recurrence& sizes = state.sizes;
  Operands operands{};
  operands.lengths = checked_lengths(sizes, args);
  if (sizes.batch == 0) return;
  operands.w = state.w.packed(args);
  operands.r = state.r.packed(args);
  operands.parameters = state.parameters.data();
  if (state.parameters.empty()) {
    float* const parameters = static_cast<float*>(args.workspace) + state.run_parameters;
    fill_parameters(sizes, sizes.input(args, kB), sizes.input(args, kP), parameters);
    operands.parameters = parameters;
  }
  const auto run_direction = [&](std::size_t direction) { Direction(state, args, operands, direction).run(); };
  if (state.directions_are_tasks) {
    return args.control.parallel_for(sizes.directions, sizes.products() / kProductsPerNanosecond, run_direction);
  }
  for (std::size_t direction = 0; direction < sizes.directions; ++direction) run_direction(direction);
}

}  // namespace

Implementation simd_recurrence() { return {"simd", Backend::kSimd, accepts, prepare, run}; }

}  // namespace linnet::internal
