// linnet bench: how long a model takes to load, to give its first result, and to run.
#include <linnet/inspect.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>

#include "tools/arguments.hpp"
#include "tools/bench_compare.hpp"
#include "tools/commands.hpp"
#include "tools/inputs.hpp"
#include "tools/json_output.hpp"
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
  JsonOutput json;
  std::vector<std::string> compare;  ///< two files, or none
  double fail_above = 0.0;           ///< 0: any ratio will do
  std::string against;               ///< engines, which the Python package runs
};

struct OperatorTime {
  std::string op;  ///< of a fused node all it is made of: "Gemm+Relu"
  std::string implementation;
  std::size_t nodes = 0;
  double microseconds = 0.0;  ///< of one run
};

/// A node of the program, also one that runs as a member of a chain or group.
struct NodeMeasured {
  std::string name;
  std::string op;
  std::string implementation;
  std::size_t step = 0;
  std::string output;         ///< its shape
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
  std::vector<NodeMeasured> nodes;      ///< in the order they run
  std::vector<OperatorTime> operators;  ///< their sums, the longest first
  std::string described_inputs;
  nlohmann::ordered_json inputs;
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

std::string name_of(const NodeSummary& node) {
  if (node.fused.empty()) return node.name;
  std::string joined;
  for (const NodeOrigin& part : node.fused) {
    if (!part.name.empty()) joined += (joined.empty() ? "" : "+") + part.name;
  }
  return joined;
}

/// Times the nodes of some more runs.
std::vector<NodeMeasured> measure_nodes(Session& session, const ProgramSummary& program, double seconds) {
  std::vector<NodeMeasured> nodes;
  for (std::size_t index = 0; index < program.steps.size(); ++index) {
    const StepSummary& step = program.steps[index];
    const auto add = [&](const StepSummary& part) {
      nodes.push_back({name_of(part.node), operator_text(part.node), part.implementation, index,
                       part.output_shapes.empty() ? "" : text_of(part.output_shapes[0]), 0.0});
    };
    if (step.chain.empty()) add(step);
    for (const StepSummary& member : step.chain) add(member);
  }
  int runs = 0;
  for (const auto start = Clock::now(); runs < 1 || (runs < 1000 && seconds_since(start) < 0.2 * seconds); ++runs) {
    const std::vector<NodeTime> times = run_profiled_nodes(session);
    for (std::size_t i = 0; i < nodes.size(); ++i)
      nodes[i].microseconds += static_cast<double>(times[i].nanoseconds) * 1e-3;
  }
  for (NodeMeasured& node : nodes) node.microseconds /= runs;
  return nodes;
}

template <typename Times>
void sort_by_time(Times& times) {
  std::stable_sort(times.begin(), times.end(),
                   [](const auto& a, const auto& b) { return a.microseconds > b.microseconds; });
}

/// By operator and implementation.
std::vector<OperatorTime> add_up(const std::vector<NodeMeasured>& nodes) {
  std::map<std::pair<std::string, std::string>, OperatorTime> table;
  for (const NodeMeasured& node : nodes) {
    OperatorTime& entry = table[{node.op, node.implementation}];
    entry.op = node.op;
    entry.implementation = node.implementation;
    ++entry.nodes;
    entry.microseconds += node.microseconds;
  }
  std::vector<OperatorTime> sorted;
  sorted.reserve(table.size());
  for (const auto& entry : table) sorted.push_back(entry.second);
  sort_by_time(sorted);
  return sorted;
}

Measurement measure(const BenchArguments& arguments) {
  Measurement measured;
  const auto load_start = Clock::now();
  const Model model = Model::load(arguments.model.path, arguments.model.options());
  measured.load_ms = milliseconds_since(load_start);
  const Inputs inputs = make_inputs(model, arguments.model, arguments.inputs);
  const auto first_start = Clock::now();
  Session session = model.session();
  with_inputs(model, inputs, [&] {
    for (std::size_t i = 0; i < inputs.tensors.size(); ++i) session.bind_input(i, inputs.tensors[i].view());
    session.run();
  });
  measured.first_run_ms = milliseconds_since(first_start);
  measure_runs(session, arguments.seconds, measured);
  measured.peak_rss_bytes = peak_resident_bytes();
  measured.program = summarize_program(model, inputs.views());
  measured.model = summarize(model);
  measured.nodes = measure_nodes(session, measured.program, arguments.seconds);
  measured.operators = add_up(measured.nodes);
  measured.described_inputs = describe_made(model, inputs);
  measured.inputs = json_of(model, inputs);
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
  json["inputs"] = measured.inputs;
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
                                 {"nodes", entry.nodes},
                                 {"us", entry.microseconds}});
  }
  for (const NodeMeasured& node : measured.nodes) {
    json["nodes"].push_back({{"name", node.name},
                             {"op", node.op},
                             {"implementation", node.implementation},
                             {"step", node.step},
                             {"output", node.output},
                             {"us", node.microseconds}});
  }
  return json;
}

void print_times(const Measurement& measured) {
  double total = 0.0;
  for (const OperatorTime& entry : measured.operators) total += entry.microseconds;
  const auto share = [&](double microseconds) { return total > 0.0 ? 100.0 * microseconds / total : 0.0; };
  fmt::print("{:32} {:12} {:>6} {:>12} {:>7}\n", "operator", "by", "nodes", "us a run", "share");
  for (const OperatorTime& entry : measured.operators) {
    fmt::print("{:32} {:12} {:>6} {:>12.3f} {:>6.1f}%\n", entry.op, entry.implementation, entry.nodes,
               entry.microseconds, share(entry.microseconds));
  }
  constexpr std::size_t kShown = 10;
  std::vector<NodeMeasured> nodes = measured.nodes;
  if (nodes.size() <= 1) return;
  sort_by_time(nodes);
  const std::size_t shown = std::min(kShown, nodes.size());
  fmt::print("\n{:32} {:12} {:>6} {:>12} {:>7}  node\n", shown < nodes.size() ? "the longest nodes" : "node", "by",
             "step", "us a run", "share");
  for (std::size_t i = 0; i < shown; ++i) {
    const NodeMeasured& node = nodes[i];
    fmt::print("{:32} {:12} {:>6} {:>12.3f} {:>6.1f}%  {} {}\n", node.op, node.implementation, node.step,
               node.microseconds, share(node.microseconds), node.name, node.output);
  }
  if (shown < nodes.size()) fmt::print("... and {} more (--json lists all)\n", nodes.size() - shown);
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
  if (!measured.described_inputs.empty()) fmt::print("{}\n", measured.described_inputs);
  print_times(measured);
}

nlohmann::ordered_json to_json(const std::vector<ComparedFigure>& figures) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  const auto number = [](std::optional<double> value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
  };
  for (const ComparedFigure& figure : figures) {
    list.push_back(
        {{"name", figure.name}, {"a", number(figure.a)}, {"b", number(figure.b)}, {"ratio", number(figure.ratio())}});
  }
  return list;
}

int compare(const BenchArguments& arguments) {
  const nlohmann::json a = read_bench_result(arguments.compare[0]);
  const nlohmann::json b = read_bench_result(arguments.compare[1]);
  const BenchComparison comparison = compare_bench_results(a, b);
  if (!arguments.json.alone())
    fmt::print("{}", comparison_table(comparison, arguments.compare[0], arguments.compare[1]));
  arguments.json.write({{"a", arguments.compare[0]},
                        {"b", arguments.compare[1]},
                        {"differences", comparison.differences},
                        {"figures", to_json(comparison.figures)},
                        {"operators", to_json(comparison.operators)},
                        {"p50_ratio", comparison.p50_ratio}});
  if (arguments.fail_above <= 0.0 || comparison.p50_ratio <= arguments.fail_above) return 0;
  std::fflush(stdout);
  fmt::print(stderr, "linnet: B's median latency is {:.3f} times A's, more than {}\n", comparison.p50_ratio,
             arguments.fail_above);
  return 1;
}

void run(const BenchArguments& arguments) {
  if (!optimized_build()) fmt::print(stderr, "linnet: warning: this build is not optimised; its times say nothing\n");
  const Measurement measured = measure(arguments);
  if (!arguments.json.alone()) print(arguments, measured);
  arguments.json.write(to_json(arguments, measured));
}

/// --json takes the next word, so that it may have taken the model.
std::string missing_model(const BenchArguments& arguments) {
  if (arguments.json.path.empty() || arguments.json.alone()) return "MODEL or --compare";
  return fmt::format("MODEL or --compare (--json took {} as its file; `--json -` is standard output)",
                     arguments.json.path);
}

}  // namespace

void add_bench_command(CLI::App& app, Outcome& outcome) {
  CLI::App* command = app.add_subcommand("bench", "measure load time, latency and memory of a model");
  auto arguments = std::make_shared<BenchArguments>();
  arguments->inputs.make_up = true;
  arguments->model.add_to(*command);
  command->get_option("MODEL")->required(false);
  arguments->inputs.add_to(*command, "without it data that suits the model is made up");
  command->add_option("--seconds", arguments->seconds, "how long to measure, in seconds")
      ->check(positive_number)
      ->capture_default_str();
  arguments->json.add_to(*command);
  CLI::Option* compared =
      command
          ->add_option("--compare", arguments->compare,
                       "print two results of --json side by side with their ratios, instead of measuring")
          ->expected(2)
          ->type_name("A.json B.json")
          ->excludes(command->get_option("MODEL"));
  command
      ->add_option("--fail-above", arguments->fail_above,
                   "with --compare: exit status 1 if the median latency of B is more than this many times A's")
      ->check(positive_number)
      ->needs(compared);
  command
      ->add_option("--against", arguments->against,
                   "the same model in other engines, in turn: `python -m linnet bench MODEL --against "
                   "onnxruntime,openvino,torch` of the Python package")
      ->type_name("ENGINE,...");
  command->footer(
      "Examples:\n  linnet bench model.onnx --dim batch=8 --threads 1 --seconds 5 --json figures.json\n"
      "  linnet bench --compare before.json after.json --fail-above 1.1");
  command->callback([arguments, &outcome] {
    if (!arguments->compare.empty()) {
      outcome.status = compare(*arguments);
      return;
    }
    if (!arguments->against.empty()) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("bench --against: other engines are run by the Python package: "
                              "python -m linnet bench {} --against {}",
                              arguments->model.path.empty() ? "MODEL" : arguments->model.path, arguments->against));
    }
    if (arguments->model.path.empty()) throw CLI::RequiredError(missing_model(*arguments));
    run(*arguments);
  });
}

}  // namespace linnet::tools
