// Lets libFuzzer change models by their grammar, three times of four; the other time byte by byte.
#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "ops/ops.hpp"
#include "runtime/op.hpp"
#include "tests/fuzz/model_mutator.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  static const std::vector<std::string> operators = [] {
    std::vector<std::string> names;
    for (const linnet::internal::OpDef* op : linnet::internal::all_operators().all()) names.push_back(op->name);
    return names;
  }();
  std::minstd_rand random(seed);
  if (random() % 4 == 0) return LLVMFuzzerMutate(data, size, most);
  const std::string model =
      linnet::test::mutated_model({reinterpret_cast<const char*>(data), size}, most, operators, random);
  if (model.empty()) return LLVMFuzzerMutate(data, size, most);
  std::copy(model.begin(), model.end(), data);
  return model.size();
}
