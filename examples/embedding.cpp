// The examples of docs/embedding.md, compiled as they stand there. Runs from the repository's root.
#include <linnet/inspect.hpp>
#include <linnet/linnet.hpp>
#include <linnet/tensor_file.hpp>
#include <linnet/value.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

const std::string kModel = "models/activation_sampler/dynamo_fixed.onnx";
const std::string kOpenModel = "models/activation_sampler/dynamo_dynamic.onnx";  // x [batch,100] -> softmax [batch,5]
const std::string kInput = "models/activation_sampler/input.npy";
const std::string kValuesModel = "examples/values/values.onnx";

// What can go wrong is one exception type; its code says whose turn it is.
bool load_or_explain(const std::string& path) {
  try {
    linnet::Model::load(path);
    return true;
  } catch (const linnet::Error& error) {
    switch (error.code()) {
      case linnet::ErrorCode::kIo:
        std::printf("not there: %s\n", error.what());
        break;
      case linnet::ErrorCode::kInvalidModel:
      case linnet::ErrorCode::kUnsupported:
        std::printf("export it again: %s\n", error.what());
        break;
      default:
        std::printf("%s\n", error.what());
    }
    return false;
  }
}

// One model, any number of threads, one session each: the weights exist once.
std::vector<float> run_in_threads(const linnet::Model& model, const linnet::Tensor& x, std::size_t count) {
  std::vector<float> results(count);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      linnet::Session session = model.session();
      results[i] = session.run({x}).front().data<float>()[0];
    });
  }
  for (std::thread& thread : threads) thread.join();
  return results;
}

// Bounds, and log lines to wherever the application's own go.
linnet::Options careful_options(std::vector<std::string>* log) {
  linnet::Options options;
  options.threads = 1;
  options.memory_budget = std::size_t{16} << 20;       // bytes of one session's arena
  options.limits.file_bytes = std::size_t{100} << 20;  // larger files are refused unread
  options.copy_weights = true;                         // the file may change or vanish while the model lives
  options.log = [log](linnet::LogLevel, std::string_view line) { log->emplace_back(line); };
  return options;
}

// The model's bytes may come from anywhere: a resource, an archive, a database.
linnet::Model load_from_memory(const std::vector<char>& bytes, const linnet::Options& options) {
  return linnet::Model::load(bytes.data(), bytes.size(), options);
}

// Ends with kDeadlineExceeded after 50 ms, or with kCancelled once another thread calls token.cancel().
linnet::ErrorCode run_within(linnet::Session& session, const linnet::CancelToken& token) {
  linnet::RunOptions options;
  options.cancel = &token;
  options.timeout = std::chrono::milliseconds(50);
  try {
    session.run(options);
    return linnet::ErrorCode{};  // done
  } catch (const linnet::Error& error) {
    return error.code();  // the session can be run again
  }
}

// Compiles for each of these batches now, so that the first runs with them need not.
linnet::Session session_for(const linnet::Model& model, const std::vector<std::int64_t>& batches) {
  linnet::Session session = model.session();
  for (const std::int64_t batch : batches) {
    const linnet::Tensor x = linnet::Tensor::of<float>({batch, 100});
    session.bind_input(0, x.view());
    session.prepare();
  }
  return session;  // the last x is gone: bind another before a run
}

// What is bound gives an open dimension its size, and the output's shape follows.
std::vector<float> run_batch(linnet::Session& session, const linnet::Tensor& x) {
  session.bind_input(0, x.view());
  session.run();                                        // compiles first if the shape is new
  const linnet::ConstTensorView y = session.output(0);  // valid until the next run or prepare
  const auto* const first = static_cast<const float*>(y.data);
  return std::vector<float>(first, first + y.shape[0] * y.shape[1]);
}

// Faster and looser products, where the CPU has the instructions. Elsewhere a warning is logged and float32 is used.
linnet::Options bfloat16_options() {
  linnet::Options options;
  options.precision = linnet::Precision::kBf16;
  return options;
}

// The model has one input, which the file holds.
std::vector<linnet::Tensor> run_on_file(const linnet::Model& model, const std::string& npy) {
  return model.run({linnet::read_npy(npy)});
}

// Runs once on x, which is bound to the session, and prints the time of each step.
void print_times(const linnet::Model& model, linnet::Session& session, const linnet::Tensor& x) {
  const linnet::ProgramSummary program = linnet::summarize_program(model, {x.view()});
  const std::vector<std::int64_t> nanoseconds = linnet::run_profiled(session);
  for (std::size_t i = 0; i < nanoseconds.size(); ++i) {
    const linnet::StepSummary& step = program.steps[i];
    std::printf("%s by %s: %lld ns\n", linnet::operator_text(step).c_str(), step.implementation.c_str(),
                static_cast<long long>(nanoseconds[i]));
  }
}

// Runs once and prints when each step ran, and each task that a step was cut into, on which thread.
void print_trace(linnet::Session& session) {
  for (const linnet::TraceEvent& event : linnet::run_traced(session)) {
    if (event.member != linnet::TraceEvent::kNoMember) continue;  // a part of a task: one member of a chain or group
    const bool whole = event.task == linnet::TraceEvent::kWholeStep;
    std::printf("%s of step %zu on thread %zu: from %lld ns, for %lld ns\n", whole ? "all" : "a task", event.step,
                event.worker, static_cast<long long>(event.start_ns), static_cast<long long>(event.duration_ns));
  }
}

// Strings and sequences go in and out as values, in the order of the model's inputs and outputs.
std::vector<linnet::Value> run_on_values(const linnet::Model& model, const linnet::Tensor& score) {
  const linnet::Value labels = linnet::Value::strings({3}, {"cat", "dog", "cat"});
  const linnet::Value scores = linnet::Value::sequence(linnet::DataType::kFloat32, {score, score});
  std::vector<linnet::Value> outputs = linnet::run_values(model, {labels, scores});
  for (const linnet::Value& output : outputs) {
    if (!output.has_value()) {
      std::puts("nothing: an optional that is not there");
    } else if (output.is_sequence()) {
      std::printf("a sequence of %zu tensors\n", output.size());
    } else {
      std::printf("a tensor of %s\n", linnet::name_of(output.type()).c_str());  // strings() or view()
    }
  }
  return outputs;
}

bool expect(bool condition, const char* what) {
  if (!condition) std::printf("failed: %s\n", what);
  return condition;
}

}  // namespace

int main() {
  bool good = expect(load_or_explain(kModel), "loads");
  good &= expect(!load_or_explain("models/no_such_model.onnx"), "a missing file is an error");

  std::ifstream file(kModel, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::string> log;
  const linnet::Model model = load_from_memory(bytes, careful_options(&log));
  good &= expect(!log.empty(), "loading is logged");

  const linnet::Tensor x = linnet::Tensor::of<float>({4, 100});
  const std::vector<float> results = run_in_threads(model, x, 3);
  for (const float result : results) good &= expect(result == results.front() && result > 0, "every thread the same");

  linnet::Session session = model.session();
  session.bind_input(0, x.view());
  linnet::CancelToken token;
  token.cancel();
  good &= expect(run_within(session, token) == linnet::ErrorCode::kCancelled, "cancelled");
  token.reset();
  linnet::RunOptions patient;
  patient.cancel = &token;
  session.run(patient);

  const linnet::Model open_model = linnet::Model::load(kOpenModel);
  const linnet::Tensor samples = linnet::read_npy(kInput);
  linnet::Session open_session = session_for(open_model, {1, 4});
  const std::vector<float> four = run_batch(open_session, samples);
  good &= expect(four.size() == 4 * 5, "the output's shape follows");
  good &= expect(run_batch(open_session, linnet::Tensor::of<float>({7, 100})).size() == 7 * 5, "a new shape");
  run_batch(open_session, samples);
  print_times(open_model, open_session, samples);
  print_trace(open_session);
  const linnet::Tensor looser = run_on_file(linnet::Model::load(kOpenModel, bfloat16_options()), kInput).front();
  good &= expect(std::fabs(looser.data<float>()[0] - four[0]) < 0.02F, "bfloat16 is close");

  const linnet::Model values_model = linnet::Model::load(kValuesModel);
  const std::vector<linnet::Value> values = run_on_values(values_model, linnet::Tensor::of<float>({2}));
  good &= expect(static_cast<const bool*>(values[0].view().data)[0], "strings are compared");
  good &= expect(values[1].shape() == linnet::Shape{4} && values[2].size() == 3, "a sequence in and out");
  good &= expect(static_cast<const float*>(session.output(0).data)[0] == results.front(), "as good as new");
  std::puts(good ? "all as described" : "not as described");
  return good ? 0 : 1;
}
