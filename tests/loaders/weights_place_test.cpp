// Weights are the same wherever they lie: in the model, in a file beside it, in memory, at any address.
#include <malloc.h>

#include <cstring>
#include <optional>

#include <gtest/gtest.h>

#include "tests/hostile/peak_memory.hpp"
#include "tests/loaders/temporary_folder.hpp"
#include "tests/support/onnx_writer.hpp"

namespace linnet::test {
namespace {

std::vector<float> some_floats(std::size_t count) {
  std::vector<float> values(count);
  std::uint32_t bits = 1;
  for (float& value : values) {
    bits = bits * 1664525 + 1013904223;
    value = static_cast<float>(bits >> 8) * 0x1p-23F - 1.0F;
  }
  return values;
}

enum class Where { kExternal, kEmbedded, kMemory };
struct Place {
  const char* name;
  Where where;
  std::size_t shift;  ///< of the first weight, from a multiple of 4
};
constexpr Place kPlaces[] = {
    {"beside, aligned", Where::kExternal, 0},
    {"beside, at an odd offset", Where::kExternal, 1},
    {"beside, at offset 2", Where::kExternal, 2},
    {"embedded, aligned", Where::kEmbedded, 0},
    {"embedded, at an odd address", Where::kEmbedded, 3},
    {"in memory, aligned", Where::kMemory, 0},
    {"in memory, at an odd address", Where::kMemory, 1},
};

/// x [rows, depth] -> MatMul W [depth, columns] -> Gemm with V [columns, columns] transposed, plus a row c -> times s.
struct Network {
  std::int64_t depth;
  std::int64_t columns;
  bool second = true;  ///< whether Gemm and what follows are there

  ModelWriter with(const std::vector<Message>& weights, std::size_t padding) const {
    ModelWriter writer = model();
    if (padding > 0) writer.producer(std::string(padding, '-'));
    writer.input("x", DataType::kFloat32, {"rows", depth}).initializer("W", weights[0]);
    writer.node("MatMul", {"x", "W"}, {second ? "h" : "y"});
    if (second) {
      writer.initializer("V", weights[1]).initializer("c", weights[2]).initializer("s", weights[3]);
      writer.node("Gemm", {"h", "V", "c"}, {"g"}, {attribute("transB", 1), attribute("beta", 0.5F)});
      writer.node("Mul", {"g", "s"}, {"y"});
    }
    return writer.output("y");
  }

  std::vector<Shape> shapes() const {
    if (!second) return {{depth, columns}};
    return {{depth, columns}, {columns, columns}, {columns}, {1, columns}};
  }
};

/// The model in one of the places, loaded. Files go to `folder`.
class Placed {
 public:
  Placed(const TemporaryFolder& folder, const Network& network, const Place& place) : where_(place.where) {
    if (place.where == Where::kExternal) {
      std::string data(place.shift, '?');
      std::vector<Message> tensors;
      for (const Shape& shape : network.shapes()) {
        const std::size_t offset = data.size();
        data += bytes_of(some_floats(count_of(shape)));
        tensors.push_back(external_tensor(DataType::kFloat32, shape,
                                          {{"location", "model.data"}, {"offset", std::to_string(offset)}}));
      }
      folder.write("model.data", data);
      path_ = folder.write("model.onnx", network.with(tensors, 0).bytes());
      return;
    }
    std::vector<Message> tensors;
    for (const Shape& shape : network.shapes()) tensors.push_back(tensor(shape, some_floats(count_of(shape))));
    const std::string first = bytes_of(some_floats(16));
    std::size_t padding = 0;
    do {
      bytes_ = network.with(tensors, padding++).bytes();
    } while (bytes_.find(first) % 4 != place.shift);
    if (place.where == Where::kMemory) return;
    path_ = folder.write("model.onnx", bytes_);
    bytes_ = std::string();
  }

  Model load(const Options& options = {}) const {
    return where_ == Where::kMemory ? Model::load(bytes_.data(), bytes_.size(), options) : Model::load(path_, options);
  }

 private:
  static std::size_t count_of(const Shape& shape) {
    std::int64_t count = 1;
    for (const std::int64_t size : shape) count *= size;
    return static_cast<std::size_t>(count);
  }
  Where where_;
  std::string path_;
  std::string bytes_;
};

Tensor run(const Model& model, std::int64_t rows, std::int64_t depth) {
  Tensor x = Tensor::of<float>({rows, depth});
  const std::vector<float> values = some_floats(x.count());
  std::memcpy(x.data(), values.data(), x.bytes());
  return std::move(model.run({x})[0]);
}

TEST(WeightsPlace, GivesTheSameBitsEverywhere) {
  const Network network{150, 1100};  // every tensor is too large to be copied for its size alone
  for (const Backend backend : {Backend::kAuto, Backend::kOnednn, Backend::kReference}) {
    for (const Precision precision : {Precision::kF32, Precision::kBf16}) {
      Options options;
      options.backend = backend;
      options.precision = precision;
      std::optional<Tensor> expected;
      for (const Place& place : kPlaces) {
        SCOPED_TRACE(place.name);
        const TemporaryFolder folder;
        const Tensor y = run(Placed(folder, network, place).load(options), 3, network.depth);
        if (!expected) expected = y;
        ASSERT_EQ(y.shape(), expected->shape());
        EXPECT_EQ(std::memcmp(y.data(), expected->data(), y.bytes()), 0);
      }
    }
  }
}

/// Resident bytes that loading and a first run take at their peak.
std::optional<std::size_t> peak_of(const Placed& placed, const Network& network) {
  ::malloc_trim(0);  // what others have freed must not serve unseen
  Options options;
  options.threads = 1;  // with several, how much of a file is in memory at once depends on when they run
  const PeakMemory memory;
  const Tensor y = run(placed.load(options), 1, network.depth);
  return memory.growth_bytes();
}

TEST(WeightsPlace, NoneOfThemIsInMemoryTwice) {
  const Network network{4096, 2048, false};
  constexpr std::size_t kWeights = std::size_t{32} << 20;
  std::optional<std::size_t> external;
  for (const Place& place : kPlaces) {
    SCOPED_TRACE(place.name);
    const TemporaryFolder folder;
    const Placed placed(folder, network, place);
    const auto peak = peak_of(placed, network);
    if (!peak) GTEST_SKIP() << "memory cannot be measured here";
    std::printf("%s: %.1f MB\n", place.name, static_cast<double>(*peak) / (1 << 20));
    if (!external) external = peak;
    // From memory: beside the packed weights, one copy of what the caller may free.
    const std::size_t copies = place.where == Where::kMemory ? kWeights : 0;
    EXPECT_LE(*peak - copies, *external * 11 / 10);
  }
  EXPECT_LE(*external, kWeights * 5 / 4);
}

}  // namespace
}  // namespace linnet::test
