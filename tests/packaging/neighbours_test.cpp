// Linnet and another owner of protobuf and ONNX code in one process, in either order. neighbours.py does the work.
#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "tests/packaging/command.hpp"

namespace linnet::test {
namespace {

enum class Order { kLinnetFirst, kNeighbourFirst };
enum class Scope { kLocal, kGlobal };

class Neighbours : public testing::TestWithParam<std::tuple<const char*, Order, Scope>> {};

TEST_P(Neighbours, WorkInOneProcess) {
  if (LINNET_SANITIZED) GTEST_SKIP() << "Python itself is not built with the sanitizer";
  if (!LINNET_WITH_ONNX_SCHEMAS) GTEST_SKIP() << "built without ONNX's library, so without protobuf";
  const auto& [neighbour, order, scope] = GetParam();
  std::string command = "'" LINNET_TEST_PYTHON "' '" LINNET_SOURCE_DIR "/tests/packaging/neighbours.py' ";
  command += order == Order::kLinnetFirst ? std::string("linnet ") + neighbour : std::string(neighbour) + " linnet";
  command += " '" LINNET_BINARY_DIR "/liblinnet_neighbour.so' '" LINNET_SOURCE_DIR "/tests/fuzz/seeds/old_opset.onnx'";
  if (scope == Scope::kGlobal) command += " global";
  const Ended ended = run(command);
  EXPECT_EQ(ended.status, 0) << command << '\n' << ended.text;
  EXPECT_NE(ended.text.find("both work"), std::string::npos) << ended.text;
}

std::string name_of_case(const testing::TestParamInfo<Neighbours::ParamType>& info) {
  const auto& [neighbour, order, scope] = info.param;
  return std::string(neighbour) + (order == Order::kLinnetFirst ? "_after_linnet" : "_before_linnet") +
         (scope == Scope::kGlobal ? "_global" : "");
}

INSTANTIATE_TEST_SUITE_P(Packaging, Neighbours,
                         testing::Combine(testing::Values("onnx", "torch"),
                                          testing::Values(Order::kLinnetFirst, Order::kNeighbourFirst),
                                          testing::Values(Scope::kLocal, Scope::kGlobal)),
                         name_of_case);

}  // namespace
}  // namespace linnet::test
