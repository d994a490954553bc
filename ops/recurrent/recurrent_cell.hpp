// The cells of LSTM, GRU and RNN, and the activations that a model may choose for them. A cell works on one row of a
// batch, with the matrix products done.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ops/kernels/activation.hpp"

namespace linnet::internal {

enum class RecurrentCell : std::uint8_t { kRnn, kGru, kLstm };

/// Those that no kernel computes, and the others.
enum class CellFunction : std::uint8_t {
  kKernel,           ///< `parameters.kind` says which
  kAffine,           ///< alpha * x + beta
  kThresholdedRelu,  ///< x >= alpha ? x : 0
  kScaledTanh,       ///< alpha * tanh(beta * x)
  kSoftsign,         ///< x / (1 + |x|)
};

struct CellActivation {
  CellFunction function = CellFunction::kKernel;
  kernels::Activation parameters;
};

/// The activations with these names, in any case of letters. Alphas and betas are taken in order by the functions that
/// have such a parameter; a list as long as `names` has one for each function, whether it has the parameter or not.
/// What is left out is the default of the ONNX operator of that name. Errors: kInvalidModel for an unknown name, a
/// number that is not finite, and a list that fits neither way.
std::vector<CellActivation> cell_activations(const std::vector<std::string>& names, const std::vector<float>& alphas,
                                             const std::vector<float>& betas);

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
