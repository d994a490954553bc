#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

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
    EXPECT_EQ(result.err, "linnet: there is no command or option \"foo\"; the commands are run inspect bench test\n");
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

TEST(Program, AFailureIsStatusOne) {
  const Result result = run({"inspect", "/no/such/model.onnx"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("linnet: "));
  EXPECT_THAT(result.err, HasSubstr("/no/such/model.onnx"));
}

}  // namespace
}  // namespace linnet::tools
