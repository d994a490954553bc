#include "tools/arguments.hpp"

#include <linnet/tensor_file.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <system_error>

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

/// A number in the whole of the text, or nothing.
std::optional<std::int64_t> whole_number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::map<std::string, std::int64_t> read_dims(const std::vector<std::string>& words) {
  std::map<std::string, std::int64_t> dims;
  for (const std::string& word : words) {
    const auto [name, text] = split_assignment(word, "--dim", "NAME=N");
    const std::optional<std::int64_t> size = whole_number(text);
    if (!size || *size < 0)
      throw CLI::ValidationError("--dim " + word, fmt::format("expected a whole number from 0 to {}", INT64_MAX));
    dims[name] = *size;
  }
  return dims;
}

std::pair<std::string, std::string> split_assignment(const std::string& text, const std::string& option,
                                                     const std::string& form) {
  const std::size_t at = text.rfind('=');
  if (at == std::string::npos || at == 0 || at + 1 == text.size())
    throw CLI::ValidationError(option + " " + text, "expected " + form);
  return {text.substr(0, at), text.substr(at + 1)};
}

std::string positive_number(const std::string& text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  return is_number && value > 0.0 && std::isfinite(value) ? "" : text + ": expected a number above 0";
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
  add_memory_budget_to(command);
  command.add_flag("--allow-external-links", allow_external_links,
                   "accept external data behind links that lead out of the model's folder, and hard links");
  command.add_flag("--flush-denormals", flush_denormals, "treat denormal floats as zero");
  command.add_option("--disable-pass", disabled_passes, "switch an optimisation off by name; all: every one");
  add_log_level_to(command);
}

void ModelArguments::add_dims_to(CLI::App& command) {
  command
      .add_option_function<std::vector<std::string>>(
          "--dim", [this](const std::vector<std::string>& words) { dims = read_dims(words); },
          "size of an open dimension (1 when not given); INPUT.AXIS=N for one without a name")
      ->type_name("NAME=N");
}

void ModelArguments::add_memory_budget_to(CLI::App& command) {
  command
      .add_option(
          "--memory-budget", memory_budget,
          "bytes a run may use for intermediate values (64MB, 2GB, ...); 0: what the machine or its container has")
      ->transform(CLI::AsSizeValue(false));
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

std::string message_of(const std::exception& error) {
  std::string message = error.what();
  const std::string prefix = "Options::";
  for (std::size_t at = message.find(prefix); at != std::string::npos; at = message.find(prefix, at)) {
    if (message.compare(at + prefix.size(), 7, "limits.") == 0) {  // the command has no options for these
      at += prefix.size();
      continue;
    }
    message.replace(at, prefix.size(), "--");
    const std::size_t end = std::min(message.find_first_not_of("abcdefghijklmnopqrstuvwxyz_.", at + 2), message.size());
    std::replace(&message[at], &message[end], '_', '-');
  }
  return message;
}

Tensor read_tensor_file(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  return dot != std::string::npos && path.substr(dot) == ".pb" ? read_tensor_proto(path) : read_npy(path);
}

std::string write_tensor_file(const std::string& stem, const ConstTensorView& tensor) {
  const DataType type = tensor.type;
  const bool as_npy =
      bits_of(type) > 8 || type == DataType::kUint8 || type == DataType::kInt8 || type == DataType::kBool;
  std::string path = stem + (as_npy ? ".npy" : ".pb");
  as_npy ? write_npy(path, tensor) : write_tensor_proto(path, tensor);
  return path;
}

std::string text_of(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += fmt::format("{}{}", i == 0 ? "" : ",", shape[i]);
  return text + "]";
}

std::string text_of(const ValueInfo& info) {
  if (info.type == DataType::kUndefined) return "of unknown type";  // behind an operator that Linnet does not have
  const std::string type = name_of(info.type);
  if (info.kind == ValueKind::kSequence) return "sequence(" + type + ")";
  if (info.kind == ValueKind::kOptional) return "optional(" + type + ")";
  if (info.kind == ValueKind::kOptionalSequence) return "optional(sequence(" + type + "))";
  if (info.key_type != DataType::kUndefined) {
    const std::string map = "map(" + name_of(info.key_type) + ", " + type + ")";
    return info.kind == ValueKind::kMap ? map : "sequence(" + map + ")";
  }
  if (!info.has_shape) return type + " of any shape";
  std::string text = type + " [";
  for (std::size_t i = 0; i < info.shape.size(); ++i) {
    const Dimension& dimension = info.shape[i];
    if (i > 0) text += ',';
    text += dimension.value >= 0 ? fmt::format("{}", dimension.value) : dimension.name.empty() ? "?" : dimension.name;
  }
  return text + "]";
}

}  // namespace linnet::tools
