#include "runtime/shape.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "runtime/dim_arithmetic.hpp"

namespace linnet::internal {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kMost = INT64_MAX;
const Dim kN = Dim::symbol(0);
const Dim kM = Dim::symbol(1);
const Dim kUnknown = Dim::unknown();

/// The message of the error with this code, or what else happened.
template <typename Body>
std::string error_of(ErrorCode code, const Body& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.code() == code ? error.what() : text("code ", static_cast<int>(error.code()), ": ", error.what());
  }
  return "no error";
}

/// Dims as [n,m,?,4].
std::string shown(const Dims& dims) {
  std::string out;
  for (const Dim dim : dims) {
    if (!out.empty()) out += ',';
    out += dim.is_symbol() ? (dim.symbol_index() == 0 ? "n" : "m") : text(dim);
  }
  return "[" + out + "]";
}

TEST(Dim, IsANumberASymbolOrUnknown) {
  EXPECT_TRUE(Dim(4).known());
  EXPECT_FALSE(Dim(4).is_symbol());
  EXPECT_EQ(Dim(-1).value(), -1);
  EXPECT_TRUE(kM.is_symbol());
  EXPECT_FALSE(kM.known());
  EXPECT_EQ(kM.symbol_index(), 1U);
  EXPECT_FALSE(kUnknown.known() || kUnknown.is_symbol());
  EXPECT_EQ(text(Dim(4), Dim(-1), kN, kUnknown), "4-1??");
}

TEST(Dim, ComparesWithCertainty) {
  EXPECT_TRUE(Dim(4).same(4));
  EXPECT_TRUE(kN.same(kN));
  EXPECT_FALSE(kN.same(kM));
  EXPECT_FALSE(kN.same(0)) << "a symbol is not its index";
  EXPECT_FALSE(kUnknown.same(kUnknown));
  EXPECT_TRUE(Dim(4).differs(5));
  EXPECT_FALSE(Dim(4).differs(4));
  EXPECT_FALSE(kN.differs(kM));
  EXPECT_FALSE(kN.differs(5));
  EXPECT_TRUE(Dim(0).is(0));
  EXPECT_FALSE(kN.is(0));
  EXPECT_FALSE(kUnknown.is(0));
}

TEST(Dims, ConvertToShapesAndBack) {
  EXPECT_TRUE(all_known({4, 0}));
  EXPECT_TRUE(all_known({}));
  EXPECT_FALSE(all_known({4, kN}));
  EXPECT_FALSE(all_known({kUnknown}));
  EXPECT_EQ(to_shape({4, 0}), (Shape{4, 0}));
  EXPECT_EQ(shown(to_dims({4, 0})), "[4,0]");
}

TEST(CheckedProduct, NoticesOverflow) {
  EXPECT_EQ(checked_product(3, 4), 12);
  EXPECT_EQ(checked_product(kMost, 1), kMost);
  EXPECT_EQ(checked_product(kMost, 0), 0);
  EXPECT_EQ(checked_product(kMost, 2), std::nullopt);
  EXPECT_EQ(checked_product(std::int64_t{1} << 32, std::int64_t{1} << 32), std::nullopt);
  EXPECT_EQ(checked_product(std::int64_t{1} << 31, std::int64_t{1} << 31), std::int64_t{1} << 62);
}

TEST(ElementCount, MultipliesDimensions) {
  EXPECT_EQ(element_count(Shape{}), 1);
  EXPECT_EQ(element_count(Shape{4, 100}), 400);
  EXPECT_EQ(element_count(Shape{kMost}), kMost);
  EXPECT_EQ(element_count(Shape{kMost, 0, kMost}), 0) << "a zero decides, whatever stands beside it";
}

TEST(ElementCount, RefusesNegativeDimensionsAndOverflow) {
  const auto error = [](Shape shape) { return error_of(ErrorCode::kInvalidModel, [&] { element_count(shape); }); };
  EXPECT_EQ(error({2, -1}), "shape [2,-1] has a negative dimension");
  EXPECT_EQ(error({-2, -2}), "shape [-2,-2] has a negative dimension");
  EXPECT_EQ(error({0, -1}), "shape [0,-1] has a negative dimension");
  EXPECT_EQ(error({INT64_MIN}), "shape [-9223372036854775808] has a negative dimension");
  EXPECT_EQ(error({std::int64_t{1} << 32, std::int64_t{1} << 32}),
            "shape [4294967296,4294967296] has more elements than 64 bits can count");
  EXPECT_EQ(error({3, kMost / 2}), text("shape [3,", kMost / 2, "] has more elements than 64 bits can count"));
}

TEST(ElementCount, OfDimsIsAsMuchAsIsKnown) {
  EXPECT_TRUE(element_count(Dims{4, 5}).is(20));
  EXPECT_TRUE(element_count(Dims{}).is(1));
  EXPECT_TRUE(element_count(Dims{kN, 0}).is(0));
  EXPECT_TRUE(element_count(Dims{kMost, kMost, 0}).is(0) || !element_count(Dims{kMost, kMost, 0}).known());
  EXPECT_FALSE(element_count(Dims{kN, 5}).known());
  EXPECT_FALSE(element_count(Dims{kUnknown}).known());
  EXPECT_FALSE(element_count(Dims{kMost, kMost}).known());
}

TEST(ByteCount, MultipliesBySize) {
  EXPECT_EQ(byte_count(DataType::kFloat32, {4, 100}), 1600U);
  EXPECT_EQ(byte_count(DataType::kBool, {}), 1U);
  EXPECT_EQ(byte_count(DataType::kUint4, {3, 3}), 5U);
  EXPECT_EQ(byte_count(DataType::kInt2, {}), 1U);
  EXPECT_EQ(byte_count(DataType::kInt2, {kMost}), (std::size_t{1} << 61)) << "fewer bytes than elements";
  EXPECT_EQ(byte_count(DataType::kFloat64, {0, kMost}), 0U);
  EXPECT_EQ(error_of(ErrorCode::kInvalidModel, [] { byte_count(DataType::kFloat32, {std::int64_t{1} << 61}); }),
            "shape [2305843009213693952] of float32 needs more bytes than 64 bits can count");
  EXPECT_EQ(error_of(ErrorCode::kUnsupported, [] { byte_count(DataType::kString, {1}); }),
            "element type string is not supported");
}

TEST(NormalizedAxis, CountsFromBothEnds) {
  EXPECT_EQ(normalized_axis(0, 3), 0);
  EXPECT_EQ(normalized_axis(2, 3), 2);
  EXPECT_EQ(normalized_axis(-1, 3), 2);
  EXPECT_EQ(normalized_axis(-3, 3), 0);
  EXPECT_EQ(normalized_axis_or_end(3, 3), 3);
  EXPECT_EQ(normalized_axis_or_end(-3, 3), 0);
  EXPECT_EQ(normalized_axis_or_end(0, 0), 0);
}

TEST(NormalizedAxis, RefusesWhatIsOutside) {
  const auto error = [](std::int64_t axis, std::size_t rank) {
    return error_of(ErrorCode::kInvalidModel, [=] { normalized_axis(axis, rank); });
  };
  EXPECT_EQ(error(3, 3), "axis 3 is outside [-3,2] for rank 3");
  EXPECT_EQ(error(-4, 3), "axis -4 is outside [-3,2] for rank 3");
  EXPECT_EQ(error(INT64_MIN, 3), "axis -9223372036854775808 is outside [-3,2] for rank 3");
  EXPECT_EQ(error(kMost, 3), "axis 9223372036854775807 is outside [-3,2] for rank 3");
  EXPECT_EQ(error(0, 0), "axis 0 is outside [0,-1] for rank 0");
  EXPECT_EQ(error_of(ErrorCode::kInvalidModel, [] { normalized_axis_or_end(4, 3); }),
            "axis 4 is outside [-3,3] for rank 3");
}

TEST(Broadcast, JoinsShapes) {
  struct Case {
    Dims a, b;
    const char* result;
  };
  const Case cases[] = {
      {{2, 3}, {2, 3}, "[2,3]"},
      {{2, 3}, {3}, "[2,3]"},
      {{3}, {2, 3}, "[2,3]"},
      {{2, 1}, {1, 3}, "[2,3]"},
      {{}, {2, 3}, "[2,3]"},
      {{}, {}, "[]"},
      {{1}, {0}, "[0]"},
      {{0, 3}, {1, 3}, "[0,3]"},
      {{kN, 3}, {kN, 3}, "[n,3]"},
      {{kN, 3}, {1, 3}, "[n,3]"},
      {{kN, 3}, {3}, "[n,3]"},
      {{kN}, {5}, "[5]"},
      {{5}, {kN}, "[5]"},
      {{kN}, {kM}, "[?]"},
      {{kN}, {at_most(kN, 64)}, "[n]"},
      {{5}, {at_most(kN, 64)}, "[5]"},
      {{kM}, {at_most(kN, 64)}, "[?]"},
      {{kN}, {kUnknown}, "[?]"},
      {{kUnknown}, {1}, "[?]"},
      {{kUnknown}, {4}, "[4]"},
      {{kUnknown}, {0}, "[0]"},
      {{kUnknown}, {kUnknown}, "[?]"},
      {{8, 1, 6, 1}, {7, 1, 5}, "[8,7,6,5]"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(shown(broadcast(c.a, c.b)), c.result) << shown(c.a) << " and " << shown(c.b);
    EXPECT_EQ(shown(broadcast(c.b, c.a)), c.result) << shown(c.b) << " and " << shown(c.a);
  }
}

TEST(Broadcast, NamesWhatDoesNotFit) {
  EXPECT_EQ(error_of(ErrorCode::kInvalidModel,
                     [] {
                       broadcast({2, 3}, {4});
                     }),
            "shapes [2,3] and [4] do not broadcast: 3 and 4 differ and neither is 1");
  EXPECT_THAT(error_of(ErrorCode::kInvalidModel, [] { broadcast({0}, {2}); }), HasSubstr("do not broadcast"));
}

/// Numbers put in for symbols and unknowns never contradict what was said before.
TEST(Broadcast, OfSymbolsHoldsForAllTheirNumbers) {
  std::mt19937 random(5);
  const std::int64_t sizes[] = {0, 1, 2, 3};
  int compared = 0;
  for (int round = 0; round < 20000; ++round) {
    const std::int64_t n = sizes[random() % 4];
    const std::int64_t m = sizes[random() % 4];
    const auto make = [&](Dims& dims, Shape& shape) {
      for (std::size_t i = random() % 4; i > 0; --i) {
        const std::int64_t number = sizes[random() % 4];
        switch (random() % 6) {
          case 0:
            dims.push_back(kN), shape.push_back(n);
            break;
          case 1:
            dims.push_back(kM), shape.push_back(m);
            break;
          case 2:
            dims.push_back(kUnknown), shape.push_back(number);
            break;
          case 3:
            dims.push_back(sum(kN, kM)), shape.push_back(n + m);
            break;
          case 4:
            dims.push_back(at_most(kN, number + 1)), shape.push_back(std::min(n, number + 1));
            break;
          default:
            dims.push_back(number), shape.push_back(number);
        }
      }
    };
    Dims a, b;
    Shape a_shape, b_shape;
    make(a, a_shape);
    make(b, b_shape);
    Shape truth;
    try {
      truth = to_shape(broadcast(to_dims(a_shape), to_dims(b_shape)));
    } catch (const Error&) {
      continue;  // these numbers do not fit together
    }
    const Dims said = broadcast(a, b);
    ASSERT_EQ(said.size(), truth.size());
    for (std::size_t i = 0; i < said.size(); ++i) {
      const std::int64_t number = said[i].same(kN)            ? n
                                  : said[i].same(kM)          ? m
                                  : said[i].same(sum(kN, kM)) ? n + m
                                  : said[i].known()           ? said[i].value()
                                                              : truth[i];
      ASSERT_EQ(number, truth[i]) << shown(a) << " and " << shown(b) << " are said to give " << shown(said)
                                  << ", but with n=" << n << ", m=" << m << " " << text(a_shape, " and ", b_shape)
                                  << " give " << text(truth);
    }
    ++compared;
  }
  EXPECT_GT(compared, 2000);
}

TEST(RowMajorStrides, CountElements) {
  EXPECT_EQ(row_major_strides({2, 3, 4}), (std::vector<std::int64_t>{12, 4, 1}));
  EXPECT_EQ(row_major_strides({}), (std::vector<std::int64_t>{}));
  EXPECT_EQ(row_major_strides({5}), (std::vector<std::int64_t>{1}));
  EXPECT_EQ(row_major_strides({2, 0, 4}), (std::vector<std::int64_t>{4, 4, 1}));
  EXPECT_EQ(row_major_strides({std::int64_t{1} << 40, std::int64_t{1} << 40, 0}).size(), 3U) << "no overflow";
}

}  // namespace
}  // namespace linnet::internal
