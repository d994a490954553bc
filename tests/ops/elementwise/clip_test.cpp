#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/ops/elementwise/activation_tester.hpp"
#include "tests/ops/onednn_tolerance.hpp"

namespace linnet::internal {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kLowest = std::numeric_limits<float>::lowest();
constexpr float kMost = std::numeric_limits<float>::max();

double clip(double x, double low, double high) {
  if (std::isnan(x)) return x;
  return std::fmin(std::fmax(x, low), high);
}

OpTest clip_attributes(float low, float high) {
  return OpTest("Clip", 6 + 1).attribute("min", low).attribute("max", high);
}

TEST(Clip, TakesAttributesBeforeOpset11) {
  check_activation({[] { return clip_attributes(-1.5F, 3.0F); }, [](double x) { return clip(x, -1.5, 3.0); }});
  check_activation(
      {[] { return OpTest("Clip", 10).attribute("max", 6.0F); }, [](double x) { return clip(x, kLowest, 6); }});
  OpTest("Clip", 10).input<float>({2}, {-kInfinity, kInfinity}).expect<float>({2}, {kLowest, kMost}).run();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const char* bound : {"min", "max"}) {
    OpTest("Clip", 10).attribute(bound, kNan).input<float>({2}, {1, -5}).expect<float>({2}, {kNan, kNan}).run();
    OpTest("Clip", 10).attribute(bound, kNan).input<double>({2}, {1, -5}).expect<double>({2}, {nan, nan}).run();
  }
}

struct BoundsCase {
  const char* name;
  std::vector<float> low;  ///< empty: left out
  std::vector<float> high;
  std::vector<float> y;
};

TEST(Clip, TakesOptionalInputsFromOpset11) {
  const std::vector<float> x = {-kInfinity, -7, -2, -0.5F, 0, 0.5F, 2, 7, kInfinity};
  const BoundsCase cases[] = {
      {"both", {-2}, {2}, {-2, -2, -2, -0.5F, 0, 0.5F, 2, 2, 2}},
      {"low", {-2}, {}, {-2, -2, -2, -0.5F, 0, 0.5F, 2, 7, kInfinity}},
      {"high", {}, {2}, {-kInfinity, -7, -2, -0.5F, 0, 0.5F, 2, 2, 2}},
      {"neither", {}, {}, x},
      {"low above high", {3}, {1}, {1, 1, 1, 1, 1, 1, 1, 1, 1}},
      {"low is NaN", {kNan}, {2}, {kNan, kNan, kNan, kNan, kNan, kNan, kNan, kNan, kNan}},
      {"high is NaN", {-2}, {kNan}, {kNan, kNan, kNan, kNan, kNan, kNan, kNan, kNan, kNan}},
      {"infinite", {-kInfinity}, {kInfinity}, x},
  };
  for (const BoundsCase& c : cases) {
    for (const Shape& shape : {Shape{}, Shape{1}}) {
      for (const int opset : {11, 12, 13}) {
        OpTest test("Clip", opset);
        test.named(c.name).input<float>({9}, x);
        c.low.empty() ? test.no_input() : test.input<float>(shape, c.low);
        c.high.empty() ? test.no_input() : test.input<float>(shape, c.high);
        test.expect<float>({9}, c.y).run();
      }
    }
  }
  OpTest("Clip", 13).input<float>({2}, {-1, 1}).input<float>({}, {0}).expect<float>({2}, {0, 1}).run();
  OpTest("Clip", 13).input<float>({2}, {-1, 1}).expect<float>({2}, {-1, 1}).run();
}

TEST(Clip, TakesEveryNumericType) {
  const auto check = [](auto number) {
    using T = decltype(number);
    const auto test = [] { return OpTest("Clip", 13).input<T>({5}, {0, 1, 5, 9, 100}); };
    test().template input<T>({}, {1}).template input<T>({}, {9}).template expect<T>({5}, {1, 1, 5, 9, 9}).run();
    test().no_input().template input<T>({}, {7}).template expect<T>({5}, {0, 1, 5, 7, 7}).run();
    test().template input<T>({}, {7}).template expect<T>({5}, {7, 7, 7, 9, 100}).run();
  };
  check(double{});
  check(std::int8_t{});
  check(std::int16_t{});
  check(std::int32_t{});
  check(std::int64_t{});
  check(std::uint8_t{});
  check(std::uint16_t{});
  check(std::uint32_t{});
  check(std::uint64_t{});
  OpTest("Clip", 13)
      .input<Float16>({4}, {kNan, -3, 0.5F, 3})
      .input<Float16>({}, {-1})
      .input<Float16>({}, {1})
      .expect<Float16>({4}, {kNan, -1, 0.5F, 1})
      .run();
  OpTest("Clip", 13)
      .input<Bfloat16>({3}, {-3, 0.5F, 3})
      .input<Bfloat16>({}, {-1})
      .input<Bfloat16>({}, {1})
      .expect<Bfloat16>({3}, {-1, 0.5F, 1})
      .run();
  OpTest("Clip", 13)
      .input<double>({2}, {1.0000000001, 2})
      .input<double>({}, {1.0000000002})
      .expect<double>({2}, {1.0000000002, 2})
      .run();
}

TEST(Clip, RefusesWrongBoundsAndTypes) {
  OpTest("Clip", 13)
      .input<float>({1}, {1})
      .input<double>({}, {0})
      .expect_error(ErrorCode::kInvalidModel, "input min is float64, but input is float32")
      .run();
  OpTest("Clip", 13)
      .input<float>({1}, {1})
      .no_input()
      .input<float>({2}, {0, 1})
      .expect_error(ErrorCode::kInvalidModel, "input max has 2 elements, expected 1")
      .run();
  OpTest("Clip", 13).input<bool>({1}, {true}).expect_error(ErrorCode::kInvalidModel, "input is bool").run();
  OpTest("Clip", 10).input<std::int32_t>({1}, {1}).expect_error(ErrorCode::kInvalidModel, "input is int32").run();
  OpTest("Clip", 10)
      .input<float>({1}, {1})
      .input<float>({}, {1})
      .expect_error(ErrorCode::kInvalidModel, "from opset 11")
      .run();
  OpTest("Clip", 13)
      .attribute("min", 0.0F)
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "attribute \"min\"")
      .run();
}

}  // namespace
}  // namespace linnet::internal
