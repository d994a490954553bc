#include "tests/fuzz/run_model.hpp"

#include <chrono>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <linnet/value.hpp>

namespace linnet::test {
namespace {

constexpr std::size_t kInputBytes = std::size_t{1} << 16;
// An endless loop costs as much as a thousand small models.
constexpr std::chrono::milliseconds kTimeout(100);

/// Makes what a model is given.
class Inputs {
 public:
  /// `choice`: of the size of unknown dimensions, and whether numbers are small or any bytes.
  Inputs(const std::uint8_t* data, std::size_t size, unsigned choice)
      : data_(data), size_(size), unknown_(choice % 8), small_(choice / 8 % 4 != 0) {}

  /// A value for the input. False when it is too large to be worth it.
  bool make(const ValueInfo& info, Value* value) {
    Shape shape;
    if (!info.has_shape) shape = {2};
    for (const Dimension& dim : info.shape) shape.push_back(dim.value < 0 ? unknown_ : dim.value);
    std::size_t bytes = (bits_of(info.type) + 7) / 8;
    for (const std::int64_t size : shape) {
      if (size > static_cast<std::int64_t>(kInputBytes)) return false;
      bytes *= static_cast<std::size_t>(size);
      if (bytes > kInputBytes) return false;
    }
    switch (info.kind) {
      case ValueKind::kTensor:
      case ValueKind::kOptional:
        *value = tensor(info.type, shape);
        break;
      case ValueKind::kSequence:
      case ValueKind::kOptionalSequence:
        *value = Value::sequence(info.type, {tensor(info.type, {2}), tensor(info.type, {2})});
        break;
      case ValueKind::kMap:
        *value = map(info);
        break;
      case ValueKind::kMapSequence:
        *value = Value::sequence(info.type, {map(info), map(info)});
        break;
    }
    return true;
  }

 private:
  std::uint8_t next() { return data_[(at_++ * 7 + 1) % size_]; }

  Value map(const ValueInfo& info) { return Value::map(tensor(info.key_type, {3}), tensor(info.type, {3})); }

  Value tensor(DataType type, const Shape& shape) {
    if (type == DataType::kString) return texts(shape);
    Tensor made(type, shape);
    auto* const out = static_cast<std::uint8_t*>(made.data());
    const std::size_t width = bits_of(type) / 8;
    const bool integers = type == DataType::kInt64 || type == DataType::kInt32;
    for (std::size_t i = 0; i < made.bytes(); ++i) {
      // Counts, axes and indices are small, where they are good for anything.
      if (small_ && integers) {
        out[i] = static_cast<std::uint8_t>(i % width == 0 ? next() % 4 : 0);
      } else {
        out[i] = type == DataType::kBool ? next() & 1 : next();
      }
    }
    return made;
  }

  Value texts(const Shape& shape) {
    static const char* const kWords[] = {"", "a", "b", "1", "-2.5", "a b", "c d"};
    std::size_t count = 1;
    for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
    std::vector<std::string> elements(count);
    for (std::string& element : elements) element = kWords[next() % std::size(kWords)];
    return Value::strings(shape, std::move(elements));
  }

  const std::uint8_t* data_;
  std::size_t size_;
  std::int64_t unknown_;
  bool small_;
  std::size_t at_ = 0;
};

bool is_same(const Value& a, const Value& b) {
  if (!a.has_value() || !b.has_value()) return a.has_value() == b.has_value();
  if (a.is_sequence() != b.is_sequence() || a.is_map() != b.is_map() || a.type() != b.type()) return false;
  if (a.is_map()) return is_same(a.keys(), b.keys()) && is_same(a.values(), b.values());
  if (a.shape() != b.shape()) return false;
  if (a.is_sequence()) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (!is_same(a.at(i), b.at(i))) return false;
    }
    return true;
  }
  if (a.type() == DataType::kString) return a.strings() == b.strings();
  const std::size_t bytes = Tensor(a.type(), a.shape()).bytes();
  return bytes == 0 || std::memcmp(a.view().data, b.view().data, bytes) == 0;
}

/// Whether an operator without a seed may give other numbers in every run.
bool may_be_random(std::string_view model) {
  for (const char* const name : {"Random", "Bernoulli", "Multinomial", "Dropout"}) {
    if (model.find(name) != std::string_view::npos) return true;
  }
  return false;
}

void run_twice(const Model& model, const std::vector<Value>& inputs, bool same) {
  RunOptions run_options;
  run_options.timeout = kTimeout;
  Session session = model.session();
  const std::vector<Value> first = run_values(session, inputs, run_options);
  const std::vector<Value> second = run_values(session, inputs, run_options);
  for (std::size_t i = 0; same && i < first.size(); ++i) {
    if (!is_same(first[i], second[i])) __builtin_trap();
  }
}

}  // namespace

bool run_model(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return false;
  unsigned checksum = 0;
  for (std::size_t i = 0; i < size; ++i) checksum = checksum * 31 + data[i];
  Options options;
  options.threads = 1;
  options.backend = (checksum & 1) != 0 ? Backend::kReference : Backend::kAuto;
  options.memory_budget = std::size_t{16} << 20;
  options.limits.nodes = 1000;
  options.limits.folded_bytes = std::size_t{1} << 20;
  options.limits.folding_ns = std::chrono::nanoseconds(kTimeout).count();
  try {
    const Model model = Model::load(data, size, options);
    std::vector<Value> inputs(model.inputs().size());
    Inputs made(data, size, checksum / 2);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!made.make(model.inputs()[i], &inputs[i])) return false;
    }
    run_twice(model, inputs, !may_be_random({reinterpret_cast<const char*>(data), size}));
    return true;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal) __builtin_trap();
  }
  return false;
}

}  // namespace linnet::test
