// The example of README.md, compiled as it stands there. Runs from the repository's root.
#include <linnet/linnet.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <vector>

int main() {
  linnet::Model model = linnet::Model::load("examples/shapes/shapes.onnx");
  linnet::Tensor image = linnet::Tensor::of<std::uint8_t>({1, 1, 32, 32});
  std::ifstream file("examples/shapes/triangle.pgm", std::ios::binary);
  file.ignore(13).read(static_cast<char*>(image.data()), 32 * 32);  // behind the header

  std::vector<linnet::Tensor> y = model.run({image});  // owned tensors, simplest

  linnet::Session session = model.session();  // one per thread: for runs that never allocate
  session.bind_input(0, image.view());
  session.bind_output(0, y[0].view());
  session.run();

  const char* const names[] = {"circle", "square", "triangle"};
  const float* const likely = y[0].data<float>();
  const auto best = std::max_element(likely, likely + 3) - likely;
  std::printf("%s: %.3f\n", names[best], static_cast<double>(likely[best]));
}
