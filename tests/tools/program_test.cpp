#include <unistd.h>

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>

#include "tests/loaders/temporary_folder.hpp"
#include "tests/support/onnx_writer.hpp"
#include "tests/tools/run_linnet.hpp"

namespace linnet::tools {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using Words = std::vector<std::string>;

struct WrongUse {
  const char* name;
  Words words;
  const char* message;  ///< what the first line on stderr must hold
};

class WrongUsage : public testing::TestWithParam<WrongUse> {};

TEST_P(WrongUsage, IsAShortMessage) {
  const Said said = run_linnet(GetParam().words);
  EXPECT_EQ(said.status, 2);
  EXPECT_THAT(said.out, IsEmpty());
  EXPECT_THAT(said.err.substr(0, said.err.find('\n')), HasSubstr(GetParam().message));
  EXPECT_EQ(std::count(said.err.begin(), said.err.end(), '\n'), 2) << said.err;
  EXPECT_THAT(said.err, HasSubstr("--help"));
}

const WrongUse kWrong[] = {
    {"NoCommand", {}, "linnet: a command is missing; there are: run, inspect, check, bench, test"},
    {"UnknownCommand", {"foo"}, "linnet: there is no command foo; there are: run, inspect, check, bench, test"},
    {"UnknownCommandWithOptions", {"foo", "--threads", "1"}, "there is no command foo; there are: run"},
    {"MistypedCommand", {"bnech", "model.onnx"}, "linnet: there is no command bnech; did you mean bench?"},
    {"BegunCommand", {"insp", "model.onnx"}, "there is no command insp; did you mean inspect?"},
    {"UnknownOption", {"--nosuch"}, "linnet: there is no option --nosuch"},
    {"OptionBeforeItsCommand",
     {"--seconds=2", "bench", "model.onnx"},
     "linnet: there is no option --seconds; it is an option of bench: it stands behind the command"},
    {"MistypedOption",
     {"bench", "model.onnx", "--treads", "1"},
     "linnet bench: there is no option --treads; did you mean --threads?"},
    {"MistypedOptionWithValue",
     {"run", "m.onnx", "--inptu=x=x.npy"},
     "there is no option --inptu; did you mean --input?"},
    {"OptionOfAnotherCommand", {"inspect", "m.onnx", "--seconds", "1"}, "--seconds; it is an option of bench"},
    {"NothingNear", {"run", "m.onnx", "--zzzzzz"}, "linnet run: there is no option --zzzzzz"},
    {"MissingModel", {"run"}, "linnet run: MODEL is required"},
    {"TwoModels", {"run", "a.onnx", "b.onnx"}, "linnet run: one argument too many: b.onnx"},
    {"DimBeyondInt64",
     {"bench", "m.onnx", "--dim", "batch=9223372036854775808"},
     "--dim batch=9223372036854775808: expected a whole number from 0 to 9223372036854775807"},
    {"NegativeDim", {"bench", "m.onnx", "--dim", "batch=-1"}, "--dim batch=-1: expected a whole number from 0"},
    {"DimOfLetters", {"bench", "m.onnx", "--dim", "batch=4x"}, "--dim batch=4x: expected a whole number from 0"},
    {"DimWithoutName", {"bench", "m.onnx", "--dim", "=4"}, "--dim =4: expected NAME=N"},
    {"DimWithoutSize", {"run", "m.onnx", "--dim", "batch"}, "--dim batch: expected NAME=N"},
    {"NoSeconds", {"bench", "m.onnx", "--seconds", "0"}, "--seconds: 0: expected a number above 0"},
    {"NegativeSeconds", {"bench", "m.onnx", "--seconds=-1"}, "--seconds: -1: expected a number above 0"},
    {"EndlessSeconds", {"bench", "m.onnx", "--seconds", "inf"}, "--seconds: inf: expected a number above 0"},
    {"SecondsOfLetters", {"bench", "m.onnx", "--seconds", "long"}, "--seconds: long: expected a number above 0"},
    {"UnknownBackend", {"run", "m.onnx", "--backend", "cuda"}, "--backend: cuda not in"},
    {"RangeWithoutEnd", {"bench", "m.onnx", "--range", "x=3"}, "--range x=3: expected NAME=LOW:HIGH"},
    {"RangeWithoutName", {"bench", "m.onnx", "--range", "0:3"}, "--range 0:3: expected NAME=LOW:HIGH"},
    {"RangeOfLetters", {"bench", "m.onnx", "--range", "x=a:b"}, "--range x=a:b: expected NAME=LOW:HIGH"},
    {"RangeReversed", {"bench", "m.onnx", "--range", "x=3:1"}, "--range x=3:1: LOW is above HIGH"},
    {"JsonTookTheModel", {"bench", "--json", "m.onnx"}, "--json took m.onnx as its file"},
};

INSTANTIATE_TEST_SUITE_P(Program, WrongUsage, testing::ValuesIn(kWrong),
                         [](const testing::TestParamInfo<WrongUse>& info) { return std::string(info.param.name); });

TEST(Program, HelpAndVersionAreNoErrors) {
  const Said help = run_linnet({"--help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_THAT(help.out, HasSubstr("Subcommands:"));
  EXPECT_EQ(run_linnet({"--version"}).status, 0);
  const Said bench = run_linnet({"bench", "--help"});
  EXPECT_EQ(bench.status, 0);
  EXPECT_THAT(bench.out, HasSubstr("--against"));
  EXPECT_THAT(bench.out, HasSubstr("python -m linnet bench"));
}

TEST(Program, NamesOptionsAsTheCommandHasThem) {
  const test::TemporaryFolder folder;
  folder.write("outside.bin", "12345678");
  const std::string path = folder.write(
      "model/m.onnx", test::model()
                          .initializer("w", test::external_tensor(DataType::kFloat32, {2}, {{"location", "w.bin"}}))
                          .node("Identity", {"w"}, {"y"})
                          .output("y")
                          .bytes());
  ASSERT_EQ(::symlink("../outside.bin", folder.path("model/w.bin").c_str()), 0);
  const Said refused = run_linnet({"inspect", path});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("leads out of the model's folder; --allow-external-links accepts it"));
  EXPECT_EQ(run_linnet({"inspect", path, "--allow-external-links"}).status, 0);
}

TEST(Program, AFailureIsStatusOne) {
  const Said said = run_linnet({"inspect", "/no/such/model.onnx"});
  EXPECT_EQ(said.status, 1);
  EXPECT_THAT(said.err, HasSubstr("linnet: "));
  EXPECT_THAT(said.err, HasSubstr("/no/such/model.onnx"));
}

/// Model files: one that runs, and one that does not.
class CheckTest : public testing::Test {
 protected:
  const test::TemporaryFolder folder_;
  const std::string good_ = folder_.write(
      "good.onnx",
      test::model().input("x", DataType::kFloat32, {"n", 2}).node("Relu", {"x"}, {"y"}).output("y").bytes());
  const std::string bad_ = folder_.write("bad.onnx", test::model()
                                                         .opset(17)
                                                         .opset(1, "custom")
                                                         .input("x", DataType::kFloat32, {"n", 2})
                                                         .node("Relu", {"x"}, {"h"}, {}, "fine")
                                                         .node("Foo", {"h"}, {"y"}, {}, "f", "custom")
                                                         .output("y")
                                                         .bytes());
};

TEST_F(CheckTest, SaysOfEachModelWhetherItRuns) {
  const Said good = run_linnet({"check", good_, "--dim", "n=3"});
  EXPECT_EQ(good.status, 0);
  EXPECT_EQ(good.out, good_ + ": runs\n");
  const Said both = run_linnet({"check", bad_, good_});
  EXPECT_EQ(both.status, 1);
  EXPECT_EQ(both.out, bad_ +
                          ": does not run: 1 part is not supported\n"
                          "  Foo node \"f\" (custom opset 1): there is no such operator, and the model defines no "
                          "function of this name\n" +
                          good_ + ": runs\n");
  const Said json = run_linnet({"check", bad_, "/no/such.onnx", "--json"});
  EXPECT_EQ(json.status, 1);
  const auto list = nlohmann::json::parse(json.out);
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0]["model"], bad_);
  EXPECT_EQ(list[0]["result"], "does not run");
  EXPECT_EQ(list[0]["unsupported"][0]["what"], "Foo node \"f\" (custom opset 1)");
  EXPECT_THAT(std::string(list[1]["message"]), HasSubstr("/no/such.onnx"));
}

TEST_F(CheckTest, WhatTakesMoreThanTheBudgetDoesNotRun) {
  const Said result = run_linnet({"check", good_, "--dim", "n=100000", "--memory-budget", "64kB"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.out, testing::StartsWith(good_ + ": does not run: "));
  EXPECT_THAT(result.out, HasSubstr("needs 800000 bytes, the memory budget is"));
  EXPECT_EQ(run_linnet({"check", good_, "--dim", "n=100", "--memory-budget", "64kB"}).status, 0);
}

TEST_F(CheckTest, NamesAFileThatIsNoModelOnce) {
  const std::string path = folder_.write("page.onnx", "<!DOCTYPE html><html></html>");
  const Said result = run_linnet({"check", path});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.out, testing::StartsWith(path + ": does not run: this is no ONNX model; it seems to be an HTML"));
}

TEST_F(CheckTest, ARankThatIsOpenCannotBeTried) {
  const std::string path = folder_.write(
      "open.onnx", test::model().input("x", DataType::kFloat32).node("Relu", {"x"}, {"y"}).output("y").bytes());
  const Said result = run_linnet({"check", path});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.out, path + ": loads: an input has no shape in the model, so no shapes were tried\n");
}

TEST_F(CheckTest, InspectMarksWhatCannotRun) {
  const Said result = run_linnet({"inspect", bad_});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.out, HasSubstr("\n    Relu fine  (x) -> h\n  ! custom.Foo f  (h) -> y\n        there is no such"));
  const Said json = run_linnet({"inspect", bad_, "--json"});
  EXPECT_EQ(json.status, 1);
  EXPECT_EQ(nlohmann::json::parse(json.out)["unsupported"].size(), 1U);
  EXPECT_EQ(run_linnet({"inspect", good_}).status, 0);
}

TEST_F(CheckTest, JsonDoesNotWriteOverAModel) {
  const Said said = run_linnet({"check", "--json", good_, bad_});
  EXPECT_EQ(said.status, 2);
  EXPECT_THAT(said.err, HasSubstr("--json: " + good_ + " is there and holds no JSON"));
  EXPECT_EQ(run_linnet({"check", good_}).status, 0);
}

TEST(Program, OtherEnginesAreForThePythonPackage) {
  const Said said = run_linnet({"bench", "m.onnx", "--against", "onnxruntime"});
  EXPECT_EQ(said.status, 1);
  EXPECT_THAT(said.err, HasSubstr("python -m linnet bench m.onnx --against onnxruntime"));
}

/// x [rows, 3] -> Tanh -> y
std::string tanh_model(const test::TemporaryFolder& folder) {
  return folder.write("model.onnx", test::model()
                                        .opset(13)
                                        .input("x", DataType::kFloat32, {"rows", 3})
                                        .node("Tanh", {"x"}, {"y"})
                                        .output("y", DataType::kFloat32, {"rows", 3})
                                        .bytes());
}

TEST(Json, MeansTheSameForEveryCommand) {
  const test::TemporaryFolder folder;
  const std::string model = tanh_model(folder);
  folder.write("node/a/model.onnx", "no model");
  const std::vector<std::pair<Words, const char*>> commands = {
      {{"run", model, "--random"}, "outputs"},
      {{"inspect", model}, "program"},
      {{"bench", model, "--seconds", "0.01"}, "latency_us"},
      {{"test", folder.path("node")}, "tests"},
  };
  for (const auto& [words, member] : commands) {
    SCOPED_TRACE(words[0]);
    for (const Words& option : {Words{"--json"}, Words{"--json", "-"}}) {
      Words all = words;
      all.insert(all.end(), option.begin(), option.end());
      EXPECT_TRUE(nlohmann::json::parse(run_linnet(all).out).contains(member));
    }
    const std::string file = folder.path(words[0] + ".json");
    Words all = words;
    all.insert(all.end(), {"--json", file});
    const Said said = run_linnet(all);
    EXPECT_FALSE(said.out.empty());
    EXPECT_FALSE(nlohmann::json::accept(said.out));
    std::ifstream written(file);
    EXPECT_TRUE(nlohmann::json::parse(written).contains(member));
    all.back() = folder.path("no_such_folder/x.json");
    EXPECT_THAT(run_linnet(all).err, HasSubstr("cannot write " + all.back() + ": No such file or directory"));
  }
}

TEST(Run, WritesEveryOutputIntoAFileOfItsOwn) {
  const test::TemporaryFolder folder;
  const std::string longest(300, 'n');
  test::ModelWriter writer = test::model();
  writer.input("x", DataType::kFloat32, {2});
  for (const std::string& name : {std::string("a/b"), std::string("a_b"), longest + "1", longest + "2"}) {
    writer.node("Relu", {"x"}, {name}).output(name, DataType::kFloat32, {2});
  }
  const std::string model = folder.write("model.onnx", writer.bytes());
  const Said said = run_linnet({"run", model, "--random", "--output-dir", folder.path("out"), "--json"});
  EXPECT_EQ(said.status, 0) << said.err;
  const std::string cut = folder.path("out/" + std::string(200, 'n'));
  EXPECT_EQ(nlohmann::json::parse(said.out)["written"],
            (Words{folder.path("out/a_b.npy"), folder.path("out/a_b_1.npy"), cut + ".npy", cut + "_3.npy"}));
  EXPECT_TRUE(std::ifstream(cut + "_3.npy").good());
}

struct Failure {
  const char* name;
  Words words;  ///< paths begin with "@/", the test's folder
  const char* message;
};

class Failures : public testing::TestWithParam<Failure> {};

TEST_P(Failures, SayWhatIsWrong) {
  const test::TemporaryFolder folder;
  tanh_model(folder);
  folder.write("node/a/model.onnx", "no model");
  folder.write("empty/readme.txt", "no model either");
  folder.write("unfinished/model.onnx", test::model()
                                            .opset(13)
                                            .input("x", DataType::kFloat32, {1})
                                            .node("Tanh", {"x"}, {"y"})
                                            .output("y", DataType::kFloat32, {1})
                                            .bytes());
  folder.write("unfinished/test_data_set_0/readme.txt", "no tensors");
  folder.write("text.json", "hello");
  Words words = GetParam().words;
  for (std::string& word : words) {
    if (word.rfind("@/", 0) == 0) word = folder.path(word.substr(2));
  }
  const Said said = run_linnet(words);
  EXPECT_EQ(said.status, 1);
  EXPECT_THAT(said.err + said.out, HasSubstr(GetParam().message));
}

const Failure kFailures[] = {
    {"NoFile", {"run", "@/none.onnx"}, "none.onnx\": No such file or directory"},
    {"AFolder", {"run", "@/node"}, "node\" is"},
    {"NoSuchOutput",
     {"run", "@/model.onnx", "--random", "--expect", "z=z.npy"},
     "there is no output \"z\"; the model has \"y\""},
    {"NoExpectedFile", {"run", "@/model.onnx", "--random", "--expect", "y=@none.npy"}, "cannot open @none.npy"},
    {"OutputsIntoAFile", {"run", "@/model.onnx", "--random", "--output-dir", "@/text.json"}, "cannot make the folder"},
    {"TraceIntoAFolder", {"run", "@/model.onnx", "--random", "--trace", "@/node"}, "node: Is a directory"},
    {"PlanNowhere", {"inspect", "@/model.onnx", "--plan", "@/no/plan.svg"}, "no/plan.svg: No such file or directory"},
    {"TestOfNoFolder", {"test", "@/none"}, "none: No such file or directory"},
    {"TestOfAFile", {"test", "@/model.onnx"}, "is a file; test wants the folder that holds model.onnx"},
    {"TestOfNothing", {"test", "@/empty"}, "there is no model.onnx in"},
    {"TestWithoutInputs",
     {"test", "@/unfinished"},
     "FAIL unfinished: test_data_set_0: 0 files input_K.pb, the model has 1 inputs"},
    {"CompareFolders", {"bench", "--compare", "@/node", "@/node"}, "cannot read "},
    {"CompareText",
     {"bench", "--compare", "@/text.json", "@/text.json"},
     "is no result of `linnet bench --json`: it is not JSON"},
};

INSTANTIATE_TEST_SUITE_P(Program, Failures, testing::ValuesIn(kFailures),
                         [](const testing::TestParamInfo<Failure>& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace linnet::tools
