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
  const std::string block = first_cpp_block(read_file(kSource + "/README.md"));
  EXPECT_NE(block.find("linnet::Model::load"), std::string::npos) << "README.md opens with another example";
  const std::string program = read_file(kSource + "/examples/quickstart.cpp");
  EXPECT_EQ(program.substr(program.find("#include")), block);
}

TEST(Example, SaysWhatThePictureShows) {
  const std::string command = "cd '" + kSource + "' && '" + LINNET_BINARY_DIR "/quickstart'";
  FILE* const pipe = ::popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  double probability = -1.0;
  EXPECT_EQ(std::fscanf(pipe, "triangle: %lf\n", &probability), 1);
  EXPECT_EQ(::pclose(pipe), 0);
  EXPECT_GT(probability, 0.9);
  EXPECT_LE(probability, 1.0);
}

}  // namespace
}  // namespace linnet::test
