#include "tools/arguments.hpp"

#include <linnet/tensor_file.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "tools/log.hpp"

namespace linnet::tools {
namespace {

const std::map<std::string, Backend> kBackends = {{"auto", Backend::kAuto},
                                                  {"onednn", Backend::kOnednn},
                                                  {"simd", Backend::kSimd},
                                                  {"reference", Backend::kReference}};
const std::map<std::string, Precision> kPrecisions = {{"f32", Precision::kF32}, {"bf16", Precision::kBf16}};

template <typename T>
std::vector<std::string> keys(const std::map<std::string, T>& map) {
  std::vector<std::string> names;
  names.reserve(map.size());
  for (const auto& entry : map) names.push_back(entry.first);
  return names;
}

/// The bits of a float in the 16-bit type, by truncation: random data needs no rounding.
std::uint16_t upper_half(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return static_cast<std::uint16_t>(bits >> 16);
}

/// A float16 in [0.5, 1) or its negative, from random bits.
std::uint16_t small_float16(std::uint32_t bits) { return static_cast<std::uint16_t>((bits & 0x83ff) | 0x3800); }

void fill_random(Tensor& tensor, std::mt19937& random) {
  std::normal_distribution<float> normal;
  for (std::size_t i = 0; i < tensor.count(); ++i) {
    switch (tensor.type()) {
      case DataType::kFloat32:
        tensor.data<float>()[i] = normal(random);
        break;
      case DataType::kFloat64:
        tensor.data<double>()[i] = static_cast<double>(normal(random));
        break;
      case DataType::kBfloat16:
        static_cast<std::uint16_t*>(tensor.data())[i] = upper_half(normal(random));
        break;
      case DataType::kFloat16:
        static_cast<std::uint16_t*>(tensor.data())[i] = small_float16(static_cast<std::uint32_t>(random()));
        break;
      default:
        static_cast<std::uint8_t*>(tensor.data())[i * size_of(tensor.type())] = random() & 1;
        break;  // 0 or 1, little-endian
    }
  }
}

Shape random_shape(const ValueInfo& info, const std::map<std::string, std::int64_t>& dims) {
  if (!info.has_shape)
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("input \"{}\" has no shape in the model: give it with --input", info.name));
  Shape shape;
  for (const Dimension& dimension : info.shape) {
    const auto named = dims.find(dimension.name);
    shape.push_back(dimension.value >= 0 ? dimension.value : named != dims.end() ? named->second : 1);
  }
  return shape;
}

void check_dim_names(const Model& model, const std::map<std::string, std::int64_t>& dims) {
  for (const auto& [name, size] : dims) {
    std::string known;
    bool found = false;
    for (const ValueInfo& input : model.inputs()) {
      for (const Dimension& dimension : input.shape) {
        found = found || dimension.name == name;
        if (!dimension.name.empty()) known += (known.empty() ? "" : ", ") + dimension.name;
      }
    }
    if (!found) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("--dim {}={}: no input has a dimension of that name; there are: {}", name, size,
                              known.empty() ? "none" : known));
    }
  }
}

}  // namespace

std::pair<std::string, std::string> split_assignment(const std::string& text, const char* option) {
  const std::size_t at = text.rfind('=');
  if (at == std::string::npos || at == 0 || at + 1 == text.size())
    throw CLI::ValidationError(option, "expected NAME=VALUE, got " + text);
  return {text.substr(0, at), text.substr(at + 1)};
}

void ModelArguments::add_to(CLI::App& command) {
  command.add_option("MODEL", path, "ONNX model file")->required();
  add_dims_to(command);
  command.add_option("--threads", threads, "threads to use; 0: all CPUs this process may use")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command.add_option("--backend", backend, "auto, onednn, simd or reference")
      ->check(CLI::IsMember(keys(kBackends)))
      ->capture_default_str();
  command.add_option("--precision", precision, "f32; bf16: products of rounded operands, where the CPU can")
      ->check(CLI::IsMember(keys(kPrecisions)))
      ->capture_default_str();
  command
      .add_option("--memory-budget", memory_budget,
                  "bytes a run may use for intermediate values (64MB, 2GB, ...); 0: the machine's memory")
      ->transform(CLI::AsSizeValue(false));
  command.add_flag("--allow-external-links", allow_external_links,
                   "accept external data behind links that lead out of the model's folder, and hard links");
  command.add_flag("--flush-denormals", flush_denormals, "treat denormal floats as zero");
  command.add_option("--disable-pass", disabled_passes, "switch an optimisation off by name; all: every one");
  add_log_level_to(command);
}

void ModelArguments::add_dims_to(CLI::App& command) {
  command.add_option("--dim", dims, "size of a named dimension, as NAME=N (1 when not given)")
      ->type_name("NAME=N")
      ->each([](const std::string& text) {
        std::int64_t size = 0;
        if (!CLI::detail::lexical_cast(split_assignment(text, "--dim").second, size) || size < 0)
          throw CLI::ValidationError("--dim", "not a size: " + text);
      });
}

void ModelArguments::add_log_level_to(CLI::App& command) {
  command.add_option("--log-level", log_level, "debug, info, warning, error or off")
      ->check(CLI::IsMember({"debug", "info", "warning", "error", "off"}))
      ->capture_default_str();
}

Options ModelArguments::options() const {
  Options options;
  options.threads = threads;
  options.backend = kBackends.at(backend);
  options.precision = kPrecisions.at(precision);
  options.memory_budget = memory_budget;
  options.flush_denormals = flush_denormals;
  options.allow_external_links = allow_external_links;
  options.disabled_passes = disabled_passes;
  options.log = make_log(log_level);
  return options;
}

std::map<std::string, std::int64_t> ModelArguments::named_dims() const {
  std::map<std::string, std::int64_t> sizes;
  for (const std::string& text : dims) {
    const auto [name, size] = split_assignment(text, "--dim");
    sizes[name] = std::stoll(size);
  }
  return sizes;
}

std::vector<Tensor> make_inputs(const Model& model, const ModelArguments& arguments, const InputArguments& inputs) {
  const std::map<std::string, std::int64_t> dims = arguments.named_dims();
  check_dim_names(model, dims);
  std::vector<Tensor> tensors(model.inputs().size());
  std::vector<bool> given(tensors.size(), false);
  for (const std::string& text : inputs.files) {
    const auto [name, file] = split_assignment(text, "--input");
    const std::size_t index = model.input_index(name);
    tensors[index] = read_npy(file);
    given[index] = true;
  }
  std::mt19937 random(1);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (given[i]) continue;
    const ValueInfo& info = model.inputs()[i];
    if (!inputs.random) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("input \"{}\" ({}) is not given: use --input {}=FILE.npy, or --random for random data",
                              info.name, text_of(info), info.name));
    }
    tensors[i] = Tensor(info.type, random_shape(info, dims));
    fill_random(tensors[i], random);
  }
  return tensors;
}

std::string message_of(const std::exception& error) {
  std::string message = error.what();
  const std::string prefix = "Options::";
  for (std::size_t at = message.find(prefix); at != std::string::npos; at = message.find(prefix, at)) {
    message.replace(at, prefix.size(), "--");
    const std::size_t end = std::min(message.find_first_not_of("abcdefghijklmnopqrstuvwxyz_.", at + 2), message.size());
    std::replace(&message[at], &message[end], '_', '-');
  }
  return message;
}

std::string text_of(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += fmt::format("{}{}", i == 0 ? "" : ",", shape[i]);
  return text + "]";
}

std::string text_of(const ValueInfo& info) {
  if (info.type == DataType::kUndefined) return "of unknown type";  // behind an operator that Linnet does not have
  if (!info.has_shape) return name_of(info.type) + " of any shape";
  std::string text = name_of(info.type) + " [";
  for (std::size_t i = 0; i < info.shape.size(); ++i) {
    const Dimension& dimension = info.shape[i];
    if (i > 0) text += ',';
    text += dimension.value >= 0 ? fmt::format("{}", dimension.value) : dimension.name.empty() ? "?" : dimension.name;
  }
  return text + "]";
}

}  // namespace linnet::tools
