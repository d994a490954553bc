#include "api/c/status.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

namespace linnet::internal {
namespace {

/// No model of Linnet's has so many dimensions; a number that large is not a rank but a mistake.
constexpr std::size_t kMostRank = 1024;
constexpr linnet_type kMostType = 255;

/// An Error shares its message, so keeping one cannot fail.
thread_local std::optional<Error> last_error;

/// The error with options named as C has them: Options::threads is linnet_options_set_threads. As it was when memory is
/// short.
Error in_c(const Error& error) noexcept {
  constexpr std::string_view kOption = "Options::";
  constexpr std::string_view kLimit = "limits.";
  if (std::strstr(error.what(), kOption.data()) == nullptr) return error;
  try {
    std::string message = error.what();
    for (std::size_t at = message.find(kOption); at != std::string::npos; at = message.find(kOption, at)) {
      message.erase(at, kOption.size());
      const std::size_t end = std::min(message.find_first_not_of("abcdefghijklmnopqrstuvwxyz_.", at), message.size());
      if (message.compare(at, kLimit.size(), kLimit) == 0) {
        std::transform(&message[at], &message[end], &message[at],
                       [](unsigned char letter) { return static_cast<char>(std::toupper(letter)); });
        message.replace(at, kLimit.size(), "LINNET_LIMIT_");
      } else {
        const bool is_list = message.compare(at, end - at, "external_data") == 0;
        message.insert(at, is_list ? "linnet_options_add_" : "linnet_options_set_");
      }
    }
    return Error(error.code(), std::move(message));
  } catch (...) {
    return error;
  }
}

}  // namespace

linnet_status remember(const Error& error) noexcept {
  last_error = in_c(error);
  return static_cast<linnet_status>(error.code());
}

linnet_status remember_defect(const std::exception& error) noexcept {
  return status_of([&] { fail(ErrorCode::kInternal, "defect in Linnet: ", error.what()); });
}

DataType type_of(linnet_type type) {
  if (type < 0 || type > kMostType) invalid_argument("type ", type, " does not exist");
  return static_cast<DataType>(type);
}

void check_shape(const std::int64_t* shape, std::size_t rank) {
  if (rank > kMostRank) invalid_argument("rank ", rank, " is too large: ", kMostRank, " at most");
  if (rank > 0 && shape == nullptr) invalid_argument("shape is NULL, but the rank is ", rank);
}

std::vector<ConstTensorView> views_of(const linnet_tensor* const* tensors, std::size_t count) {
  if (count > 0) needed(tensors, "inputs");
  std::vector<ConstTensorView> views;
  for (std::size_t i = 0; i < count; ++i) {
    if (tensors[i] == nullptr) invalid_argument("inputs[", i, "] is NULL");
    views.push_back(tensors[i]->value.view());
  }
  return views;
}

OutputHandles::OutputHandles(linnet_tensor** handles, std::size_t count) : handles_(handles), count_(count) {
  if (count > 0) std::fill_n(&needed(handles, "outputs"), count, nullptr);
}

void OutputHandles::check(std::size_t model_outputs) const {
  if (count_ > model_outputs) invalid_argument(count_, " outputs wanted, the model has ", model_outputs);
}

void OutputHandles::set(std::vector<Tensor> outputs) const {
  std::vector<std::unique_ptr<linnet_tensor>> made;
  made.reserve(count_);
  for (std::size_t i = 0; i < count_; ++i)
    made.push_back(std::make_unique<linnet_tensor>(linnet_tensor{std::move(outputs[i])}));
  for (std::size_t i = 0; i < count_; ++i) handles_[i] = made[i].release();
}

char* copied(const std::string& text) {
  auto* const copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr) throw std::bad_alloc();
  std::memcpy(copy, text.c_str(), text.size() + 1);
  return copy;
}

RunOptions run_options_of(const linnet_run_options* options) {
  return options != nullptr ? options->value : RunOptions{};
}

}  // namespace linnet::internal

extern "C" {

const char* linnet_last_error(void) {
  const auto& error = linnet::internal::last_error;
  return error.has_value() ? error->what() : "";
}

}  // extern "C"
