#include "ops/shared/element_lines.hpp"

#include <algorithm>
#include <cstring>

namespace linnet::internal {
namespace {

constexpr std::size_t kPiece = 256;  // floats between a 16-bit type and double, or codes of a small type

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

/// Where elements of a type of 8 bits or less lie: per_byte = 2^log of them in each byte.
struct Packing {
  explicit Packing(DataType type) : bits(bits_of(type)), log(bits == 8 ? 0 : bits == 4 ? 1 : 2) {}
  std::size_t byte(std::size_t index) const { return index >> log; }
  std::size_t shift(std::size_t index) const { return (index & ((std::size_t{1} << log) - 1)) * bits; }
  unsigned mask() const { return (1U << bits) - 1; }
  std::size_t bits;
  unsigned log;
};

/// Elements as a byte each, without signs.
void unpack(DataType type, const void* elements, std::size_t first, std::size_t count, std::uint8_t* codes) {
  const auto* bytes = static_cast<const std::uint8_t*>(elements);
  const Packing packing(type);
  if (packing.log == 0) {
    if (count > 0) std::memcpy(codes, bytes + first, count);
    return;
  }
  std::size_t i = 0;
  if (packing.bits == 4 && first % 2 == 0) {
    for (const std::uint8_t* pair = bytes + first / 2; i + 2 <= count; i += 2, ++pair) {
      codes[i] = *pair & 15;
      codes[i + 1] = *pair >> 4;
    }
  }
  for (; i < count; ++i)
    codes[i] = static_cast<std::uint8_t>(bytes[packing.byte(first + i)] >> packing.shift(first + i) & packing.mask());
}

/// The low bits of codes as elements.
void pack(DataType type, const std::uint8_t* codes, std::size_t first, std::size_t count, void* elements) {
  auto* bytes = static_cast<std::uint8_t*>(elements);
  const Packing packing(type);
  if (packing.log == 0) {
    if (count > 0) std::memcpy(bytes + first, codes, count);
    return;
  }
  std::size_t i = 0;
  if (packing.bits == 4 && first % 2 == 0) {
    for (std::uint8_t* pair = bytes + first / 2; i + 2 <= count; i += 2)
      *pair++ = static_cast<std::uint8_t>((codes[i] & 15) | codes[i + 1] << 4);
  }
  for (; i < count; ++i) {
    std::uint8_t& byte = bytes[packing.byte(first + i)];
    const unsigned before = byte & ((1U << packing.shift(first + i)) - 1);
    byte = static_cast<std::uint8_t>(before | (codes[i] & packing.mask()) << packing.shift(first + i));
  }
}

/// Elements of a small type, at most kPiece, as floats, which have all of them.
void load_small(DataType type, const void* elements, std::size_t first, std::size_t count, float* values) {
  std::uint8_t codes[kPiece];
  unpack(type, elements, first, count, codes);
  if (kSmallFloatTypes.has(type)) return small_float_values(type, codes, count, values);
  const int sign = kSignedLineTypes.has(type) ? 1 << (bits_of(type) - 1) : 0;
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>((codes[i] ^ sign) - sign);
}

/// Calls body(done, size) for pieces of a line of `count`.
template <typename Body>
void for_pieces(std::size_t count, const Body& body) {
  for (std::size_t done = 0; done < count; done += kPiece) body(done, std::min(kPiece, count - done));
}

/// Through floats. W is double or, for integers, int64.
template <typename W>
void load_small_line(DataType type, const void* elements, std::size_t first, std::size_t count, W* line) {
  for_pieces(count, [&](std::size_t done, std::size_t size) {
    float piece[kPiece];
    load_small(type, elements, first + done, size, piece);
    convert<float, W>(piece, size, line + done);
  });
}

/// W is float or double, for integers also uint64.
template <typename W>
void store_small_line(DataType type, const SmallFloatRounding& rounding, const W* line, std::size_t first,
                      std::size_t count, void* elements) {
  for_pieces(count, [&](std::size_t done, std::size_t size) {
    std::uint8_t codes[kPiece];
    const W* const values = line + done;
    if (!kSmallFloatTypes.has(type)) {
      using Whole = std::conditional_t<std::is_integral_v<W>, W, int>;
      for (std::size_t i = 0; i < size; ++i) codes[i] = static_cast<std::uint8_t>(static_cast<Whole>(values[i]));
    } else if constexpr (std::is_same_v<W, double>) {
      small_float_codes(type, rounding, values, size, codes);
    } else if constexpr (std::is_same_v<W, float>) {
      double numbers[kPiece];
      convert<float, double>(values, size, numbers);
      small_float_codes(type, rounding, numbers, size, codes);
    }
    pack(type, codes, first + done, size, elements);
  });
}

/// A float that is rounded to 16 bits as `value` would be: of the two that it lies between the one whose last bit is 1.
/// What is below floats' least normal number is rounded to 16 bits here.
template <typename Half>
float rounded_to_odd(double value) {
  if (std::fabs(value) < 0x1p-126) return static_cast<float>(Half(value));
  const auto nearest = static_cast<float>(value);
  const double rest = value - static_cast<double>(nearest);  // exact; NaN of NaN and of infinities
  std::uint32_t bits;
  std::memcpy(&bits, &nearest, sizeof bits);
  const std::uint32_t moves = static_cast<std::uint32_t>(rest > 0 || rest < 0) & ~bits & 1U;
  bits += (rest > 0) == (value > 0) ? moves : 0U - moves;
  float odd;
  std::memcpy(&odd, &bits, sizeof odd);
  return odd;
}

template <typename Half>
void store_halves(DataType type, const double* line, std::size_t count, void* to) {
  for_pieces(count, [&](std::size_t done, std::size_t size) {
    float piece[kPiece];
    for (std::size_t i = 0; i < size; ++i) piece[i] = rounded_to_odd<Half>(line[done + i]);
    kernels::narrow(half_type(type), piece, size, at(type, to, done));
  });
}

/// As convert, for whole numbers that an int has, which the CPU converts to and from at once.
template <typename To>
void convert_whole(const float* from, std::size_t count, void* to) {
  auto* target = static_cast<To*>(to);
  for (std::size_t i = 0; i < count; ++i) target[i] = static_cast<To>(static_cast<std::int32_t>(from[i]));
}

}  // namespace

void load_line(DataType type, const void* elements, std::size_t first, std::size_t count, float* line) {
  const void* from = at(type, elements, first);
  switch (type) {
    case DataType::kFloat16:
    case DataType::kBfloat16:
      return kernels::widen(half_type(type), from, count, line);
    case DataType::kInt8:
      return convert<std::int8_t, float>(from, count, line);
    case DataType::kUint8:
      return convert<std::uint8_t, float>(from, count, line);
    case DataType::kInt16:
      return convert<std::int16_t, float>(from, count, line);
    case DataType::kUint16:
      return convert<std::uint16_t, float>(from, count, line);
    case DataType::kInt32:
      return convert<std::int32_t, float>(from, count, line);
    default:
      if (kSmallTypes.has(type)) {
        return for_pieces(count, [&](std::size_t done, std::size_t size) {
          load_small(type, elements, first + done, size, line + done);
        });
      }
      if (count > 0) std::memcpy(line, from, count * sizeof *line);
  }
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
      if (kSmallTypes.has(type)) return load_small_line(type, elements, first, count, line);
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
      if (kSmallTypes.has(type))
        return load_small_line(type, elements, first, count, reinterpret_cast<std::int64_t*>(line));
      if (count > 0) std::memcpy(line, from, count * sizeof *line);
  }
}

void load_line(DataType type, const void* elements, std::size_t first, std::size_t count, std::int64_t* line) {
  load_line(type, elements, first, count, reinterpret_cast<std::uint64_t*>(line));
}

void store_line(DataType type, const float* line, std::size_t first, std::size_t count, void* elements) {
  void* to = at(type, elements, first);
  switch (type) {
    case DataType::kFloat16:
    case DataType::kBfloat16:
      return kernels::narrow(half_type(type), line, count, to);
    case DataType::kInt8:
      return convert_whole<std::int8_t>(line, count, to);
    case DataType::kUint8:
      return convert_whole<std::uint8_t>(line, count, to);
    case DataType::kInt16:
      return convert_whole<std::int16_t>(line, count, to);
    case DataType::kUint16:
      return convert_whole<std::uint16_t>(line, count, to);
    default:
      if (kSmallTypes.has(type)) return store_small_line(type, {}, line, first, count, elements);
      if (count > 0) std::memcpy(to, line, count * sizeof *line);
  }
}

void store_line(DataType type, const double* line, std::size_t first, std::size_t count, void* elements) {
  void* to = at(type, elements, first);
  switch (type) {
    case DataType::kFloat32:
      return convert<double, float>(line, count, to);
    case DataType::kFloat16:
      return store_halves<Float16>(type, line, count, to);
    case DataType::kBfloat16:
      return store_halves<Bfloat16>(type, line, count, to);
    default:
      if (kSmallTypes.has(type)) return store_small_line(type, {}, line, first, count, elements);
      if (count > 0) std::memcpy(to, line, count * sizeof *line);
  }
}

void store_line(DataType type, const std::uint64_t* line, std::size_t first, std::size_t count, void* elements) {
  if (kSmallTypes.has(type)) return store_small_line(type, {}, line, first, count, elements);
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

void store_small_floats(DataType type, const SmallFloatRounding& rounding, const double* line, std::size_t first,
                        std::size_t count, void* elements) {
  store_small_line(type, rounding, line, first, count, elements);
}

}  // namespace linnet::internal
