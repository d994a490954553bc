// The reference: every row of the batch and direction by itself, in double, with weights widened as they are read.
#include <algorithm>

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/recurrent/recurrent.hpp"
#include "ops/shared/element_lines.hpp"

namespace linnet::internal {
namespace {

constexpr double kProductCost = 2.0;  // ns

struct State {
  Recurrence recurrence;
  /// Of the workspace: parameters, then for each worker the lines of a row.
  std::size_t parameters = 0, lines = 0, lines_of_worker = 0;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  const Recurrence& sizes = state->recurrence = recurrence(context);
  WorkspaceParts lines(sizeof(double));
  lines.add(sizes.inputs);
  lines.add(sizes.gates + 3, sizes.hidden);
  state->lines_of_worker = lines.elements();
  WorkspaceParts parts(sizeof(double));
  state->parameters = parts.add(CellParameters<double>::count(sizes));
  state->lines = parts.add(state->lines_of_worker, static_cast<std::size_t>(context.threads()));
  Prepared prepared;
  prepared.workspace_bytes = parts.bytes();
  prepared.state = std::move(state);
  return prepared;
}

/// A row of the batch in one direction.
class Row {
 public:
  Row(const State& state, const RunArguments& args, std::size_t direction, std::size_t n, std::size_t worker)
      : sizes_(state.recurrence),
        form_(sizes_.forms[direction]),
        args_(args),
        direction_(direction),
        n_(n),
        parameters_(CellParameters<double>::at(sizes_, static_cast<const double*>(args.workspace) + state.parameters,
                                               direction)),
        x_(static_cast<double*>(args.workspace) + state.lines + worker * state.lines_of_worker) {
    double* const gates = x_ + sizes_.inputs;
    double* const h = gates + sizes_.gate_rows();
    row_ = {sizes_.hidden,
            gates,
            h,
            h + sizes_.hidden,
            h + 2 * sizes_.hidden,
            sizes_.has_input(kP) ? parameters_.peepholes : nullptr};
  }

  void run(const std::int32_t* lengths) {
    const std::size_t hidden = sizes_.hidden;
    load_state(kInitialH, row_.h);
    load_state(kInitialC, row_.c);
    void* const y = sizes_.output(args_, kY);
    for (std::size_t i = 0; i < sizes_.steps; ++i) {
      if (args_.control.abandon_if_stopped()) return;
      const std::size_t t = sizes_.is_reverse(direction_) ? sizes_.steps - 1 - i : i;
      const bool ended = has_ended(lengths, n_, t);
      if (!ended) step(t);
      if (y == nullptr) continue;
      if (ended) std::fill_n(row_.gates, hidden, 0.0);
      store_line(sizes_.type, ended ? row_.gates : row_.h, sizes_.y_row(t, direction_, n_) * hidden, hidden, y);
    }
    store_state(kYH, row_.h);
    store_state(kYC, row_.c);
  }

 private:
  /// Adds, to `to`, the product of x and the gates [first, first + count) of W or R.
  void add_product(RecurrentInput input, std::size_t depth, std::size_t first, std::size_t count, const double* x,
                   double* to) const {
    const std::size_t first_row = direction_ * sizes_.gate_rows() + first * sizes_.hidden;
    double line[kLinedUp];
    for (std::size_t row = 0; row < count * sizes_.hidden; ++row) {
      for (std::size_t k = 0; k < depth; k += kLinedUp) {
        const std::size_t size = std::min(kLinedUp, depth - k);
        load_line(sizes_.type, args_.inputs[input], (first_row + row) * depth + k, size, line);
        for (std::size_t i = 0; i < size; ++i) to[row] += line[i] * x[k + i];
      }
    }
  }

  void step(std::size_t t) const {
    const std::size_t hidden = sizes_.hidden;
    load_line(sizes_.type, args_.inputs[kX], sizes_.x_row(t, n_) * sizes_.inputs, sizes_.inputs, x_);
    std::copy_n(parameters_.bias, sizes_.gate_rows(), row_.gates);
    add_product(kW, sizes_.inputs, 0, sizes_.gates, x_, row_.gates);
    if (form_.cell == RecurrentCell::kGru) {
      add_product(kR, hidden, 0, 2, row_.h, row_.gates);
      if (form_.linear_before_reset) {
        std::copy_n(parameters_.recurrent_bias, hidden, row_.reset);
        add_product(kR, hidden, 2, 1, row_.h, row_.reset);
      }
      open_reset_gate(form_, row_);
      if (!form_.linear_before_reset) add_product(kR, hidden, 2, 1, row_.reset, row_.gates + 2 * hidden);
    } else {
      add_product(kR, hidden, 0, sizes_.gates, row_.h, row_.gates);
    }
    finish_cell(form_, row_);
  }

  void load_state(RecurrentInput input, double* line) const {
    const void* const from = sizes_.input(args_, input);
    if (from == nullptr) {
      std::fill_n(line, sizes_.hidden, 0.0);
    } else {
      load_line(sizes_.type, from, sizes_.state_row(direction_, n_) * sizes_.hidden, sizes_.hidden, line);
    }
  }

  void store_state(RecurrentOutput output, const double* line) const {
    void* const to = sizes_.output(args_, output);
    if (to == nullptr) return;
    store_line(sizes_.type, line, sizes_.state_row(direction_, n_) * sizes_.hidden, sizes_.hidden, to);
  }

  const Recurrence& sizes_;
  const CellForm& form_;
  const RunArguments& args_;
  std::size_t direction_;
  std::size_t n_;
  CellParameters<double> parameters_;
  double* x_;
  CellRow<double> row_{};
};

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const Recurrence& sizes = state.recurrence;
  const std::int32_t* const lengths = checked_lengths(sizes, args);
  fill_parameters(sizes, sizes.input(args, kB), sizes.input(args, kP),
                  static_cast<double*>(args.workspace) + state.parameters);
  args.control.parallel_for(sizes.directions * sizes.batch, sizes.products() * kProductCost,
                            [&](std::size_t task, std::size_t worker) {
                              Row(state, args, task / sizes.batch, task % sizes.batch, worker).run(lengths);
                            });
}

}  // namespace

Implementation reference_recurrence() { return {"reference", Backend::kReference, nullptr, prepare, run}; }

}  // namespace linnet::internal
