// Good models with something wrong somewhere: each must load, or be refused with linnet::Error; nothing else may
// happen.
#include <fstream>
#include <iterator>
#include <random>

#include "tests/hostile/refusal.hpp"

namespace linnet::test {
namespace {

/// A node of every kind the format has, in few bytes: attributes, functions, typed and raw tensors, left-out names.
std::string varied_model() {
  return model()
      .opset(13)
      .opset(1, "d")
      .producer("p")
      .function(FunctionWriter("d", "f", {"a"}, {"r"})
                    .opset(13)
                    .parameter("q")
                    .default_parameter(attribute("s", 0.5f))
                    .node("LeakyRelu", {"a"}, {"t"}, {attribute_reference("alpha", "s", 1)})
                    .node("Softmax", {"t"}, {"r"}, {attribute_reference("axis", "q", 2)}))
      .input("x", DataType::kFloat32, {"n", 4})
      .initializer<float>("w", {4, 2}, {1, 2, 3, 4, 5, 6, 7, 8})
      .initializer("i", tensor_header(DataType::kInt64, {2}).packed(7, {-1, 2}))
      .node("Gemm", {"x", "w", ""}, {"h"}, {attribute("alpha", 0.5f), attribute("transB", 0)}, "g")
      .node("Reshape", {"h", "i"}, {"s"})
      .node("Constant", {}, {"c"}, {attribute("value", tensor<float>({1}, {1}))})
      .node("Add", {"s", "c"}, {"u"})
      .node("f", {"u"}, {"y"}, {attribute("q", 1)}, "call", "d")
      .output("y", DataType::kFloat32, {"n", 2})
      .bytes();
}

std::string committed_model(const char* path) {
  std::ifstream file(std::string(LINNET_SOURCE_DIR) + "/models/" + path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Three seeds: the one above, an export of PyTorch's older exporter, and one of its default exporter.
std::vector<std::string> seeds() {
  return {varied_model(), committed_model("softmax_2d_dim1/module_opset13_dynamic.onnx"),
          committed_model("leaky_relu/module_dynamo_dynamic.onnx")};
}

/// True when it loads. Everything but linnet::Error ends the test.
bool loads(const std::string& bytes) {
  try {
    Model::load(bytes.data(), bytes.size());
    return true;
  } catch (const Error& error) {
    EXPECT_NE(error.code(), ErrorCode::kInternal) << error.what();
    EXPECT_NE(error.what()[0], '\0');
    return false;
  }
}

TEST(HostileDamage, TheSeedsThemselvesLoad) {
  for (const std::string& seed : seeds()) {
    ASSERT_FALSE(seed.empty());
    EXPECT_NO_THROW(accept(seed));
  }
}

TEST(HostileDamage, EveryPrefix) {
  for (const std::string& seed : seeds()) {
    std::size_t loaded = 0;
    for (std::size_t size = 0; size < seed.size(); ++size) {
      // From a block of its own, so that a sanitizer sees a read past the end.
      const std::vector<char> prefix(seed.begin(), seed.begin() + static_cast<std::ptrdiff_t>(size));
      loaded += loads(std::string(prefix.begin(), prefix.end())) ? 1 : 0;
    }
    EXPECT_LT(loaded, 40u) << "only what is cut between two fields at the end can be a model";
  }
}

TEST(HostileDamage, EveryByteReplaced) {
  for (const std::string& seed : seeds()) {
    std::size_t refused = 0;
    for (std::size_t i = 0; i < seed.size(); ++i) {
      for (const char value : {'\0', '\1', '\x7f', '\x80', '\xff'}) {
        std::string damaged = seed;
        damaged[i] = value;
        refused += loads(damaged) ? 0 : 1;
      }
    }
    EXPECT_GT(refused, seed.size() / 2);
  }
}

TEST(HostileDamage, RandomBytes) {
  std::mt19937 random(20261123);
  std::size_t loaded = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string bytes(random() % 200, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    loaded += loads(bytes) ? 1 : 0;
  }
  EXPECT_EQ(loaded, 0u);
}

TEST(HostileDamage, RandomEdits) {
  std::mt19937 random(7);
  const std::vector<std::string> originals = seeds();
  std::size_t refused = 0;
  for (int i = 0; i < 6000; ++i) {
    std::string bytes = originals[static_cast<std::size_t>(i) % originals.size()];
    for (std::size_t edits = random() % 4 + 1; edits > 0; --edits) {
      const std::size_t at = random() % bytes.size();
      switch (random() % 3) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.erase(at, random() % 8 + 1);
          break;
        default:
          bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 30));
          break;
      }
      if (bytes.empty()) bytes = "x";
    }
    refused += loads(bytes) ? 0 : 1;
  }
  EXPECT_GT(refused, 3000u);
}

}  // namespace
}  // namespace linnet::test
