// Values at the border between callers and sessions.
#pragma once

#include <linnet/value.hpp>

#include <memory>

#include "runtime/held.hpp"
#include "runtime/session_impl.hpp"

namespace linnet::internal {

/// What a Value is inside.
struct ValueAccess {
  static const std::shared_ptr<const Held>& held(const linnet::Value& value) { return value.held_; }
  /// The value; of an optional what is in it, or nothing.
  static linnet::Value given(const std::shared_ptr<const Held>& held);
};

/// Elements of a tensor of strings. Errors: kInvalidArgument for a shape that is none.
std::size_t count_of_strings(const Shape& shape);
/// Errors: kInvalidArgument for a view that a caller cannot have: one of what is no tensor of numbers.
void require_numbers(std::size_t index, const ConstTensorView& view);
/// Errors: kInvalidArgument saying what the model wants.
void bind_value(SessionImpl& session, std::size_t index, const linnet::Value& value);
/// Errors: those of SessionImpl::output.
linnet::Value output_value(const SessionImpl& session, std::size_t index);

}  // namespace linnet::internal
