#include "tests/support/tensor_difference.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "runtime/float16.hpp"
#include "runtime/text.hpp"
#include "tests/support/small_floats.hpp"

namespace linnet::test {
namespace {

bool is_float(DataType type) {
  return type == DataType::kFloat32 || type == DataType::kFloat64 || type == DataType::kFloat16 ||
         type == DataType::kBfloat16 || internal::kSmallFloatTypes.has(type);
}

/// The bits of an element of a packed type, or of one of 8 bits.
std::uint8_t small_at(const ConstTensorView& tensor, std::size_t index) {
  const std::size_t bits = bits_of(tensor.type);
  const unsigned byte = static_cast<const unsigned char*>(tensor.data)[index * bits / 8];
  return static_cast<std::uint8_t>(byte >> index * bits % 8 & ((1U << bits) - 1));
}

template <typename T>
double element(const ConstTensorView& tensor, std::size_t index) {
  return static_cast<double>(static_cast<const T*>(tensor.data)[index]);
}

double float_at(const ConstTensorView& tensor, std::size_t index) {
  switch (tensor.type) {
    case DataType::kFloat32:
      return element<float>(tensor, index);
    case DataType::kFloat64:
      return element<double>(tensor, index);
    case DataType::kFloat16:
      return element<internal::Float16>(tensor, index);
    case DataType::kBfloat16:
      return element<internal::Bfloat16>(tensor, index);
    default:
      return internal::small_float_value(tensor.type, small_at(tensor, index));
  }
}

Shape shape_of(const ConstTensorView& tensor) { return Shape(tensor.shape, tensor.shape + tensor.rank); }

std::size_t count_of(const ConstTensorView& tensor) {
  std::size_t count = 1;
  for (std::size_t axis = 0; axis < tensor.rank; ++axis) count *= static_cast<std::size_t>(tensor.shape[axis]);
  return count;
}

std::string header_difference(const ConstTensorView& actual, const ConstTensorView& expected) {
  if (actual.type == expected.type && shape_of(actual) == shape_of(expected)) return {};
  return internal::text("is ", actual.type, " ", shape_of(actual), ", expected ", expected.type, " ",
                        shape_of(expected));
}

bool close(double actual, double expected, const Tolerance& tolerance) {
  if (std::isnan(expected)) return std::isnan(actual);
  if (std::isinf(expected) || std::isinf(actual)) return actual == expected;
  return std::fabs(actual - expected) <= tolerance.absolute + tolerance.relative * std::fabs(expected);
}

double largest_finite(const ConstTensorView& tensor) {
  double largest = 0.0;
  for (std::size_t i = 0; i < count_of(tensor); ++i) {
    const double size = std::fabs(float_at(tensor, i));
    if (std::isfinite(size)) largest = std::max(largest, size);
  }
  return largest;
}

}  // namespace

Tolerance model_tolerance(DataType type) {
  switch (type) {
    case DataType::kFloat32:
      return {1e-4, 1e-6};
    case DataType::kFloat64:
      return {1e-6, 1e-9};
    case DataType::kFloat16:
      return {5e-3, 1e-3};
    default:
      return {};
  }
}

std::string difference(const ConstTensorView& actual, const ConstTensorView& expected, const Tolerance& tolerance) {
  if (!is_float(expected.type)) return bit_difference(actual, expected);
  if (std::string header = header_difference(actual, expected); !header.empty()) return header;
  const std::size_t count = count_of(expected);
  Tolerance allowed = tolerance;
  if (tolerance.of_largest > 0.0) allowed.absolute += tolerance.of_largest * largest_finite(expected);
  std::size_t outside = 0;
  std::size_t first = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (close(float_at(actual, i), float_at(expected, i), allowed)) continue;
    if (outside++ == 0) first = i;
  }
  if (outside == 0) return {};
  return internal::text(outside, " of ", count, " elements differ, the first at ", first, ": ", float_at(actual, first),
                        ", expected ", float_at(expected, first));
}

std::string bit_difference(const ConstTensorView& actual, const ConstTensorView& expected) {
  if (std::string header = header_difference(actual, expected); !header.empty()) return header;
  const std::size_t width = size_of(expected.type);
  const auto* const a = static_cast<const unsigned char*>(actual.data);
  const auto* const b = static_cast<const unsigned char*>(expected.data);
  const std::size_t count = count_of(expected);
  for (std::size_t i = 0; i < count; ++i) {
    if (width == 0 ? small_at(actual, i) != small_at(expected, i)
                   : std::memcmp(a + i * width, b + i * width, width) != 0) {
      return internal::text("the bits differ, first at element ", i, " of ", count);
    }
  }
  return {};
}

}  // namespace linnet::test
