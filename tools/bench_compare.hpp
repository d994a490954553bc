// linnet bench --compare: two results of `linnet bench --json` side by side.
#pragma once

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace linnet::tools {

/// One line of the comparison. A figure that only one side has leaves the other empty.
struct ComparedFigure {
  std::string name;  ///< with its unit: "latency p50, us"
  std::optional<double> a;
  std::optional<double> b;

  /// b / a; empty where a side is missing or a is 0.
  std::optional<double> ratio() const;
};

struct BenchComparison {
  std::vector<std::string> differences;   ///< settings that differ: "threads: 1, 2"
  std::vector<ComparedFigure> figures;    ///< load, latency, memory
  std::vector<ComparedFigure> operators;  ///< microseconds of one run by operator and implementation, in A's order
  double p50_ratio = 0.0;                 ///< of the median latencies, b / a
};

/// Reads a file that `linnet bench --json` wrote. Errors: linnet::Error, kIo for a file that cannot be read,
/// kInvalidArgument for one that is not JSON or not such a result; the message names the file and the entry.
nlohmann::json read_bench_result(const std::string& path);

/// Requires: both come from read_bench_result.
BenchComparison compare_bench_results(const nlohmann::json& a, const nlohmann::json& b);

/// The table; ends with a newline. `a_name` and `b_name` say which result is which.
std::string comparison_table(const BenchComparison& comparison, const std::string& a_name, const std::string& b_name);

}  // namespace linnet::tools
