// Runs the exported ActivationSamplerNet on its sample batch and compares the result with PyTorch's own output.
// usage: main_job MODELS_FOLDER
#include <linnet/inspect.hpp>
#include <linnet/linnet.hpp>
#include <linnet/tensor_file.hpp>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <exception>

namespace {

double microseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
}

std::string text_of(const linnet::Shape& shape) {
  std::string text = "[";
  for (const std::int64_t size : shape) text += (text.size() > 1 ? " x " : "") + std::to_string(size);
  return text + "]";
}

double largest_difference(const linnet::Tensor& a, const linnet::Tensor& b) {
  double largest = 0.0;
  for (std::size_t i = 0; i < a.count(); ++i) {
    const double difference =
        std::fabs(static_cast<double>(a.data<float>()[i]) - static_cast<double>(b.data<float>()[i]));
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

/// False when the result is not PyTorch's.
bool run(const std::string& folder) {
  const linnet::Tensor input = linnet::read_npy(folder + "/input.npy");
  const linnet::Tensor expected = linnet::read_npy(folder + "/output.npy");
  const std::string path = folder + "/dynamo_external_fixed.onnx";

  // Loaded once as exported, only to show every layer's shape; the run below uses the optimised graph.
  linnet::Options as_exported;
  as_exported.disabled_passes = {"all"};
  std::printf("ActivationSamplerNet, exported by PyTorch to %s\n\nshapes on the way\n  %-24s %s\n", path.c_str(),
              "input", text_of(input.shape()).c_str());
  for (const linnet::StepSummary& step :
       linnet::summarize_program(linnet::Model::load(path, as_exported), {input.view()}).steps) {
    std::printf("  %-24s %s\n", (step.node.op + " " + step.node.name).c_str(),
                text_of(step.output_shapes.at(0)).c_str());
  }

  const auto load_start = std::chrono::steady_clock::now();
  const linnet::Model model = linnet::Model::load(path);
  const double load_us = microseconds_since(load_start);
  linnet::Session session = model.session();
  linnet::Tensor output(expected.type(), expected.shape());
  session.bind_input(0, input.view());
  session.bind_output(0, output.view());
  const auto first_start = std::chrono::steady_clock::now();
  session.run();
  const double first_us = microseconds_since(first_start);
  constexpr int kRuns = 1000;
  const auto runs_start = std::chrono::steady_clock::now();
  for (int i = 0; i < kRuns; ++i) session.run();
  const double mean_us = microseconds_since(runs_start) / kRuns;

  const auto classes = static_cast<std::size_t>(output.shape().back());
  double sum = 0.0;
  std::printf("\nclass probabilities of the first sample\n ");
  for (std::size_t i = 0; i < classes; ++i) {
    std::printf(" %.6f", static_cast<double>(output.data<float>()[i]));
    sum += static_cast<double>(output.data<float>()[i]);
  }
  const double difference = largest_difference(output, expected);
  std::printf("\n  sum %.7f\n\nlargest difference from PyTorch's output  %.3g\n", sum, difference);
  std::printf("time  load %.0f us, first run %.0f us, then %.2f us a run (mean of %d)\n", load_us, first_us, mean_us,
              kRuns);
  std::printf(
      "\nwhere to go next\n  build/linnet inspect %s\n  build/linnet bench %s\n  build/linnet run YOUR_MODEL.onnx "
      "--random\n  README.md, docs/design.md, ops/README.md\n",
      path.c_str(), path.c_str());
  if (difference <= 1e-6) return true;
  std::fprintf(stderr, "main_job: the output differs from PyTorch's by more than 1e-6\n");
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: main_job MODELS_FOLDER\n");
    return 2;
  }
  try {
    return run(std::string(argv[1]) + "/activation_sampler") ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "main_job: %s\n", error.what());
    return 1;
  }
}
