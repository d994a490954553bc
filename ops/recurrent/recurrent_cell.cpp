#include "ops/recurrent/recurrent_cell.hpp"

#include <algorithm>

namespace linnet::internal {
namespace {

using kernels::ActivationKind;

void activate(const CellForm& form, std::size_t index, double* line, std::size_t count) {
  const kernels::Activation clip = {ActivationKind::kClip, -form.clip, form.clip};
  for (std::size_t i = 0; i < count; ++i) {
    const double x = form.clip > 0 ? kernels::activation_reference(clip, line[i]) : line[i];
    line[i] = cell_activation(form.activations[index], x);
  }
}

void activate(const CellForm& form, std::size_t index, float* line, std::size_t count) {
  const CellActivation& activation = form.activations[index];
  if (form.clip > 0) kernels::apply_activation({ActivationKind::kClip, -form.clip, form.clip}, line, line, count);
  if (activation.function == CellFunction::kKernel) {
    return kernels::apply_activation(activation.parameters, line, line, count);
  }
  for (std::size_t i = 0; i < count; ++i) line[i] = static_cast<float>(cell_activation(activation, line[i]));
}

/// line[i] += weights[i] * state[i]
template <typename T>
void add_peephole(const T* weights, const T* state, std::size_t count, T* line) {
  for (std::size_t i = 0; i < count; ++i) line[i] += weights[i] * state[i];
}

template <typename T>
void finish_rnn(const CellForm& form, const CellRow<T>& row) {
  activate(form, 0, row.gates, row.hidden);
  std::copy_n(row.gates, row.hidden, row.h);
}

template <typename T>
void finish_gru(const CellForm& form, const CellRow<T>& row) {
  const std::size_t hidden = row.hidden;
  const T* const z = row.gates;
  T* const candidate = row.gates + 2 * hidden;
  if (form.linear_before_reset) {
    for (std::size_t i = 0; i < hidden; ++i) candidate[i] += row.reset[i];
  }
  activate(form, 1, candidate, hidden);
  for (std::size_t i = 0; i < hidden; ++i) row.h[i] = (1 - z[i]) * candidate[i] + z[i] * row.h[i];
}

template <typename T>
void finish_lstm(const CellForm& form, const CellRow<T>& row) {
  const std::size_t hidden = row.hidden;
  T* const i = row.gates;
  T* const o = row.gates + hidden;
  T* const f = row.gates + 2 * hidden;
  T* const g = row.gates + 3 * hidden;
  if (row.peepholes == nullptr && !form.input_forget) {
    activate(form, 0, i, 3 * hidden);
  } else {
    if (row.peepholes != nullptr) add_peephole(row.peepholes, row.c, hidden, i);
    activate(form, 0, i, hidden);
    if (form.input_forget) {
      for (std::size_t k = 0; k < hidden; ++k) f[k] = 1 - i[k];
    } else {
      add_peephole(row.peepholes + 2 * hidden, row.c, hidden, f);
      activate(form, 0, f, hidden);
    }
  }
  activate(form, 1, g, hidden);
  for (std::size_t k = 0; k < hidden; ++k) {
    row.c[k] = f[k] * row.c[k] + i[k] * g[k];
    g[k] = row.c[k];
  }
  if (row.peepholes != nullptr) add_peephole(row.peepholes + hidden, row.c, hidden, o);
  if (row.peepholes != nullptr || form.input_forget) activate(form, 0, o, hidden);
  activate(form, 2, g, hidden);
  for (std::size_t k = 0; k < hidden; ++k) row.h[k] = o[k] * g[k];
}

}  // namespace

template <typename T>
void open_reset_gate(const CellForm& form, const CellRow<T>& row) {
  activate(form, 0, row.gates, 2 * row.hidden);
  const T* const r = row.gates + row.hidden;
  const T* const from = form.linear_before_reset ? row.reset : row.h;
  for (std::size_t i = 0; i < row.hidden; ++i) row.reset[i] = r[i] * from[i];
}

template <typename T>
void finish_cell(const CellForm& form, const CellRow<T>& row) {
  switch (form.cell) {
    case RecurrentCell::kRnn:
      return finish_rnn(form, row);
    case RecurrentCell::kGru:
      return finish_gru(form, row);
    case RecurrentCell::kLstm:
      return finish_lstm(form, row);
  }
}

template void open_reset_gate(const CellForm&, const CellRow<float>&);
template void open_reset_gate(const CellForm&, const CellRow<double>&);
template void finish_cell(const CellForm&, const CellRow<float>&);
template void finish_cell(const CellForm&, const CellRow<double>&);

}  // namespace linnet::internal
