#include "ops/movement/index_inputs.hpp"

#include "runtime/error.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kBetweenLooks = std::size_t{1} << 16;

template <typename Index>
void check(const RunControl& control, const Index* indices, std::size_t count, const std::int64_t* sizes,
           std::size_t axes) {
  std::size_t which = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (i % kBetweenLooks == 0) control.check();
    const std::int64_t size = sizes[which];
    if (++which == axes) which = 0;
    if (indices[i] >= -size && indices[i] < size) continue;
    fail(ErrorCode::kRuntimeFault, "index ", indices[i], " at position ", i, " is outside [", -size, ",", size - 1,
         "]");
  }
}

}  // namespace

void check_indices(const RunControl& control, DataType type, const void* indices, std::size_t count,
                   const std::int64_t* sizes, std::size_t axes) {
  if (type == DataType::kInt64) return check(control, static_cast<const std::int64_t*>(indices), count, sizes, axes);
  check(control, static_cast<const std::int32_t*>(indices), count, sizes, axes);
}

std::size_t axis_from_input(DataType type, const void* axis, std::size_t rank) {
  std::int64_t number = 0;
  load_line(type, axis, 0, 1, &number);
  const auto size = static_cast<std::int64_t>(rank);
  if (number < -size || number >= size) {
    fail(ErrorCode::kRuntimeFault, "axis ", number, " is outside [", -size, ",", size - 1, "] for rank ", rank);
  }
  return counted_from_front(number, size);
}

}  // namespace linnet::internal
