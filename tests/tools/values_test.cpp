// The commands on models with strings, sequences and optionals.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include <fstream>

#include "tests/api/value_models.hpp"
#include "tests/loaders/temporary_folder.hpp"
#include "tests/tools/run_linnet.hpp"

namespace linnet::tools {
namespace {

using test::Message;
using testing::HasSubstr;

class CommandsOnValues : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  std::string sequences_ = folder_.write("sequences.onnx", test::sequence_model());
  std::string strings_ = folder_.write("strings.onnx", test::strings_model());
  std::string optionals_ = folder_.write("optionals.onnx", test::optional_model());
  /// "y" is the sequence of "x", float32 [2].
  std::string maker_ = folder_.write(
      "maker.onnx",
      test::model().input("x", DataType::kFloat32, {2}).node("SequenceConstruct", {"x"}, {"y"}).output("y").bytes());
};

TEST_F(CommandsOnValues, InspectShowsTheGraphWithoutSteps) {
  const Said said = run_linnet({"inspect", sequences_});
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("  s  sequence(float32)\n  x  float32 of any shape\n"));
  EXPECT_THAT(said.out, HasSubstr("SequenceInsert"));
  EXPECT_THAT(said.out, HasSubstr("no steps: an input is no tensor of numbers"));
  EXPECT_THAT(run_linnet({"inspect", strings_}).out, HasSubstr("  x  string [n,2]\n"));
  EXPECT_THAT(run_linnet({"inspect", optionals_}).out, HasSubstr("  o  optional(float32)\n"));
  EXPECT_THAT(run_linnet({"inspect", maker_}).out, HasSubstr("0 SequenceConstruct y: reference -> [1]"));
}

TEST_F(CommandsOnValues, InspectTellsKindsInJson) {
  const auto json = nlohmann::json::parse(run_linnet({"inspect", sequences_, "--json", "-"}).out);
  EXPECT_EQ(json["inputs"][0], nlohmann::json::parse(R"({"name": "s", "kind": "sequence", "type": "float32",
                                                         "shape": null})"));
  EXPECT_TRUE(json["program"].is_null());
  const auto optional = nlohmann::json::parse(run_linnet({"inspect", optionals_, "--json", "-"}).out);
  EXPECT_EQ(optional["outputs"][1]["kind"], "optional");
}

TEST_F(CommandsOnValues, RunBenchAndPlansSayWhatTheyDoNotTake) {
  const std::string why = ": this command takes and gives tensors of numbers only";
  const auto refused = [&](const std::vector<std::string>& words, const std::string& what) {
    const Said said = run_linnet(words);
    EXPECT_EQ(said.status, 1);
    EXPECT_THAT(said.err, HasSubstr("linnet: " + what + why));
  };
  refused({"bench", sequences_}, "input \"s\" is sequence(float32)");
  refused({"bench", strings_}, "input \"x\" is string [n,2]");
  refused({"run", optionals_, "--random"}, "output \"same\" is optional(float32)");
  refused({"run", maker_, "--random"}, "output \"y\" is sequence(float32)");
  refused({"inspect", sequences_, "--plan", folder_.path("plan.svg")}, "input \"s\" is sequence(float32)");
}

TEST_F(CommandsOnValues, BenchMeasuresWhatMakesASequence) {
  const Said said = run_linnet({"bench", maker_, "--seconds", "0.01"});
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("SequenceConstruct"));
}

TEST_F(CommandsOnValues, CheckLoadsThem) {
  const Said said = run_linnet({"check", sequences_, strings_, maker_});
  EXPECT_EQ(said.status, 0);
  EXPECT_THAT(said.out, HasSubstr("sequences.onnx: loads: an input is no tensor of numbers, so no shapes were tried"));
  EXPECT_THAT(said.out, HasSubstr("strings.onnx: loads: an input is no tensor of numbers"));
  EXPECT_THAT(said.out, HasSubstr("maker.onnx: runs"));
}

/// SequenceProto: 3 tensor_values.
std::string sequence_file(const std::vector<std::vector<float>>& items) {
  Message sequence;
  for (const std::vector<float>& item : items)
    sequence.message(3, test::tensor<float>({static_cast<std::int64_t>(item.size())}, item));
  return sequence.str();
}

TEST_F(CommandsOnValues, TestComparesSequences) {
  const std::string set = "case/test_data_set_0/";
  folder_.write("case/model.onnx", test::sequence_model());
  folder_.write(set + "input_0.pb", sequence_file({{1, 2}}));
  folder_.write(set + "input_1.pb", test::tensor<float>({1}, {3}).str());
  folder_.write(set + "output_1.pb", test::tensor<float>({2}, {1, 2}).str());
  const auto said_for = [&](const std::vector<std::vector<float>>& longer) {
    folder_.write(set + "output_0.pb", sequence_file(longer));
    return run_linnet({"test", folder_.path("case")}).out;
  };
  EXPECT_THAT(said_for({{1, 2}, {3}}), HasSubstr("1 passed, 0 failed"));
  EXPECT_THAT(said_for({{1, 2}}), HasSubstr("output longer: sequence of 2, expected sequence of 1"));
  EXPECT_THAT(said_for({{1, 2}, {4}}), HasSubstr("output longer: item 1: "));
}

TEST_F(CommandsOnValues, TestComparesStringsAndWhatIsNotThere) {
  folder_.write("strings/model.onnx", test::strings_model());
  const std::string set = "strings/test_data_set_0/";
  folder_.write(set + "input_0.pb", test::string_tensor({1, 2}, {"a", "b"}).str());
  folder_.write(set + "output_0.pb", test::string_tensor({2, 1}, {"a", "b"}).str());
  EXPECT_THAT(run_linnet({"test", folder_.path("strings")}).out, HasSubstr("1 passed"));
  folder_.write(set + "output_0.pb", test::string_tensor({2, 1}, {"a", "c"}).str());
  EXPECT_THAT(run_linnet({"test", folder_.path("strings")}).out, HasSubstr("output y: other strings"));
  folder_.write(set + "output_0.pb", test::string_tensor({2}, {"a", "b"}).str());
  EXPECT_THAT(run_linnet({"test", folder_.path("strings")}).out,
              HasSubstr("output y: string [2,1], expected string [2]"));
  folder_.write("optionals/model.onnx", test::optional_model());
  folder_.write("optionals/test_data_set_0/output_0.pb", test::tensor<bool>({}, {false}).str());
  EXPECT_THAT(run_linnet({"test", folder_.path("optionals")}).out, HasSubstr("1 passed"));
}

}  // namespace
}  // namespace linnet::tools
