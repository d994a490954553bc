// Writes protobuf's wire format.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace linnet::internal::onnx {

inline void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  out += static_cast<char>(value);
}

/// A field that is a number.
inline void append_number(std::string& out, std::uint32_t field, std::uint64_t value) {
  append_varint(out, field << 3);
  append_varint(out, value);
}

/// What stands before a length-delimited field of so many bytes.
inline void append_field_header(std::string& out, std::uint32_t field, std::size_t size) {
  append_varint(out, (field << 3) | 2);
  append_varint(out, size);
}

/// A length-delimited field whose content is `pieces`, one after the other.
inline void append_field(std::string& out, std::uint32_t field, std::initializer_list<std::string_view> pieces) {
  std::size_t size = 0;
  for (const std::string_view piece : pieces) size += piece.size();
  append_field_header(out, field, size);
  for (const std::string_view piece : pieces) out += piece;
}

}  // namespace linnet::internal::onnx
