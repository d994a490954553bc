#include "ops/shared/scaled_constant.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace linnet::internal {
namespace {

/// Rounds to T. False when that loses more than a rounding.
template <typename T>
bool round_safely(double value, T& rounded) {
  rounded = static_cast<T>(value);
  if (!std::isfinite(rounded)) return false;
  return std::abs(value) >= static_cast<double>(std::numeric_limits<T>::min()) || static_cast<double>(rounded) == value;
}

template <typename T>
ConstantPtr scaled(const Constant& source, std::size_t inner, const std::vector<double>& scale) {
  std::byte* memory = nullptr;
  ConstantPtr result = make_constant(source.type, source.shape, &memory);
  T* to = reinterpret_cast<T*>(memory);
  const auto count = static_cast<std::size_t>(source.count());
  for (std::size_t begin = 0, run = 0; begin < count; begin += inner, ++run) {
    const double factor = scale[run % scale.size()];
    for (std::size_t i = begin; i < std::min(begin + inner, count); ++i) {
      T element;
      std::memcpy(&element, source.data + i * sizeof(T), sizeof(T));  // at any address
      if (!round_safely(static_cast<double>(element) * factor, to[i])) return nullptr;
    }
  }
  return result;
}

template <typename T>
ConstantPtr rounded(DataType type, const std::vector<double>& numbers) {
  std::byte* memory = nullptr;
  ConstantPtr result = make_constant(type, {static_cast<std::int64_t>(numbers.size())}, &memory);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (!round_safely(numbers[i], reinterpret_cast<T*>(memory)[i])) return nullptr;
  }
  return result;
}

}  // namespace

ConstantPtr scaled_constant(const Constant& source, std::size_t inner, const std::vector<double>& scale) {
  return source.type == DataType::kFloat64 ? scaled<double>(source, inner, scale) : scaled<float>(source, inner, scale);
}

ConstantPtr rounded_list(DataType type, const std::vector<double>& numbers) {
  return type == DataType::kFloat64 ? rounded<double>(type, numbers) : rounded<float>(type, numbers);
}

}  // namespace linnet::internal
