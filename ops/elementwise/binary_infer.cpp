#include <limits>

#include "ops/elementwise/binary.hpp"
#include "ops/shared/known_elements.hpp"
#include "runtime/dim_arithmetic.hpp"

namespace linnet::internal {
namespace {

/// Unknown where the result is not certain, or would wrap around.
Dim computed_element(BinaryOp op, DataType type, Dim a, Dim b) {
  switch (op) {
    case BinaryOp::kAdd:
      if (b.is(0)) return a;
      if (a.is(0)) return b;
      break;
    case BinaryOp::kSub:
      if (b.is(0)) return a;
      if (a.same(b)) return 0;
      break;
    case BinaryOp::kMul:
      if (a.is(0) || b.is(0)) return 0;
      if (b.is(1)) return a;
      if (a.is(1)) return b;
      break;
    case BinaryOp::kDiv:
      if (b.is(1)) return a;
      break;
  }
  if (!a.known() || !b.known()) {
    if (type != DataType::kInt64) return Dim::unknown();  // what wraps around in 64 bits does so in marks of sums, too
    if (op == BinaryOp::kAdd) return sum(a, b);
    if (op == BinaryOp::kSub) return difference(a, b);
    if (op == BinaryOp::kMul && a.known() && a.value() > 0) return multiple(b, a.value());
    if (op == BinaryOp::kMul && b.known() && b.value() > 0) return multiple(a, b.value());
    return Dim::unknown();
  }
  if (!holds(type, a.value()) || !holds(type, b.value())) return Dim::unknown();
  const std::int64_t x = a.value();
  const std::int64_t y = b.value();
  std::int64_t result = 0;
  bool certain = true;
  switch (op) {
    case BinaryOp::kAdd:
      certain = !__builtin_add_overflow(x, y, &result);
      break;
    case BinaryOp::kSub:
      certain = !__builtin_sub_overflow(x, y, &result);
      break;
    case BinaryOp::kMul:
      certain = !__builtin_mul_overflow(x, y, &result);
      break;
    case BinaryOp::kDiv:
      certain = y != 0 && !(y == -1 && x == std::numeric_limits<std::int64_t>::min());
      if (certain) result = x / y;
      break;
  }
  return certain && holds(type, result) ? Dim(result) : Dim::unknown();
}

}  // namespace

void infer_binary(InferContext& context, BinaryOp op) {
  const DataType type = context.input_type(0);
  context.set_output(0, broadcast(context.input_dims(0), context.input_dims(1)));
  if (!has_known_elements(type)) return;
  infer_known_elements(context,
                       [&](const Dims& operands) { return computed_element(op, type, operands[0], operands[1]); });
}

}  // namespace linnet::internal
