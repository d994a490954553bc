// A Pad of zeros goes into the convolution behind it, and gives the same bits; what adds something else stays.
#include <gtest/gtest.h>

#include "tests/ops/fusions/fusion_writer.hpp"
#include "tests/support/tensor_difference.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

using Ints = std::vector<std::int64_t>;

/// X is [2, 3, "height", "width"], W [9, 3, 3, 3].
std::string convolved(Writer& w, const std::string& x, std::vector<Message> attributes = {}, bool bias = true) {
  std::vector<float> weights;
  for (int i = 0; i < 9 * 27; ++i) weights.push_back(static_cast<float>(i % 11) - 4.5F);
  Names inputs = {x, w.add_constant(tensor<float>({9, 3, 3, 3}, weights))};
  if (bias) inputs.push_back(w.constant(0.5, {9}));
  return w("Conv", inputs, std::move(attributes));
}

std::string list(Writer& w, const Ints& numbers) {
  return w.add_constant(tensor<std::int64_t>({static_cast<std::int64_t>(numbers.size())}, numbers));
}

std::string padded(Writer& w, const Ints& pads) { return w("Pad", {"x", list(w, pads)}); }

struct Spelling {
  const char* name;
  std::string (*write)(Writer&);
  std::int64_t opset = 13;
};

const Spelling kSpellings[] = {
    {"no value",
     [](Writer& w) {
       return convolved(w, padded(w, {0, 0, 1, 2, 0, 0, 3, 0}));
     }},
    {"no bias",
     [](Writer& w) {
       return convolved(w, padded(w, {0, 0, 1, 2, 0, 0, 3, 0}), {}, false);
     }},
    {"zero",
     [](Writer& w) {
       return convolved(w, w("Pad", {"x", list(w, {0, 0, 1, 1, 0, 0, 1, 1}), w.number(0)}), {});
     }},
    {"pads of both and strides",
     [](Writer& w) {
       return convolved(w, padded(w, {0, 0, 0, 1, 0, 0, 1, 0}),
                        {attribute("pads", Ints{1, 0, 2, 3}), attribute("strides", Ints{2, 2})});
     }},
    {"VALID",
     [](Writer& w) {
       return convolved(w, padded(w, {0, 0, 1, 1, 0, 0, 1, 1}), {attribute("auto_pad", "VALID")});
     }},
    {"some axes",
     [](Writer& w) {
       return convolved(w, w("Pad", {"x", list(w, {1, 2, 3, 4}), w.number(0), list(w, {-1, 2})}));
     },
     18},
    {"attributes",
     [](Writer& w) {
       return convolved(w, w("Pad", {"x"}, {attribute("pads", Ints{0, 0, 1, 1, 0, 0, 1, 1})}));
     },
     9},
};

Tensor numbers(const Shape& shape) {
  Tensor x = Tensor::of<float>(shape);
  for (std::size_t i = 0; i < x.count(); ++i) x.data<float>()[i] = static_cast<float>(i * i % 23) * 0.3F - 3;
  return x;
}

TEST(ConvolutionFusions, TakeInZeros) {
  for (const Spelling& spelling : kSpellings) {
    Form form;
    form.opset = spelling.opset;
    Writer writer(form, {2, 3, "height", "width"});
    const std::string bytes = writer.bytes(spelling.write(writer));
    for (const Backend backend : all_backends()) {
      SCOPED_TRACE(testing::Message() << spelling.name << ", " << name_of(backend));
      const Model model = load(bytes, true, backend);
      ASSERT_EQ(operators(model), "Conv");
      for (const Shape& shape : {Shape{2, 3, 6, 7}, Shape{2, 3, 3, 20}}) {
        const Tensor fused = model.run({numbers(shape)})[0];
        const Tensor written = load(bytes, false, backend).run({numbers(shape)})[0];
        EXPECT_EQ(difference(fused.view(), written.view(), {0, 0}), "");
      }
    }
  }
}

const Spelling kNearMisses[] = {
    {"another value",
     [](Writer& w) {
       return convolved(w, w("Pad", {"x", list(w, {0, 0, 1, 1, 0, 0, 1, 1}), w.number(0.5)}));
     }},
    {"edges",
     [](Writer& w) {
       const std::string pads = list(w, {0, 0, 1, 1, 0, 0, 1, 1});
       return convolved(w, w("Pad", {"x", pads}, {attribute("mode", "edge")}));
     }},
    {"images",
     [](Writer& w) {
       return convolved(w, padded(w, {1, 0, 1, 1, 0, 0, 1, 1}));
     }},
    {"takes away",
     [](Writer& w) {
       return convolved(w, padded(w, {0, 0, -1, 1, 0, 0, 1, 1}));
     }},
    {"SAME_UPPER",
     [](Writer& w) {
       return convolved(w, padded(w, {0, 0, 1, 1, 0, 0, 1, 1}), {attribute("auto_pad", "SAME_UPPER")});
     }},
    {"read elsewhere",
     [](Writer& w) {
       const std::string pad = padded(w, {0, 0, 1, 1, 0, 0, 1, 1});
       w.model().output(pad);
       return convolved(w, pad);
     }},
    {"more than pads may be",
     [](Writer& w) {
       return convolved(w, padded(w, {0, 0, INT32_MAX, 1, 0, 0, 1, 1}), {attribute("pads", Ints{1, 0, 0, 0})});
     }},
};

TEST(ConvolutionFusions, LeaveWhatAddsSomethingElse) {
  for (const Spelling& spelling : kNearMisses) {
    Writer writer({}, {2, 3, "height", "width"});
    const std::string bytes = writer.bytes(spelling.write(writer));
    EXPECT_EQ(operators(load(bytes, true)), "Pad Conv") << spelling.name;
  }
}

}  // namespace
}  // namespace linnet::test
