// Greedy decoding with a cache that stays in the session. Runs from the repository's root.
#include <linnet/linnet.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <vector>

int main() {
  const linnet::Model model = linnet::Model::load("examples/decoding/decoder.onnx");
  linnet::Session session = model.session();
  session.carry_caches();  // "present.0.key" is "past.0.key" of the next run, and so on
  std::vector<std::int64_t> tokens = {3, 1, 4};
  std::size_t done = 0;
  while (tokens.size() < 16) {
    // At first the whole prompt, then one token at a time.
    const linnet::Shape shape = {1, static_cast<std::int64_t>(tokens.size() - done)};
    session.bind_input(model.input_index("input_ids"), {linnet::DataType::kInt64, shape.data(), 2, &tokens[done]});
    session.run();
    const linnet::ConstTensorView logits = session.output(model.output_index("logits"));
    const std::int64_t vocabulary = logits.shape[2];
    const float* last = static_cast<const float*>(logits.data) + (logits.shape[1] - 1) * vocabulary;
    done = tokens.size();
    tokens.push_back(std::max_element(last, last + vocabulary) - last);
  }
  for (std::size_t i = 0; i < tokens.size(); ++i)
    std::printf("%d%c", static_cast<int>(tokens[i]), i + 1 < tokens.size() ? ' ' : '\n');
}
