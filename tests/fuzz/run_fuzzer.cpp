// libFuzzer target: loads and runs (run_model.hpp).
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/run_model.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  linnet::test::run_model(data, size);
  return 0;
}
