#include "ops/shared/element_lines.hpp"

#include <algorithm>
#include <cstring>

#include "ops/kernels/half.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kPiece = 256;  // floats between a 16-bit type and double

bool is_half(DataType type) { return type == DataType::kFloat16 || type == DataType::kBfloat16; }

kernels::HalfType half_type(DataType type) {
  return type == DataType::kFloat16 ? kernels::HalfType::kFloat16 : kernels::HalfType::kBfloat16;
}

const void* at(DataType type, const void* elements, std::size_t index) {
  return static_cast<const std::byte*>(elements) + index * size_of(type);
}
void* at(DataType type, void* elements, std::size_t index) {
  return static_cast<std::byte*>(elements) + index * size_of(type);
}

template <typename From, typename To>
void convert(const void* from, std::size_t count, void* to) {
  const auto* source = static_cast<const From*>(from);
  auto* target = static_cast<To*>(to);
  for (std::size_t i = 0; i < count; ++i) target[i] = static_cast<To>(source[i]);
}

void convert_bools(const void* from, std::size_t count, std::uint64_t* to) {
  const auto* source = static_cast<const std::uint8_t*>(from);  // not every byte is a valid bool
  for (std::size_t i = 0; i < count; ++i) to[i] = source[i] != 0 ? 1 : 0;
}

}  // namespace

void load_line(DataType type, const void* elements, std::size_t first, std::size_t count, float* line) {
  const void* from = at(type, elements, first);
  if (is_half(type)) return kernels::widen(half_type(type), from, count, line);
  if (count > 0) std::memcpy(line, from, count * sizeof *line);
}

void load_line(DataType type, const void* elements, std::size_t first, std::size_t count, double* line) {
  const void* from = at(type, elements, first);
  switch (type) {
    case DataType::kFloat32:
      return convert<float, double>(from, count, line);
    case DataType::kInt8:
      return convert<std::int8_t, double>(from, count, line);
    case DataType::kInt16:
      return convert<std::int16_t, double>(from, count, line);
    case DataType::kInt32:
      return convert<std::int32_t, double>(from, count, line);
    case DataType::kInt64:
      return convert<std::int64_t, double>(from, count, line);
    case DataType::kUint8:
      return convert<std::uint8_t, double>(from, count, line);
    case DataType::kUint16:
      return convert<std::uint16_t, double>(from, count, line);
    case DataType::kUint32:
      return convert<std::uint32_t, double>(from, count, line);
    case DataType::kUint64:
      return convert<std::uint64_t, double>(from, count, line);
    case DataType::kFloat16:
    case DataType::kBfloat16:
      for (float piece[kPiece]; count > 0;) {
        const std::size_t size = std::min(kPiece, count);
        kernels::widen(half_type(type), from, size, piece);
        convert<float, double>(piece, size, line);
        from = at(type, from, size);
        line += size;
        count -= size;
      }
      return;
    default:
      if (count > 0) std::memcpy(line, from, count * sizeof *line);
  }
}

void load_line(DataType type, const void* elements, std::size_t first, std::size_t count, std::uint64_t* line) {
  const void* from = at(type, elements, first);
  switch (type) {
    case DataType::kInt8:
      return convert<std::int8_t, std::uint64_t>(from, count, line);
    case DataType::kInt16:
      return convert<std::int16_t, std::uint64_t>(from, count, line);
    case DataType::kInt32:
      return convert<std::int32_t, std::uint64_t>(from, count, line);
    case DataType::kUint8:
      return convert<std::uint8_t, std::uint64_t>(from, count, line);
    case DataType::kUint16:
      return convert<std::uint16_t, std::uint64_t>(from, count, line);
    case DataType::kUint32:
      return convert<std::uint32_t, std::uint64_t>(from, count, line);
    case DataType::kBool:
      return convert_bools(from, count, line);
    default:
      if (count > 0) std::memcpy(line, from, count * sizeof *line);
  }
}

void load_line(DataType type, const void* elements, std::size_t first, std::size_t count, std::int64_t* line) {
  load_line(type, elements, first, count, reinterpret_cast<std::uint64_t*>(line));
}

void store_line(DataType type, const float* line, std::size_t first, std::size_t count, void* elements) {
  void* to = at(type, elements, first);
  if (is_half(type)) return kernels::narrow(half_type(type), line, count, to);
  if (count > 0) std::memcpy(to, line, count * sizeof *line);
}

void store_line(DataType type, const double* line, std::size_t first, std::size_t count, void* elements) {
  void* to = at(type, elements, first);
  switch (type) {
    case DataType::kFloat32:
      return convert<double, float>(line, count, to);
    case DataType::kFloat16:
      return convert<double, Float16>(line, count, to);
    case DataType::kBfloat16:
      return convert<double, Bfloat16>(line, count, to);
    default:
      if (count > 0) std::memcpy(to, line, count * sizeof *line);
  }
}

void store_line(DataType type, const std::uint64_t* line, std::size_t first, std::size_t count, void* elements) {
  void* to = at(type, elements, first);
  switch (size_of(type)) {
    case 1:
      return convert<std::uint64_t, std::uint8_t>(line, count, to);
    case 2:
      return convert<std::uint64_t, std::uint16_t>(line, count, to);
    case 4:
      return convert<std::uint64_t, std::uint32_t>(line, count, to);
    default:
      if (count > 0) std::memcpy(to, line, count * sizeof *line);
  }
}

void store_line(DataType type, const std::int64_t* line, std::size_t first, std::size_t count, void* elements) {
  store_line(type, reinterpret_cast<const std::uint64_t*>(line), first, count, elements);
}

}  // namespace linnet::internal
