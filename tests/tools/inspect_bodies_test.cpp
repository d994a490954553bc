// `linnet inspect` on models whose nodes run graphs, and the list of operators that it prints.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <string>

#include "tests/api/sample_models.hpp"
#include "tests/loaders/temporary_folder.hpp"
#include "tests/support/graph_writer.hpp"
#include "tests/tools/run_linnet.hpp"

namespace linnet::tools {
namespace {

using testing::HasSubstr;

/// y = condition ? relu(x * factor) : -x, where `factor` is made outside.
std::string choice() {
  return test::model()
      .opset(16)
      .input("condition", DataType::kBool, {})
      .input("x", DataType::kFloat32, {"n"})
      .node("Exp", {"x"}, {"factor"})
      .node("If", {"condition"}, {"y"},
            {test::GraphWriter()
                 .node("Mul", {"x", "factor"}, {"m"})
                 .node("Relu", {"m"}, {"t"}, {}, "cut")
                 .output("t")
                 .as("then_branch"),
             test::GraphWriter().node("Neg", {"x"}, {"e"}).output("e").as("else_branch")},
            "choice")
      .output("y")
      .bytes();
}

class InspectOfBodies : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  std::string choice_ = folder_.write("choice.onnx", choice());
  std::string sum_ = folder_.write("sum.onnx", test::model()
                                                   .input("x", DataType::kFloat32, {2})
                                                   .node("Add", {"x", "x"}, {"s"})
                                                   .node("Neg", {"s"}, {"y"})
                                                   .output("y")
                                                   .bytes());
};

TEST_F(InspectOfBodies, NodesOfBranchesStandBelowTheirNode) {
  const Said said = run_linnet({"inspect", choice_});
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("    then_branch ("));
  EXPECT_THAT(said.out,
              HasSubstr("      Relu choice/then_branch/cut  (choice/then_branch/m) -> choice/then_branch/t\n"));
  EXPECT_THAT(said.out, HasSubstr("    else_branch ("));
}

TEST_F(InspectOfBodies, JsonHasThemInTheirNode) {
  const auto json = nlohmann::json::parse(run_linnet({"inspect", choice_, "--json", "-"}).out);
  const auto& node = json["nodes_after"][1];
  ASSERT_EQ(node["op"], "If");
  ASSERT_EQ(node["bodies"].size(), 2U);
  const auto& branch = node["bodies"][0];
  EXPECT_EQ(branch["attribute"], "then_branch");
  EXPECT_EQ(branch["outputs"], nlohmann::json::parse(R"(["choice/then_branch/t"])"));
  EXPECT_EQ(branch["nodes"][0]["op"], "Mul");
  EXPECT_EQ(branch["nodes"][1]["name"], "choice/then_branch/cut");
  EXPECT_TRUE(json["nodes_after"][0]["bodies"].empty());
}

TEST_F(InspectOfBodies, OperatorsOfSeveralModelsAreListedOnce) {
  const Said said = run_linnet({"inspect", "--operators", choice_, sum_});
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_EQ(said.out, "# of choice.onnx, sum.onnx\nAdd\nExp\nIf\nMul\nNeg\nRelu\n");
}

TEST_F(InspectOfBodies, SeveralModelsAreForTheListAlone) {
  const Said said = run_linnet({"inspect", choice_, sum_});
  EXPECT_NE(said.status, 0);
  EXPECT_THAT(said.err, HasSubstr("--operators"));
}

}  // namespace
}  // namespace linnet::tools
