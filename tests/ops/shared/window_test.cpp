// The geometry of windows: sizes by hand, taps beside a walk over all of them.
#include "ops/shared/window.hpp"

#include <gtest/gtest.h>

namespace linnet::internal {
namespace {

using Ints = std::vector<std::int64_t>;

WindowAttributes parsed(const std::vector<NamedAttribute>& attributes, const WindowForm& form = {true, true, true}) {
  ParseContext context(22, attributes, 1, 1);
  return parse_window(context, form);
}

template <typename Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidModel);
    return error.what();
  }
  return "no error";
}

struct SizeCase {
  const char* name;
  WindowAttributes attributes;
  std::int64_t input;
  std::int64_t pad_begin, pad_end, output;
};

constexpr AutoPad kGiven = AutoPad::kNotSet;
constexpr AutoPad kUpper = AutoPad::kSameUpper;
constexpr AutoPad kLower = AutoPad::kSameLower;
constexpr AutoPad kValid = AutoPad::kValid;

TEST(Window, SizesAndPads) {
  const SizeCase cases[] = {
      {"nothing given", {kGiven, false, {3}, {}, {}, {}}, 7, 0, 0, 5},
      {"rounds down", {kGiven, false, {3}, {2}, {}, {}}, 6, 0, 0, 2},
      {"rounds up", {kGiven, true, {3}, {2}, {}, {}}, 6, 0, 0, 3},
      {"nothing to round", {kGiven, true, {3}, {2}, {}, {}}, 7, 0, 0, 3},
      {"pads", {kGiven, false, {3}, {2}, {}, {1, 2}}, 6, 1, 2, 4},
      {"last window would start in the padding", {kGiven, true, {1}, {2}, {}, {0, 1}}, 4, 0, 1, 2},
      {"last window starts at the last element", {kGiven, true, {2}, {2}, {}, {0, 0}}, 5, 0, 0, 3},
      {"last window starts in the left padding", {kGiven, true, {2}, {3}, {}, {4, 0}}, 1, 4, 0, 2},
      {"window over the end", {kGiven, true, {3}, {2}, {}, {}}, 2, 0, 0, 1},
      {"dilations", {kGiven, false, {3}, {1}, {2}, {1, 1}}, 7, 1, 1, 5},
      {"cropped", {kGiven, false, {3}, {1}, {}, {-1, -2}}, 9, -1, -2, 4},
      {"upper, even", {kUpper, false, {3}, {1}, {}, {}}, 5, 1, 1, 5},
      {"upper, odd", {kUpper, false, {3}, {2}, {}, {}}, 6, 0, 1, 3},
      {"lower, odd", {kLower, false, {3}, {2}, {}, {}}, 6, 1, 0, 3},
      {"lower, dilated", {kLower, false, {2}, {1}, {3}, {}}, 6, 2, 1, 6},
      {"upper, stride past the kernel", {kUpper, false, {1}, {3}, {}, {}}, 7, 0, 0, 3},
      {"upper leaves pads and rounding alone", {kUpper, true, {3}, {2}, {}, {5, 5}}, 5, 1, 1, 3},
      {"valid", {kValid, false, {3}, {2}, {}, {}}, 8, 0, 0, 3},
      {"valid leaves pads and rounding alone", {kValid, true, {3}, {2}, {}, {5, 5}}, 8, 0, 0, 3},
  };
  for (const SizeCase& c : cases) {
    SCOPED_TRACE(c.name);
    const WindowAxis axis = window_axis(c.attributes, 0, c.input, c.attributes.kernel_shape[0]);
    EXPECT_EQ(axis.input, c.input);
    EXPECT_EQ(axis.pad_begin, c.pad_begin);
    EXPECT_EQ(axis.pad_end, c.pad_end);
    EXPECT_EQ(axis.output, c.output);
    EXPECT_TRUE(window_output(c.attributes, 0, c.input, axis.kernel).is(c.output));
  }
}

TEST(Window, EachAxisHasItsOwnNumbers) {
  const WindowAttributes attributes{kGiven, false, {3, 2}, {2, 1}, {1, 4}, {1, 2, 3, 0}};
  check_window_rank(attributes, 2);
  const WindowAxis axes[] = {window_axis(attributes, 0, 9, 3), window_axis(attributes, 1, 8, 2)};
  EXPECT_EQ(axes[0].pad_begin, 1);
  EXPECT_EQ(axes[0].pad_end, 3);
  EXPECT_EQ(axes[0].output, 6);
  EXPECT_EQ(axes[1].pad_begin, 2);
  EXPECT_EQ(axes[1].pad_end, 0);
  EXPECT_EQ(axes[1].stride, 1);
  EXPECT_EQ(axes[1].dilation, 4);
  EXPECT_EQ(axes[1].output, 6);
}

TEST(Window, TapsAreThoseThatMeetTheInput) {
  for (const std::int64_t input : {1, 2, 5, 9}) {
    for (const std::int64_t kernel : {1, 2, 3, 5}) {
      for (const std::int64_t stride : {1, 2, 3}) {
        for (const std::int64_t dilation : {1, 2, 3}) {
          for (const Ints& pads : {Ints{0, 0}, Ints{1, 2}, Ints{4, 0}, Ints{0, 7}}) {
            const WindowAttributes attributes{kGiven, true, {kernel}, {stride}, {dilation}, pads};
            if (input + pads[0] + pads[1] < 1 + (kernel - 1) * dilation) continue;
            const WindowAxis axis = window_axis(attributes, 0, input, kernel);
            std::int64_t all_met = 0;
            for (std::int64_t o = 0; o < axis.output; ++o) {
              std::int64_t within = 0, met = 0;
              const auto [begin, end] = axis.taps(o);
              for (std::int64_t tap = 0; tap < kernel; ++tap) {
                const std::int64_t place = o * stride - pads[0] + tap * dilation;
                if (place < input + pads[1]) ++within;
                if (place < 0 || place >= input) continue;
                ++met;
                EXPECT_LE(begin, tap);
                EXPECT_LT(tap, end);
                EXPECT_LE(axis.outputs_of(tap).begin, o);
                EXPECT_LT(o, axis.outputs_of(tap).end);
              }
              EXPECT_EQ(end - begin, met);
              EXPECT_EQ(axis.padded_taps(o), within);
              all_met += met;
            }
            for (std::int64_t tap = 0; tap < kernel; ++tap) {
              all_met -= axis.outputs_of(tap).end - axis.outputs_of(tap).begin;
            }
            EXPECT_EQ(all_met, 0);
          }
        }
      }
    }
  }
}

TEST(Window, SymbolsPassWhereTheSizeCertainlyStays) {
  const Dim n = Dim::symbol(3);
  const auto size_of = [](const WindowAttributes& attributes, Dim input, Dim kernel) {
    return window_output(attributes, 0, input, kernel);
  };
  EXPECT_TRUE(size_of({kUpper, false, {}, {}, {}, {}}, n, Dim::unknown()).same(n));
  EXPECT_TRUE(size_of({kGiven, false, {}, {}, {2}, {3, 1}}, n, 3).same(n));
  EXPECT_TRUE(size_of({kValid, false, {}, {}, {}, {1, 1}}, n, 1).same(n));
  EXPECT_TRUE(size_of({kLower, false, {}, {2}, {}, {}}, 7, Dim::unknown()).is(4));
  const Dim unknown[] = {
      size_of({kUpper, false, {}, {2}, {}, {}}, n, 3),
      size_of({kGiven, false, {}, {}, {}, {1, 1}}, n, Dim::unknown()),
      size_of({kGiven, false, {}, {}, {}, {1, 1}}, n, 5),
      size_of({kValid, false, {}, {}, {}, {1, 1}}, n, 3),
      size_of({kGiven, false, {}, {}, {}, {1, 1}}, 7, n),
  };
  for (const Dim size : unknown) EXPECT_FALSE(size.known() || size.is_symbol());
}

TEST(Window, ReadsAttributes) {
  const WindowAttributes all = parsed({{"auto_pad", std::string("SAME_LOWER")},
                                       {"kernel_shape", Ints{3, 4}},
                                       {"strides", Ints{1, 2}},
                                       {"dilations", Ints{2, 1}},
                                       {"pads", Ints{0, 1, 2, 3}},
                                       {"ceil_mode", std::int64_t{1}}});
  EXPECT_EQ(all.auto_pad, kLower);
  EXPECT_EQ(all.kernel_shape, (Ints{3, 4}));
  EXPECT_EQ(all.strides, (Ints{1, 2}));
  EXPECT_EQ(all.dilations, (Ints{2, 1}));
  EXPECT_EQ(all.pads, (Ints{0, 1, 2, 3}));
  EXPECT_TRUE(all.ceil_mode);
}

TEST(Window, RefusesWhatCannotBe) {
  const NamedAttribute kernel = {"kernel_shape", Ints{2}};
  EXPECT_EQ(error_of([] { parsed({}); }), "kernel_shape is missing");
  EXPECT_EQ(error_of([] {
              parsed({{"kernel_shape", Ints{2, 0}}});
            }),
            "kernel_shape [2,0] has 0, expected numbers from 1 to 2147483647");
  EXPECT_EQ(error_of([&] {
              parsed({kernel, {"strides", Ints{-1}}});
            }),
            "strides [-1] has -1, expected numbers from 1 to 2147483647");
  EXPECT_EQ(error_of([&] {
              parsed({kernel, {"dilations", Ints{INT64_MAX}}});
            }),
            "dilations [9223372036854775807] has 9223372036854775807, expected numbers from 1 to 2147483647");
  EXPECT_EQ(error_of([&] {
              parsed({kernel, {"pads", Ints{0, -1}}});
            }),
            "pads [0,-1] has -1, expected numbers from 0 to 2147483647");
  EXPECT_EQ(error_of([&] {
              parsed({kernel, {"auto_pad", std::string("SAME")}});
            }),
            "auto_pad is \"SAME\", expected NOTSET, SAME_UPPER, SAME_LOWER or VALID");
  EXPECT_EQ(error_of([] {
              check_window_rank({kGiven, false, {3}, {}, {}, {}}, 2);
            }),
            "kernel_shape [3] has 1 element, expected 2 for 2 spatial axes");
  EXPECT_EQ(error_of([] {
              check_window_rank({kGiven, false, {3}, {1, 2}, {}, {}}, 1);
            }),
            "strides [1,2] has 2 elements, expected 1 for 1 spatial axis");
  EXPECT_EQ(error_of([] {
              check_window_rank({kGiven, false, {3, 3}, {}, {1}, {}}, 2);
            }),
            "dilations [1] has 1 element, expected 2 for 2 spatial axes");
  EXPECT_EQ(error_of([] {
              check_window_rank({kGiven, false, {3, 3}, {}, {}, {1, 1}}, 2);
            }),
            "pads [1,1] has 2 elements, expected 4 for 2 spatial axes");
  EXPECT_EQ(error_of([] {
              window_axis({kGiven, false, {}, {}, {2}, {1, 0}}, 0, 3, 3);
            }),
            "spatial axis 0 of 3 elements, with pads 1 and 0, has no place for a window of 5");
  EXPECT_EQ(error_of([] {
              window_axis({kUpper, false, {}, {}, {}, {}}, 0, 0, 3);
            }),
            "spatial axis 0 of 0 elements, with pads 1 and 1, has no place for a window of 3");
  EXPECT_EQ(error_of([] {
              window_axis({kGiven, false, {}, {}, {}, {2, 2}}, 0, 0, 3);
            }),
            "spatial axis 0 of 0 elements, with pads 2 and 2, has no place for a window of 3");
  const WindowAttributes largest{kGiven, true, {}, {INT32_MAX}, {INT32_MAX}, {INT32_MAX, INT32_MAX}};
  EXPECT_EQ(error_of([&] { window_axis(largest, 0, std::int64_t{1} << 61, INT32_MAX); }),
            "spatial axis 0 of 2305843009213693952 elements, with pads 2147483647 and 2147483647, has no place for a "
            "window of 4611686011984936963");
  EXPECT_EQ(error_of([] { window_axis({}, 0, 5, 0); }),
            "the kernel has 0 elements along spatial axis 0, expected 1 to 2147483647");
  EXPECT_EQ(error_of([] { window_axis({}, 0, INT64_MAX, 3); }),
            "spatial axis 0 has 9223372036854775807 elements, more than windows reach");
}

}  // namespace
}  // namespace linnet::internal
