// Reads protobuf's wire format in place. Nothing is copied, nothing is recursive, and every length is checked before it
// is believed.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "runtime/error.hpp"

namespace linnet::internal::onnx {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "numbers in ONNX files are little-endian and are read as they stand");

/// Bytes of a message, and where the file that holds them begins (for the offsets in messages).
struct Span {
  const char* data = nullptr;
  std::size_t size = 0;
  const char* origin = nullptr;

  std::size_t offset() const { return static_cast<std::size_t>(data - origin); }
};

/// Walks the fields of one message:
///
///   WireReader reader(span, "NodeProto");
///   while (reader.next()) {
///     switch (reader.field()) {
///       case 1: node.inputs.push_back(reader.string("input")); break;
///       default: reader.skip();
///     }
///   }
///
/// After next(), exactly one getter or skip() must be called. Every error is kInvalidModel and names the message, the
/// field and the byte offset.
class WireReader {
 public:
  WireReader(Span span, const char* message)
      : at_(span.data), end_(span.data + span.size), origin_(span.origin), message_(message) {}

  /// Reads the next tag; false at the end of the message.
  bool next() {
    if (at_ == end_) return false;
    field_begin_ = at_;
    const auto first = static_cast<unsigned char>(*at_);
    if (first < 0x80 && first >= 8) {
      ++at_;
      field_ = first >> 3;
      wire_type_ = first & 7;
    } else {
      long_tag();
    }
    return true;
  }
  std::uint32_t field() const { return field_; }

  Span span(const char* name) {
    expect(kLengthDelimited, name);
    const std::size_t size = length(name);
    const Span result{at_, size, origin_};
    at_ += size;
    return result;
  }
  std::string_view string(const char* name) {
    const Span bytes = span(name);
    return {bytes.data, bytes.size};
  }
  std::int64_t int64(const char* name) {
    expect(kVarint, name);
    return static_cast<std::int64_t>(varint(name));
  }
  /// As protobuf does, the upper bits of a longer number are dropped.
  std::int32_t int32(const char* name) { return static_cast<std::int32_t>(int64(name)); }
  float float32(const char* name) {
    expect(kFixed32, name);
    return fixed<float>(name);
  }
  double float64(const char* name) {
    expect(kFixed64, name);
    return fixed<double>(name);
  }

  /// The elements of a repeated field of varints that stand here: one, or (packed) many. visitor(std::uint64_t)
  template <typename Visitor>
  void varints(const char* name, Visitor&& visitor) {
    if (wire_type_ == kVarint) {
      visitor(varint(name));
      return;
    }
    WireReader inner = packed(name);
    while (inner.at_ != inner.end_) visitor(inner.varint(name));
  }
  /// The same for float and double elements.
  template <typename T, typename Visitor>
  void fixed_elements(const char* name, Visitor&& visitor) {
    if (wire_type_ == (sizeof(T) == 4 ? kFixed32 : kFixed64)) {
      visitor(fixed<T>(name));
      return;
    }
    WireReader inner = packed(name);
    while (inner.at_ != inner.end_) visitor(inner.fixed<T>(name));
  }
  /// How many elements stand here, without looking at more than is needed.
  std::size_t count_varints(const char* name);
  std::size_t count_fixed(const char* name, std::size_t element_bytes);

  /// Passes over a field that the caller does not know, groups included.
  void skip();

  /// Throws kInvalidModel: `NodeProto.input at byte 81: ` and the pieces.
  template <typename... Pieces>
  [[noreturn]] void damaged(const char* name, const Pieces&... pieces) const {
    damaged_field(name, text(pieces...));
  }

 private:
  enum WireType : std::uint32_t {
    kVarint = 0,
    kFixed64 = 1,
    kLengthDelimited = 2,
    kBeginGroup = 3,
    kEndGroup = 4,
    kFixed32 = 5
  };

  void long_tag();
  void expect(WireType type, const char* name) const {
    if (wire_type_ != type) wrong_type(name);
  }
  std::uint64_t varint(const char* name) {
    if (at_ != end_ && static_cast<unsigned char>(*at_) < 0x80) return static_cast<unsigned char>(*at_++);
    return long_varint(name);
  }
  std::uint64_t long_varint(const char* name);
  std::size_t length(const char* name) {
    const std::uint64_t size = varint(name);
    if (size > static_cast<std::uint64_t>(end_ - at_)) too_long(name, size);
    return static_cast<std::size_t>(size);
  }
  template <typename T>
  T fixed(const char* name) {
    if (end_ - at_ < static_cast<std::ptrdiff_t>(sizeof(T))) too_long(name, sizeof(T));
    T value;
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  WireReader packed(const char* name) { return {span(name), message_}; }
  void skip_group();

  [[noreturn]] void wrong_type(const char* name) const;
  [[noreturn]] void too_long(const char* name, std::uint64_t size) const;
  [[noreturn]] void damaged_field(const char* name, const std::string& what) const;

  const char* at_;
  const char* end_;
  const char* origin_;
  const char* message_;
  const char* field_begin_ = nullptr;
  std::uint32_t field_ = 0;
  std::uint32_t wire_type_ = 0;
};

}  // namespace linnet::internal::onnx
