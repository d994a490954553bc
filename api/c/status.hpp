// The border to C: exceptions become a status and a message of the thread.
#pragma once

#include <linnet/linnet.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "api/c/handles.hpp"
#include "runtime/error.hpp"

namespace linnet::internal {

/// Keeps the error for linnet_last_error; its code as a status. Needs no memory.
linnet_status remember(const Error& error) noexcept;
/// The same for what no part of Linnet should throw: LINNET_INTERNAL.
linnet_status remember_defect(const std::exception& error) noexcept;

/// Runs body(context). Whatever it throws becomes a status.
linnet_status status_of(void (*body)(const void* context), const void* context) noexcept;
/// Runs `body` likewise: what catches is there once, not in every function.
template <typename Body>
linnet_status status_of(const Body& body) noexcept {
  return status_of([](const void* context) { (*static_cast<const Body*>(context))(); }, &body);
}

/// Errors: kInvalidArgument when it is null.
template <typename T>
T& needed(T* pointer, const char* what) {
  if (pointer == nullptr) invalid_argument(what, " is NULL");
  return *pointer;
}

/// Sets an out-parameter to what make() returns; it is 0 or null when that fails. Nothing is made for one that is null.
template <typename T, typename Make>
linnet_status give(T* pointer, const char* what, const Make& make) noexcept {
  return status_of([&] {
    T& made = needed(pointer, what);
    made = T();
    made = make();
  });
}

/// Errors: kInvalidArgument for a number beyond the last enumerator.
template <typename Enum>
Enum enumerator(std::int32_t number, Enum last, const char* what) {
  if (number < 0 || number > static_cast<std::int32_t>(last)) invalid_argument(what, " ", number, " does not exist");
  return static_cast<Enum>(number);
}
/// Errors: kInvalidArgument for a number that no element type has.
DataType type_of(linnet_type type);
/// Errors: kInvalidArgument for a rank without a shape, or one that is no rank.
void check_shape(const std::int64_t* shape, std::size_t rank);
/// Errors: kInvalidArgument for null tensors.
std::vector<ConstTensorView> views_of(const linnet_tensor* const* tensors, std::size_t count);

/// Nothing for null ones.
std::vector<Value> values_of(const linnet_value* const* values, std::size_t count);

/// Null for nothing.
linnet_value* new_handle(Value value);
linnet_tensor* new_handle(Tensor tensor);

/// The caller's array for the first outputs of a run: null until they are there. Of linnet_tensor or linnet_value.
template <typename Handle>
class OutputHandles {
 public:
  /// Errors: kInvalidArgument for `count` of them at null.
  OutputHandles(Handle** handles, std::size_t count);
  /// Errors: kInvalidArgument when the model has fewer outputs.
  void check(std::size_t model_outputs) const;
  /// All or, on std::bad_alloc, none. Requires: check.
  void set(std::vector<decltype(Handle::value)> outputs) const;

 private:
  Handle** handles_;
  std::size_t count_;
};
extern template class OutputHandles<linnet_tensor>;
extern template class OutputHandles<linnet_value>;

/// A string for linnet_string_free. Errors: std::bad_alloc.
char* copied(const std::string& text);
/// The defaults if `options` is null.
RunOptions run_options_of(const linnet_run_options* options);

}  // namespace linnet::internal
