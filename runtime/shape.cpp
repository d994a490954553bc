#include "runtime/shape.hpp"

#include <algorithm>
#include <limits>

#include "runtime/data_type.hpp"
#include "runtime/dim_arithmetic.hpp"

namespace linnet::internal {

void append(std::string& out, Dim dim) {
  if (dim.known()) {
    append(out, Piece(dim.value()));
  } else {
    out += '?';
  }
}

bool all_known(const Dims& dims) {
  return std::all_of(dims.begin(), dims.end(), [](Dim dim) { return dim.known(); });
}

Shape to_shape(const Dims& dims) {
  Shape shape;
  shape.reserve(dims.size());
  for (const Dim dim : dims) shape.push_back(dim.value());
  return shape;
}

Dims to_dims(const Shape& shape) { return Dims(shape.begin(), shape.end()); }

std::optional<std::int64_t> checked_product(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

std::int64_t element_count(const Shape& shape) {
  if (std::any_of(shape.begin(), shape.end(), [](std::int64_t size) { return size < 0; })) {
    invalid_model("shape ", shape, " has a negative dimension");
  }
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    const auto product = checked_product(count, size);
    if (!product) invalid_model("shape ", shape, " has more elements than 64 bits can count");
    count = *product;
  }
  return count;
}

std::size_t byte_count(DataType type, const Shape& shape) {
  const std::size_t bits = bits_of(type);
  if (bits == 0) unsupported("element type ", type, " is not supported");
  const std::int64_t count = element_count(shape);
  if (bits < 8) return array_bytes(type, static_cast<std::size_t>(count));
  const auto bytes = checked_product(count, static_cast<std::int64_t>(bits / 8));
  if (!bytes) invalid_model("shape ", shape, " of ", type, " needs more bytes than 64 bits can count");
  return static_cast<std::size_t>(*bytes);
}

std::size_t byte_count(const ConstTensorView& view) noexcept {
  std::size_t count = 1;
  for (std::size_t i = 0; i < view.rank; ++i) count *= static_cast<std::size_t>(view.shape[i]);
  return array_bytes(view.type, count);
}

Dim element_count(const Dims& dims) {
  std::int64_t count = 1;
  bool known = true;
  for (const Dim dim : dims) {
    if (dim.is(0)) return 0;
    known = known && dim.known();
    if (!known) continue;
    const auto product = checked_product(count, dim.value());
    if (!product) return Dim::unknown();
    count = *product;
  }
  return known ? Dim(count) : Dim::unknown();
}

namespace {
std::int64_t normalized(std::int64_t axis, std::int64_t rank, std::int64_t last) {
  if (axis < -rank || axis > last) {
    invalid_model("axis ", axis, " is outside [", -rank, ",", last, "] for rank ", rank);
  }
  return axis < 0 ? axis + rank : axis;
}
}  // namespace

std::int64_t normalized_axis(std::int64_t axis, std::size_t rank) {
  const auto signed_rank = static_cast<std::int64_t>(rank);
  return normalized(axis, signed_rank, signed_rank - 1);
}

std::int64_t normalized_axis_or_end(std::int64_t axis, std::size_t rank) {
  const auto signed_rank = static_cast<std::int64_t>(rank);
  return normalized(axis, signed_rank, signed_rank);
}

Dims broadcast(const Dims& a, const Dims& b) {
  const Dims& longer = a.size() >= b.size() ? a : b;
  const Dims& shorter = a.size() >= b.size() ? b : a;
  Dims result = longer;
  const std::size_t offset = longer.size() - shorter.size();
  for (std::size_t i = 0; i < shorter.size(); ++i) {
    const Dim x = longer[offset + i];
    const Dim y = shorter[i];
    if (x.same(y) || y.is(1) || is_at_most(y, x)) continue;
    if (x.is(1) || is_at_most(x, y)) {
      result[offset + i] = y;
    } else if (x.differs(y)) {
      invalid_model("shapes ", a, " and ", b, " do not broadcast: ", x, " and ", y, " differ and neither is 1");
    } else if (y.known()) {
      result[offset + i] = y;  // x must turn out to be 1 or y
    } else if (!x.known()) {
      result[offset + i] = Dim::unknown();
    }
  }
  return result;
}

std::vector<std::int64_t> row_major_strides(const Shape& shape) {
  std::vector<std::int64_t> strides(shape.size());
  std::uint64_t stride = 1;  // of an empty tensor it may wrap around, and no element uses it
  for (std::size_t i = shape.size(); i-- > 0;) {
    strides[i] = static_cast<std::int64_t>(stride);
    stride *= static_cast<std::uint64_t>(std::max<std::int64_t>(shape[i], 1));
  }
  return strides;
}

}  // namespace linnet::internal
