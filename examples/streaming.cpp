// A network that hears a signal block by block and remembers what was before: a causal convolution and a GRU cell,
// whose states stay in the session. Compares with what PyTorch made of the whole signal (streaming/export.py). Runs
// from the repository's root.
#include <linnet/linnet.hpp>
#include <linnet/tensor_file.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

int main() {
  const std::string folder = "examples/streaming/";
  linnet::Options options;
  options.threads = 1;
  options.states = {{"past", "past_out"}, {"hidden", "hidden_out"}};  // what a run makes, the next run reads
  const linnet::Model model = linnet::Model::load(folder + "gate.onnx", options);
  const linnet::Tensor signal = linnet::read_npy(folder + "x.npy");
  const linnet::Tensor expected = linnet::read_npy(folder + "y.npy");

  constexpr std::size_t kBlock = 64;  // samples
  linnet::Tensor x = linnet::Tensor::of<float>({1, 1, kBlock});
  linnet::Tensor y = linnet::Tensor::of<float>({1, 1, kBlock});
  linnet::Session session = model.session();
  session.bind_input(0, x.view());   // "x" is the only input left
  session.bind_output(0, y.view());  // "y"
  for (int pass = 0; pass < 2; ++pass) {
    float worst = 0.0F;
    for (std::size_t first = 0; first < signal.count(); first += kBlock) {
      std::copy_n(signal.data<float>() + first, kBlock, x.data<float>());
      session.run();  // allocates nothing after the first
      for (std::size_t i = 0; i < kBlock; ++i)
        worst = std::max(worst, std::fabs(y.data<float>()[i] - expected.data<float>()[first + i]));
    }
    std::printf("%zu samples in blocks of %zu: within %.0e of PyTorch\n", signal.count(), kBlock, worst);
    if (worst > 1e-6F) return 1;
    session.reset();  // silence again: the second pass gives the same
  }
}
