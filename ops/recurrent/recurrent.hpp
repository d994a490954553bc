// What the implementations of LSTM, GRU and RNN share: sizes, where the rows of each tensor lie, and the parameters of
// their cells. The formulas stand in recurrent.cpp.
#pragma once

#include <array>

#include "ops/recurrent/recurrent_cell.hpp"
#include "ops/shared/workspace_layout.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

/// The inputs of LSTM; GRU ends with initial_h, and so does RNN.
enum RecurrentInput : std::size_t { kX, kW, kR, kB, kSequenceLens, kInitialH, kInitialC, kP };
enum RecurrentOutput : std::size_t { kY, kYH, kYC };

struct RecurrentAttributes : Attributes {
  RecurrentCell cell = RecurrentCell::kRnn;
  std::int64_t hidden_size = 0;  ///< 0: R has it
  std::int64_t directions = 1;
  bool reverse = false;           ///< the only direction is
  bool batch_first = false;       ///< layout 1
  std::array<CellForm, 2> forms;  ///< of each direction
};

/// Gates of a cell: the parts of W and R.
std::size_t gates_of(RecurrentCell cell);

/// A node with concrete shapes. A row is what lies in one piece: `inputs` elements of X, `hidden` of the others.
struct Recurrence {
  DataType type = DataType::kUndefined;
  std::array<CellForm, 2> forms;
  std::size_t gates = 1;
  std::size_t steps = 0, batch = 0, inputs = 0, hidden = 0, directions = 1;
  bool reverse = false, batch_first = false;
  std::uint32_t given_inputs = 0, given_outputs = 0;  ///< bit i: the node has input (output) i

  bool has_input(RecurrentInput index) const { return (given_inputs >> index & 1U) != 0; }
  /// Null for one left out.
  const void* input(const RunArguments& args, RecurrentInput index) const {
    return has_input(index) ? args.inputs[index] : nullptr;
  }
  void* output(const RunArguments& args, RecurrentOutput index) const {
    return (given_outputs >> index & 1U) != 0 ? args.outputs[index] : nullptr;
  }
  bool is_reverse(std::size_t direction) const { return reverse || direction == 1; }
  std::size_t gate_rows() const { return gates * hidden; }
  std::size_t x_row(std::size_t step, std::size_t n) const { return batch_first ? n * steps + step : step * batch + n; }
  std::size_t y_row(std::size_t step, std::size_t direction, std::size_t n) const {
    return batch_first ? (n * steps + step) * directions + direction : (step * directions + direction) * batch + n;
  }
  /// Of initial_h, initial_c, Y_h and Y_c.
  std::size_t state_row(std::size_t direction, std::size_t n) const {
    return batch_first ? n * directions + direction : direction * batch + n;
  }
  /// Multiply-adds of all products.
  double products() const;
};

/// Requires: the node has passed infer, and all dimensions are known.
Recurrence recurrence(const NodeView& node);

/// sequence_lens; null when left out. Errors: kRuntimeFault for a length outside [0, steps].
const std::int32_t* checked_lengths(const Recurrence& recurrence, const RunArguments& args);

/// Whether row n has come to its end before this step.
inline bool has_ended(const std::int32_t* lengths, std::size_t n, std::size_t step) {
  return lengths != nullptr && step >= static_cast<std::size_t>(lengths[n]);
}

/// B and P, for all directions one after the other.
template <typename T>
struct CellParameters {
  const T* bias;            ///< Wb + Rb of every gate
  const T* recurrent_bias;  ///< Rb of a GRU's last gate with linear_before_reset; `bias` is then without it
  const T* peepholes;

  static std::size_t count(const Recurrence& recurrence) { return recurrence.directions * stride(recurrence); }
  /// Those of a direction in what fill_parameters wrote.
  static CellParameters at(const Recurrence& recurrence, const T* filled, std::size_t direction) {
    const T* const bias = filled + direction * stride(recurrence);
    const T* const recurrent_bias = bias + recurrence.gate_rows();
    return {bias, recurrent_bias, recurrent_bias + recurrence.hidden};
  }

 private:
  static std::size_t stride(const Recurrence& recurrence) { return recurrence.gate_rows() + 4 * recurrence.hidden; }
};

/// Writes CellParameters<T>::count numbers: sums are made in T. `b` and `p` are aligned to their elements; null: zeros.
template <typename T>
void fill_parameters(const Recurrence& recurrence, const void* b, const void* p, T* filled);
extern template void fill_parameters(const Recurrence&, const void*, const void*, float*);
extern template void fill_parameters(const Recurrence&, const void*, const void*, double*);

/// Elements of a workspace, all of one size, in parts of whole cache lines.
class WorkspaceParts {
 public:
  explicit WorkspaceParts(std::size_t element_bytes) : element_bytes_(element_bytes) {}
  /// The first element of a new part of a * b elements. Errors: kLimitExceeded when its bytes cannot be counted.
  std::size_t add(std::size_t a, std::size_t b = 1);
  std::size_t elements() const { return layout_.bytes() / element_bytes_; }
  std::size_t bytes() const { return layout_.bytes(); }

 private:
  std::size_t element_bytes_;
  WorkspaceLayout layout_;
};

Implementation simd_recurrence();       ///< float32, float16 and bfloat16
Implementation reference_recurrence();  ///< in double

}  // namespace linnet::internal
