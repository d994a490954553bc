// A library of the operators of one model alone (LINNET_OPERATORS), made of the same objects as the whole one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "ops/ops.hpp"
#include "tests/packaging/command.hpp"

namespace linnet::test {
namespace {

using testing::HasSubstr;

constexpr const char* kModel = LINNET_SOURCE_DIR "/models/activation_sampler/dynamo_dynamic.onnx";

std::string classify(const char* variant, const std::string& model) {
  return std::string("'" LINNET_BINARY_DIR "/") + variant + "' '" + model + "'";
}

TEST(SelectedOperators, RunTheModelToTheSameNumbers) {
  const Ended whole = run(classify("c_classify", kModel));
  const Ended selected = run(classify("c_classify_selected", kModel));
  EXPECT_EQ(whole.status, 0) << whole.text;
  EXPECT_EQ(selected.status, 0) << selected.text;
  EXPECT_EQ(selected.text, whole.text);
}

TEST(SelectedOperators, RefuseOtherOperatorsByName) {
  const Ended refused = run(classify("c_classify_selected", LINNET_SOURCE_DIR "/models/concat/dynamo_dynamic.onnx"));
  EXPECT_NE(refused.status, 0);
  EXPECT_THAT(refused.text, HasSubstr("Concat node"));
}

TEST(SelectedOperators, AreThoseThatInspectPrints) {
  const Ended printed = run("'" LINNET_BINARY_DIR "/linnet' inspect --operators '" + std::string(kModel) + "'");
  std::ifstream file(LINNET_SOURCE_DIR "/tests/packaging/activation_sampler.operators");
  const std::string kept{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(printed.text, kept);
}

TEST(SelectedOperators, TakeHalfTheRoom) {
  if (!LINNET_RELEASE) GTEST_SKIP() << "sizes are promised for the release build";
  const std::uintmax_t whole = stripped_size(LINNET_BINARY_DIR "/liblinnet.so");
  const std::uintmax_t selected = stripped_size(LINNET_BINARY_DIR "/liblinnet_selected.so");
  std::printf("liblinnet_selected.so %8ju bytes stripped\n", selected);
  EXPECT_LE(selected, whole / 2);
}

/// LeakyRelu of leaky_relu, as linnet_camel_case of cmake/operator_list.cmake has it.
std::string camel_case(const std::string& name) {
  std::string result;
  bool first = true;
  for (const char letter : name) {
    if (letter == '_') {
      first = true;
      continue;
    }
    result += first ? static_cast<char>(std::toupper(static_cast<unsigned char>(letter))) : letter;
    first = false;
  }
  return result;
}

TEST(SelectedOperators, CanBeEveryOperatorThatTheListNames) {
  std::ifstream file(LINNET_SOURCE_DIR "/ops/ops.list");
  std::set<std::string> listed;
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) {
      listed.insert(camel_case(line));
      continue;
    }
    for (std::size_t at = colon + 2; at < line.size();) {
      const std::size_t end = std::min(line.find(' ', at), line.size());
      if (line[at] != '@') listed.insert(line.substr(at, end - at));
      at = end + 1;
    }
  }
  std::set<std::string> registered;
  for (const internal::OpDef* op : internal::all_operators().all())
    registered.insert(op->domain.empty() ? op->name : op->domain + "." + op->name);
  EXPECT_EQ(listed, registered);
}

}  // namespace
}  // namespace linnet::test
