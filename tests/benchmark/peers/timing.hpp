// The one way in which every engine is timed. Each engine has a program of its own, so that memory and threads of one
// say nothing about another; tools/bench/bench.py runs them in turn.
//
// usage: PROGRAM MODEL THREADS PRECISION SECONDS IDLE_SECONDS INPUT SHAPE... OUTPUT SHAPE
// with an input and its shape for each that the model has: 4,100 of float32, or int64:4,100, which are ones
// prints one JSON object:
//   load_ms, first_run_ms           one load and the first run; the engine's own start-up is not counted
//   min_us, p50_us, p90_us, p99_us, mean_us  of single runs, each between two readings of the clock
//   back_to_back_us                 median over groups of runs without a reading of the clock between them, per run
//   runs                            how many single runs were timed
//   peak_rss_bytes                  of the process, after the first runs and before the others
//   idle_cpu_ms                     CPU time that the process used in IDLE_SECONDS of waiting after the last run
//   checksum                        of the output: the sum of |y[i]| * (1 + i % 7)
//   version                         of the engine
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace linnet::benchmark {

/// A tensor of the model, float32 or int64; the engines read and write the caller's memory.
struct Port {
  std::string name;
  std::vector<std::int64_t> shape;
  bool integers = false;  ///< which of the two holds the elements
  std::vector<float> values;
  std::vector<std::int64_t> whole_values;

  void* data() { return integers ? static_cast<void*>(whole_values.data()) : values.data(); }
  std::size_t bytes() const { return values.size() * sizeof(float) + whole_values.size() * sizeof(std::int64_t); }
};

struct Request {
  std::string model;
  int threads = 1;
  std::string precision;  ///< "f32" or "bf16"
  double seconds = 1.0;
  double idle_seconds = 0.0;
  std::vector<Port> inputs;
  Port output;
};

/// One engine, used by one thread. Every member throws std::exception when it fails.
class Engine {
 public:
  Engine() = default;
  virtual ~Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  virtual std::string version() = 0;
  /// Loads and compiles the model for request.threads threads.
  virtual void load(Request& request) = 0;
  /// Every run reads the elements of request.inputs and writes those of request.output, which stay where they are.
  virtual void bind(Request& request) = 0;
  virtual void run() = 0;
};

/// Times the engine as the command line says and prints the result; the exit status of the program.
int time_engine(Engine& engine, int argc, const char* const* argv);

}  // namespace linnet::benchmark
