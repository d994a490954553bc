// OpenVINO through its C++ API (timing.hpp says how to call this).
#include <openvino/openvino.hpp>

#include <cstdio>
#include <exception>
#include <map>
#include <memory>

#include "tests/benchmark/peers/timing.hpp"

namespace linnet::benchmark {
namespace {

class OpenVinoEngine : public Engine {
 public:
  std::string version() override { return ov::get_openvino_version().buildNumber; }

  void load(Request& request) override {
    const std::shared_ptr<ov::Model> model = core_.read_model(request.model);
    std::map<std::string, ov::PartialShape> shapes;
    for (const Port& input : request.inputs) shapes[input.name] = shape_of(input);
    model->reshape(shapes);
    const ov::AnyMap settings = {
        ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY), ov::inference_num_threads(request.threads),
        ov::num_streams(1),
        ov::hint::inference_precision(request.precision == "bf16" ? ov::element::bf16 : ov::element::f32)};
    compiled_ = core_.compile_model(model, "CPU", settings);
    run_ = compiled_.create_infer_request();
  }

  void bind(Request& request) override {
    for (Port& input : request.inputs) run_.set_tensor(input.name, tensor_on(input));
    run_.set_tensor(request.output.name, tensor_on(request.output));
  }

  void run() override { run_.infer(); }

 private:
  static ov::Shape shape_of(const Port& port) { return {port.shape.begin(), port.shape.end()}; }
  static ov::Tensor tensor_on(Port& port) {
    return {port.integers ? ov::element::i64 : ov::element::f32, shape_of(port), port.data()};
  }

  ov::Core core_;
  ov::CompiledModel compiled_;
  ov::InferRequest run_;
};

}  // namespace
}  // namespace linnet::benchmark

int main(int argc, char** argv) {
  try {
    linnet::benchmark::OpenVinoEngine engine;
    return linnet::benchmark::time_engine(engine, argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
