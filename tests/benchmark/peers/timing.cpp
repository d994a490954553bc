#include "tests/benchmark/peers/timing.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace linnet::benchmark {
namespace {

using Clock = std::chrono::steady_clock;

double microseconds(Clock::duration duration) { return std::chrono::duration<double, std::micro>(duration).count(); }
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

Port make_port(const char* name, const char* shape) {
  constexpr std::string_view kIntegers = "int64:";
  Port port;
  port.name = name;
  std::string_view sizes = shape;
  port.integers = sizes.substr(0, kIntegers.size()) == kIntegers;
  if (port.integers) sizes.remove_prefix(kIntegers.size());
  std::size_t count = 1;
  std::stringstream numbers{std::string(sizes)};
  for (std::string number; std::getline(numbers, number, ',');) {
    port.shape.push_back(std::stoll(number));
    if (port.shape.back() < 1) throw std::invalid_argument(std::string("a shape has a size below 1: ") + shape);
    count *= static_cast<std::size_t>(port.shape.back());
  }
  if (port.integers) {
    port.whole_values.assign(count, 1);
  } else {
    port.values.assign(count, 0.0F);
  }
  return port;
}

Request parse(int argc, const char* const* argv) {
  constexpr int kFirstPort = 6;
  if (argc < kFirstPort + 4 || argc % 2 != 0)
    throw std::invalid_argument("usage: MODEL THREADS PRECISION SECONDS IDLE_SECONDS INPUT SHAPE... OUTPUT SHAPE");
  Request request;
  request.model = argv[1];
  request.threads = std::stoi(argv[2]);
  request.precision = argv[3];
  request.seconds = std::stod(argv[4]);
  request.idle_seconds = std::stod(argv[5]);
  for (int port = kFirstPort; port + 2 < argc; port += 2)
    request.inputs.push_back(make_port(argv[port], argv[port + 1]));
  request.output = make_port(argv[argc - 2], argv[argc - 1]);
  if (request.output.integers) throw std::invalid_argument("the output is not of float32");
  if (request.precision != "f32" && request.precision != "bf16")
    throw std::invalid_argument("precision is f32 or bf16, not " + request.precision);
  // tools/bench/torch_timing.py fills its input in the same way.
  for (Port& input : request.inputs) {
    for (std::size_t i = 0; i < input.values.size(); ++i)
      input.values[i] = static_cast<float>(i * 7919 % 2003) / 1001.0F - 1.0F;
  }
  return request;
}

double checksum(const std::vector<float>& values) {
  double sum = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i)
    sum += std::fabs(static_cast<double>(values[i])) * static_cast<double>(1 + i % 7);
  return sum;
}

long peak_resident_kibibytes() {
  std::FILE* file = std::fopen("/proc/self/status", "re");
  if (file == nullptr) return 0;
  char line[256];
  long kibibytes = 0;
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::sscanf(line, "VmHWM: %ld kB", &kibibytes) == 1) break;
  }
  std::fclose(file);
  return kibibytes;
}

double cpu_milliseconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto milliseconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) * 1e-3;
  };
  return milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime);
}

/// CPU time used by the whole process while this thread sleeps, from 5 ms after the last run on: the system counts what
/// other threads use only at its ticks, and what they used in the run would be counted as idling.
double idle_cpu_milliseconds(double seconds) {
  if (seconds <= 0.0) return 0.0;
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const double before = cpu_milliseconds();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  return cpu_milliseconds() - before;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double quantile(const std::vector<double>& sorted, double fraction) {
  const auto rank = static_cast<std::size_t>(std::ceil(fraction * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

void warm_up(Engine& engine, double seconds) {
  const auto start = Clock::now();
  for (int run = 0; run < 3 || (run < 1000 && seconds_since(start) < seconds); ++run) engine.run();
}

/// Sorted microseconds of single runs.
std::vector<double> time_single_runs(Engine& engine, double seconds) {
  constexpr std::size_t kLeastRuns = 10;
  constexpr std::size_t kMostRuns = std::size_t{1} << 22;
  std::vector<double> times;
  for (const auto start = Clock::now();
       (times.size() < kLeastRuns || seconds_since(start) < seconds) && times.size() < kMostRuns;) {
    const auto before = Clock::now();
    engine.run();
    times.push_back(microseconds(Clock::now() - before));
  }
  std::sort(times.begin(), times.end());
  return times;
}

/// Microseconds of a run within groups that last 50 us or more.
double time_back_to_back(Engine& engine, double seconds, double one_run) {
  const int group = std::clamp(static_cast<int>(50.0 / std::max(one_run, 1e-3)), 1, 10000);
  std::vector<double> times;
  for (const auto start = Clock::now();
       times.size() < 3 || (seconds_since(start) < seconds && times.size() < 100000);) {
    const auto before = Clock::now();
    for (int run = 0; run < group; ++run) engine.run();
    times.push_back(microseconds(Clock::now() - before) / group);
  }
  std::sort(times.begin(), times.end());
  return quantile(times, 0.5);
}

void time_and_print(Engine& engine, Request request) {
  const auto load_start = Clock::now();
  engine.load(request);
  const double load = microseconds(Clock::now() - load_start);
  const auto first_start = Clock::now();
  engine.bind(request);
  engine.run();
  const double first = microseconds(Clock::now() - first_start);
  warm_up(engine, 0.1 * request.seconds);
  const long peak = peak_resident_kibibytes();
  const std::vector<double> times = time_single_runs(engine, request.seconds);
  const double back_to_back = time_back_to_back(engine, 0.3 * request.seconds, quantile(times, 0.5));
  const double idle = idle_cpu_milliseconds(request.idle_seconds);
  std::printf(
      "{\"load_ms\": %.4f, \"first_run_ms\": %.4f, \"min_us\": %.4f, \"p50_us\": %.4f, \"p90_us\": %.4f, "
      "\"p99_us\": %.4f, \"mean_us\": %.4f, \"back_to_back_us\": %.4f, \"runs\": %zu, \"peak_rss_bytes\": %ld, "
      "\"idle_cpu_ms\": %.3f, "
      "\"checksum\": %.9g, \"version\": \"%s\"}\n",
      load * 1e-3, first * 1e-3, times.front(), quantile(times, 0.5), quantile(times, 0.9), quantile(times, 0.99),
      mean(times), back_to_back, times.size(), peak * 1024, idle, checksum(request.output.values),
      engine.version().c_str());
}

}  // namespace

int time_engine(Engine& engine, int argc, const char* const* argv) {
  try {
    time_and_print(engine, parse(argc, argv));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

}  // namespace linnet::benchmark
