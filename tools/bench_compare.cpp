#include "tools/bench_compare.hpp"

#include <linnet/linnet.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

namespace linnet::tools {
namespace {

using Json = nlohmann::json;

struct Entry {
  const char* pointer;
  const char* name;
};

constexpr Entry kFigures[] = {
    {"/load_ms", "load, ms"},
    {"/first_run_ms", "first run, ms"},
    {"/latency_us/min", "latency min, us"},
    {"/latency_us/p50", "latency p50, us"},
    {"/latency_us/p90", "latency p90, us"},
    {"/latency_us/p99", "latency p99, us"},
    {"/latency_us/p999", "latency p99.9, us"},
    {"/latency_us/mean", "latency mean, us"},
    {"/runs_per_second", "runs a second"},
    {"/peak_rss_bytes", "peak memory, bytes"},
    {"/weights_bytes", "weights, bytes"},
    {"/arena_bytes", "arena, bytes"},
    {"/allocations_per_run", "allocations a run"},
};

constexpr const char* kSettings[] = {"model", "threads", "backend", "precision", "isa"};

[[noreturn]] void reject(const std::string& path, const std::string& why) {
  throw Error(ErrorCode::kInvalidArgument, fmt::format("{} is no result of `linnet bench --json`: {}", path, why));
}

void check_operators(const Json& result, const std::string& path) {
  const auto found = result.find("operators");
  if (found == result.end()) return;  // a model whose outputs are constant runs none
  if (!found->is_array()) reject(path, "\"operators\" is not a list");
  for (const Json& entry : *found) {
    const bool complete = entry.is_object() && entry.contains("op") && entry["op"].is_string() &&
                          entry.contains("implementation") && entry["implementation"].is_string() &&
                          entry.contains("us") && entry["us"].is_number();
    if (!complete) reject(path, "an entry of \"operators\" lacks \"op\", \"implementation\" or \"us\"");
  }
}

std::string setting_text(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

std::optional<double> number_at(const Json& result, const Entry& entry) {
  return result.at(Json::json_pointer(entry.pointer)).get<double>();
}

std::vector<ComparedFigure> operator_times(const Json& result) {
  std::vector<ComparedFigure> times;
  if (!result.contains("operators")) return times;
  for (const Json& entry : result["operators"]) {
    const std::string name =
        fmt::format("{} by {}, us", entry["op"].get<std::string>(), entry["implementation"].get<std::string>());
    times.push_back({name, entry["us"].get<double>(), std::nullopt});
  }
  return times;
}

std::vector<ComparedFigure> compare_operators(const Json& a, const Json& b) {
  std::vector<ComparedFigure> rows = operator_times(a);
  for (const ComparedFigure& other : operator_times(b)) {
    const auto same = std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.name == other.name; });
    if (same != rows.end()) {
      same->b = other.a;
    } else {
      rows.push_back({other.name, std::nullopt, other.a});
    }
  }
  return rows;
}

std::string cell(std::optional<double> value) {
  if (!value) return "-";
  const bool whole = *value == static_cast<double>(static_cast<long long>(*value));
  return whole ? fmt::format("{:.0f}", *value) : fmt::format("{:.3f}", *value);
}

void add_rows(std::string& text, const std::vector<ComparedFigure>& rows) {
  for (const ComparedFigure& row : rows) {
    const std::optional<double> ratio = row.ratio();
    text += fmt::format("{:34} {:>14} {:>14} {:>8}\n", row.name, cell(row.a), cell(row.b),
                        ratio ? fmt::format("{:.3f}", *ratio) : "-");
  }
}

}  // namespace

std::optional<double> ComparedFigure::ratio() const {
  if (!a || !b || *a == 0.0) return std::nullopt;
  return *b / *a;
}

Json read_bench_result(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw Error(ErrorCode::kIo, "cannot read " + path);
  Json result;
  try {
    result = Json::parse(file);
  } catch (const Json::exception& error) {
    reject(path, fmt::format("it is not JSON ({})", error.what()));
  } catch (const std::ios_base::failure&) {  // a folder, for one
    throw Error(ErrorCode::kIo, "cannot read " + path);
  }
  if (!result.is_object()) reject(path, "it is not a JSON object");
  for (const char* const setting : kSettings) {
    if (!result.contains(setting)) reject(path, fmt::format("\"{}\" is missing", setting));
  }
  for (const Entry& entry : kFigures) {
    const Json::json_pointer pointer(entry.pointer);
    if (!result.contains(pointer)) reject(path, fmt::format("\"{}\" is missing", entry.pointer + 1));
    if (!result.at(pointer).is_number()) reject(path, fmt::format("\"{}\" is not a number", entry.pointer + 1));
  }
  check_operators(result, path);
  return result;
}

BenchComparison compare_bench_results(const Json& a, const Json& b) {
  BenchComparison comparison;
  for (const char* const setting : kSettings) {
    if (a[setting] != b[setting])
      comparison.differences.push_back(
          fmt::format("{}: {}, {}", setting, setting_text(a[setting]), setting_text(b[setting])));
  }
  for (const Entry& entry : kFigures)
    comparison.figures.push_back({entry.name, number_at(a, entry), number_at(b, entry)});
  comparison.operators = compare_operators(a, b);
  const Json::json_pointer p50("/latency_us/p50");
  const double before = a.at(p50).get<double>();
  comparison.p50_ratio = before > 0.0 ? b.at(p50).get<double>() / before : 0.0;
  return comparison;
}

std::string comparison_table(const BenchComparison& comparison, const std::string& a_name, const std::string& b_name) {
  std::string text = fmt::format("A  {}\nB  {}\n", a_name, b_name);
  for (const std::string& difference : comparison.differences) text += fmt::format("differs in {}\n", difference);
  text += fmt::format("\n{:34} {:>14} {:>14} {:>8}\n", "", "A", "B", "B / A");
  add_rows(text, comparison.figures);
  if (!comparison.operators.empty()) text += '\n';
  add_rows(text, comparison.operators);
  return text;
}

}  // namespace linnet::tools
