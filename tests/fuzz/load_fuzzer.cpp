// libFuzzer target: any bytes must load or throw linnet::Error. Seeds: tests/fuzz/seeds and the small committed models.
// See tools/fuzz.sh.
#include <cstddef>
#include <cstdint>

#include <linnet/linnet.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  linnet::Options options;
  options.threads = 1;
  options.limits.nodes = 10000;
  options.limits.folded_bytes = std::size_t{1} << 20;
  try {
    linnet::Model::load(data, size, options);
  } catch (const linnet::Error& error) {
    if (error.code() == linnet::ErrorCode::kInternal) __builtin_trap();
  }
  return 0;
}
