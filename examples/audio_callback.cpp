// A network in an audio callback: a gate that passes each block as loud as the network is sure of its first class.
// The callback allocates nothing, takes no lock, makes no system call and lets no exception out. Runs from the
// repository's root.
#include <linnet/linnet.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>

class Gate {
 public:
  static constexpr std::size_t kBlock = 100;  // samples

  explicit Gate(const std::string& path) : session_(linnet::Model::load(path, real_time_options()).session()) {
    session_.bind_input(0, block_.view());
    session_.bind_output(0, classes_.view());
    session_.run();  // compiles for these shapes, reserves all memory and touches it
  }

  // Audio thread.
  void process(const float* in, float* out) noexcept {
    std::memcpy(block_.data(), in, kBlock * sizeof(float));
    float gain = 1.0F;
    try {
      session_.run();
      gain = *static_cast<const float*>(classes_.data());
    } catch (const linnet::Error&) {
      // This network has no fault that depends on the data; another might, and then the block passes as it is.
    }
    for (std::size_t i = 0; i < kBlock; ++i) out[i] = gain * in[i];
  }

 private:
  static linnet::Options real_time_options() {
    linnet::Options options;
    options.threads = 1;             // no other thread is woken or waited for
    options.flush_denormals = true;  // a decaying tail costs no more than a loud signal
    return options;
  }

  linnet::Tensor block_ = linnet::Tensor::of<float>({1, kBlock});
  linnet::Tensor classes_ = linnet::Tensor::of<float>({1, 5});
  linnet::Session session_;
};

namespace {

double loudness(const float* samples) {
  double sum = 0.0;
  for (std::size_t i = 0; i < Gate::kBlock; ++i)
    sum += static_cast<double>(samples[i]) * static_cast<double>(samples[i]);
  return std::sqrt(sum / static_cast<double>(Gate::kBlock));
}

}  // namespace

// Stands for the audio system: a fading tone, block by block.
int main() {
  Gate gate("models/activation_sampler/dynamo_external_dynamic.onnx");
  float in[Gate::kBlock];
  float out[Gate::kBlock];
  for (int block = 0; block < 5; ++block) {
    for (std::size_t i = 0; i < Gate::kBlock; ++i) {
      const double time = static_cast<double>(static_cast<std::size_t>(block) * Gate::kBlock + i) / 48000.0;
      in[i] = static_cast<float>(std::sin(2764.6 * time) * std::exp(-300.0 * time));
    }
    gate.process(in, out);
    std::printf("block %d: in %.4f, out %.4f\n", block, loudness(in), loudness(out));
  }
}
