#include "tools/inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>
#include <random>
#include <system_error>

#include "tools/element.hpp"

namespace linnet::tools {
namespace {

/// Integers from low to high, both included, that the type holds.
struct Interval {
  std::int64_t low = 0;
  std::int64_t high = 1;
};

Interval limits_of(DataType type) {
  switch (type) {
    case DataType::kBool:
      return {0, 1};
    case DataType::kInt8:
      return {INT8_MIN, INT8_MAX};
    case DataType::kUint8:
      return {0, UINT8_MAX};
    case DataType::kInt16:
      return {INT16_MIN, INT16_MAX};
    case DataType::kUint16:
      return {0, UINT16_MAX};
    case DataType::kInt32:
      return {INT32_MIN, INT32_MAX};
    case DataType::kUint32:
      return {0, UINT32_MAX};
    case DataType::kUint64:
      return {0, INT64_MAX};
    case DataType::kInt4:
      return {-8, 7};
    case DataType::kUint4:
      return {0, 15};
    case DataType::kInt2:
      return {-2, 1};
    case DataType::kUint2:
      return {0, 3};
    default:
      return {INT64_MIN, INT64_MAX};
  }
}

/// The bits of a float in float16, rounded towards zero; too large becomes the largest. Data needs no better.
std::uint16_t float16_bits(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000);
  const auto exponent = static_cast<std::int32_t>(bits >> 23 & 0xff) - 112;
  if (exponent <= 0) return sign;
  if (exponent >= 31) return static_cast<std::uint16_t>(sign | 0x7bff);
  return static_cast<std::uint16_t>(sign | static_cast<std::uint32_t>(exponent) << 10 | (bits >> 13 & 0x3ff));
}

/// The bits of a float in bfloat16, rounded towards zero.
std::uint16_t bfloat16_bits(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return static_cast<std::uint16_t>(bits >> 16);
}

/// The bits of the nearest element of a floating-point type of 8 bits or less.
std::uint8_t nearest_bits(DataType type, double value) {
  std::uint8_t nearest = 0;
  const auto distance = [&](unsigned bits) {
    return std::fabs(small_float(type, static_cast<std::uint8_t>(bits)) - value);
  };
  for (unsigned bits = 1; bits < 1U << bits_of(type); ++bits) {
    if (distance(bits) < distance(nearest)) nearest = static_cast<std::uint8_t>(bits);  // never of NaN
  }
  return nearest;
}

void put_float(Tensor& tensor, std::size_t index, double value) {
  if (bits_of(tensor.type()) <= 8)
    return put_bits(tensor.data(), tensor.type(), index, nearest_bits(tensor.type(), value));
  switch (tensor.type()) {
    case DataType::kFloat32:
      tensor.data<float>()[index] = static_cast<float>(value);
      break;
    case DataType::kFloat64:
      tensor.data<double>()[index] = value;
      break;
    case DataType::kBfloat16:
      static_cast<std::uint16_t*>(tensor.data())[index] = bfloat16_bits(static_cast<float>(value));
      break;
    default:
      static_cast<std::uint16_t*>(tensor.data())[index] = float16_bits(static_cast<float>(value));
      break;
  }
}

void put_integer(Tensor& tensor, std::size_t index, std::int64_t value) {
  if (is_float(tensor.type())) return put_float(tensor, index, static_cast<double>(value));
  if (bits_of(tensor.type()) < 8)
    return put_bits(tensor.data(), tensor.type(), index, static_cast<std::uint8_t>(value));
  const std::size_t bytes = size_of(tensor.type());  // the low ones: little-endian
  std::memcpy(static_cast<char*>(tensor.data()) + index * bytes, &value, bytes);
}

void fill(Tensor& tensor, Interval interval, std::mt19937_64& random) {
  std::uniform_int_distribution<std::int64_t> pick(interval.low, interval.high);
  for (std::size_t i = 0; i < tensor.count(); ++i) put_integer(tensor, i, pick(random));
}

/// "integers from 0 to 9", "1 everywhere"
std::string words_of(Interval interval) {
  if (interval.low == interval.high) return fmt::format("{} everywhere", interval.low);
  if (interval.high - 1 == interval.low) return fmt::format("{} and {} at random", interval.low, interval.high);
  return fmt::format("integers from {} to {}", interval.low, interval.high);
}

/// The integers that suit an input of this type and use.
Interval suitable_integers(DataType type, const InputUse& use) {
  const Interval limits = limits_of(type);
  const Interval wanted = {std::clamp(use.low, limits.low, limits.high), std::clamp(use.high, limits.low, limits.high)};
  if (use.meaning == ElementMeaning::kIndices) return wanted;
  if (use.meaning == ElementMeaning::kSizes || (use.meaning == ElementMeaning::kTruth && type != DataType::kBool)) {
    const std::int64_t one = std::clamp<std::int64_t>(1, wanted.low, wanted.high);
    return {one, one};
  }
  if (bits_of(type) <= 8) return wanted;
  return {std::clamp<std::int64_t>(0, wanted.low, wanted.high), std::clamp<std::int64_t>(1, wanted.low, wanted.high)};
}

/// Fills the tensor and says with what.
std::string make_up(Tensor& tensor, const InputUse& use, std::mt19937_64& random) {
  const std::string reason = use.reason.empty() ? "" : ": " + use.reason;
  if (!use.elements.empty() && use.elements.size() == tensor.count()) {
    for (std::size_t i = 0; i < tensor.count(); ++i) put_integer(tensor, i, use.elements[i]);
    return text_of(use.elements) + reason;
  }
  if (is_float(tensor.type()) && use.meaning == ElementMeaning::kNumbers) {
    std::normal_distribution<double> normal;
    for (std::size_t i = 0; i < tensor.count(); ++i) put_float(tensor, i, normal(random));
    return "normal numbers";
  }
  const Interval interval = suitable_integers(tensor.type(), use);
  fill(tensor, interval, random);
  return words_of(interval) + reason;
}

template <typename T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Range {
  std::string low, high;
};

/// NAME and LOW:HIGH. Errors: CLI::ValidationError.
std::pair<std::string, Range> split_range(const std::string& text) {
  const auto [name, range] = split_assignment(text, "--range", "NAME=LOW:HIGH");
  const std::size_t colon = range.find(':');
  const Range parts = {range.substr(0, colon), colon == std::string::npos ? "" : range.substr(colon + 1)};
  const auto low = number<double>(parts.low);
  const auto high = number<double>(parts.high);
  if (!low || !high || !std::isfinite(*low) || !std::isfinite(*high))
    throw CLI::ValidationError("--range " + text, "expected NAME=LOW:HIGH with two numbers");
  if (*low > *high) throw CLI::ValidationError("--range " + text, "LOW is above HIGH");
  return {name, parts};
}

std::string fill_range(Tensor& tensor, const std::string& name, const Range& range, std::mt19937_64& random) {
  std::string origin = fmt::format("--range {}:{}", range.low, range.high);
  if (is_float(tensor.type())) {
    std::uniform_real_distribution<double> pick(*number<double>(range.low), *number<double>(range.high));
    for (std::size_t i = 0; i < tensor.count(); ++i) put_float(tensor, i, pick(random));
    return origin;
  }
  const Interval limits = limits_of(tensor.type());
  const auto low = number<std::int64_t>(range.low);
  const auto high = number<std::int64_t>(range.high);
  if (!low || !high || *low < limits.low || *high > limits.high) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("--range {}={}:{}: input \"{}\" is {}: expected whole numbers from {} to {}", name,
                            range.low, range.high, name, name_of(tensor.type()), limits.low, limits.high));
  }
  fill(tensor, {*low, *high}, random);
  return origin;
}

/// How --dim names a dimension: as the model does, or, where that gives none, by input and axis.
std::string dim_name(const ValueInfo& info, std::size_t axis) {
  return info.shape[axis].name.empty() ? fmt::format("{}.{}", info.name, axis) : info.shape[axis].name;
}

Shape shape_of(const ValueInfo& info, const std::map<std::string, std::int64_t>& dims) {
  if (!info.has_shape) {
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("input \"{}\" has no shape in the model: give it with --input {}=FILE.npy", info.name, info.name));
  }
  Shape shape;
  for (std::size_t axis = 0; axis < info.shape.size(); ++axis) {
    const auto named = dims.find(dim_name(info, axis));
    shape.push_back(info.shape[axis].value >= 0 ? info.shape[axis].value : named != dims.end() ? named->second : 1);
  }
  return shape;
}

void check_dim_names(const Model& model, const std::map<std::string, std::int64_t>& dims) {
  std::vector<std::string> known;
  for (const ValueInfo& input : model.inputs()) {
    for (std::size_t axis = 0; axis < input.shape.size(); ++axis) {
      const std::string name = dim_name(input, axis);
      const bool is_new = std::find(known.begin(), known.end(), name) == known.end();
      if (input.shape[axis].value < 0 && is_new) known.push_back(name);
    }
  }
  for (const auto& [name, size] : dims) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("--dim {}={}: no input has an open dimension of that name; "
                            "there are: {}",
                            name, size, known.empty() ? "none" : fmt::to_string(fmt::join(known, ", "))));
  }
}

std::string data_of(DataType type, const Shape& shape) { return fmt::format("{} {}", name_of(type), text_of(shape)); }

/// Errors: kInvalidArgument naming the file, when it is not what the input takes.
Tensor read_input(const ValueInfo& info, const std::string& file) {
  Tensor tensor = read_tensor_file(file);
  bool fits = tensor.type() == info.type && (!info.has_shape || tensor.shape().size() == info.shape.size());
  for (std::size_t axis = 0; fits && info.has_shape && axis < info.shape.size(); ++axis)
    fits = info.shape[axis].value < 0 || info.shape[axis].value == tensor.shape()[axis];
  if (fits) return tensor;
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("{} holds {}, input \"{}\" takes {}", file, data_of(tensor.type(), tensor.shape()), info.name,
                          text_of(info)));
}

/// Errors: kInvalidArgument when the model has no such input, or it was named before.
std::size_t input_of(const Model& model, const std::string& name, const char* option, std::vector<bool>& named) {
  const std::size_t index = model.input_index(name);
  if (named[index])
    throw Error(ErrorCode::kInvalidArgument, fmt::format("{}: input \"{}\" is given twice", option, name));
  named[index] = true;
  return index;
}

}  // namespace

void InputArguments::add_to(CLI::App& command, const std::string& what_else) {
  command.add_option("--input", files, "an input's data (.npy, or a TensorProto .pb); " + what_else)
      ->type_name("NAME=FILE");
  command
      .add_option("--range", ranges,
                  "an input's data: numbers at random from LOW to HIGH, both included; for integers whole ones")
      ->type_name("NAME=LOW:HIGH")
      ->each([](const std::string& text) { split_range(text); });
}

std::vector<ConstTensorView> Inputs::views() const {
  std::vector<ConstTensorView> borrowed;
  borrowed.reserve(tensors.size());
  for (const Tensor& tensor : tensors) borrowed.push_back(tensor.view());
  return borrowed;
}

bool is_numbers(const ValueInfo& info) { return info.kind == ValueKind::kTensor && info.type != DataType::kString; }

void require_numbers(const std::vector<ValueInfo>& infos, const char* side) {
  const auto found = std::find_if_not(infos.begin(), infos.end(), is_numbers);
  if (found == infos.end()) return;
  throw Error(
      ErrorCode::kUnsupported,
      fmt::format("{} \"{}\" is {}: this command takes and gives tensors of numbers only; `linnet test` and the "
                  "library take all of ONNX's values",
                  side, found->name, text_of(*found)));
}

Inputs make_inputs(const Model& model, const ModelArguments& arguments, const InputArguments& given) {
  require_numbers(model.inputs(), "input");
  check_dim_names(model, arguments.dims);
  const std::vector<ValueInfo>& infos = model.inputs();
  Inputs inputs = {std::vector<Tensor>(infos.size()), std::vector<std::string>(infos.size()),
                   std::vector<bool>(infos.size(), true)};
  std::vector<bool> named(infos.size(), false);
  for (const std::string& text : given.files) {
    const auto [name, file] = split_assignment(text, "--input", "NAME=FILE");
    const std::size_t index = input_of(model, name, "--input", named);
    inputs.tensors[index] = read_input(infos[index], file);
    inputs.origins[index] = file;
    inputs.made_up[index] = false;
  }
  std::mt19937_64 random(1);
  for (const std::string& text : given.ranges) {
    const auto [name, range] = split_range(text);
    const std::size_t index = input_of(model, name, "--range", named);
    inputs.tensors[index] = Tensor(infos[index].type, shape_of(infos[index], arguments.dims));
    inputs.origins[index] = fill_range(inputs.tensors[index], name, range, random);
    inputs.made_up[index] = false;
  }
  std::vector<Shape> shapes;
  for (std::size_t i = 0; i < infos.size(); ++i) {
    if (!named[i] && !given.make_up) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("input \"{}\" ({}) is not given: use --input {}=FILE.npy, --range {}=LOW:HIGH, or "
                              "--random for data that suits the model",
                              infos[i].name, text_of(infos[i]), infos[i].name, infos[i].name));
    }
    shapes.push_back(named[i] ? inputs.tensors[i].shape() : shape_of(infos[i], arguments.dims));
  }
  if (std::all_of(named.begin(), named.end(), [](bool is) { return is; })) return inputs;
  const std::vector<InputUse> uses = input_uses(model, shapes);
  for (std::size_t i = 0; i < infos.size(); ++i) {
    if (named[i]) continue;
    inputs.tensors[i] = Tensor(infos[i].type, shapes[i]);
    inputs.origins[i] = make_up(inputs.tensors[i], uses[i], random);
  }
  return inputs;
}

std::string describe_made(const Model& model, const Inputs& inputs) {
  std::string text;
  for (std::size_t i = 0; i < inputs.tensors.size(); ++i) {
    const Tensor& tensor = inputs.tensors[i];
    if (!inputs.made_up[i] && inputs.origins[i].rfind("--range", 0) != 0) continue;
    text += fmt::format("input {}  {}: {}\n", model.inputs()[i].name, data_of(tensor.type(), tensor.shape()),
                        inputs.origins[i]);
  }
  return text;
}

nlohmann::ordered_json json_of(const Model& model, const Inputs& inputs) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < inputs.tensors.size(); ++i) {
    list.push_back({{"name", model.inputs()[i].name},
                    {"type", name_of(inputs.tensors[i].type())},
                    {"shape", inputs.tensors[i].shape()},
                    {"data", inputs.origins[i]}});
  }
  return list;
}

Error with_made_up(const Model& model, const Inputs& inputs, const Error& error) {
  if (error.code() == ErrorCode::kOutOfMemory || error.code() == ErrorCode::kLimitExceeded) return error;
  std::string made;
  for (std::size_t i = 0; i < inputs.tensors.size(); ++i) {
    if (!inputs.made_up[i] || is_float(inputs.tensors[i].type())) continue;
    made += fmt::format("{}\"{}\" ({})", made.empty() ? "" : ", ", model.inputs()[i].name, inputs.origins[i]);
  }
  if (made.empty()) return error;
  return {error.code(), fmt::format("{}\n  data was made up for {}; give what the model takes with --input or --range",
                                    error.what(), made)};
}

}  // namespace linnet::tools
