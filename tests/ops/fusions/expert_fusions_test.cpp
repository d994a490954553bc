// Products with gathered matrices, as exports of mixtures of experts have them: every spelling is multiplied without a
// copy of the matrices, and what only looks like one stays as it is.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "tests/ops/fusions/fusion_writer.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

constexpr std::int64_t kExperts = 5, kDepth = 24, kColumns = 48;

using Written = std::string (*)(Writer&);
struct Spelling {
  const char* name;
  Written write;
};

std::string constant(Writer& w, const Shape& shape) {
  const Tensor values = numbers(shape, 9);
  return w.add_constant(
      tensor<float>(shape, std::vector<float>(values.data<float>(), values.data<float>() + values.count())));
}
std::string axes(Writer& w, std::int64_t axis) { return w.add_constant(tensor<std::int64_t>({1}, {axis})); }

/// x [rows, kDepth] as rows or columns.
std::string unsqueezed(Writer& w, std::int64_t axis) { return w("Unsqueeze", {"x", axes(w, axis)}); }
/// For each row one index, from the sign of an element and its neighbours.
std::string indices(Writer& w) {
  const std::string sums = w("ReduceSum", {w("Sign", {"x"}), axes(w, 1)}, {attribute("keepdims", 0)});
  const std::string few = w("Clip", {sums, w.constant(-5, {}), w.constant(4, {})});
  return w("Cast", {few}, {attribute("to", 7)});
}
std::string by_rows(Writer& w) { return constant(w, {kExperts, kDepth, kColumns}); }
std::string by_columns(Writer& w) { return constant(w, {kExperts, kColumns, kDepth}); }
std::string gathered_nd(Writer& w, const std::string& weights) {
  return w("GatherND", {weights, w("Unsqueeze", {indices(w), axes(w, 1)})});
}

const Spelling kSpellings[] = {
    {"a row and Gather",
     [](Writer& w) {
       return w("MatMul", {unsqueezed(w, 1), w("Gather", {by_rows(w), indices(w)})});
     }},
    {"a row and GatherND",
     [](Writer& w) {
       return w("MatMul", {unsqueezed(w, 1), gathered_nd(w, by_rows(w))});
     }},
    {"a column and Gather",
     [](Writer& w) {
       return w("MatMul", {w("Gather", {by_columns(w), indices(w)}), unsqueezed(w, 2)});
     }},
    {"a column and GatherND",
     [](Writer& w) {
       return w("MatMul", {gathered_nd(w, by_columns(w)), unsqueezed(w, 2)});
     }},
    {"an axis from behind",
     [](Writer& w) {
       return w("MatMul", {unsqueezed(w, 1), w("Gather", {by_rows(w), indices(w)}, {attribute("axis", -3)})});
     }},
    {"one index",
     [](Writer& w) {
       const std::string index = w("Slice", {indices(w), axes(w, 0), axes(w, 1)});
       return w("MatMul", {unsqueezed(w, 1), w("Gather", {by_rows(w), index})});
     }},
    {"one row",
     [](Writer& w) {
       const std::string row = w("ReduceSum", {"x", axes(w, 0)});
       return w("MatMul", {w("Unsqueeze", {row, axes(w, 1)}), w("Gather", {by_rows(w), indices(w)})});
     }},
    {"two layers that share indices",
     [](Writer& w) {
       const std::string chosen = w("Unsqueeze", {indices(w), axes(w, 1)});
       const std::string h = w("MatMul", {w("GatherND", {by_columns(w), chosen}), unsqueezed(w, 2)});
       const std::string a = w("Unsqueeze", {w("Relu", {w("Squeeze", {h, axes(w, 2)})}), axes(w, 2)});
       return w("MatMul", {w("GatherND", {constant(w, {kExperts, kDepth, kColumns}), chosen}), a});
     }},
};

std::string bytes_of(const Spelling& spelling) {
  Writer writer({}, {"rows", kDepth});
  return writer.bytes(spelling.write(writer));
}

TEST(ExpertFusions, EverySpellingCopiesNoMatrix) {
  for (const Spelling& spelling : kSpellings) {
    SCOPED_TRACE(spelling.name);
    const std::string found = operators(load(bytes_of(spelling), true));
    EXPECT_NE(found.find("GatheredMatMul"), std::string::npos) << found;
    EXPECT_EQ(found.find("Gather "), std::string::npos) << found;
    EXPECT_EQ(found.find("GatherND"), std::string::npos) << found;
  }
}

TEST(ExpertFusions, ResultsAreThoseOfTheNodes) {
  for (const std::int64_t rows : {std::int64_t{1}, std::int64_t{7}, std::int64_t{60}}) {
    const Tensor x = numbers({rows, kDepth}, 5);
    for (const Spelling& spelling : kSpellings) {
      const Tensor written = load(bytes_of(spelling), false, Backend::kReference).run({x})[0];
      for (const Backend backend : all_backends()) {
        SCOPED_TRACE(testing::Message() << spelling.name << ", " << name_of(backend) << ", " << rows << " rows");
        const Tensor fused = load(bytes_of(spelling), true, backend).run({x})[0];
        ASSERT_EQ(fused.shape(), written.shape());
        for (std::size_t i = 0; i < fused.count(); ++i)
          EXPECT_NEAR(fused.data<float>()[i], written.data<float>()[i], 1e-4F) << i;
      }
    }
  }
}

const Spelling kNearMisses[] = {
    {"another axis",
     [](Writer& w) {
       const std::string columns = w("Unsqueeze", {w("Transpose", {"x"}), axes(w, 1)});
       const std::string weights = constant(w, {1, kExperts, kColumns});
       return w("MatMul", {columns, w("Gather", {weights, indices(w)}, {attribute("axis", 1)})});
     }},
    {"two rows of each matrix",
     [](Writer& w) {
       const std::string row = unsqueezed(w, 1);
       const std::string rows = w("Concat", {row, row}, {attribute("axis", 1)});
       return w("MatMul", {rows, w("Gather", {by_rows(w), indices(w)})});
     }},
    {"matrices that others read, too",
     [](Writer& w) {
       const std::string gathered = w("Gather", {by_rows(w), indices(w)});
       return w.add(w("MatMul", {unsqueezed(w, 1), gathered}), w("ReduceSum", {gathered}));
     }},
    {"matrices that a run makes",
     [](Writer& w) {
       const std::string weights = w.mul(by_rows(w), w("ReduceSum", {"x"}, {attribute("keepdims", 0)}));
       return w("MatMul", {unsqueezed(w, 1), w("Gather", {weights, indices(w)})});
     }},
    {"rows of a matrix",
     [](Writer& w) {
       const std::string index = w("Unsqueeze", {indices(w), axes(w, 1)});
       return w("MatMul", {unsqueezed(w, 1), w("GatherND", {constant(w, {kExperts, kExperts, kDepth, 3}),
                                                            w("Concat", {index, index}, {attribute("axis", 1)})})});
     }},
    {"small matrices",
     [](Writer& w) {
       const std::string few = w("Slice", {"x", axes(w, 0), axes(w, 4), axes(w, 1)});
       return w("MatMul",
                {w("Unsqueeze", {few, axes(w, 1)}), w("Gather", {constant(w, {kExperts, 4, 1000}), indices(w)})});
     }},
    {"float64",
     [](Writer& w) {
       const std::string x = w("Cast", {unsqueezed(w, 1)}, {attribute("to", 11)});
       const std::string weights = w("Cast", {by_rows(w)}, {attribute("to", 11)});
       return w("Cast", {w("MatMul", {x, w("Gather", {weights, indices(w)})})}, {attribute("to", 1)});
     }},
};

TEST(ExpertFusions, NearMissesStay) {
  const Tensor x = numbers({7, kDepth}, 5);
  for (const Spelling& miss : kNearMisses) {
    SCOPED_TRACE(miss.name);
    const Model model = load(bytes_of(miss), true);
    EXPECT_EQ(operators(model).find("GatheredMatMul"), std::string::npos) << operators(model);
    EXPECT_GT(model.run({x})[0].count(), 0U);
  }
}

}  // namespace
}  // namespace linnet::test
