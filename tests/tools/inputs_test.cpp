#include "tools/inputs.hpp"

#include <linnet/tensor_file.hpp>

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "tests/loaders/temporary_folder.hpp"
#include "tests/support/onnx_writer.hpp"
#include "tests/tools/run_linnet.hpp"

namespace linnet::tools {
namespace {

using testing::AllOf;
using testing::Each;
using testing::Ge;
using testing::HasSubstr;
using testing::Le;

/// A table of 1000 rows looked up by ids [batch, 8], where mask [batch, 8] is not 0, plus x [batch, 8, 2].
std::string embedding() {
  return test::model()
      .opset(13)
      .input("ids", DataType::kInt64, {"batch", 8})
      .input("mask", DataType::kInt64, {"batch", 8})
      .input("x", DataType::kFloat32, {"batch", 8, 2})
      .initializer<float>("table", {1000, 2}, std::vector<float>(2000, 1.0F))
      .initializer<std::int64_t>("last", {1}, {-1})
      .node("Gather", {"table", "ids"}, {"rows"})
      .node("Cast", {"mask"}, {"keep"}, {test::attribute("to", 9)})
      .node("Unsqueeze", {"keep", "last"}, {"wide"})
      .node("Where", {"wide", "rows", "x"}, {"y"})
      .output("y", DataType::kFloat32, {"batch", 8, 2})
      .bytes();
}

std::vector<std::int64_t> integers(const Tensor& tensor) {
  return {tensor.data<std::int64_t>(), tensor.data<std::int64_t>() + tensor.count()};
}

Inputs make(const std::string& bytes, const InputArguments& given, const std::map<std::string, std::int64_t>& dims) {
  ModelArguments arguments;
  arguments.dims = dims;
  return make_inputs(Model::load(bytes.data(), bytes.size()), arguments, given);
}

InputArguments made_up() {
  InputArguments arguments;
  arguments.make_up = true;
  return arguments;
}

TEST(MakeInputs, IndicesReachOverTheWholeTable) {
  const Inputs inputs = make(embedding(), made_up(), {{"batch", 64}});
  const std::vector<std::int64_t> ids = integers(inputs.tensors[0]);
  EXPECT_THAT(ids, Each(AllOf(Ge(0), Le(999))));
  EXPECT_GT(std::set<std::int64_t>(ids.begin(), ids.end()).size(), 300U);  // 400 are to be expected of 512
  EXPECT_GT(*std::max_element(ids.begin(), ids.end()), 900);
  EXPECT_THAT(inputs.origins[0], HasSubstr("integers from 0 to 999: an index into axis 0 of size 1000 (Gather node"));
}

TEST(MakeInputs, MasksAreOneAndFloatsAreNormal) {
  const Inputs inputs = make(embedding(), made_up(), {});
  EXPECT_THAT(integers(inputs.tensors[1]), Each(1));
  EXPECT_THAT(inputs.origins[1], HasSubstr("1 everywhere: true or false (Cast node"));
  EXPECT_EQ(inputs.origins[2], "normal numbers");
  EXPECT_TRUE(std::any_of(inputs.tensors[2].data<float>(), inputs.tensors[2].data<float>() + 16,
                          [](float value) { return value < 0; }));
}

TEST(MakeInputs, AreTheSameEveryTime) {
  const Inputs first = make(embedding(), made_up(), {});
  const Inputs second = make(embedding(), made_up(), {});
  EXPECT_EQ(integers(first.tensors[0]), integers(second.tensors[0]));
}

TEST(MakeInputs, ARangeIsKept) {
  InputArguments given = made_up();
  given.ranges = {"ids=5:7", "x=-0.5:0.25"};
  const Inputs inputs = make(embedding(), given, {{"batch", 8}});
  const std::vector<std::int64_t> ids = integers(inputs.tensors[0]);
  EXPECT_EQ(std::set<std::int64_t>(ids.begin(), ids.end()), (std::set<std::int64_t>{5, 6, 7}));
  const float* const x = inputs.tensors[2].data<float>();
  EXPECT_GE(*std::min_element(x, x + 128), -0.5F);
  EXPECT_LE(*std::max_element(x, x + 128), 0.25F);
  EXPECT_EQ(inputs.origins[0], "--range 5:7");
}

TEST(MakeInputs, EightBitsTakeEveryValueAndOtherIntegersTwo) {
  const std::string bytes = test::model()
                                .opset(13)
                                .input("pixels", DataType::kUint8, {4000})
                                .input("count", DataType::kInt32, {4000})
                                .input("flag", DataType::kBool, {4000})
                                .node("Cast", {"pixels"}, {"a"}, {test::attribute("to", 1)})
                                .node("Cast", {"count"}, {"b"}, {test::attribute("to", 1)})
                                .node("Where", {"flag", "a", "b"}, {"y"})
                                .output("y", DataType::kFloat32, {4000})
                                .bytes();
  const Inputs inputs = make(bytes, made_up(), {});
  const auto* const pixels = inputs.tensors[0].data<std::uint8_t>();
  EXPECT_EQ(*std::max_element(pixels, pixels + 4000), 255);
  EXPECT_EQ(inputs.origins[0], "integers from 0 to 255");
  EXPECT_EQ(inputs.origins[1], "0 and 1 at random");
  EXPECT_EQ(inputs.origins[2], "0 and 1 at random");
}

/// Models that take indices, shapes, lengths or divisors run on what is made up for them.
struct Runs {
  const char* name;
  test::ModelWriter model;
};

std::vector<Runs> models() {
  const auto sizes = [](std::int64_t count) {
    return test::model().opset(13).input("x", DataType::kFloat32, {3, 4}).input("n", DataType::kInt64, {count});
  };
  return {
      {"gather", test::model()
                     .opset(13)
                     .input("x", DataType::kFloat32, {"rows", 4})
                     .input("n", DataType::kInt64, {5})
                     .node("Gather", {"x", "n"}, {"y"})
                     .output("y", DataType::kFloat32, {5, 4})},
      {"reshape", sizes(3).node("Reshape", {"x", "n"}, {"y"}).output("y", DataType::kFloat32, {"a", "b", "c"})},
      {"expand", sizes(2).node("Expand", {"x", "n"}, {"y"}).output("y", DataType::kFloat32, {"a", "b"})},
      {"slice", sizes(2).node("Slice", {"x", "n", "n"}, {"y"}).output("y", DataType::kFloat32, {"a", "b"})},
      {"unsqueeze", sizes(1).node("Unsqueeze", {"x", "n"}, {"y"}).output("y", DataType::kFloat32, {"a", "b", "c"})},
      {"reduce", sizes(1).node("ReduceSum", {"x", "n"}, {"y"}).output("y", DataType::kFloat32, {"a", "b"})},
      {"split", sizes(2)
                    .node("Split", {"x", "n"}, {"y", "z"})
                    .output("y", DataType::kFloat32, {"a", 4})
                    .output("z", DataType::kFloat32, {"b", 4})},
      {"pad", sizes(4).node("Pad", {"x", "n"}, {"y"}).output("y", DataType::kFloat32, {"a", "b"})},
      {"shape", test::model()
                    .opset(13)
                    .input("n", DataType::kInt64, {2})
                    .node("ConstantOfShape", {"n"}, {"y"})
                    .output("y", DataType::kFloat32, {"a", "b"})},
      {"range", test::model()
                    .opset(13)
                    .input("a", DataType::kInt64, {})
                    .input("b", DataType::kInt64, {})
                    .input("c", DataType::kInt64, {})
                    .node("Range", {"a", "b", "c"}, {"y"})
                    .output("y", DataType::kInt64, {"n"})},
      {"div", test::model()
                  .opset(13)
                  .input("a", DataType::kInt32, {9})
                  .input("b", DataType::kInt32, {9})
                  .node("Div", {"a", "b"}, {"y"})
                  .output("y", DataType::kInt32, {9})},
  };
}

TEST(MakeInputs, ModelsRunOnWhatIsMadeUp) {
  const test::TemporaryFolder folder;
  for (const Runs& entry : models()) {
    const Said said = run_linnet({"run", folder.write(entry.name, entry.model.bytes()), "--random"});
    EXPECT_EQ(said.status, 0) << entry.name << ": " << said.err;
  }
}

TEST(MakeInputs, AnOpenDimensionWithoutANameIsNamedByInputAndAxis) {
  const std::string bytes = test::model()
                                .opset(13)
                                .input("x", DataType::kFloat32, {"", 3})
                                .node("Tanh", {"x"}, {"y"})
                                .output("y", DataType::kFloat32, {"", 3})
                                .bytes();
  EXPECT_EQ(make(bytes, made_up(), {{"x.0", 7}}).tensors[0].shape(), (Shape{7, 3}));
}

TEST(BenchInputs, SaysWhatItUsed) {
  const test::TemporaryFolder folder;
  const std::string model = folder.write("model.onnx", embedding());
  const Said said = run_linnet({"bench", model, "--seconds", "0.01", "--range", "x=0:1"});
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("input ids  int64 [1,8]: integers from 0 to 999: an index into axis 0 of size 1000"));
  EXPECT_THAT(said.out, HasSubstr("input x  float32 [1,8,2]: --range 0:1"));
  const nlohmann::json json =
      nlohmann::json::parse(run_linnet({"bench", model, "--seconds", "0.01", "--json", "-"}).out);
  EXPECT_EQ(json["inputs"][1]["name"], "mask");
  EXPECT_THAT(json["inputs"][1]["data"].get<std::string>(), HasSubstr("1 everywhere"));
}

TEST(BenchInputs, NamesTheNodesOfAChainAndOfAFusion) {
  const test::TemporaryFolder folder;
  const std::vector<float> weights(64 * 64, 0.01F);
  const std::string model = folder.write("model.onnx", test::model()
                                                           .opset(13)
                                                           .input("x", DataType::kFloat32, {4, 64})
                                                           .initializer<float>("w", {64, 64}, weights)
                                                           .node("MatMul", {"x", "w"}, {"a"}, {}, "fc1")
                                                           .node("Relu", {"a"}, {"b"}, {}, "act1")
                                                           .node("MatMul", {"b", "w"}, {"c"}, {}, "fc2")
                                                           .node("Softmax", {"c"}, {"y"}, {}, "last")
                                                           .output("y", DataType::kFloat32, {4, 64})
                                                           .bytes());
  const Said said = run_linnet({"bench", model, "--seconds", "0.02", "--backend", "simd"});
  EXPECT_THAT(said.out, HasSubstr("MatMul+Relu "));
  EXPECT_THAT(said.out, HasSubstr("fc1+act1 [4,64]"));
  EXPECT_THAT(said.out, HasSubstr("last [4,64]"));
  const std::string trace = folder.path("trace.json");
  EXPECT_EQ(run_linnet({"run", model, "--random", "--backend", "simd", "--trace", trace}).status, 0);
  std::ifstream file(trace);
  std::vector<std::string> nodes;
  const nlohmann::json written = nlohmann::json::parse(file);
  for (const nlohmann::json& event : written["traceEvents"]) {
    if (event["ph"] == "X" && event["cat"] == "node") nodes.push_back(event["name"]);
  }
  EXPECT_EQ(nodes, (std::vector<std::string>{"MatMul+Relu", "MatMul", "Softmax"}));
}

/// What a newcomer may get wrong about data: {words behind the model, what stderr holds}.
TEST(RunInputs, SayWhatIsWrong) {
  const test::TemporaryFolder folder;
  const std::string model = folder.write("model.onnx", embedding());
  const auto npy = [&](const char* name, const Tensor& tensor) {
    write_npy(folder.path(name), tensor.view());
    return folder.path(name);
  };
  const std::string floats = npy("floats.npy", Tensor::of<float>({1, 8}));
  const std::string ids = npy("ids.npy", Tensor::of<std::int64_t>({1, 8}));
  const std::string wide = npy("wide.npy", Tensor::of<std::int64_t>({1, 9}));
  const std::string flat = npy("flat.npy", Tensor::of<std::int64_t>({8}));
  const std::string text = folder.write("text.npy", "hello");
  const struct {
    std::vector<std::string> words;
    std::string message;
  } cases[] = {
      {{}, "input \"ids\" (int64 [batch,8]) is not given: use --input ids=FILE.npy"},
      {{"--random", "--input", "ids=" + floats}, floats + " holds float32 [1,8], input \"ids\" takes int64 [batch,8]"},
      {{"--random", "--input", "ids=" + wide}, wide + " holds int64 [1,9], input \"ids\" takes int64 [batch,8]"},
      {{"--random", "--input", "ids=" + flat}, flat + " holds int64 [8], input \"ids\" takes int64 [batch,8]"},
      {{"--random", "--input", "idz=" + ids}, "\"idz\""},
      {{"--random", "--input", "ids=" + folder.path("none.npy")}, "none.npy"},
      {{"--random", "--input", "ids=" + folder.path()}, ": Is a directory"},
      {{"--random", "--input", "ids=" + text}, "text.npy is not a usable .npy file"},
      {{"--random", "--input", "ids=" + ids, "--input", "ids=" + ids}, "input \"ids\" is given twice"},
      {{"--random", "--input", "ids=" + ids, "--range", "ids=0:1"}, "--range: input \"ids\" is given twice"},
      {{"--random", "--range", "ids=0.5:1"}, "input \"ids\" is int64: expected whole numbers"},
      {{"--random", "--dim", "rows=2"}, "no input has an open dimension of that name; there are: batch"},
      {{"--random", "--range", "ids=2000:2000"}, "index 2000 at position 0 is outside"},
      {{"--random", "--input", "ids=" + ids, "--dim", "batch=2"}, "batch"},
  };
  for (const auto& [words, message] : cases) {
    std::vector<std::string> all = {"run", model};
    all.insert(all.end(), words.begin(), words.end());
    const Said said = run_linnet(all);
    EXPECT_EQ(said.status, 1) << message;
    EXPECT_THAT(said.err, HasSubstr(message));
  }
}

}  // namespace
}  // namespace linnet::tools
