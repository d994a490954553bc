#include <limits>

#include "ops/binary.hpp"
#include "ops/element_types.hpp"

namespace linnet::internal {
namespace {

bool holds(DataType type, std::int64_t number) {
  return visit_type(type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T> && sizeof(T) < 8) {
      return number >= std::numeric_limits<T>::min() && number <= std::numeric_limits<T>::max();
    } else {
      return !std::is_same_v<T, std::uint64_t> || number >= 0;
    }
  });
}

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
  if (!a.known() || !b.known()) return Dim::unknown();
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

void infer_elements(InferContext& context, BinaryOp op, const Dims& dims) {
  const std::optional<Dims> a = context.input_elements(0);
  const std::optional<Dims> b = context.input_elements(1);
  const Dim count = element_count(dims);
  if (!a || !b || !count.known() || count.value() > static_cast<std::int64_t>(InferContext::kMaxElements)) return;
  const auto size = static_cast<std::size_t>(count.value());
  const auto fits = [&](const Dims& elements) { return elements.size() == size || elements.size() == 1; };
  if (!fits(*a) || !fits(*b)) return;
  Dims elements(size);
  for (std::size_t i = 0; i < size; ++i) {
    elements[i] =
        computed_element(op, context.input_type(0), (*a)[a->size() == 1 ? 0 : i], (*b)[b->size() == 1 ? 0 : i]);
  }
  context.set_output_elements(0, std::move(elements));
}

}  // namespace

void infer_binary(InferContext& context, BinaryOp op) {
  require_type(context, 0, "A", kNumericTypes);
  require_type_of_first(context, 1, "B", "A");
  Dims dims = broadcast(context.input_dims(0), context.input_dims(1));
  context.set_output(0, context.input_type(0), dims);
  if (kIntegerTypes.has(context.input_type(0))) infer_elements(context, op, dims);
}

}  // namespace linnet::internal
