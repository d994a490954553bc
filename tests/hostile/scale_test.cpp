// Models that are legal and large, and ones made to take quadratic time. The bounds on time that these stand for would
// fail by hours, not by a factor: nothing here looks at a clock but to report.
#include <filesystem>

#include "tests/hostile/peak_memory.hpp"
#include "tests/hostile/refusal.hpp"
#include "tests/loaders/temporary_folder.hpp"

namespace linnet::test {
namespace {

constexpr DataType kF = DataType::kFloat32;

/// 200,000 nodes, each reading the one before: loads and runs, in bounded memory and without recursion.
TEST(HostileScale, AChainOf200000Nodes) {
  constexpr int kNodes = 200000;
  ModelWriter writer = model().input("x", kF, {"n", 4});
  std::string last = "x";
  for (int i = 0; i < kNodes; ++i) {
    std::string next = "v" + std::to_string(i);
    writer.node("Relu", {last}, {next}, {}, "node_" + std::to_string(i));
    last = std::move(next);
  }
  const std::string bytes = writer.output(last, kF, {"n", 4}).bytes();

  const PeakMemory memory;
  const auto begin = std::chrono::steady_clock::now();
  const Model chain = accept(bytes);
  Tensor x = Tensor::of<float>({2, 4});
  for (int i = 0; i < 8; ++i) x.data<float>()[i] = static_cast<float>(i - 4);
  const std::vector<Tensor> y = chain.run({x});
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - begin;
  RecordProperty("load_and_run_ms", std::to_string(time.count()));
  for (int i = 0; i < 8; ++i) EXPECT_EQ(y[0].data<float>()[i], i < 4 ? 0.0f : static_cast<float>(i - 4));
  if (const auto growth = memory.growth_bytes()) {
    EXPECT_LE(*growth, std::size_t{300} << 20);
  }
}

/// The same from the last node to the first: they are put in order in linear time.
TEST(HostileScale, AChainOf200000NodesInReverse) {
  constexpr int kNodes = 200000;
  ModelWriter writer = model().input("x", kF, {"n", 4});
  const auto name = [](int i) { return i < 0 ? std::string("x") : "v" + std::to_string(i); };
  for (int i = kNodes; i-- > 0;) writer.node("Relu", {name(i - 1)}, {name(i)});
  const std::string bytes = writer.output(name(kNodes - 1), kF, {"n", 4}).bytes();

  const PeakMemory memory;
  const auto begin = std::chrono::steady_clock::now();
  const Model chain = accept(bytes);
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - begin;
  RecordProperty("load_ms", std::to_string(time.count()));
  EXPECT_EQ(chain.outputs()[0].shape[1].value, 4);
  if (const auto growth = memory.growth_bytes()) {
    EXPECT_LE(*growth, std::size_t{300} << 20);
  }
}

TEST(HostileScale, AChainThatIsWrongAtItsEnd) {
  constexpr int kNodes = 100000;
  ModelWriter writer = model().input("x", kF, {4});
  std::string last = "late";
  for (int i = 0; i < kNodes; ++i) {
    std::string next = "v" + std::to_string(i);
    writer.node("Relu", {last}, {next});
    last = std::move(next);
  }
  writer.node("Relu", {last}, {"late"}).output("late");
  expect_refused("cycle of 100,001", writer.bytes(), ErrorCode::kInvalidModel,
                 {"reads \"v0\", which Relu node produces from what this node makes: the graph has a cycle"});
}

TEST(HostileScale, ManyInitializers) {
  ModelWriter writer = model();
  for (int i = 0; i < 100000; ++i) writer.initializer("w" + std::to_string(i), tensor_header(kF, {1}).float32(4, 1));
  EXPECT_EQ(accept(writer.output("w99999").bytes()).outputs().size(), 1u);
}

TEST(HostileScale, ManyReadersOfOneValue) {
  ModelWriter writer = model().input("x", kF, {4});
  for (int i = 0; i < 20000; ++i) writer.node("Relu", {"x"}, {"v" + std::to_string(i)});
  EXPECT_EQ(accept(writer.output("v19999").bytes()).outputs().size(), 1u);
}

// 2,000 products of one weight, each with a scale of its own (BatchNormalization) that could go into a copy of it: 8
// GB.
TEST(HostileScale, ManyScalesOfOneWeight) {
  constexpr std::int64_t kSize = 1000;
  const std::vector<float> weight(kSize * kSize, 0.5F);
  const std::vector<float> ones(kSize, 1.0F);
  ModelWriter writer = model().opset(15).input("x", kF, {1, kSize});
  writer.initializer("w", {kSize, kSize}, weight).initializer("one", {kSize}, ones);
  for (int i = 0; i < 2000; ++i) {
    const std::string product = "p" + std::to_string(i);
    writer.node("MatMul", {"x", "w"}, {product});
    writer.node("BatchNormalization", {product, "one", "one", "one", "one"}, {"y" + std::to_string(i)});
    writer.output("y" + std::to_string(i));
  }
  const std::string bytes = writer.bytes();
  const PeakMemory peak;
  EXPECT_EQ(accept(bytes).outputs().size(), 2000U);
  if (const auto growth = peak.growth_bytes()) {
    EXPECT_LT(*growth, std::size_t{100} << 20);
  }
}

TEST(HostileScale, AConcatOf100000) {
  const std::string bytes = model()
                                .input("x", kF, {1})
                                .node("Concat", Names(100000, "x"), {"y"}, {attribute("axis", 0)})
                                .output("y", kF, {100000})
                                .bytes();
  EXPECT_EQ(accept(bytes).outputs()[0].shape[0].value, 100000);
}

/// Buffers are looked at for overlaps, of which there are as many pairs.
TEST(HostileScale, ManyInputsAndOutputs) {
  constexpr std::size_t kMany = 20000;
  ModelWriter writer = model();
  for (std::size_t i = 0; i < kMany; ++i) {
    const std::string number = std::to_string(i);
    writer.input("x" + number, kF, {1}).node("Neg", {"x" + number}, {"y" + number}).output("y" + number);
  }
  const Model model = accept(writer.bytes());
  std::vector<float> x(kMany, 1.5F), y(kMany);
  Session session = model.session();
  const std::int64_t shape[] = {1};
  for (std::size_t i = 0; i < kMany; ++i) {
    session.bind_input(i, {kF, shape, 1, &x[i]});
    session.bind_output(i, {kF, shape, 1, &y[i]});
  }
  session.run();
  EXPECT_EQ(y, std::vector<float>(kMany, -1.5F));
  session.bind_output(kMany - 1, {kF, shape, 1, &x[7]});
  expect_refusal("an output over an input", ErrorCode::kInvalidArgument,
                 {"the buffer of output \"y19999\" overlaps input \"x7\""}, [&] { session.run(); });
  session.bind_output(kMany - 1, {kF, shape, 1, &y[3]});
  expect_refusal("an output over another", ErrorCode::kInvalidArgument,
                 {"the buffers of outputs \"y3\" and \"y19999\" overlap"}, [&] { session.run(); });
}

TEST(HostileScale, AttributesWithoutEnd) {
  std::vector<Message> many;
  many.reserve(100000);
  for (int i = 0; i < 100000; ++i) many.push_back(attribute("a" + std::to_string(i), 1));
  expect_refused("100,000 attributes",
                 model().input("x", kF, {1}).node("Relu", {"x"}, {"y"}, many, "r").output("y").bytes(),
                 ErrorCode::kInvalidModel, {"Relu node \"r\" (opset 17)"});
  const std::string list =
      model()
          .input("x", kF, {1})
          .node("Transpose", {"x"}, {"y"}, {attribute("perm", std::vector<std::int64_t>(1000000, 0))}, "t")
          .output("y")
          .bytes();
  const PeakMemory memory;
  EXPECT_THROW(accept(list), Error);
  if (const auto growth = memory.growth_bytes()) {
    EXPECT_LE(*growth, kRefusalBytes);
  }
}

TEST(HostileScale, LongNamesWithinFunctions) {
  // Each level adds its name to the path of the next: the paths are kept short.
  const std::string name(100000, 'n');
  ModelWriter writer = model().opset(17).opset(1, "d").input("x", kF, {1});
  for (int i = 0; i < 60; ++i) {
    FunctionWriter function("d", "f" + std::to_string(i), {"a"}, {"r"});
    function.opset(17).opset(1, "d");
    if (i == 0) {
      function.node("Relu", {"a"}, {"r"});
    } else {
      for (int k = 0; k < 2; ++k) {
        function.node(NodeSpec{
            "f" + std::to_string(k == 0 ? i - 1 : 0), {k == 0 ? "a" : "t"}, {k == 0 ? "t" : "r"}, {}, name, "d", {}});
      }
    }
    writer.function(function);
  }
  const std::string bytes = writer.node("f59", {"x"}, {"y"}, {}, name, "d").output("y").bytes();
  const PeakMemory memory;
  EXPECT_EQ(accept(bytes).outputs().size(), 1u);
  if (const auto growth = memory.growth_bytes()) {
    EXPECT_LE(*growth, kRefusalBytes);
  }
}

/// A model of more than 2 GiB, which libprotobuf cannot read: its weights stay in the (sparse) file, untouched.
TEST(HostileScale, AFileOfMoreThanTwoGibibytes) {
  constexpr std::uint64_t kCount = (std::uint64_t{1} << 29) + 16;
  constexpr std::uint64_t kBytes = kCount * sizeof(float);
  std::string head;
  for (std::size_t padding = 0; padding == 0 || head.size() % sizeof(float) != 0; ++padding) {
    // raw_data, the tensor, the graph and the model end together, at the end of the file.
    const Message tensor = Message()
                               .bytes(12, std::string(padding, ' '))
                               .raw(tensor_header(kF, {static_cast<std::int64_t>(kCount)}, "w").str())
                               .tag(9, 2)
                               .raw_varint(kBytes);
    const Message graph = Message()
                              .message(1, NodeSpec{"Gather", {"w", "i"}, {"y"}, {}, {}, {}, {}}.message())
                              .message(11, value_info("i", DataType::kInt64, {1}))
                              .message(12, Message().bytes(1, "y"))
                              .tag(5, 2)
                              .raw_varint(tensor.str().size() + kBytes)
                              .raw(tensor.str());
    head = Message()
               .integer(1, 8)
               .message(8, Message().integer(2, 17))
               .tag(7, 2)
               .raw_varint(graph.str().size() + kBytes)
               .raw(graph.str())
               .str();
  }
  const TemporaryFolder folder;
  const std::string path = folder.write("large.onnx", head);
  std::error_code error;
  std::filesystem::resize_file(path, head.size() + kBytes, error);
  if (error) GTEST_SKIP() << "no room for a sparse file: " << error.message();

  const PeakMemory memory;
  const Model large = Model::load(path);
  Tensor index = Tensor::of<std::int64_t>({1});
  index.data<std::int64_t>()[0] = static_cast<std::int64_t>(kCount) - 1;
  EXPECT_EQ(large.run({index})[0].data<float>()[0], 0.0f);
  if (const auto growth = memory.growth_bytes()) {
    EXPECT_LE(*growth, kRefusalBytes);
  }
  // One byte less, and the file is cut short.
  std::filesystem::resize_file(path, head.size() + kBytes - 1);
  expect_refusal("cut short", ErrorCode::kInvalidModel, {"ModelProto.graph", "the file is cut short"},
                 [&] { Model::load(path); });
}

TEST(HostileScale, NodesPastTheLimit) {
  ModelWriter writer = model().input("x", kF, {1});
  for (int i = 0; i < 1001; ++i) writer.node("Relu", {"x"}, {"v" + std::to_string(i)});
  const std::string bytes = writer.output("v0").bytes();
  Options options;
  options.limits.nodes = 1000;
  expect_refused("1001 nodes", bytes, ErrorCode::kLimitExceeded,
                 {"the model has 1001 nodes", "Options::limits.nodes) is 1000"}, options);
  options.limits.nodes = 1001;
  EXPECT_EQ(accept(bytes, options).outputs().size(), 1u);
}

TEST(HostileScale, FilesPastTheLimit) {
  const std::string bytes = relu_model().bytes();
  Options options;
  options.limits.file_bytes = bytes.size() - 1;
  expect_refused("one byte too many", bytes, ErrorCode::kLimitExceeded, {"Options::limits.file_bytes"}, options);
  options.limits.file_bytes = bytes.size();
  EXPECT_EQ(accept(bytes, options).outputs().size(), 1u);
}

}  // namespace
}  // namespace linnet::test
