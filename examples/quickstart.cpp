// The example of README.md, compiled as it stands there. Runs from the repository's root.
#include <linnet/linnet.hpp>

#include <cstdio>
#include <vector>

int main() {
  linnet::Model model = linnet::Model::load("models/activation_sampler/dynamo_external_dynamic.onnx");
  linnet::Tensor x = linnet::Tensor::of<float>({4, 100});  // zeros; fill x.data<float>()
  std::vector<linnet::Tensor> y = model.run({x});          // owned tensors, simplest

  linnet::Session session = model.session();  // one per thread: for runs that never allocate
  session.bind_input(0, x.view());
  session.bind_output(0, y[0].view());
  session.run();
  std::printf("P(class 0) = %f\n", static_cast<double>(y[0].data<float>()[0]));
}
