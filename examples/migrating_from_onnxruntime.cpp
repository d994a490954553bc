// Linnet's side of docs/migrating-from-onnxruntime.md, compiled as it stands there. Runs from the repository's root.
#include <linnet/linnet.hpp>

#include <cstdio>
#include <vector>

namespace {

// The whole of it: no environment, no memory info, no names, no element counts.
float first_probability(std::vector<float>& samples) {
  linnet::Options options;
  options.threads = 1;
  const linnet::Model model = linnet::Model::load("models/activation_sampler/dynamo_fixed.onnx", options);

  const linnet::Shape input_shape = {4, 100};
  const linnet::Shape output_shape = {4, 5};
  std::vector<float> probabilities(4 * 5);
  linnet::Session session = model.session();
  session.bind_input(model.input_index("x"), {linnet::DataType::kFloat32, input_shape.data(), 2, samples.data()});
  session.bind_output(0, {linnet::DataType::kFloat32, output_shape.data(), 2, probabilities.data()});
  session.run();
  return probabilities[0];
}

// Owned tensors in and out, where a copy does not matter.
float first_probability_simply(const std::vector<float>& samples) {
  const linnet::Model model = linnet::Model::load("models/activation_sampler/dynamo_fixed.onnx");
  linnet::Tensor x = linnet::Tensor::of<float>({4, 100});
  for (std::size_t i = 0; i < x.count(); ++i) x.data<float>()[i] = samples[i];
  return model.run({x}).front().data<float>()[0];
}

// Names, types and shapes of what the model takes; -1 stands for any size, as in ONNX Runtime.
void print_inputs(const linnet::Model& model) {
  for (const linnet::ValueInfo& info : model.inputs()) {
    std::printf("%s: %s [", info.name.c_str(), linnet::name_of(info.type).c_str());
    for (const linnet::Dimension& dimension : info.shape) std::printf(" %lld", static_cast<long long>(dimension.value));
    std::printf(" ]\n");
  }
}

}  // namespace

int main() {
  print_inputs(linnet::Model::load("models/activation_sampler/dynamo_external_dynamic.onnx"));
  std::vector<float> samples(4 * 100, 0.5F);
  const float bound = first_probability(samples);
  const float owned = first_probability_simply(samples);
  std::printf("P(class 0) = %f and %f\n", static_cast<double>(bound), static_cast<double>(owned));
  return bound == owned && bound > 0.0F ? 0 : 1;
}
