// Models and data that several tests of the public API use.
#pragma once

#include <linnet/linnet.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/onnx_writer.hpp"

namespace linnet::test {

/// Values in [-1, 1) that look random and depend on the index and `seed` alone.
inline std::vector<float> sample_values(std::size_t count, std::uint32_t seed = 1) {
  std::vector<float> values(count);
  std::uint32_t state = seed * 2654435761U + 12345U;
  for (float& value : values) {
    state = state * 1664525U + 1013904223U;
    value = static_cast<float>(static_cast<std::int32_t>(state)) / 2147483648.0f;
  }
  return values;
}

inline Tensor sample_tensor(const Shape& shape, std::uint32_t seed = 1) {
  Tensor tensor = Tensor::of<float>(shape);
  const std::vector<float> values = sample_values(tensor.count(), seed);
  for (std::size_t i = 0; i < values.size(); ++i) tensor.data<float>()[i] = values[i];
  return tensor;
}

/// x [batch, 20] -> Gemm 24, Relu -> Gemm 10, Tanh -> "hidden" [batch, 10] -> Gemm 5 -> Softmax -> "y" [batch, 5].
inline std::string small_network() {
  return model()
      .opset(13)
      .input("x", DataType::kFloat32, {"batch", 20})
      .initializer<float>("w1", {20, 24}, sample_values(480, 1))
      .initializer<float>("b1", {24}, sample_values(24, 2))
      .initializer<float>("w2", {24, 10}, sample_values(240, 3))
      .initializer<float>("b2", {10}, sample_values(10, 4))
      .initializer<float>("w3", {10, 5}, sample_values(50, 5))
      .node("Gemm", {"x", "w1", "b1"}, {"g1"})
      .node("Relu", {"g1"}, {"r1"})
      .node("Gemm", {"r1", "w2", "b2"}, {"g2"})
      .node("Tanh", {"g2"}, {"hidden"})
      .node("MatMul", {"hidden", "w3"}, {"logits"})
      .node("Softmax", {"logits"}, {"y"}, {attribute("axis", 1)})
      .output("y", DataType::kFloat32, {"batch", 5})
      .output("hidden", DataType::kFloat32, {"batch", 10})
      .bytes();
}

/// x [batch, 64] -> MatMul 128 -> Sigmoid -> Softmax -> "y" [batch, 128]: large enough to be shared by threads.
inline std::string wide_network() {
  return model()
      .input("x", DataType::kFloat32, {"batch", 64})
      .initializer<float>("w", {64, 128}, sample_values(64 * 128))
      .node("MatMul", {"x", "w"}, {"p"})
      .node("Sigmoid", {"p"}, {"s"})
      .node("Softmax", {"s"}, {"y"})
      .output("y", DataType::kFloat32, {"batch", 128})
      .bytes();
}

inline Model load(const std::string& bytes, const Options& options = {}) {
  return Model::load(bytes.data(), bytes.size(), options);
}

}  // namespace linnet::test
