#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/ops/recurrent/recurrent_expectation.hpp"

namespace linnet::internal {
namespace {

struct NamedFunction {
  const char* name;
  std::vector<float> alphas, betas;
  Function function;
};

/// Every activation, with its own parameters and without.
std::vector<NamedFunction> functions() {
  const auto f = [](float value) { return static_cast<double>(value); };
  return {
      {"Relu", {}, {}, [](double x) { return x > 0 ? x : 0; }},
      {"tanh", {}, {}, [](double x) { return std::tanh(x); }},
      {"SIGMOID", {}, {}, [](double x) { return 1 / (1 + std::exp(-x)); }},
      {"Affine", {}, {}, [](double x) { return x; }},
      {"Affine", {0.5F}, {-0.1F}, [=](double x) { return 0.5 * x - f(0.1F); }},
      {"LeakyRelu", {}, {}, [=](double x) { return x < 0 ? f(0.01F) * x : x; }},
      {"leakyrelu", {0.3F}, {}, [=](double x) { return x < 0 ? f(0.3F) * x : x; }},
      {"ThresholdedRelu", {}, {}, [](double x) { return x >= 1 ? x : 0; }},
      {"ThresholdedRelu", {0.25F}, {}, [](double x) { return x >= 0.25 ? x : 0; }},
      {"ScaledTanh", {}, {}, [](double x) { return std::tanh(x); }},
      {"ScaledTanh", {1.5F}, {0.7F}, [=](double x) { return 1.5 * std::tanh(f(0.7F) * x); }},
      {"HardSigmoid", {}, {}, [=](double x) { return std::max(0.0, std::min(1.0, f(0.2F) * x + 0.5)); }},
      {"HardSigmoid", {0.4F}, {0.3F}, [=](double x) { return std::max(0.0, std::min(1.0, f(0.4F) * x + f(0.3F))); }},
      {"Elu", {}, {}, [](double x) { return x < 0 ? std::exp(x) - 1 : x; }},
      {"Elu", {0.5F}, {}, [](double x) { return x < 0 ? 0.5 * (std::exp(x) - 1) : x; }},
      {"Softsign", {}, {}, [](double x) { return x / (1 + std::fabs(x)); }},
      {"Softplus", {}, {}, [](double x) { return std::log(1 + std::exp(x)); }},
  };
}

TEST(RecurrentActivation, KnowsEveryActivation) {
  for (const NamedFunction& function : functions()) {
    for (const char* op : {"LSTM", "GRU", "RNN"}) {
      RecurrentCase item;
      item.op = op;
      item.steps = 3;
      item.constant_weights = true;
      const std::size_t count = item.op == "LSTM" ? 3 : item.op == "GRU" ? 2 : 1;
      for (std::size_t i = 0; i < count; ++i) {
        item.functions.push_back(function.function);
        item.activations.emplace_back(function.name);
        item.alphas.insert(item.alphas.end(), function.alphas.begin(), function.alphas.end());
        item.betas.insert(item.betas.end(), function.betas.begin(), function.betas.end());
      }
      item.simd_tolerance = close(2e-6, 1e-6);  // states grow where gates are not bounded
      recurrent_test(item).run();
    }
  }
}

// Parameters are taken in order by the functions that have one, or there is one for each function.
TEST(RecurrentActivation, GivesParametersToTheirFunctions) {
  RecurrentCase item;
  item.op = "LSTM";
  item.direction = "bidirectional";
  item.activations = {"Sigmoid", "LeakyRelu", "Tanh", "HardSigmoid", "Tanh", "Elu"};
  const auto leaky = [](double x) { return x < 0 ? static_cast<double>(0.2F) * x : x; };
  const auto hard = [](double x) {
    return std::max(0.0, std::min(1.0, static_cast<double>(0.3F) * x + static_cast<double>(0.4F)));
  };
  const auto elu = [](double x) { return x < 0 ? 0.5 * (std::exp(x) - 1) : x; };
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  const auto tanh_of = [](double x) { return std::tanh(x); };
  item.functions = {sigmoid, leaky, tanh_of, hard, tanh_of, elu};
  item.alphas = {0.2F, 0.3F, 0.5F};
  item.betas = {0.4F};
  recurrent_test(item).run();
  item.alphas = {9.0F, 0.2F, 9.0F, 0.3F, 9.0F, 0.5F};
  item.betas = {9.0F, 9.0F, 9.0F, 0.4F, 9.0F, 9.0F};
  recurrent_test(item).run();
}

TEST(RecurrentActivation, RefusesParameters) {
  const auto refused = [](const char* list, std::vector<float> values, const char* words) {
    OpTest("RNN", 14)
        .strings("activations", {"HardSigmoid"})
        .floats(list, std::move(values))
        .random_input(DataType::kFloat32, {4, 2, 3}, -1, 1)
        .random_input(DataType::kFloat32, {1, 2, 3}, -1, 1)
        .random_input(DataType::kFloat32, {1, 2, 2}, -1, 1)
        .expect_error(ErrorCode::kInvalidModel, words)
        .run();
  };
  refused("activation_alpha", {0.1F, 0.2F}, "activation_alpha has 2 values, but 1 of the 1 activations take one");
  refused("activation_beta", {INFINITY}, "activation_beta is inf at index 0, expected a finite number");
}

}  // namespace
}  // namespace linnet::internal
