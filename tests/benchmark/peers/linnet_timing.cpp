// Linnet through its C++ API (timing.hpp says how to call this).
#include <linnet/linnet.hpp>

#include <optional>

#include "tests/benchmark/peers/timing.hpp"

namespace linnet::benchmark {
namespace {

class LinnetEngine : public Engine {
 public:
  std::string version() override { return linnet::version(); }

  void load(Request& request) override {
    Options options;
    options.threads = request.threads;
    options.precision = request.precision == "bf16" ? Precision::kBf16 : Precision::kF32;
    model_ = Model::load(request.model, options);
  }

  void bind(Request& request) override {
    session_ = model_->session();
    for (Port& in : request.inputs) {
      const DataType type = in.integers ? DataType::kInt64 : DataType::kFloat32;
      session_->bind_input(model_->input_index(in.name),
                           ConstTensorView{type, in.shape.data(), in.shape.size(), in.data()});
    }
    Port& out = request.output;
    session_->bind_output(model_->output_index(out.name),
                          TensorView{DataType::kFloat32, out.shape.data(), out.shape.size(), out.values.data()});
  }

  void run() override { session_->run(); }

 private:
  std::optional<Model> model_;
  std::optional<Session> session_;
};

}  // namespace
}  // namespace linnet::benchmark

int main(int argc, char** argv) {
  linnet::benchmark::LinnetEngine engine;
  return linnet::benchmark::time_engine(engine, argc, argv);
}
