// Random graphs of the operators that passes and planner act on: optimised and not optimised agree, whatever is an
// output and however often a value is read.
#include <gtest/gtest.h>

#include <random>

#include "tests/support/onnx_writer.hpp"
#include "tests/support/tensor_difference.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

constexpr std::int64_t kBatch = 5;

/// Writes nodes one after the other, each reading values made before. All values are [batch, width].
class RandomGraph {
 public:
  explicit RandomGraph(std::uint32_t seed) : random_(seed) {
    model_.opset(17).input("x", DataType::kFloat32, {"batch", 8});
    values_.push_back({"x", 8});
  }

  std::string bytes() {
    const int nodes = pick(3, 24);
    for (int i = 0; i < nodes; ++i) add_node();
    mark_outputs();
    return model_.bytes();
  }

 private:
  struct Made {
    std::string name;
    std::int64_t width;
  };

  int pick(int least, int most) { return std::uniform_int_distribution<int>(least, most)(random_); }
  bool coin() { return pick(0, 1) == 1; }
  std::string fresh(const char* kind) { return kind + std::to_string(++names_); }

  /// Mostly the newest value, so that chains form; sometimes an older one, so that values have several readers.
  Made any_value() {
    const int last = static_cast<int>(values_.size()) - 1;
    return values_[static_cast<std::size_t>(pick(0, 3) > 0 ? last : pick(0, last))];
  }

  std::string constant(const Shape& shape, float least, float most) {
    std::size_t count = 1;
    for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
    std::vector<float> elements(count);
    std::uniform_real_distribution<float> distribution(least, most);
    for (float& element : elements) element = distribution(random_);
    std::string name = fresh("c");
    model_.initializer<float>(name, shape, elements);
    return name;
  }

  void emit(const char* op, const Names& inputs, std::int64_t width, std::vector<Message> attributes = {}) {
    const std::string name = fresh("v");
    model_.node(op, inputs, {name}, std::move(attributes));
    values_.push_back({name, width});
  }

  void add_node() {
    const Made from = any_value();
    switch (pick(0, 9)) {
      case 0:
      case 1:
        return add_product(from);
      case 2:
      case 3:
        return add_arithmetic(from);
      case 4:
      case 5:
        return add_activation(from);
      case 6:
        return add_normalization(from);
      case 7:
        return add_nothing(from);
      case 8:
        return add_join(from);
      default:
        return add_detour(from);
    }
  }

  void add_product(const Made& from) {
    const std::int64_t width = pick(1, 12);
    if (coin()) return emit("MatMul", {from.name, constant({from.width, width}, -0.5f, 0.5f)}, width);
    const bool transposed = coin();
    const Shape shape = transposed ? Shape{width, from.width} : Shape{from.width, width};
    Names inputs = {from.name, constant(shape, -0.5f, 0.5f)};
    if (coin()) inputs.push_back(constant(coin() ? Shape{width} : Shape{1}, -1.0f, 1.0f));
    emit("Gemm", inputs, width,
         {attribute("transB", transposed ? 1 : 0), attribute("alpha", coin() ? 1.0f : 0.5f),
          attribute("beta", coin() ? 1.0f : 2.0f)});
  }

  /// With a constant row, a constant scalar, or the value itself, on either side.
  void add_arithmetic(const Made& from) {
    static constexpr const char* kOps[] = {"Add", "Sub", "Mul", "Div"};
    const char* const op = kOps[pick(0, 3)];
    if (pick(0, 4) == 0) return emit(coin() ? "Add" : "Sub", {from.name, from.name}, from.width);
    const std::string other = constant(coin() ? Shape{from.width} : Shape{}, 0.5f, 1.5f);
    const bool swapped = coin() && std::string(op) != "Div";
    emit(op, swapped ? Names{other, from.name} : Names{from.name, other}, from.width);
  }

  void add_activation(const Made& from) {
    static constexpr const char* kOps[] = {"Relu", "Tanh", "Sigmoid", "LeakyRelu", "Elu", "HardSigmoid"};
    if (pick(0, 6) == 0) {
      return emit("Clip", {from.name, constant({}, -1.0f, 0.0f), constant({}, 0.0f, 1.0f)}, from.width);
    }
    if (pick(0, 6) == 0) return add_self_gated(from);
    emit(kOps[pick(0, 5)], {from.name}, from.width);
  }

  /// x * sigmoid(x), whose gate may be read again.
  void add_self_gated(const Made& from) {
    emit("Sigmoid", {from.name}, from.width);
    const std::string gate = values_.back().name;
    if (coin()) values_.pop_back();
    emit("Mul", coin() ? Names{from.name, gate} : Names{gate, from.name}, from.width);
  }

  void add_normalization(const Made& from) {
    if (coin()) return emit("Softmax", {from.name}, from.width, {attribute("axis", coin() ? 1 : -1)});
    const Shape shape = {from.width};
    emit("BatchNormalization",
         {from.name, constant(shape, 0.5f, 1.5f), constant(shape, -1.0f, 1.0f), constant(shape, -1.0f, 1.0f),
          constant(shape, 0.5f, 2.0f)},
         from.width);
  }

  void add_nothing(const Made& from) {
    if (coin()) return emit("Identity", {from.name}, from.width);
    emit("Dropout", {from.name}, from.width);
  }

  void add_join(const Made& from) {
    const Made other = any_value();
    if (other.width == from.width) return emit(coin() ? "Add" : "Mul", {from.name, other.name}, from.width);
    emit("Concat", {from.name, other.name}, from.width + other.width, {attribute("axis", 1)});
  }

  /// Another shape and back: views and copies.
  void add_detour(const Made& from) {
    if (coin()) {
      emit("Transpose", {from.name}, from.width);
      const std::string turned = values_.back().name;
      values_.pop_back();
      return emit("Transpose", {turned}, from.width, {attribute("perm", std::vector<std::int64_t>{1, 0})});
    }
    const std::string shape = fresh("s");
    model_.initializer<std::int64_t>(shape, {2}, {-1, from.width});
    emit("Reshape", {from.name, shape}, from.width);
  }

  /// The last value, and some of those before it.
  void mark_outputs() {
    for (std::size_t i = 1; i < values_.size(); ++i) {
      if (i + 1 == values_.size() || pick(0, 5) == 0) {
        model_.output(values_[i].name, DataType::kFloat32, {"batch", values_[i].width});
      }
    }
  }

  std::mt19937 random_;
  ModelWriter model_ = model();
  std::vector<Made> values_;
  int names_ = 0;
};

Model load_with(const std::string& bytes, Backend backend, bool optimised, int threads = 1) {
  Options options;
  options.backend = backend;
  options.threads = threads;
  if (!optimised) options.disabled_passes = {"all"};
  return Model::load(bytes.data(), bytes.size(), options);
}

TEST(RandomGraph, OptimisedAndNotAgree) {
  constexpr std::uint32_t kGraphs = 400;
  std::size_t changes = 0;
  for (std::uint32_t seed = 1; seed <= kGraphs; ++seed) {
    const std::string bytes = RandomGraph(seed).bytes();
    Tensor x = Tensor::of<float>({kBatch, 8});
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> distribution(-1.0f, 1.0f);
    for (std::size_t i = 0; i < x.count(); ++i) x.data<float>()[i] = distribution(random);
    const std::vector<Tensor> expected = load_with(bytes, Backend::kReference, false).run({x});
    for (const Backend backend : all_backends()) {
      for (const bool optimised : {true, false}) {
        const Model model = load_with(bytes, backend, optimised);
        const std::vector<Tensor> outputs = model.run({x});
        ASSERT_EQ(outputs.size(), expected.size());
        for (std::size_t i = 0; i < outputs.size(); ++i) {
          ASSERT_EQ(difference(outputs[i].view(), expected[i].view(), {1e-3, 1e-4}), "")
              << "seed " << seed << ", output " << i << ", backend " << name_of(backend)
              << (optimised ? ", optimised" : "");
        }
        for (const auto& [pass, count] : summarize(model).passes) changes += count;
      }
    }
  }
  EXPECT_GT(changes, kGraphs) << "the passes found next to nothing to do, so next to nothing was tested";
}

TEST(RandomGraph, ArenaIsNoSmallerThanItsLowerBound) {
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    const std::string bytes = RandomGraph(seed).bytes();
    const Tensor x = Tensor::of<float>({kBatch, 8});
    for (const bool optimised : {true, false}) {
      const ProgramSummary summary = summarize_program(load_with(bytes, Backend::kSimd, optimised), {x.view()});
      ASSERT_GE(summary.arena_bytes, summary.arena_lower_bound_bytes) << "seed " << seed;
      for (const BlockSummary& a : summary.blocks) {
        ASSERT_LE(a.offset + a.bytes, summary.arena_bytes) << "seed " << seed;
        for (const BlockSummary& b : summary.blocks) {
          const bool together = a.first_step <= b.last_step && b.first_step <= a.last_step;
          const bool overlap = a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
          ASSERT_TRUE(&a == &b || !together || !overlap) << "seed " << seed << ": two blocks of the plan overlap";
        }
      }
    }
  }
}

TEST(RandomGraph, ThreadsAndRepetitionKeepEveryBit) {
  for (std::uint32_t seed = 1; seed <= 100; ++seed) {
    const std::string bytes = RandomGraph(seed).bytes();
    Tensor x = Tensor::of<float>({kBatch, 8});
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> distribution(-1.0f, 1.0f);
    for (std::size_t i = 0; i < x.count(); ++i) x.data<float>()[i] = distribution(random);
    const std::vector<Tensor> expected = load_with(bytes, Backend::kAuto, true).run({x});
    const Model model = load_with(bytes, Backend::kAuto, true, 3);
    Session session = model.session();
    for (int round = 0; round < 3; ++round) {
      const std::vector<Tensor> outputs = session.run({x});
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        ASSERT_EQ(bit_difference(outputs[i].view(), expected[i].view()), "") << "seed " << seed << ", round " << round;
      }
    }
  }
}

}  // namespace
}  // namespace linnet::test
