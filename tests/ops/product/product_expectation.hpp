// Matrices for the tests of Gemm and MatMul, and what their product must be.
#pragma once

#include <cmath>
#include <vector>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {

/// Whole numbers in [-8, 8] (no negative ones for unsigned types): sums of a few thousand products are exact in every
/// order and precision.
inline ConstantPtr small_integers(DataType type, const Shape& shape, unsigned seed) {
  const ConstantPtr numbers = random_tensor(DataType::kInt32, shape, -8, 9, seed);
  std::byte* data = nullptr;
  ConstantPtr tensor = make_constant(type, shape, &data);
  visit_type(type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t i = 0; i < tensor->count(); ++i) {
      const std::int32_t number = numbers->as<std::int32_t>()[i];
      reinterpret_cast<T*>(data)[i] =
          static_cast<T>(static_cast<float>(std::is_unsigned_v<T> ? std::abs(number) : number));
    }
  });
  return tensor;
}

inline std::vector<double> doubles_of(const Constant& tensor) {
  std::vector<double> values;
  visit_type(tensor.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t i = 0; i < tensor.count(); ++i) values.push_back(static_cast<double>(tensor.as<T>()[i]));
  });
  return values;
}

inline ConstantPtr tensor_of_doubles(DataType type, const Shape& shape, const std::vector<double>& values) {
  std::byte* data = nullptr;
  ConstantPtr tensor = make_constant(type, shape, &data);
  visit_type(type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::size_t i = 0; i < values.size(); ++i) reinterpret_cast<T*>(data)[i] = static_cast<T>(values[i]);
  });
  return tensor;
}

/// alpha * A' B' + beta * C in double, where the primes transpose; C may be null. With `magnitudes`, of the absolute
/// values of everything.
inline std::vector<double> product_in_double(const Constant& a, bool transpose_a, const Constant& b, bool transpose_b,
                                             double alpha, const Constant* c, double beta, bool magnitudes = false) {
  const auto rows = static_cast<std::size_t>(a.shape[transpose_a ? 1 : 0]);
  const auto depth = static_cast<std::size_t>(a.shape[transpose_a ? 0 : 1]);
  const auto columns = static_cast<std::size_t>(b.shape[transpose_b ? 0 : 1]);
  const auto kept = [&](double value) { return magnitudes ? std::abs(value) : value; };
  const std::vector<double> left = doubles_of(a);
  const std::vector<double> right = doubles_of(b);
  const std::vector<double> addend = c != nullptr ? doubles_of(*c) : std::vector<double>();
  const bool c_varies_by_column = c != nullptr && !c->shape.empty() && c->shape.back() != 1;
  const bool c_varies_by_row = c != nullptr && c->shape.size() == 2 && c->shape[0] != 1;
  std::vector<double> result;
  for (std::size_t m = 0; m < rows; ++m) {
    for (std::size_t n = 0; n < columns; ++n) {
      double sum = 0;
      for (std::size_t k = 0; k < depth; ++k) {
        sum += kept(left[transpose_a ? k * rows + m : m * depth + k]) *
               kept(right[transpose_b ? n * depth + k : k * columns + n]);
      }
      sum *= kept(alpha);
      if (c != nullptr && beta != 0) {
        const std::size_t width = c_varies_by_column ? columns : 1;
        sum += kept(beta) * kept(addend[(c_varies_by_row ? m * width : 0) + (c_varies_by_column ? n : 0)]);
      }
      result.push_back(sum);
    }
  }
  return result;
}

}  // namespace linnet::internal
