#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/loaders/temporary_folder.hpp"
#include "tests/support/onnx_writer.hpp"
#include "tools/commands.hpp"

namespace linnet::tools {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct Result {
  int status;
  std::string out;
  std::string err;
};

Result run(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "linnet");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int status = run_program(static_cast<int>(arguments.size()), arguments.data());
  return {status, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

TEST(Program, NamesAnUnknownCommand) {
  for (const std::vector<const char*>& arguments :
       {std::vector<const char*>{"foo"}, {"foo", "model.onnx"}, {"foo", "--threads", "1"}}) {
    const Result result = run(arguments);
    EXPECT_EQ(result.status, 2);
    EXPECT_EQ(result.err,
              "linnet: there is no command or option \"foo\"; the commands are run inspect check bench test\n");
    EXPECT_THAT(result.out, IsEmpty());
  }
  const Result option = run({"--nosuch"});
  EXPECT_EQ(option.status, 2);
  EXPECT_THAT(option.err, HasSubstr("there is no command or option \"--nosuch\""));
}

TEST(Program, WantsACommand) {
  const Result result = run({});
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("A subcommand is required"));
}

TEST(Program, NamesAnUnknownOptionOfACommand) {
  const Result result = run({"run", "--nosuch", "x"});
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("--nosuch"));
  EXPECT_THAT(result.err, Not(HasSubstr("there is no command")));
}

TEST(Program, HelpAndVersionAreNoErrors) {
  const Result help = run({"--help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_THAT(help.out, HasSubstr("Subcommands:"));
  EXPECT_EQ(run({"--version"}).status, 0);
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
  const Result refused = run({"inspect", path.c_str()});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("leads out of the model's folder; --allow-external-links accepts it"));
  EXPECT_EQ(run({"inspect", path.c_str(), "--allow-external-links"}).status, 0);
}

TEST(Program, AFailureIsStatusOne) {
  const Result result = run({"inspect", "/no/such/model.onnx"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("linnet: "));
  EXPECT_THAT(result.err, HasSubstr("/no/such/model.onnx"));
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
  const Result good = run({"check", good_.c_str(), "--dim", "n=3"});
  EXPECT_EQ(good.status, 0);
  EXPECT_EQ(good.out, good_ + ": runs\n");
  const Result both = run({"check", bad_.c_str(), good_.c_str()});
  EXPECT_EQ(both.status, 1);
  EXPECT_EQ(both.out, bad_ +
                          ": does not run: 1 part is not supported\n"
                          "  Foo node \"f\" (custom opset 1): there is no such operator, and the model defines no "
                          "function of this name\n" +
                          good_ + ": runs\n");
  const Result json = run({"check", "--json", bad_.c_str(), "/no/such.onnx"});
  EXPECT_EQ(json.status, 1);
  const auto list = nlohmann::json::parse(json.out);
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0]["model"], bad_);
  EXPECT_EQ(list[0]["result"], "does not run");
  EXPECT_EQ(list[0]["unsupported"][0]["what"], "Foo node \"f\" (custom opset 1)");
  EXPECT_THAT(std::string(list[1]["message"]), HasSubstr("/no/such.onnx"));
}

TEST_F(CheckTest, NamesAFileThatIsNoModelOnce) {
  const std::string path = folder_.write("page.onnx", "<!DOCTYPE html><html></html>");
  const Result result = run({"check", path.c_str()});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.out, testing::StartsWith(path + ": does not run: this is no ONNX model; it seems to be an HTML"));
}

TEST_F(CheckTest, ARankThatIsOpenCannotBeTried) {
  const std::string path = folder_.write(
      "open.onnx", test::model().input("x", DataType::kFloat32).node("Relu", {"x"}, {"y"}).output("y").bytes());
  const Result result = run({"check", path.c_str()});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.out, path + ": loads: an input has no shape in the model, so no shapes were tried\n");
}

TEST_F(CheckTest, InspectMarksWhatCannotRun) {
  const Result result = run({"inspect", bad_.c_str()});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.out, HasSubstr("\n    Relu fine  (x) -> h\n  ! custom.Foo f  (h) -> y\n        there is no such"));
  const Result json = run({"inspect", "--json", bad_.c_str()});
  EXPECT_EQ(json.status, 1);
  EXPECT_EQ(nlohmann::json::parse(json.out)["unsupported"].size(), 1U);
  EXPECT_EQ(run({"inspect", good_.c_str()}).status, 0);
}

}  // namespace
}  // namespace linnet::tools
