// What the tests of If, Loop and Scan share: graphs that nodes run, from a model's bytes to its outputs.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/api/sample_models.hpp"
#include "tests/support/graph_writer.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {

template <typename T>
Tensor tensor_with(const Shape& shape, const std::vector<T>& values) {
  Tensor result = Tensor::of<T>(shape);
  for (std::size_t i = 0; i < values.size(); ++i) result.data<T>()[i] = values[i];
  return result;
}
/// One row.
inline Tensor floats(const std::vector<float>& values) {
  return tensor_with<float>({static_cast<std::int64_t>(values.size())}, values);
}
inline Tensor truth(bool value) { return tensor_with<bool>({}, {value}); }
inline Tensor number(std::int64_t value) { return tensor_with<std::int64_t>({}, {value}); }

template <typename T = float>
std::vector<T> values_of(const Tensor& tensor) {
  return {tensor.data<T>(), tensor.data<T>() + tensor.count()};
}

inline std::vector<Tensor> run_model(const std::string& bytes, const std::vector<Tensor>& inputs, int threads = 1) {
  return load(bytes, options_for(Backend::kAuto, threads)).run(inputs);
}

inline std::string error_of(const std::function<void()>& body, ErrorCode code) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

}  // namespace linnet::test
