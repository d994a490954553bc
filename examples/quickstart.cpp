// The example of README.md: class probabilities of a batch of four samples. usage: quickstart MODEL
#include <linnet/linnet.hpp>

#include <cstdio>

int main(int, char** argv) {
  const linnet::Model model = linnet::Model::load(argv[1]);  // models/activation_sampler/dynamo_external_dynamic.onnx
  linnet::Tensor x = linnet::Tensor::of<float>({4, 100});
  for (std::size_t i = 0; i < x.count(); ++i) x.data<float>()[i] = 0.01f * static_cast<float>(i % 100);
  const linnet::Tensor probabilities = model.run({x}).front();  // 4 x 5
  for (std::size_t i = 0; i < 5; ++i) std::printf("%.4f\n", probabilities.data<float>()[i]);
}
