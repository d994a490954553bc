// The C examples and the ctypes script give the C++ API's result; docs/embedding.md quotes them; the shared library
// exports every function of <linnet/linnet.h> under the version of the C API.
#include <gtest/gtest.h>

#include <dlfcn.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <linnet/linnet.hpp>

#include "tests/support/model_index.hpp"

namespace linnet::test {
namespace {

const std::string kSource = LINNET_SOURCE_DIR;
const std::string kBinary = LINNET_BINARY_DIR;
const std::string kModels = kSource + "/models/activation_sampler/";

struct Ran {
  int status = -1;
  std::vector<std::string> lines;
};

Ran run(const std::string& command) {
  Ran ran;
  FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return ran;
  std::string text;
  std::array<char, 4096> buffer{};
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe)) text.append(buffer.data(), count);
  const int status = ::pclose(pipe);
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) ran.lines.push_back(line);
  return ran;
}

std::string quoted(const std::string& path) { return "'" + path + "'"; }

/// What the examples print: the first row of the sample network's result for ones, through the C++ API.
std::vector<std::string> expected_rows() {
  const Model model = Model::load(kModels + "dynamo_external_dynamic.onnx");
  Tensor x = Tensor::of<float>({4, 100});
  std::fill_n(x.data<float>(), x.count(), 1.0f);
  const Tensor y = model.run({x}).front();
  std::vector<std::string> rows;
  for (int i = 0; i < 5; ++i) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.9g", static_cast<double>(y.data<float>()[i]));
    rows.emplace_back(text.data());
  }
  return rows;
}

TEST(CExamples, ClassifyWithTheSharedAndTheStaticLibrary) {
  for (const char* const program : {"c_classify", "c_classify_static"}) {
    const Ran ran = run(quoted(kBinary + "/" + program) + " " + quoted(kModels + "dynamo_external_dynamic.onnx"));
    EXPECT_EQ(ran.status, 0);
    EXPECT_EQ(ran.lines, expected_rows()) << program;
  }
}

TEST(CExamples, ClassifySaysWhatIsWrong) {
  const Ran ran = run(quoted(kBinary + "/c_classify") + " no/such/model.onnx");
  EXPECT_EQ(ran.status, 1);
  ASSERT_EQ(ran.lines.size(), 1U);
  EXPECT_EQ(ran.lines[0], "input/output error: cannot open \"no/such/model.onnx\": No such file or directory");
}

TEST(CExamples, OwnThreads) {
  const Ran ran = run(quoted(kBinary + "/c_own_threads") + " " + quoted(kModels + "dynamo_dynamic.onnx"));
  EXPECT_EQ(ran.status, 0);
  ASSERT_EQ(ran.lines.size(), 8U);
  EXPECT_EQ(ran.lines[0].rfind("linnet: loaded ", 0), 0U) << ran.lines[0];
  EXPECT_EQ(ran.lines[1], "input x: float32, rank 2");
  EXPECT_EQ(ran.lines[7], "loops on own threads: yes");
  const std::vector<std::string> expected = expected_rows();
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(std::stod(ran.lines[i + 2]), std::stod(expected[i]), 1e-5);
}

TEST(CExamples, Values) {
  const Ran ran = run(quoted(kBinary + "/c_values") + " " + quoted(kSource + "/examples/values/values.onnx"));
  EXPECT_EQ(ran.status, 0);
  const std::vector<std::string> expected = {"labels: string", "scores: sequence of float32", "the first is a cat: yes",
                                             "6 scores", "the last of 3 tensors has 6"};
  EXPECT_EQ(ran.lines, expected);
}

TEST(CtypesExample, ClassifiesWithCallbacks) {
  const std::string preload = LINNET_TEST_PRELOAD;
  const std::string environment =
      preload.empty() ? "" : "env ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD=" + quoted(preload) + " ";
  const Ran ran =
      run(environment + quoted(LINNET_TEST_PYTHON) + " " + quoted(kSource + "/examples/ctypes/classify.py") + " " +
          quoted(LINNET_SHARED_LIBRARY) + " " + quoted(kModels + "dynamo_external_dynamic.onnx"));
  EXPECT_EQ(ran.status, 0);
  ASSERT_EQ(ran.lines.size(), 7U) << (ran.lines.empty() ? "printed nothing" : ran.lines.back());
  EXPECT_EQ(ran.lines[0].rfind("linnet: loaded ", 0), 0U) << ran.lines[0];
  const std::vector<std::string> rows(ran.lines.begin() + 1, ran.lines.begin() + 6);
  EXPECT_EQ(rows, expected_rows());
  EXPECT_EQ(ran.lines[6],
            "refused: invalid argument: input \"x\": the model wants float32 [batch,100], got float32 [4,99]");
}

/// The texts between ```language and ```.
std::vector<std::string> blocks_of(const std::string& markdown, const std::string& language) {
  const std::string opening = "\n```" + language + "\n";
  std::vector<std::string> blocks;
  for (std::size_t at = markdown.find(opening); at != std::string::npos; at = markdown.find(opening, at)) {
    at += opening.size();
    const std::size_t end = markdown.find("```", at);
    blocks.push_back(markdown.substr(at, end - at));
  }
  return blocks;
}

void expect_quotes(const std::string& language, const std::string& folder, std::size_t least) {
  const std::filesystem::path examples = std::filesystem::path(kSource) / "examples" / folder;
  std::string sources;
  for (const auto& file : std::filesystem::directory_iterator(examples))
    if (file.is_regular_file()) sources += read_file(file.path().string());
  const std::vector<std::string> blocks = blocks_of(read_file(kSource + "/docs/embedding.md"), language);
  EXPECT_GE(blocks.size(), least);
  for (const std::string& block : blocks)
    EXPECT_NE(sources.find(block), std::string::npos) << "not in examples/" << folder << ":\n" << block;
}

TEST(CExamples, TheDocumentationQuotesThem) {
  expect_quotes("c", "c", 5);
  expect_quotes("python", "ctypes", 1);
}

/// The first name beginning with "linnet_" that stands before `end` in `text`, from `begin` on, and is followed by
/// `follower`; empty if there is none.
std::string name_before(const std::string& text, std::size_t begin, std::size_t end, char follower) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  for (std::size_t at = text.find("linnet_", begin); at < end; at = text.find("linnet_", at + 1)) {
    const std::size_t after = std::min(text.find_first_not_of(kLetters, at), text.size());
    if (after < text.size() && text[after] == follower) return text.substr(at, after - at);
  }
  return "";
}

TEST(CHeader, EveryFunctionIsExportedUnderItsVersion) {
  const std::string header = read_file(kSource + "/include/linnet/linnet.h");
  const std::string marker = "\nLINNET_C_API ";
  std::set<std::string> names;
  for (std::size_t at = header.find(marker); at != std::string::npos; at = header.find(marker, at + 1)) {
    const std::string name = name_before(header, at, header.find(';', at), '(');
    EXPECT_NE(name, "") << header.substr(at, 80);
    names.insert(name);
  }
  EXPECT_GE(names.size(), 70U);
  const std::string map = read_file(kSource + "/cmake/linnet.map");
  void* const library = ::dlopen(LINNET_SHARED_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << ::dlerror();
  for (const std::string& name : names) {
    EXPECT_NE(::dlvsym(library, name.c_str(), "LINNET_C_1"), nullptr) << name;
    EXPECT_NE(map.find("    " + name + ";\n"), std::string::npos) << name << " is missing in cmake/linnet.map";
  }
  for (std::size_t at = map.find("\n    linnet_"); at != std::string::npos; at = map.find("\n    linnet_", at + 1)) {
    const std::string entry = name_before(map, at, map.size(), ';');
    EXPECT_EQ(names.count(entry), 1U) << entry << " stands in cmake/linnet.map, but not in the header";
  }
  ::dlclose(library);
}

}  // namespace
}  // namespace linnet::test
