// The cells of LSTM, GRU and RNN. A cell works on one row of a batch, with the matrix products done.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "ops/recurrent/recurrent_activation.hpp"

namespace linnet::internal {

enum class RecurrentCell : std::uint8_t { kRnn, kGru, kLstm };

/// What a direction computes its cells with.
struct CellForm {
  RecurrentCell cell = RecurrentCell::kRnn;
  std::array<CellActivation, 3> activations;  ///< f, g, h, as far as the cell has them
  float clip = 0.0F;                          ///< inputs of activations are cut to [-clip, clip]; 0: they are not
  bool input_forget = false;                  ///< LSTM: f = 1 - i
  bool linear_before_reset = false;           ///< GRU
};

/// A row of a batch at one step: lines of `hidden` elements. T is float or double.
template <typename T>
struct CellRow {
  std::size_t hidden;
  T* gates;            ///< inputs of the gates' activations, in the order of W; overwritten
  T* h;                ///< the state; becomes the new one
  T* c;                ///< likewise; LSTM
  T* reset;            ///< GRU: see open_reset_gate
  const T* peepholes;  ///< LSTM: of i, o and f; may be null
};

/// The first half of a GRU: z = f(gates z) and r = f(gates r). `reset` becomes r * h, which R is then multiplied with.
/// With linear_before_reset it becomes r * reset, and holds h R + Rb before.
template <typename T>
void open_reset_gate(const CellForm& form, const CellRow<T>& row);

/// The new state. Of a GRU, after open_reset_gate: the last of the gates holds all that its activation is applied to,
/// but for `reset` with linear_before_reset.
template <typename T>
void finish_cell(const CellForm& form, const CellRow<T>& row);

extern template void open_reset_gate(const CellForm&, const CellRow<float>&);
extern template void open_reset_gate(const CellForm&, const CellRow<double>&);
extern template void finish_cell(const CellForm&, const CellRow<float>&);
extern template void finish_cell(const CellForm&, const CellRow<double>&);

}  // namespace linnet::internal
