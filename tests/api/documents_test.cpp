// The examples in the documents are parts of the programs under examples/, and those do what the documents say.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/model_index.hpp"

namespace linnet::test {
namespace {

const std::string kSource = LINNET_SOURCE_DIR;

/// The fenced blocks of the languages that examples/ is written in.
std::vector<std::string> code_blocks(const std::string& markdown) {
  std::vector<std::string> blocks;
  for (const std::string opening : {"```cpp\n", "```cmake\n", "```make\n"}) {
    for (std::size_t at = markdown.find(opening); at != std::string::npos; at = markdown.find(opening, at + 1)) {
      const std::size_t start = at + opening.size();
      blocks.push_back(markdown.substr(start, markdown.find("```", start) - start));
    }
  }
  return blocks;
}

/// All programs under examples/, one after the other.
std::string all_examples() {
  std::string text;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kSource + "/examples"))
    if (entry.is_regular_file()) text += read_file(entry.path()) + '\n';
  return text;
}

struct Document {
  const char* file;
  std::size_t blocks;  ///< that it has at least
};

class Documents : public testing::TestWithParam<Document> {};

TEST_P(Documents, ShowWhatIsCompiled) {
  const std::vector<std::string> blocks = code_blocks(read_file(kSource + "/docs/" + GetParam().file));
  EXPECT_GE(blocks.size(), GetParam().blocks);
  const std::string examples = all_examples();
  for (const std::string& block : blocks) EXPECT_NE(examples.find(block), std::string::npos) << block;
}

INSTANTIATE_TEST_SUITE_P(Api, Documents,
                         testing::Values(Document{"embedding.md", 10}, Document{"migrating-from-onnxruntime.md", 3}),
                         [](const testing::TestParamInfo<Document>& info) {
                           return std::string(info.param.file).substr(0, 9);
                         });

/// What a program of examples/ prints, run from the repository's root; its exit status must be 0.
std::string output_of(const std::string& program) {
  const std::string command = "cd '" + kSource + "' && '" LINNET_BINARY_DIR "/" + program + "'";
  FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  std::string text;
  std::array<char, 256> line{};
  while (std::fgets(line.data(), line.size(), pipe) != nullptr) text += line.data();
  EXPECT_EQ(::pclose(pipe), 0) << program << '\n' << text;
  return text;
}

TEST(Example, EmbeddingWorksAsDescribed) {
  EXPECT_NE(output_of("embedding").find("all as described\n"), std::string::npos);
}

TEST(Example, MigratedProgramGivesTheSameBothWays) {
  const std::string text = output_of("migrating_from_onnxruntime");
  EXPECT_EQ(text.rfind("x: float32 [ -1 100 ]\nP(class 0) = 0.", 0), 0U) << text;
}

// The greatest logits of ONNX's reference implementation on the whole prefix, without a cache.
TEST(Example, DecodingPicksTheTokensOfRunsWithoutACache) {
  EXPECT_EQ(output_of("decoding"), "3 1 4 5 5 12 12 5 5 12 13 5 4 12 5 13\n");
}

TEST(Example, StreamingAgreesWithPyTorch) {
  const std::string text = output_of("streaming");
  const std::string line = "512 samples in blocks of 64: within ";
  EXPECT_EQ(text.rfind(line, 0), 0U) << text;
  EXPECT_NE(text.find(line, 1), std::string::npos) << "the second pass: " << text;
}

// Each block comes out as loud as the network is sure: quieter than it went in, and not silent.
TEST(Example, AudioCallbackScalesEachBlock) {
  const std::string text = output_of("audio_callback");
  std::size_t at = 0;
  for (int block = 0; block < 5; ++block) {
    double in = 0.0;
    double out = 0.0;
    int number = -1;
    ASSERT_EQ(std::sscanf(text.c_str() + at, "block %d: in %lf, out %lf", &number, &in, &out), 3) << text;
    EXPECT_EQ(number, block);
    EXPECT_GT(out, 0.0);
    EXPECT_LT(out, in);
    at = text.find('\n', at) + 1;
  }
}

}  // namespace
}  // namespace linnet::test
