// README.md's C++ example is examples/quickstart.cpp, and that program does what the README says.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "tests/support/model_index.hpp"

namespace linnet::test {
namespace {

const std::string kSource = LINNET_SOURCE_DIR;

/// The text between ```cpp and ```, or "" when there is no such block.
std::string first_cpp_block(const std::string& markdown) {
  const std::string opening = "```cpp\n";
  const std::size_t start = markdown.find(opening);
  if (start == std::string::npos) return {};
  const std::size_t end = markdown.find("```", start + opening.size());
  return markdown.substr(start + opening.size(), end - start - opening.size());
}

TEST(Example, StandsInTheReadmeAsItIsCompiled) {
  const std::string program = read_file(kSource + "/examples/quickstart.cpp");
  const std::string code = program.substr(program.find("#include"));
  EXPECT_EQ(first_cpp_block(read_file(kSource + "/README.md")), code);
}

TEST(Example, PrintsFiveProbabilities) {
  const std::string command = std::string("'") + LINNET_BINARY_DIR "/quickstart' '" + kSource +
                              "/models/activation_sampler/dynamo_external_dynamic.onnx'";
  FILE* const pipe = ::popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  int count = 0;
  double sum = 0.0;
  for (double probability = 0.0; std::fscanf(pipe, "%lf", &probability) == 1; ++count) sum += probability;
  EXPECT_EQ(::pclose(pipe), 0);
  EXPECT_EQ(count, 5);
  EXPECT_NEAR(sum, 1.0, 5e-4);  // of five numbers printed with four digits
}

}  // namespace
}  // namespace linnet::test
