// libFuzzer target: a model that loads must run, or throw linnet::Error, within its memory budget and deadline, and
// give the same bits twice, unless an operator may draw random numbers. A checksum of the bytes chooses the size of
// unknown dimensions and the backend, and the bytes themselves fill the inputs.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include <linnet/linnet.hpp>

namespace {

constexpr std::size_t kInputBytes = std::size_t{1} << 16;

/// A tensor for the input, or nothing when it is too large to be worth it.
bool make_input(const linnet::ValueInfo& info, std::int64_t unknown, const std::uint8_t* data, std::size_t size,
                linnet::Tensor* tensor) {
  linnet::Shape shape;
  std::size_t bytes = (linnet::bits_of(info.type) + 7) / 8;
  for (const linnet::Dimension& dim : info.shape) {
    shape.push_back(dim.value < 0 ? unknown : dim.value);
    if (shape.back() > static_cast<std::int64_t>(kInputBytes)) return false;
    bytes *= static_cast<std::size_t>(shape.back());
    if (bytes > kInputBytes) return false;
  }
  *tensor = linnet::Tensor(info.type, shape);
  auto* out = static_cast<std::uint8_t*>(tensor->data());
  for (std::size_t i = 0; i < tensor->bytes(); ++i) {
    const std::uint8_t byte = data[(i * 7 + 1) % size];
    out[i] = info.type == linnet::DataType::kBool ? byte & 1 : byte;
  }
  return true;
}

/// Whether an operator without a seed may give other numbers in every run.
bool may_be_random(std::string_view model) {
  for (const char* const name : {"Random", "Bernoulli", "Multinomial", "Dropout"}) {
    if (model.find(name) != std::string_view::npos) return true;
  }
  return false;
}

void run_twice(const linnet::Model& model, const std::vector<linnet::Tensor>& inputs, bool same) {
  linnet::RunOptions run_options;
  run_options.timeout = std::chrono::seconds(2);
  linnet::Session session = model.session();
  const std::vector<linnet::Tensor> first = session.run(inputs, run_options);
  const std::vector<linnet::Tensor> second = session.run(inputs, run_options);
  for (std::size_t i = 0; same && i < first.size(); ++i) {
    if (first[i].shape() != second[i].shape()) __builtin_trap();
    if (first[i].bytes() > 0 && std::memcmp(first[i].data(), second[i].data(), first[i].bytes()) != 0) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  unsigned checksum = 0;
  for (std::size_t i = 0; i < size; ++i) checksum = checksum * 31 + data[i];
  linnet::Options options;
  options.threads = 1;
  options.backend = (checksum & 1) != 0 ? linnet::Backend::kReference : linnet::Backend::kAuto;
  options.memory_budget = std::size_t{16} << 20;
  options.limits.nodes = 1000;
  options.limits.folded_bytes = std::size_t{1} << 20;
  try {
    const linnet::Model model = linnet::Model::load(data, size, options);
    std::vector<linnet::Tensor> inputs(model.inputs().size());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!make_input(model.inputs()[i], checksum / 2 % 8, data, size, &inputs[i])) return 0;
    }
    run_twice(model, inputs, !may_be_random({reinterpret_cast<const char*>(data), size}));
  } catch (const linnet::Error& error) {
    if (error.code() == linnet::ErrorCode::kInternal) __builtin_trap();
  }
  return 0;
}
