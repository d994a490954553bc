// LSTM, GRU and RNN as ONNX's text has them, element by element in double: what tests of the operators compare with.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {

using Function = std::function<double(double)>;

struct RecurrentCase {
  std::string op;
  std::int64_t steps = 4, batch = 3, inputs = 5, hidden = 6;
  std::string direction = "forward";
  bool batch_first = false;
  DataType type = DataType::kFloat32;
  int opset = 22;
  std::vector<Function> functions;       ///< of each direction; empty: those that ONNX has by default
  std::vector<std::string> activations;  ///< their names, for the attribute; empty: left out
  std::vector<float> alphas, betas;      ///< likewise
  float clip = 0;                        ///< 0: left out
  bool input_forget = false;
  bool linear_before_reset = false;
  bool has_bias = true, has_initial_states = true, has_peepholes = false;
  std::optional<std::vector<std::int32_t>> lengths;
  std::array<bool, 3> outputs = {true, true, true};
  Tolerance simd_tolerance = close(0, 1e-6);  ///< of float32; others are within an ULP, float64 within some
  bool constant_weights = false;              ///< in every run; for cases that take long
};

/// With random inputs and what the outputs are.
OpTest recurrent_test(const RecurrentCase& item);

}  // namespace linnet::internal
