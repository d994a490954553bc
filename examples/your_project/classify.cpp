// Runs a model with one float input on zeros and prints its first output: classify MODEL.
#include <iostream>
#include <linnet/linnet.hpp>

int main(int argc, char** argv) {
  if (argc != 2) return std::cerr << "usage: classify MODEL\n", 2;
  try {
    const linnet::Model model = linnet::Model::load(argv[1]);
    linnet::Shape shape;
    for (const linnet::Dimension& dimension : model.inputs().front().shape) {
      shape.push_back(dimension.value < 0 ? 1 : dimension.value);  // one row where the model takes any number
    }
    const linnet::Tensor output = model.run({linnet::Tensor::of<float>(shape)}).front();
    for (std::size_t i = 0; i < output.count(); ++i) std::cout << output.data<float>()[i] << '\n';
  } catch (const linnet::Error& error) {
    return std::cerr << error.what() << '\n', 1;
  }
}
