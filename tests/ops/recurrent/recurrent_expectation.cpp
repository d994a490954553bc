#include "tests/ops/recurrent/recurrent_expectation.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/data_type.hpp"

namespace linnet::internal {
namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double tanh_of(double x) { return std::tanh(x); }

std::vector<double> numbers_of(const Constant& tensor) {
  std::vector<double> numbers;
  visit_type(tensor.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t i = 0; i < tensor.count(); ++i) numbers.push_back(static_cast<double>(tensor.as<T>()[i]));
  });
  return numbers;
}

ConstantPtr rounded(DataType type, const Shape& shape, const std::vector<double>& numbers) {
  std::byte* data = nullptr;
  ConstantPtr tensor = make_constant(type, shape, &data);
  visit_float_type(type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::size_t i = 0; i < numbers.size(); ++i) reinterpret_cast<T*>(data)[i] = static_cast<T>(numbers[i]);
  });
  return tensor;
}

std::int64_t gates_of(const RecurrentCase& item) { return item.op == "LSTM" ? 4 : item.op == "GRU" ? 3 : 1; }
std::int64_t directions_of(const RecurrentCase& item) { return item.direction == "bidirectional" ? 2 : 1; }

std::vector<Function> functions_of(const RecurrentCase& item) {
  if (!item.functions.empty()) return item.functions;
  std::vector<Function> functions;
  for (std::int64_t i = 0; i < directions_of(item); ++i) {
    if (item.op != "RNN") functions.emplace_back(sigmoid);
    functions.emplace_back(tanh_of);
    if (item.op == "LSTM") functions.emplace_back(tanh_of);
  }
  return functions;
}

/// Inputs in the operator's order, null for those left out.
std::vector<ConstantPtr> inputs_of(const RecurrentCase& item) {
  const std::int64_t directions = directions_of(item);
  const std::int64_t rows = gates_of(item) * item.hidden;
  unsigned seed = 0;
  const auto random = [&](const Shape& shape, double bound) {
    return random_tensor(item.type, shape, -bound, bound, ++seed);
  };
  const double bound = 1.5 / std::sqrt(static_cast<double>(item.hidden));
  std::vector<ConstantPtr> inputs(8);
  inputs[0] = random(
      item.batch_first ? Shape{item.batch, item.steps, item.inputs} : Shape{item.steps, item.batch, item.inputs}, 1);
  inputs[1] = random({directions, rows, item.inputs}, bound);
  inputs[2] = random({directions, rows, item.hidden}, bound);
  if (item.has_bias) inputs[3] = random({directions, 2 * rows}, bound);
  if (item.lengths) inputs[4] = tensor_of<std::int32_t>({item.batch}, *item.lengths);
  const Shape state =
      item.batch_first ? Shape{item.batch, directions, item.hidden} : Shape{directions, item.batch, item.hidden};
  if (item.has_initial_states) inputs[5] = random(state, 1);
  if (item.has_initial_states && item.op == "LSTM") inputs[6] = random(state, 1);
  if (item.has_peepholes) inputs[7] = random({directions, 3 * item.hidden}, bound);
  return inputs;
}

/// One row of the batch in one direction.
class Row {
 public:
  Row(const RecurrentCase& item, const std::vector<std::vector<double>>& inputs, std::int64_t direction, std::int64_t n)
      : item_(item), inputs_(inputs), direction_(direction), n_(n), rows_(gates_of(item) * item.hidden) {
    const std::vector<Function> functions = functions_of(item);
    const std::size_t count = functions.size() / static_cast<std::size_t>(directions_of(item));
    const auto first = static_cast<std::ptrdiff_t>(count * static_cast<std::size_t>(direction));
    functions_.assign(functions.begin() + first, functions.begin() + first + static_cast<std::ptrdiff_t>(count));
    for (std::int64_t k = 0; k < item.hidden; ++k) {
      h_.push_back(inputs[5].empty() ? 0 : inputs[5][state_index(k)]);
      c_.push_back(inputs[6].empty() ? 0 : inputs[6][state_index(k)]);
    }
  }

  void step(std::int64_t t) {
    const std::vector<double> h = h_, c = c_;
    std::vector<double> z, reset;  // of a GRU
    for (std::int64_t k = 0; k < item_.hidden && item_.op == "GRU"; ++k) {
      z.push_back(activated(0, from_x(0, k, t) + from_state(0, k, h)));
      const double r = activated(0, from_x(1, k, t) + from_state(1, k, h));
      reset.push_back(item_.linear_before_reset ? r : r * h[index(k)]);
    }
    for (std::int64_t k = 0; k < item_.hidden; ++k) {
      const std::size_t at = index(k);
      if (item_.op == "RNN") {
        h_[at] = activated(0, from_x(0, k, t) + from_state(0, k, h));
      } else if (item_.op == "GRU") {
        const double state = item_.linear_before_reset ? reset[at] * from_state(2, k, h) : from_state(2, k, reset);
        h_[at] = (1 - z[at]) * activated(1, from_x(2, k, t) + state) + z[at] * h[at];
      } else {
        const double i = activated(0, from_x(0, k, t) + from_state(0, k, h) + peephole(0, k) * c[at]);
        const double coupled = 1 - i;
        const double f = activated(0, from_x(2, k, t) + from_state(2, k, h) + peephole(2, k) * c[at]);
        const double candidate = activated(1, from_x(3, k, t) + from_state(3, k, h));
        c_[at] = (item_.input_forget ? coupled : f) * c[at] + i * candidate;
        const double o = activated(0, from_x(1, k, t) + from_state(1, k, h) + peephole(1, k) * c_[at]);
        h_[at] = o * activated(2, c_[at]);
      }
    }
  }

  std::size_t state_index(std::int64_t k) const {
    const std::int64_t row = item_.batch_first ? n_ * directions_of(item_) + direction_ : direction_ * item_.batch + n_;
    return index(row * item_.hidden + k);
  }
  std::size_t y_index(std::int64_t t, std::int64_t k) const {
    const std::int64_t row = item_.batch_first ? (n_ * item_.steps + t) * directions_of(item_) + direction_
                                               : (t * directions_of(item_) + direction_) * item_.batch + n_;
    return index(row * item_.hidden + k);
  }
  const std::vector<double>& h() const { return h_; }
  const std::vector<double>& c() const { return c_; }

 private:
  static std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

  double activated(std::size_t function, double x) const {
    if (item_.clip > 0) {
      const double clip = item_.clip;
      x = std::min(std::max(x, -clip), clip);
    }
    return functions_[function](x);
  }

  double bias(std::int64_t row) const {
    return inputs_[3].empty() ? 0 : inputs_[3][index(direction_ * 2 * rows_ + row)];
  }
  double peephole(std::int64_t gate, std::int64_t k) const {
    return inputs_[7].empty() ? 0 : inputs_[7][index((direction_ * 3 + gate) * item_.hidden + k)];
  }

  double from_x(std::int64_t gate, std::int64_t k, std::int64_t t) const {
    const std::int64_t row = gate * item_.hidden + k;
    const std::int64_t x_row = item_.batch_first ? n_ * item_.steps + t : t * item_.batch + n_;
    double sum = bias(row);
    for (std::int64_t i = 0; i < item_.inputs; ++i) {
      sum += inputs_[0][index(x_row * item_.inputs + i)] *
             inputs_[1][index((direction_ * rows_ + row) * item_.inputs + i)];
    }
    return sum;
  }

  double from_state(std::int64_t gate, std::int64_t k, const std::vector<double>& state) const {
    const std::int64_t row = gate * item_.hidden + k;
    double sum = bias(rows_ + row);
    for (std::int64_t i = 0; i < item_.hidden; ++i) {
      sum += state[index(i)] * inputs_[2][index((direction_ * rows_ + row) * item_.hidden + i)];
    }
    return sum;
  }

  const RecurrentCase& item_;
  const std::vector<std::vector<double>>& inputs_;
  std::int64_t direction_;
  std::int64_t n_;
  std::int64_t rows_;
  std::vector<Function> functions_;
  std::vector<double> h_, c_;
};

/// Y, Y_h and Y_c.
std::array<ConstantPtr, 3> expected_outputs(const RecurrentCase& item, const std::vector<ConstantPtr>& tensors) {
  std::vector<std::vector<double>> inputs;
  for (const ConstantPtr& tensor : tensors) {
    inputs.push_back(tensor == nullptr ? std::vector<double>() : numbers_of(*tensor));
  }
  const std::int64_t directions = directions_of(item);
  const auto states = static_cast<std::size_t>(directions * item.batch * item.hidden);
  std::vector<double> y(states * static_cast<std::size_t>(item.steps)), y_h(states), y_c(states);
  for (std::int64_t direction = 0; direction < directions; ++direction) {
    const bool reverse = item.direction == "reverse" || direction == 1;
    for (std::int64_t n = 0; n < item.batch; ++n) {
      const std::int64_t steps = item.lengths ? (*item.lengths)[static_cast<std::size_t>(n)] : item.steps;
      Row row(item, inputs, direction, n);
      for (std::int64_t i = 0; i < steps; ++i) {
        const std::int64_t t = reverse ? steps - 1 - i : i;
        row.step(t);
        for (std::int64_t k = 0; k < item.hidden; ++k) y[row.y_index(t, k)] = row.h()[static_cast<std::size_t>(k)];
      }
      for (std::int64_t k = 0; k < item.hidden; ++k) {
        y_h[row.state_index(k)] = row.h()[static_cast<std::size_t>(k)];
        y_c[row.state_index(k)] = row.c()[static_cast<std::size_t>(k)];
      }
    }
  }
  const Shape state =
      item.batch_first ? Shape{item.batch, directions, item.hidden} : Shape{directions, item.batch, item.hidden};
  const Shape all = item.batch_first ? Shape{item.batch, item.steps, directions, item.hidden}
                                     : Shape{item.steps, directions, item.batch, item.hidden};
  return {rounded(item.type, all, y), rounded(item.type, state, y_h), rounded(item.type, state, y_c)};
}

void add_attributes(const RecurrentCase& item, OpTest& test) {
  test.attribute("hidden_size", item.hidden);
  if (item.direction != "forward") test.attribute("direction", item.direction);
  if (item.batch_first) test.attribute("layout", std::int64_t{1});
  if (!item.activations.empty()) test.strings("activations", item.activations);
  if (!item.alphas.empty()) test.floats("activation_alpha", item.alphas);
  if (!item.betas.empty()) test.floats("activation_beta", item.betas);
  if (item.clip > 0) test.attribute("clip", item.clip);
  if (item.input_forget) test.attribute("input_forget", std::int64_t{1});
  if (item.linear_before_reset) test.attribute("linear_before_reset", std::int64_t{1});
}

}  // namespace

OpTest recurrent_test(const RecurrentCase& item) {
  OpTest test(item.op, item.opset);
  test.named(text(item.op, " ", item.direction, item.batch_first ? " batch first " : " ", item.type, " T ", item.steps,
                  " N ", item.batch, " I ", item.inputs, " H ", item.hidden));
  add_attributes(item, test);
  std::vector<ConstantPtr> inputs = inputs_of(item);
  const std::array<ConstantPtr, 3> outputs = expected_outputs(item, inputs);
  while (inputs.back() == nullptr) inputs.pop_back();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == nullptr) {
      test.no_input();
    } else if (item.constant_weights && i > 0) {
      test.constant_input(inputs[i]);
    } else {
      test.input(inputs[i]);
    }
  }
  for (std::size_t i = 0; i < (item.op == "LSTM" ? 3U : 2U); ++i) {
    if (item.outputs[i]) {
      test.expect(outputs[i]);
    } else {
      test.no_output();
    }
  }
  test.tolerance(item.type == DataType::kFloat64 ? close(1e-14, 1e-15) : ulp(1));
  if (item.type == DataType::kFloat32) test.tolerance_of("simd", item.simd_tolerance);
  return test;
}

}  // namespace linnet::internal
