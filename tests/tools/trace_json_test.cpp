#include "tools/trace_json.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/loaders/temporary_folder.hpp"
#include "tests/support/onnx_writer.hpp"
#include "tools/commands.hpp"

namespace linnet::tools {
namespace {

using Json = nlohmann::json;

/// What the Trace Event Format asks of the events that Linnet writes.
void expect_valid(const Json& trace) {
  ASSERT_TRUE(trace.is_object());
  ASSERT_TRUE(trace.contains("traceEvents"));
  ASSERT_TRUE(trace["traceEvents"].is_array());
  for (const Json& event : trace["traceEvents"]) {
    ASSERT_TRUE(event["name"].is_string()) << event;
    ASSERT_TRUE(event["pid"].is_number_integer()) << event;
    ASSERT_TRUE(event["tid"].is_number_integer()) << event;
    ASSERT_TRUE(event["ph"].is_string()) << event;
    if (event["ph"] == "M") {
      EXPECT_TRUE(event["name"] == "process_name" || event["name"] == "thread_name") << event;
      EXPECT_TRUE(event["args"]["name"].is_string()) << event;
      continue;
    }
    EXPECT_EQ(event["ph"], "X") << event;
    EXPECT_TRUE(event["cat"].is_string()) << event;
    ASSERT_TRUE(event["ts"].is_number()) << event;
    ASSERT_TRUE(event["dur"].is_number()) << event;
    EXPECT_GE(event["ts"].get<double>(), 0.0) << event;
    EXPECT_GE(event["dur"].get<double>(), 0.0) << event;
    EXPECT_TRUE(event["args"].is_object()) << event;
  }
}

ProgramSummary two_steps() {
  ProgramSummary program;
  StepSummary gemm;
  gemm.node.name = "fc1";
  gemm.node.op = "Gemm";
  gemm.implementation = "simd";
  gemm.input_shapes = {{4, 100}, {100, 64}};
  gemm.output_shapes = {{4, 64}};
  StepSummary relu;
  relu.node.name = "a \"quoted\" name";
  relu.node.op = "Relu";
  relu.implementation = "reference";
  relu.input_shapes = {{}};
  relu.output_shapes = {{}};
  program.steps = {gemm, relu};
  return program;
}

TEST(TraceJson, StepsAndTasksBecomeCompleteEvents) {
  const std::vector<TraceEvent> events = {{0, TraceEvent::kWholeStep, 0, 100, 2500},
                                          {0, 0, 0, 150, 1000},
                                          {0, 1, 2, 160, 2001},
                                          {1, TraceEvent::kWholeStep, 0, 2700, 50}};
  const Json trace = trace_json(two_steps(), events, "model.onnx");
  expect_valid(trace);
  std::vector<Json> complete;
  std::vector<std::string> names;
  for (const Json& event : trace["traceEvents"]) {
    if (event["ph"] == "X") complete.push_back(event);
    if (event["ph"] == "M") names.push_back(event["args"]["name"]);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"model.onnx", "caller", "helper 2"}));
  ASSERT_EQ(complete.size(), 4U);
  EXPECT_EQ(complete[0]["name"], "Gemm");
  EXPECT_EQ(complete[0]["cat"], "step");
  EXPECT_EQ(complete[0]["tid"], 0);
  EXPECT_DOUBLE_EQ(complete[0]["ts"].get<double>(), 0.1);
  EXPECT_DOUBLE_EQ(complete[0]["dur"].get<double>(), 2.5);
  EXPECT_EQ(complete[0]["args"]["node"], "fc1");
  EXPECT_EQ(complete[0]["args"]["implementation"], "simd");
  EXPECT_EQ(complete[0]["args"]["inputs"], Json({"[4,100]", "[100,64]"}));
  EXPECT_EQ(complete[0]["args"]["outputs"], Json({"[4,64]"}));
  EXPECT_EQ(complete[2]["name"], "Gemm task 1");
  EXPECT_EQ(complete[2]["cat"], "task");
  EXPECT_EQ(complete[2]["tid"], 2);
  EXPECT_DOUBLE_EQ(complete[2]["dur"].get<double>(), 2.001);
  EXPECT_EQ(complete[2]["args"]["step"], 0);
  EXPECT_EQ(complete[3]["args"]["node"], "a \"quoted\" name");
  EXPECT_EQ(complete[3]["args"]["inputs"], Json({"[]"}));
}

TEST(TraceJson, NamesThatAreNoUtf8AreMadeSo) {
  ProgramSummary program = two_steps();
  program.steps[0].node.name = "bad \xff byte";
  const std::string text =
      trace_json(program, {{0, TraceEvent::kWholeStep, 0, 0, 1}}, "\xfe.onnx").dump();  // throws for other bytes
  expect_valid(Json::parse(text));
  EXPECT_NE(text.find("bad \xef\xbf\xbd byte"), std::string::npos);
}

TEST(TraceJson, AnEmptyProgramGivesAValidTrace) { expect_valid(trace_json({}, {}, "empty")); }

TEST(TraceJson, ATaskOfAChainHoldsItsNodes) {
  StepSummary chain;
  chain.chain = two_steps().steps;
  chain.chain[0].node.fused = {{"MatMul", "product"}, {"Tanh", "act"}};
  ProgramSummary program;
  program.steps = {chain};
  const Json trace = trace_json(
      program, {{0, TraceEvent::kWholeStep, 0, 0, 900}, {0, 0, 0, 1, 800}, {0, 0, 0, 2, 500, 0}, {0, 0, 0, 510, 90, 1}},
      "m");
  expect_valid(trace);
  std::vector<std::string> names;
  for (const Json& event : trace["traceEvents"]) {
    if (event["ph"] == "X") names.push_back(event["name"]);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"MatMul+Tanh+Relu", "MatMul+Tanh+Relu task 0", "MatMul+Tanh", "Relu"}));
  EXPECT_EQ(trace["traceEvents"][4]["cat"], "node");
  EXPECT_EQ(trace["traceEvents"][4]["args"]["fused"], Json({"MatMul product", "Tanh act"}));
  EXPECT_EQ(trace["traceEvents"][5]["args"]["node"], "a \"quoted\" name");
}

int run_command(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "linnet");
  return run_program(static_cast<int>(arguments.size()), arguments.data());
}

std::string tanh_model(const test::TemporaryFolder& folder) {
  return folder.write("model.onnx", test::model()
                                        .opset(13)
                                        .input("x", DataType::kFloat32, {"rows", 64})
                                        .node("Tanh", {"x"}, {"t"})
                                        .node("Softmax", {"t"}, {"y"}, {test::attribute("axis", 1)})
                                        .output("y", DataType::kFloat32, {"rows", 64})
                                        .bytes());
}

TEST(RunTrace, TheCommandWritesATraceOfEveryStep) {
  const test::TemporaryFolder folder;
  const std::string model = tanh_model(folder);
  const std::string path = folder.path("trace.json");
  testing::internal::CaptureStdout();
  const int status = run_command({"run", model.c_str(), "--random", "--disable-pass", "all", "--dim", "rows=20000",
                                  "--threads", "2", "--trace", path.c_str()});
  EXPECT_NE(testing::internal::GetCapturedStdout().find("wrote " + path), std::string::npos);
  ASSERT_EQ(status, 0);
  std::ifstream file(path);
  const Json trace = Json::parse(file);
  expect_valid(trace);
  std::vector<std::string> steps;
  std::size_t tasks = 0;
  for (const Json& event : trace["traceEvents"]) {
    if (event["ph"] == "X" && event["cat"] == "step") steps.push_back(event["name"]);
    if (event["ph"] == "X" && event["cat"] == "task") ++tasks;
  }
  EXPECT_EQ(steps, (std::vector<std::string>{"Tanh", "Softmax"}));
  EXPECT_GT(tasks, 2U);
}

TEST(RunTrace, AFileThatCannotBeWrittenIsAnError) {
  const test::TemporaryFolder folder;
  const std::string model = tanh_model(folder);
  const std::string path = folder.path("no_such_folder/trace.json");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int status = run_command({"run", model.c_str(), "--random", "--trace", path.c_str()});
  testing::internal::GetCapturedStdout();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "linnet: cannot write " + path + ": No such file or directory\n");
  EXPECT_EQ(status, 1);
}

}  // namespace
}  // namespace linnet::tools
