// Rotary embeddings written as several nodes: every spelling becomes one node that gives the same, and what only looks
// like one stays as it is.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/ops/fusions/fusion_writer.hpp"
#include "tests/support/tensor_difference.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

constexpr int kWidth = 38;

using Written = std::string (*)(Writer&);

std::string list(Writer& w, std::int64_t number) { return w.add_constant(tensor<std::int64_t>({1}, {number})); }

std::string columns(Writer& w, std::int64_t start, std::int64_t end, std::int64_t axis = 3, std::int64_t step = 0) {
  Names inputs = {"x", list(w, start), list(w, end), list(w, axis)};
  if (step != 0) inputs.push_back(list(w, step));
  return w("Slice", inputs);
}

std::string turned(Writer& w, const std::string& second, const std::string& first, int axis = -1) {
  return w("Concat", {w("Neg", {second}), first}, {attribute("axis", axis)});
}

std::string rotated(Writer& w, const std::string& turned) {
  w.model().input("cos", DataType::kFloat32, {"batch", 1, "tokens", kWidth});
  w.model().input("sin", DataType::kFloat32, {1, 1, "tokens", kWidth});
  return w.add(w.mul("x", "cos"), w.mul(turned, "sin"));
}

/// cos and sin have so many columns; the `last` node names what is made.
struct Spelling {
  const char* name;
  Written write;
  int columns = kWidth;
  const char* last = "Add";
};

constexpr std::int64_t kHalf = kWidth / 2;
constexpr std::int64_t kEnd = INT64_MAX;

/// Of x [.., tokens, 10], elements of the pairs: every second one, or halves.
std::string every_second(Writer& w, std::int64_t first) { return columns(w, first, kEnd, 3, 2); }

/// torch.stack((a, b), -1).flatten(-2), where the width comes to be.
std::string stacked(Writer& w, const std::string& a, const std::string& b, int axis = -1) {
  const Names apart = {w("Unsqueeze", {a, list(w, axis)}), w("Unsqueeze", {b, list(w, axis)})};
  const std::string joined = w("Concat", apart, {attribute("axis", axis)});
  const std::string shape = w.add_constant(tensor<std::int64_t>({4}, {0, 0, 0, kWidth}));
  return w("Reshape", {joined, shape});
}

using Join = std::string (*)(Writer&, const std::string&, const std::string&);

/// The products of pairs, each with one of as many columns.
std::string pairs(Writer& w, const std::string& x1, const std::string& x2, Join join) {
  w.model().input("cos", DataType::kFloat32, {"batch", 1, "tokens", kHalf});
  w.model().input("sin", DataType::kFloat32, {1, 1, "tokens", kHalf});
  const std::string first = w("Sub", {w.mul(x1, "cos"), w.mul(x2, "sin")});
  return join(w, first, w.add(w.mul(x2, "cos"), w.mul(x1, "sin")));
}

std::string side_by_side(Writer& w, const std::string& a, const std::string& b) {
  return w("Concat", {a, b}, {attribute("axis", 3)});
}

std::string as_neighbours(Writer& w, const std::string& a, const std::string& b) { return stacked(w, a, b); }

Names split(Writer& w) {
  w.model().node("Split", {"x"}, {"x1", "x2"}, {attribute("axis", 3)}, "split");
  return {"x1", "x2"};
}

const Spelling kSpellings[] = {
    {"PyTorch", [](Writer& w) { return rotated(w, turned(w, columns(w, kHalf, kEnd), columns(w, 0, kHalf))); }},
    {"with steps",
     [](Writer& w) { return rotated(w, turned(w, columns(w, kHalf, kWidth, -1, 1), columns(w, 0, kHalf, -1, 1))); }},
    {"counted from the end",
     [](Writer& w) { return rotated(w, turned(w, columns(w, -kHalf, kEnd), columns(w, -kWidth, -kHalf))); }},
    {"torch.chunk",
     [](Writer& w) {
       const Names halves = split(w);
       return rotated(w, turned(w, halves[1], halves[0]));
     }},
    {"GPT-J's neighbours",
     [](Writer& w) { return rotated(w, stacked(w, w("Neg", {every_second(w, 1)}), every_second(w, 0))); }},
    {"pairs of halves", [](Writer& w) { return pairs(w, columns(w, 0, kHalf), columns(w, kHalf, kEnd), side_by_side); },
     kHalf, "Concat"},
    {"pairs of torch.chunk",
     [](Writer& w) {
       const Names halves = split(w);
       return pairs(w, halves[0], halves[1], side_by_side);
     },
     kHalf, "Concat"},
    {"pairs of neighbours", [](Writer& w) { return pairs(w, every_second(w, 0), every_second(w, 1), as_neighbours); },
     kHalf, "Reshape"},
};

TEST(RotaryFusions, EverySpellingBecomesOneNodeThatGivesTheSame) {
  const Tensor x = numbers({2, 3, 4, kWidth}, 1);
  for (const Spelling& spelling : kSpellings) {
    const Tensor cos = numbers({2, 1, 4, spelling.columns}, 2);
    const Tensor sin = numbers({1, 1, 4, spelling.columns}, 3);
    for (const bool swapped : {false, true}) {
      Form form;
      form.swapped = swapped;
      Writer writer(form, {"batch", "heads", "tokens", kWidth});
      const std::string bytes = writer.bytes(spelling.write(writer));
      for (const Backend backend : all_backends()) {
        SCOPED_TRACE(testing::Message() << spelling.name << (swapped ? ", swapped, " : ", ") << name_of(backend));
        const Model model = load(bytes, true, backend);
        ASSERT_EQ(operators(model), "RotaryEmbedding");
        EXPECT_EQ(summarize(model).nodes[0].fused.back().op, spelling.last);
        const Tensor fused = model.run({x, cos, sin})[0];
        const Tensor written = load(bytes, false, backend).run({x, cos, sin})[0];
        EXPECT_EQ(difference(fused.view(), written.view(), {0, 2 * 0x1p-23}), "");
      }
    }
  }
}

/// Only the front of rows is turned: `rest` columns of them from `start` on are put behind it.
std::string turned_front(Writer& w, Written write, std::int64_t start, const char* rest = "wide", int axis = 3) {
  w.model().node("Slice", {"wide", list(w, 0), list(w, kWidth), list(w, 3)}, {"x"}, {}, "front");
  const std::string front = write(w);
  const std::string behind = w("Slice", {rest, list(w, start), list(w, kEnd), list(w, 3)});
  return w("Concat", {front, behind}, {attribute("axis", axis)});
}

TEST(RotaryFusions, TheRestOfARowStays) {
  constexpr std::int64_t kRest = 5;
  for (const Spelling& spelling : kSpellings) {
    Writer writer({}, {"batch", 3, "tokens", kWidth + kRest}, "wide");
    const std::string bytes = writer.bytes(turned_front(writer, spelling.write, kWidth));
    const std::vector<Tensor> inputs = {numbers({2, 3, 4, kWidth + kRest}, 1), numbers({2, 1, 4, spelling.columns}, 2),
                                        numbers({1, 1, 4, spelling.columns}, 3)};
    const auto run = [&](const Model& of) { return of.run({inputs[0], inputs[1], inputs[2]})[0]; };
    for (const Backend backend : all_backends()) {
      SCOPED_TRACE(testing::Message() << spelling.name << ", " << name_of(backend));
      const Model model = load(bytes, true, backend);
      ASSERT_EQ(operators(model), "RotaryEmbedding");
      const Tensor written = run(load(bytes, false, backend));
      EXPECT_EQ(difference(run(model).view(), written.view(), {0, 2 * 0x1p-23}), "");
    }
  }
}

TEST(RotaryFusions, AnotherRestIsJoined) {
  const auto joined = [](std::int64_t width, std::int64_t start, const char* rest, int axis) {
    Writer w({}, {"batch", 3, "tokens", width}, "wide");
    w.model().input("other", DataType::kFloat32, {"batch", 3, "tokens", width});
    return operators(load(w.bytes(turned_front(w, kSpellings[0].write, start, rest, axis)), true));
  };
  EXPECT_EQ(joined(kWidth + 5, kWidth, "wide", 3), "RotaryEmbedding");
  EXPECT_EQ(joined(kWidth + 5, kWidth, "other", 3), "Slice RotaryEmbedding Slice Concat");
  EXPECT_EQ(joined(kWidth + 5, kWidth - 1, "wide", 3), "Slice RotaryEmbedding Slice Concat");
  EXPECT_EQ(joined(2 * kWidth, kWidth, "wide", 2), "Slice RotaryEmbedding Slice Concat");
}

/// What is broadcast: x itself, and tables of fewer dimensions.
TEST(RotaryFusions, EverythingBroadcasts) {
  Writer w({}, {1, kWidth});
  w.model().input("cos", DataType::kFloat32, {3, 4, kWidth}).input("sin", DataType::kFloat32, {2, 1, 1, kWidth});
  const std::string halves = turned(w, columns(w, kHalf, kEnd, 1), columns(w, 0, kHalf, 1));
  const std::string bytes = w.bytes(w.add(w.mul("x", "cos"), w.mul(halves, "sin")));
  const Model model = load(bytes, true);
  EXPECT_EQ(operators(model), "RotaryEmbedding");
  const std::vector<Tensor> inputs = {numbers({1, kWidth}, 1), numbers({3, 4, kWidth}, 2),
                                      numbers({2, 1, 1, kWidth}, 3)};
  const auto run = [&](const Model& of) { return of.run({inputs[0], inputs[1], inputs[2]})[0]; };
  const Tensor fused = run(model);
  EXPECT_EQ(fused.shape(), (Shape{2, 3, 4, kWidth}));
  EXPECT_EQ(difference(fused.view(), run(load(bytes, false)).view(), {0, 2 * 0x1p-23}), "");
}

const Spelling kNearMisses[] = {
    {"neighbours the other way round",
     [](Writer& w) { return rotated(w, stacked(w, w("Neg", {every_second(w, 0)}), every_second(w, 1))); }},
    {"neighbours of which one is not negative",
     [](Writer& w) { return rotated(w, stacked(w, every_second(w, 1), every_second(w, 0))); }},
    {"neighbours as halves", [](Writer& w) { return rotated(w, turned(w, every_second(w, 1), every_second(w, 0))); }},
    {"halves as neighbours",
     [](Writer& w) { return rotated(w, stacked(w, w("Neg", {columns(w, kHalf, kEnd)}), columns(w, 0, kHalf))); }},
    {"neighbours that are joined before their dimension",
     [](Writer& w) { return rotated(w, stacked(w, w("Neg", {every_second(w, 1)}), every_second(w, 0), -2)); }},
    {"chunks the other way round",
     [](Writer& w) {
       const Names halves = split(w);
       return rotated(w, turned(w, halves[0], halves[1]));
     }},
    {"pairs the other way round",
     [](Writer& w) { return pairs(w, columns(w, kHalf, kEnd), columns(w, 0, kHalf), side_by_side); }},
    {"pairs of halves as neighbours",
     [](Writer& w) { return pairs(w, columns(w, 0, kHalf), columns(w, kHalf, kEnd), as_neighbours); }},
    {"a pair turned the other way",
     [](Writer& w) {
       w.model().input("cos", DataType::kFloat32, {1, 1, 1, kHalf}).input("sin", DataType::kFloat32, {1, 1, 1, kHalf});
       const Names x = split(w);
       const std::string first = w.add(w.mul(x[0], "cos"), w.mul(x[1], "sin"));
       return side_by_side(w, first, w("Sub", {w.mul(x[1], "cos"), w.mul(x[0], "sin")}));
     }},
    {"pairs with one angle for all",
     [](Writer& w) {
       w.model().input("cos", DataType::kFloat32, {1, 1, 1, 1}).input("sin", DataType::kFloat32, {1, 1, 1, 1});
       const Names x = split(w);
       const std::string first = w("Sub", {w.mul(x[0], "cos"), w.mul(x[1], "sin")});
       return side_by_side(w, first, w.add(w.mul(x[1], "cos"), w.mul(x[0], "sin")));
     }},
    {"halves the other way round",
     [](Writer& w) { return rotated(w, turned(w, columns(w, 0, kHalf), columns(w, kHalf, kEnd))); }},
    {"the other half negative",
     [](Writer& w) {
       const std::string both =
           w("Concat", {columns(w, kHalf, kEnd), w("Neg", {columns(w, 0, kHalf)})}, {attribute("axis", -1)});
       return rotated(w, both);
     }},
    {"parts that are not halves",
     [](Writer& w) { return rotated(w, turned(w, columns(w, kHalf - 1, kEnd), columns(w, 0, kHalf - 1))); }},
    {"a step", [](Writer& w) { return rotated(w, turned(w, columns(w, 0, kWidth, 3, 2), columns(w, 0, kHalf))); }},
    {"another first column",
     [](Writer& w) { return rotated(w, turned(w, columns(w, kHalf, kEnd), columns(w, 1, kHalf + 1))); }},
    {"another axis",
     [](Writer& w) {
       const std::string second = columns(w, kHalf, kEnd, 2);
       return rotated(w, turned(w, second, columns(w, 0, kHalf, 2), 2));
     }},
    {"what is turned is read elsewhere",
     [](Writer& w) {
       const std::string both = turned(w, columns(w, kHalf, kEnd), columns(w, 0, kHalf));
       w.model().output(both);
       return rotated(w, both);
     }},
    {"another value for cos",
     [](Writer& w) {
       w.model().input("z", DataType::kFloat32, {"batch", "heads", kWidth, kWidth});
       w.model().input("cos", DataType::kFloat32, {1, 1, kWidth, kWidth});
       const std::string both = turned(w, columns(w, kHalf, kEnd), columns(w, 0, kHalf));
       return w.add(w.mul("z", "cos"), w.mul(both, "cos"));
     }},
    {"one sin for all columns",
     [](Writer& w) {
       w.model().input("cos", DataType::kFloat32, {1, 1, kWidth, 1});
       const std::string both = turned(w, columns(w, kHalf, kEnd), columns(w, 0, kHalf));
       return w.add(w.mul("x", "cos"), w.mul(both, "cos"));
     }},
    {"a difference",
     [](Writer& w) {
       w.model().input("cos", DataType::kFloat32, {1, 1, kWidth, kWidth});
       const std::string both = turned(w, columns(w, kHalf, kEnd), columns(w, 0, kHalf));
       return w("Sub", {w.mul("x", "cos"), w.mul(both, "cos")});
     }},
};

TEST(RotaryFusions, NearMissesStayAsTheyAre) {
  for (const Spelling& miss : kNearMisses) {
    SCOPED_TRACE(miss.name);
    Writer writer({}, {"batch", "heads", kWidth, kWidth});
    const Model model = load(writer.bytes(miss.write(writer)), true);
    EXPECT_FALSE(anything_fused(model)) << operators(model);
  }
}

TEST(RotaryFusions, SixteenBitTypesAndUnknownWidthsStay) {
  for (const bool half : {false, true}) {
    Form form;
    if (half) form.type = DataType::kFloat16;
    const DimSpec width = half ? DimSpec(kWidth) : DimSpec("width");
    Writer w(form, {"batch", "heads", "tokens", width});
    w.model().input("cos", form.type, {1, 1, "tokens", width});
    const std::string both = turned(w, columns(w, kHalf, kEnd), columns(w, 0, kHalf));
    EXPECT_FALSE(anything_fused(load(w.bytes(w.add(w.mul("x", "cos"), w.mul(both, "cos"))), true)));
  }
}

}  // namespace
}  // namespace linnet::test
