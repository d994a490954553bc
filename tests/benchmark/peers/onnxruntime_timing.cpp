// ONNX Runtime through its C API (timing.hpp says how to call this). ONNXRUNTIME_LIBRARY names libonnxruntime.so.
//
// The library has one symbol, OrtGetApiBase; everything else is a table of functions that only ever grows at its end,
// so a number stands for the same function in every later version. Its Python package carries no header: the functions
// used here are declared below, with their numbers in the table.
#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "tests/benchmark/peers/timing.hpp"

namespace linnet::benchmark {
namespace {

struct ApiBase {
  const void* const* (*get_api)(std::uint32_t version);
  const char* (*get_version)();
};

constexpr std::uint32_t kApiVersion = 14;
constexpr int kLogErrors = 3;
constexpr int kAllOptimizations = 99;
constexpr int kFloat = 1, kInt64 = 7;

enum ApiEntry : std::size_t {
  kGetErrorMessage = 2,
  kCreateEnv = 3,
  kCreateSession = 7,
  kRun = 9,
  kCreateSessionOptions = 10,
  kSetGraphOptimizationLevel = 23,
  kSetIntraOpThreads = 24,
  kCreateTensorWithData = 49,
  kCreateCpuMemoryInfo = 69,
};

class OnnxRuntimeEngine : public Engine {
 public:
  OnnxRuntimeEngine() {
    const char* const path = std::getenv("ONNXRUNTIME_LIBRARY");
    if (path == nullptr) throw std::runtime_error("ONNXRUNTIME_LIBRARY is not set");
    void* const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw std::runtime_error(dlerror());
    const auto get_base = reinterpret_cast<const ApiBase* (*)()>(dlsym(library, "OrtGetApiBase"));
    if (get_base == nullptr) throw std::runtime_error("there is no OrtGetApiBase in the library");
    base_ = get_base();
    api_ = base_->get_api(kApiVersion);
    if (api_ == nullptr) throw std::runtime_error("the library does not have version 14 of the API");
    call<int, const char*, void**>(kCreateEnv, kLogErrors, "timing", &environment_);
  }

  std::string version() override { return base_->get_version(); }

  void load(Request& request) override {
    if (request.precision != "f32") throw std::runtime_error("not supported: precision " + request.precision);
    void* options = nullptr;
    call<void**>(kCreateSessionOptions, &options);
    call<void*, int>(kSetIntraOpThreads, options, request.threads);
    call<void*, int>(kSetGraphOptimizationLevel, options, kAllOptimizations);
    call<void*, const char*, void*, void**>(kCreateSession, environment_, request.model.c_str(), options, &session_);
    call<int, int, void**>(kCreateCpuMemoryInfo, 0, 0, &memory_);
  }

  void bind(Request& request) override {
    for (Port& input : request.inputs) {
      input_names_.push_back(input.name.c_str());
      inputs_.push_back(tensor_on(input));
    }
    output_name_ = request.output.name;
    output_ = tensor_on(request.output);
  }

  void run() override {
    const char* const output_names[] = {output_name_.c_str()};
    call<void*, void*, const char* const*, const void* const*, std::size_t, const char* const*, std::size_t, void**>(
        kRun, session_, nullptr, input_names_.data(), inputs_.data(), inputs_.size(), output_names, 1, &output_);
  }

 private:
  template <typename... Arguments>
  void call(ApiEntry entry, Arguments... arguments) {
    const auto function = reinterpret_cast<void* (*)(Arguments...)>(const_cast<void*>(api_[entry]));
    void* const status = function(arguments...);
    if (status == nullptr) return;
    const auto message = reinterpret_cast<const char* (*)(void*)>(const_cast<void*>(api_[kGetErrorMessage]));
    throw std::runtime_error(message(status));
  }

  void* tensor_on(Port& port) {
    void* value = nullptr;
    call<void*, void*, std::size_t, const std::int64_t*, std::size_t, int, void**>(
        kCreateTensorWithData, memory_, port.data(), port.bytes(), port.shape.data(), port.shape.size(),
        port.integers ? kInt64 : kFloat, &value);
    return value;
  }

  const ApiBase* base_ = nullptr;
  const void* const* api_ = nullptr;
  void* environment_ = nullptr;
  void* session_ = nullptr;
  void* memory_ = nullptr;
  void* output_ = nullptr;
  std::vector<const char*> input_names_;  ///< of the request
  std::vector<const void*> inputs_;
  std::string output_name_;
};

}  // namespace
}  // namespace linnet::benchmark

int main(int argc, char** argv) {
  try {
    linnet::benchmark::OnnxRuntimeEngine engine;
    return linnet::benchmark::time_engine(engine, argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
