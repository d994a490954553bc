// A chain of 200,000 nodes loads and runs: work on a graph is linear in its nodes and never recursive.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <string>

#include "tests/api/sample_models.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

constexpr int kNodes = 200000;
constexpr std::int64_t kWidth = 8;

std::string value(int number) { return "v" + std::to_string(number); }

/// v0 -> Relu -> Tanh -> Add(c) -> Relu -> ...
std::string chain() {
  ModelWriter writer = model();
  writer.input(value(0), DataType::kFloat32, {1, kWidth});
  writer.initializer<float>("c", {kWidth}, std::vector<float>(kWidth, 0.25f));
  for (int i = 0; i < kNodes; ++i) {
    switch (i % 3) {
      case 0:
        writer.node("Relu", {value(i)}, {value(i + 1)});
        break;
      case 1:
        writer.node("Tanh", {value(i)}, {value(i + 1)});
        break;
      default:
        writer.node("Add", {value(i), "c"}, {value(i + 1)});
        break;
    }
  }
  return writer.output(value(kNodes), DataType::kFloat32, {1, kWidth}).bytes();
}

float expected_of(float x) {
  for (int i = 0; i < kNodes; ++i) {
    if (i % 3 == 0) x = std::max(x, 0.0f);
    if (i % 3 == 1) x = std::tanh(x);
    if (i % 3 == 2) x += 0.25f;
  }
  return x;
}

/// A line of /proc/self/status in bytes; "VmRSS" is the memory in use, "VmHWM" its peak.
std::size_t memory_status(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.compare(0, key.size() + 1, key + ":") == 0) return std::stoull(line.substr(key.size() + 1)) * 1024;
  }
  return 0;
}

TEST(DeepChain, LoadsAndRuns) {
  const std::string bytes = chain();
  const Tensor x = sample_tensor({1, kWidth});
  std::ofstream("/proc/self/clear_refs") << "5";  // the peak starts anew
  const std::size_t before = memory_status("VmRSS");
  const std::clock_t cpu_start = std::clock();
  const auto start = std::chrono::steady_clock::now();
  const Model model = load(bytes, options_for(Backend::kAuto, 1));
  const auto loaded = std::chrono::steady_clock::now();
  const Tensor y = model.run({x}).front();
  const auto ended = std::chrono::steady_clock::now();
  const std::clock_t cpu = std::clock() - cpu_start;
  const std::size_t growth = memory_status("VmHWM") - before;
  std::printf(
      "a chain of %d nodes: loaded in %.2f s, compiled and run in %.2f s (%.2f s of CPU time in all), memory grew by "
      "%.0f MB\n",
      kNodes, std::chrono::duration<double>(loaded - start).count(),
      std::chrono::duration<double>(ended - loaded).count(), static_cast<double>(cpu) / CLOCKS_PER_SEC,
      static_cast<double>(growth) / 1e6);
  for (std::size_t i = 0; i < y.count(); ++i) EXPECT_NEAR(y.data<float>()[i], expected_of(x.data<float>()[i]), 1e-5f);
  // A sanitizer's own memory is a multiple of the program's.
  if (AllocationCounter::sees_malloc()) {
    EXPECT_LE(growth, 300U * 1000U * 1000U);
  }
}

}  // namespace
}  // namespace linnet::test
