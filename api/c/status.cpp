#include "api/c/status.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>

#include <pthread.h>

namespace linnet::internal {
namespace {

/// No model of Linnet's has so many dimensions; a number that large is not a rank but a mistake.
constexpr std::size_t kMostRank = 1024;
constexpr linnet_type kMostType = 255;

/// The last error of a thread. An Error shares its message, so keeping one cannot fail; nor can the place where it is
/// kept: storage without a destructor needs no memory at its first use, and initial-exec storage is there as soon as
/// the thread is. (The run-time libraries end the process when they lack memory for either.)
struct LastError {
  alignas(Error) std::byte storage[sizeof(Error)];
  bool there;
  Error& error() noexcept { return *std::launder(reinterpret_cast<Error*>(storage)); }
};
#if defined(__ELF__)
__attribute__((tls_model("initial-exec")))
#endif
thread_local LastError last_error;

void destroy_at_end_of_thread(void* last) noexcept {
  auto& kept = *static_cast<LastError*>(last);
  kept.error().~Error();
  kept.there = false;
}

/// Calls destroy_at_end_of_thread; not once the library is unloaded.
struct EndOfThread {
  pthread_key_t key = 0;
  bool made = ::pthread_key_create(&key, destroy_at_end_of_thread) == 0;
  EndOfThread() = default;
  EndOfThread(const EndOfThread&) = delete;
  EndOfThread& operator=(const EndOfThread&) = delete;
  ~EndOfThread() {
    if (made) ::pthread_key_delete(key);
  }
};

/// Sees to the destructor; without memory the message of a thread outlives it.
void destroy_with_thread(LastError& last) noexcept {
  static const EndOfThread kEnd;
  if (kEnd.made) ::pthread_setspecific(kEnd.key, &last);
}

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
  if (last_error.there) {
    last_error.error() = in_c(error);
  } else {
    new (last_error.storage) Error(in_c(error));
    last_error.there = true;
    destroy_with_thread(last_error);
  }
  return static_cast<linnet_status>(error.code());
}

linnet_status status_of(void (*body)(const void* context), const void* context) noexcept {
  try {
    body(context);
    return LINNET_OK;
  } catch (const Error& error) {
    return remember(error);
  } catch (const std::bad_alloc&) {
    return remember(Error(ErrorCode::kOutOfMemory, "out of memory"));
  } catch (const std::exception& error) {
    return remember_defect(error);
  } catch (...) {
    return remember(Error(ErrorCode::kInternal, "defect in Linnet"));
  }
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

std::vector<Value> values_of(const linnet_value* const* values, std::size_t count) {
  if (count > 0) needed(values, "inputs");
  std::vector<Value> found(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (values[i] != nullptr) found[i] = values[i]->value;
  }
  return found;
}

linnet_value* new_handle(Value value) { return value.has_value() ? new linnet_value{std::move(value)} : nullptr; }

linnet_tensor* new_handle(Tensor tensor) { return new linnet_tensor{std::move(tensor)}; }

template <typename Handle>
OutputHandles<Handle>::OutputHandles(Handle** handles, std::size_t count) : handles_(handles), count_(count) {
  if (count > 0) std::fill_n(&needed(handles, "outputs"), count, nullptr);
}

template <typename Handle>
void OutputHandles<Handle>::check(std::size_t model_outputs) const {
  if (count_ > model_outputs) invalid_argument(count_, " outputs wanted, the model has ", model_outputs);
}

template <typename Handle>
void OutputHandles<Handle>::set(std::vector<decltype(Handle::value)> outputs) const {
  std::vector<std::unique_ptr<Handle>> made;
  made.reserve(count_);
  for (std::size_t i = 0; i < count_; ++i) made.emplace_back(new_handle(std::move(outputs[i])));
  for (std::size_t i = 0; i < count_; ++i) handles_[i] = made[i].release();
}

template class OutputHandles<linnet_tensor>;
template class OutputHandles<linnet_value>;

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
  auto& last = linnet::internal::last_error;
  return last.there ? last.error().what() : "";
}

}  // extern "C"
