// The command decodes small types by itself: the library's own conversion is another program.
#include "tools/element.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "tests/support/small_floats.hpp"
#include "tools/comparison.hpp"

namespace linnet::tools {
namespace {

TEST(Element, SmallFloatsAreThoseOfTheLibrary) {
  for (const DataType type : {DataType::kFloat8e4m3fn, DataType::kFloat8e4m3fnuz, DataType::kFloat8e5m2,
                              DataType::kFloat8e5m2fnuz, DataType::kFloat8e8m0, DataType::kFloat4e2m1}) {
    for (unsigned code = 0; code < 1U << bits_of(type); ++code) {
      const auto bits = static_cast<std::uint8_t>(code);
      const double value = small_float(type, bits);
      const double expected = internal::small_float_value(type, bits);
      if (std::isnan(expected)) {
        EXPECT_TRUE(std::isnan(value)) << name_of(type) << " " << code;
      } else {
        EXPECT_EQ(value, expected) << name_of(type) << " " << code;
      }
    }
  }
}

TEST(Element, PackedOnesShareBytes) {
  Tensor tensor(DataType::kInt4, {3});
  put_bits(tensor.data(), DataType::kInt4, 0, 7);
  put_bits(tensor.data(), DataType::kInt4, 1, 0xf);
  put_bits(tensor.data(), DataType::kInt4, 2, 0xf8);
  EXPECT_EQ(static_cast<const std::uint8_t*>(tensor.data())[0], 0xf7);
  EXPECT_EQ(static_cast<const std::uint8_t*>(tensor.data())[1], 0x08);
  EXPECT_EQ(element(tensor.view(), 0), 7);
  EXPECT_EQ(element(tensor.view(), 1), -1);
  EXPECT_EQ(element_text(tensor.view(), 2, 8), "-8");
  Tensor other = tensor;
  EXPECT_TRUE(compare(other.view(), tensor.view(), {}).passed());
  put_bits(other.data(), DataType::kInt4, 2, 3);
  EXPECT_EQ(compare(other.view(), tensor.view(), {}).outside, 1U);
}

}  // namespace
}  // namespace linnet::tools
