// linnet bench: how long a model takes to load, to give its first result, and to run.
#include <linnet/inspect.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>

#include "tools/arguments.hpp"
#include "tools/bench_compare.hpp"
#include "tools/commands.hpp"
#include "tools/latency.hpp"
#include "tools/process_memory.hpp"
#include "tools/progress.hpp"

namespace linnet::tools {
namespace {

using Clock = std::chrono::steady_clock;

struct BenchArguments {
  ModelArguments model;
  InputArguments inputs;
  double seconds = 2.0;
  std::string json;
  std::vector<std::string> compare;  ///< two files, or none
  double fail_above = 0.0;           ///< 0: any ratio will do
};

struct OperatorTime {
  std::string op;
  std::string implementation;
  std::size_t steps = 0;
  double microseconds = 0.0;  ///< of one run
};

struct Measurement {
  double load_ms = 0.0;
  double first_run_ms = 0.0;
  LatencyHistogram latency;
  double allocations_per_run = 0.0;
  std::size_t peak_rss_bytes = 0;
  ModelSummary model;
  ProgramSummary program;
  std::vector<OperatorTime> operators;
};

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void measure_runs(Session& session, double seconds, Measurement& measured) {
  constexpr int kLeastRuns = 10;
  const auto warm_up = Clock::now();
  for (int run = 0; run < 3 || (run < 1000 && seconds_since(warm_up) < 0.05 * seconds); ++run) session.run();
  Progress progress;
  std::uint64_t allocations = 0;
  const auto start = Clock::now();
  auto before = start;
  double told = 0.0;
  for (;;) {
    const double elapsed = std::chrono::duration<double>(before - start).count();
    if (elapsed >= seconds && measured.latency.count() >= kLeastRuns) break;
    if (elapsed - told >= 0.25) {
      told = elapsed;
      progress.show(fmt::format("measuring: {:.1f} of {:.1f} s", elapsed, seconds));
    }
    const std::uint64_t allocated = allocation_count();
    before = Clock::now();
    session.run();
    const auto after = Clock::now();
    allocations += allocation_count() - allocated;
    measured.latency.add(std::chrono::duration_cast<std::chrono::nanoseconds>(after - before).count());
    before = after;
  }
  measured.allocations_per_run = static_cast<double>(allocations) / static_cast<double>(measured.latency.count());
}

/// Times the steps of some more runs and adds them up by operator and implementation.
std::vector<OperatorTime> measure_operators(Session& session, const ProgramSummary& program, double seconds) {
  std::vector<double> sums(program.steps.size(), 0.0);
  int runs = 0;
  for (const auto start = Clock::now(); runs < 1 || (runs < 1000 && seconds_since(start) < 0.2 * seconds); ++runs) {
    const std::vector<std::int64_t> times = run_profiled(session);
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += static_cast<double>(times[i]) * 1e-3;
  }
  std::map<std::pair<std::string, std::string>, OperatorTime> table;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const StepSummary& step = program.steps[i];
    OperatorTime& entry = table[{step.node.op, step.implementation}];
    entry.op = step.node.op;
    entry.implementation = step.implementation;
    ++entry.steps;
    entry.microseconds += sums[i] / runs;
  }
  std::vector<OperatorTime> sorted;
  sorted.reserve(table.size());
  for (const auto& entry : table) sorted.push_back(entry.second);
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.microseconds > b.microseconds; });
  return sorted;
}

Measurement measure(const BenchArguments& arguments) {
  Measurement measured;
  const auto load_start = Clock::now();
  const Model model = Model::load(arguments.model.path, arguments.model.options());
  measured.load_ms = milliseconds_since(load_start);
  const std::vector<Tensor> inputs = make_inputs(model, arguments.model, arguments.inputs);
  const auto first_start = Clock::now();
  Session session = model.session();
  for (std::size_t i = 0; i < inputs.size(); ++i) session.bind_input(i, inputs[i].view());
  session.run();
  measured.first_run_ms = milliseconds_since(first_start);
  measure_runs(session, arguments.seconds, measured);
  measured.peak_rss_bytes = peak_resident_bytes();
  std::vector<ConstTensorView> views;
  views.reserve(inputs.size());
  for (const Tensor& input : inputs) views.push_back(input.view());
  measured.program = summarize_program(model, views);
  measured.model = summarize(model);
  measured.operators = measure_operators(session, measured.program, arguments.seconds);
  return measured;
}

nlohmann::ordered_json to_json(const BenchArguments& arguments, const Measurement& measured) {
  const LatencyHistogram& latency = measured.latency;
  nlohmann::ordered_json json;
  json["model"] = arguments.model.path;
  json["threads"] = arguments.model.threads;
  json["backend"] = arguments.model.backend;
  json["precision"] = arguments.model.precision;
  json["isa"] = isa();
  json["runs"] = latency.count();
  json["load_ms"] = measured.load_ms;
  json["first_run_ms"] = measured.first_run_ms;
  json["latency_us"] = {{"min", latency.min() * 1e-3},
                        {"p50", latency.quantile(0.5) * 1e-3},
                        {"p90", latency.quantile(0.9) * 1e-3},
                        {"p99", latency.quantile(0.99) * 1e-3},
                        {"p999", latency.quantile(0.999) * 1e-3},
                        {"max", latency.max() * 1e-3},
                        {"mean", latency.mean() * 1e-3}};
  json["peak_rss_bytes"] = measured.peak_rss_bytes;
  json["weights_bytes"] = measured.model.weights_bytes;
  json["arena_bytes"] = measured.program.arena_bytes;
  json["arena_lower_bound_bytes"] = measured.program.arena_lower_bound_bytes;
  json["allocations_per_run"] = measured.allocations_per_run;
  json["runs_per_second"] = latency.mean() > 0.0 ? 1e9 / latency.mean() : 0.0;
  for (const OperatorTime& entry : measured.operators) {
    json["operators"].push_back({{"op", entry.op},
                                 {"implementation", entry.implementation},
                                 {"steps", entry.steps},
                                 {"us", entry.microseconds}});
  }
  return json;
}

void print(const BenchArguments& arguments, const Measurement& measured) {
  const LatencyHistogram& latency = measured.latency;
  const auto us = [&](double fraction) { return latency.quantile(fraction) * 1e-3; };
  fmt::print("{}  threads {}, backend {}, precision {}, isa {}\n", arguments.model.path,
             arguments.model.threads == 0 ? "all" : std::to_string(arguments.model.threads), arguments.model.backend,
             arguments.model.precision, isa());
  fmt::print("load {:.3f} ms, first run {:.3f} ms, {} runs, {:.0f} runs/s\n", measured.load_ms, measured.first_run_ms,
             latency.count(), 1e9 / latency.mean());
  fmt::print("latency us  min {:.2f}  p50 {:.2f}  p90 {:.2f}  p99 {:.2f}  p99.9 {:.2f}  max {:.2f}  mean {:.2f}\n",
             latency.min() * 1e-3, us(0.5), us(0.9), us(0.99), us(0.999), latency.max() * 1e-3, latency.mean() * 1e-3);
  fmt::print("memory  peak {:.1f} MB, weights {:.1f} MB, arena {} bytes (lower bound {}), {:.3g} allocations a run\n\n",
             static_cast<double>(measured.peak_rss_bytes) / 1048576.0,
             static_cast<double>(measured.model.weights_bytes) / 1048576.0, measured.program.arena_bytes,
             measured.program.arena_lower_bound_bytes, measured.allocations_per_run);
  double total = 0.0;
  for (const OperatorTime& entry : measured.operators) total += entry.microseconds;
  fmt::print("{:24} {:12} {:>6} {:>12} {:>7}\n", "operator", "by", "steps", "us a run", "share");
  for (const OperatorTime& entry : measured.operators) {
    fmt::print("{:24} {:12} {:>6} {:>12.3f} {:>6.1f}%\n", entry.op, entry.implementation, entry.steps,
               entry.microseconds, total > 0.0 ? 100.0 * entry.microseconds / total : 0.0);
  }
}

int compare(const BenchArguments& arguments) {
  const nlohmann::json a = read_bench_result(arguments.compare[0]);
  const nlohmann::json b = read_bench_result(arguments.compare[1]);
  const BenchComparison comparison = compare_bench_results(a, b);
  fmt::print("{}", comparison_table(comparison, arguments.compare[0], arguments.compare[1]));
  if (arguments.fail_above <= 0.0 || comparison.p50_ratio <= arguments.fail_above) return 0;
  std::fflush(stdout);
  fmt::print(stderr, "linnet: B's median latency is {:.3f} times A's, more than {}\n", comparison.p50_ratio,
             arguments.fail_above);
  return 1;
}

void run(const BenchArguments& arguments) {
  if (!optimized_build()) fmt::print(stderr, "linnet: warning: this build is not optimised; its times say nothing\n");
  const Measurement measured = measure(arguments);
  if (arguments.json != "-") print(arguments, measured);
  if (arguments.json.empty()) return;
  const std::string text = to_json(arguments, measured).dump(2) + "\n";
  if (arguments.json == "-") {
    fmt::print("{}", text);
    return;
  }
  std::ofstream file(arguments.json);
  file << text;
  file.close();
  if (!file) throw Error(ErrorCode::kIo, "cannot write " + arguments.json);
}

}  // namespace

void add_bench_command(CLI::App& app, Outcome& outcome) {
  CLI::App* command = app.add_subcommand("bench", "measure load time, latency and memory of a model");
  auto arguments = std::make_shared<BenchArguments>();
  arguments->inputs.random = true;
  arguments->model.add_to(*command);
  command->get_option("MODEL")->required(false);
  command->add_option("--input", arguments->inputs.files, "an input's data, as NAME=FILE.npy; random where not given")
      ->type_name("NAME=FILE.npy");
  command->add_option("--seconds", arguments->seconds, "how long to measure")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  CLI::Option* json = command->add_option("--json", arguments->json,
                                          "write the figures to this file; -: to standard output, and nothing else");
  CLI::Option* compared =
      command
          ->add_option("--compare", arguments->compare,
                       "print two results of --json side by side with their ratios, instead of measuring")
          ->expected(2)
          ->type_name("A.json B.json")
          ->excludes(command->get_option("MODEL"))
          ->excludes(json);
  command
      ->add_option("--fail-above", arguments->fail_above,
                   "with --compare: exit status 1 if the median latency of B is more than this many times A's")
      ->check(CLI::PositiveNumber)
      ->needs(compared);
  command->footer(
      "Examples:\n  linnet bench model.onnx --dim batch=8 --threads 1 --seconds 5 --json figures.json\n"
      "  linnet bench --compare before.json after.json --fail-above 1.1");
  command->callback([arguments, &outcome] {
    if (!arguments->compare.empty()) {
      outcome.status = compare(*arguments);
      return;
    }
    if (arguments->model.path.empty()) throw CLI::RequiredError("MODEL or --compare");
    run(*arguments);
  });
}

}  // namespace linnet::tools
