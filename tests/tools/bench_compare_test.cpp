#include "tools/bench_compare.hpp"

#include <stdexcept>

#include <linnet/linnet.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/loaders/temporary_folder.hpp"
#include "tests/support/onnx_writer.hpp"
#include "tests/tools/run_linnet.hpp"

namespace linnet::tools {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

Json result(double p50) {
  return {{"model", "model.onnx"},
          {"threads", 1},
          {"backend", "auto"},
          {"precision", "f32"},
          {"isa", "avx2"},
          {"runs", 100},
          {"load_ms", 2.0},
          {"first_run_ms", 0.5},
          {"latency_us",
           {{"min", 1.0},
            {"p50", p50},
            {"p90", 2 * p50},
            {"p99", 3 * p50},
            {"p999", 4 * p50},
            {"max", 90.0},
            {"mean", p50}}},
          {"peak_rss_bytes", 1048576},
          {"weights_bytes", 400},
          {"arena_bytes", 64},
          {"arena_lower_bound_bytes", 64},
          {"allocations_per_run", 0.0},
          {"runs_per_second", 1e6 / p50},
          {"operators", {{{"op", "Gemm"}, {"implementation", "simd"}, {"steps", 2}, {"us", p50}}}}};
}

const ComparedFigure& find(const std::vector<ComparedFigure>& figures, const std::string& name) {
  for (const ComparedFigure& figure : figures) {
    if (figure.name == name) return figure;
  }
  throw std::runtime_error("no figure " + name);
}

TEST(BenchCompare, RatiosAreBByA) {
  const BenchComparison comparison = compare_bench_results(result(4.0), result(3.0));
  EXPECT_DOUBLE_EQ(comparison.p50_ratio, 0.75);
  EXPECT_TRUE(comparison.differences.empty());
  EXPECT_DOUBLE_EQ(*find(comparison.figures, "latency p50, us").ratio(), 0.75);
  EXPECT_DOUBLE_EQ(*find(comparison.figures, "latency p99, us").b, 9.0);
  EXPECT_DOUBLE_EQ(*find(comparison.figures, "load, ms").ratio(), 1.0);
  EXPECT_FALSE(find(comparison.figures, "allocations a run").ratio());  // 0 / 0
  EXPECT_DOUBLE_EQ(*find(comparison.operators, "Gemm by simd, us").ratio(), 0.75);
}

TEST(BenchCompare, OperatorsOfOneSideOnlyHaveNoRatio) {
  Json b = result(4.0);
  b["operators"][0]["implementation"] = "onednn";
  const BenchComparison comparison = compare_bench_results(result(4.0), b);
  ASSERT_EQ(comparison.operators.size(), 2U);
  EXPECT_FALSE(find(comparison.operators, "Gemm by simd, us").b);
  EXPECT_FALSE(find(comparison.operators, "Gemm by onednn, us").a);
  EXPECT_FALSE(find(comparison.operators, "Gemm by onednn, us").ratio());
}

TEST(BenchCompare, SaysWhichSettingsDiffer) {
  Json b = result(4.0);
  b["threads"] = 2;
  b["isa"] = "avx512";
  const BenchComparison comparison = compare_bench_results(result(4.0), b);
  EXPECT_EQ(comparison.differences, (std::vector<std::string>{"threads: 1, 2", "isa: avx2, avx512"}));
}

TEST(BenchCompare, TheTableHasALineForEveryFigure) {
  Json b = result(2.0);
  b["threads"] = 2;
  const std::string table = comparison_table(compare_bench_results(result(4.0), b), "before.json", "after.json");
  EXPECT_THAT(table, HasSubstr("A  before.json\nB  after.json\ndiffers in threads: 1, 2\n"));
  EXPECT_THAT(table, testing::ContainsRegex("\nlatency p50, us +4 +2 +0\\.500\n"));
  EXPECT_THAT(table, testing::ContainsRegex("\nallocations a run +0 +0 +-\n"));
  EXPECT_THAT(table, testing::ContainsRegex("\nGemm by simd, us +4 +2 +0\\.500\n$"));
}

std::string refusal(const std::string& path) {
  try {
    read_bench_result(path);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(BenchCompare, RefusesFilesThatAreNoResults) {
  const test::TemporaryFolder folder;
  const auto file = [&](const Json& json) { return folder.write("result.json", json.dump()); };
  EXPECT_EQ(refusal(file(result(1.0))), "accepted");
  EXPECT_EQ(refusal(folder.path("missing.json")), "cannot read " + folder.path("missing.json"));
  EXPECT_THAT(refusal(folder.write("result.json", "{\"model\":")),
              HasSubstr("is no result of `linnet bench --json`: it is not JSON"));
  EXPECT_THAT(refusal(file(Json::array())), HasSubstr("it is not a JSON object"));
  Json damaged = result(1.0);
  damaged["latency_us"].erase("p50");
  EXPECT_THAT(refusal(file(damaged)), HasSubstr("\"latency_us/p50\" is missing"));
  damaged["latency_us"] = 3;
  EXPECT_THAT(refusal(file(damaged)), HasSubstr("\"latency_us/min\" is missing"));
  damaged = result(1.0);
  damaged["peak_rss_bytes"] = "much";
  EXPECT_THAT(refusal(file(damaged)), HasSubstr("\"peak_rss_bytes\" is not a number"));
  damaged = result(1.0);
  damaged.erase("isa");
  EXPECT_THAT(refusal(file(damaged)), HasSubstr("\"isa\" is missing"));
  damaged = result(1.0);
  damaged["operators"][0].erase("us");
  EXPECT_THAT(refusal(file(damaged)), HasSubstr("lacks \"op\", \"implementation\" or \"us\""));
}

Said run_bench(std::vector<std::string> words) {
  words.insert(words.begin(), "bench");
  return run_linnet(std::move(words));
}

TEST(BenchCompareCommand, ExitStatus) {
  const test::TemporaryFolder folder;
  const std::string fast = folder.write("fast.json", result(1.0).dump());
  const std::string slow = folder.write("slow.json", result(2.0).dump());
  EXPECT_EQ(run_bench({"--compare", fast, slow}).status, 0);
  EXPECT_EQ(run_bench({"--compare", fast, slow, "--fail-above", "2.5"}).status, 0);
  const Said slower = run_bench({"--compare", fast, slow, "--fail-above", "1.5"});
  EXPECT_EQ(slower.status, 1);
  EXPECT_THAT(slower.out, HasSubstr("latency p50"));
  EXPECT_EQ(slower.err, "linnet: B's median latency is 2.000 times A's, more than 1.5\n");
  EXPECT_EQ(run_bench({"--compare", slow, fast, "--fail-above", "1.5"}).status, 0);
  const Said missing = run_bench({"--compare", fast, folder.path("none")});
  EXPECT_EQ(missing.status, 1);
  EXPECT_EQ(missing.err, "linnet: cannot read " + folder.path("none") + "\n");
}

TEST(BenchCompareCommand, ComparesAsJson) {
  const test::TemporaryFolder folder;
  const std::string a = folder.write("a.json", result(2.0).dump());
  const std::string b = folder.write("b.json", result(1.0).dump());
  const Json compared = Json::parse(run_bench({"--compare", a, b, "--json"}).out);
  EXPECT_EQ(compared["p50_ratio"], 0.5);
  EXPECT_EQ(compared["operators"][0]["name"], "Gemm by simd, us");
  EXPECT_EQ(compared["operators"][0]["ratio"], 0.5);
}

TEST(BenchCompareCommand, WrongUsage) {
  EXPECT_EQ(run_bench({}).status, 2);
  EXPECT_EQ(run_bench({"--compare", "a.json"}).status, 2);
  EXPECT_EQ(run_bench({"model.onnx", "--compare", "a.json", "b.json"}).status, 2);
  EXPECT_EQ(run_bench({"model.onnx", "--fail-above", "1.1"}).status, 2);
}

TEST(BenchCompareCommand, ReadsWhatBenchWrites) {
  const test::TemporaryFolder folder;
  const std::string model = folder.write("model.onnx", test::model()
                                                           .opset(13)
                                                           .input("x", DataType::kFloat32, {2, 3})
                                                           .node("Tanh", {"x"}, {"y"})
                                                           .output("y", DataType::kFloat32, {2, 3})
                                                           .bytes());
  const std::string json = folder.path("result.json");
  ASSERT_EQ(run_bench({model, "--seconds", "0.01", "--json", json}).status, 0);
  const Said compared = run_bench({"--compare", json, json, "--fail-above", "1"});
  EXPECT_EQ(compared.status, 0);
  EXPECT_THAT(compared.out, HasSubstr("Tanh by "));
}

}  // namespace
}  // namespace linnet::tools
