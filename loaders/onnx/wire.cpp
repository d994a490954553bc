#include "loaders/onnx/wire.hpp"

#include <algorithm>
#include <array>

namespace linnet::internal::onnx {
namespace {

constexpr std::size_t kMaxGroups = 64;
constexpr const char* kUnknownField = nullptr;

}  // namespace

void WireReader::long_tag() {
  const std::uint64_t tag = varint("tag");
  if (tag > 0xffffffffu || (tag >> 3) == 0)
    damaged("tag", tag, " is no field tag; this is not an ONNX model, or it is damaged");
  field_ = static_cast<std::uint32_t>(tag >> 3);
  wire_type_ = static_cast<std::uint32_t>(tag & 7);
}

std::uint64_t WireReader::long_varint(const char* name) {
  constexpr int kMaxBytes = 10;
  std::uint64_t value = 0;
  for (int i = 0; i < kMaxBytes; ++i) {
    if (at_ == end_) damaged(name, "the file ends in the middle of a number");
    const auto byte = static_cast<unsigned char>(*at_++);
    if (i < kMaxBytes - 1 || byte <= 1) value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) return value;
  }
  damaged(name, "a number is longer than 10 bytes");
}

std::size_t WireReader::count_varints(const char* name) {
  if (wire_type_ == kVarint) {
    varint(name);
    return 1;
  }
  const Span bytes = span(name);
  return static_cast<std::size_t>(std::count_if(bytes.data, bytes.data + bytes.size,
                                                [](char byte) { return static_cast<unsigned char>(byte) < 0x80; }));
}

std::size_t WireReader::count_fixed(const char* name, std::size_t element_bytes) {
  if (wire_type_ == (element_bytes == 4 ? kFixed32 : kFixed64)) {
    if (element_bytes == 4) {
      fixed<float>(name);
    } else {
      fixed<double>(name);
    }
    return 1;
  }
  const Span bytes = span(name);
  if (bytes.size % element_bytes != 0) {
    damaged(name, bytes.size, " packed bytes are no multiple of ", element_bytes);
  }
  return bytes.size / element_bytes;
}

void WireReader::skip() {
  switch (wire_type_) {
    case kVarint:
      varint(kUnknownField);
      break;
    case kFixed64:
      fixed<double>(kUnknownField);
      break;
    case kLengthDelimited:
      span(kUnknownField);
      break;
    case kBeginGroup:
      skip_group();
      break;
    case kFixed32:
      fixed<float>(kUnknownField);
      break;
    case kEndGroup:
      damaged(kUnknownField, "a group ends that never began");
    default:
      damaged(kUnknownField, "wire type ", wire_type_, " does not exist; this is not an ONNX model, or it is damaged");
  }
}

void WireReader::skip_group() {
  std::array<std::uint32_t, kMaxGroups> open{};
  std::size_t depth = 0;
  open[depth++] = field_;
  while (depth > 0) {
    if (!next()) damaged(kUnknownField, "a group never ends");
    if (wire_type_ == kBeginGroup) {
      if (depth == kMaxGroups) damaged(kUnknownField, "groups are nested more than ", kMaxGroups, " deep");
      open[depth++] = field_;
    } else if (wire_type_ == kEndGroup) {
      if (open[--depth] != field_) damaged(kUnknownField, "a group ends that never began");
    } else {
      skip();
    }
  }
}

void WireReader::wrong_type(const char* name) const {
  damaged(name, "the field has wire type ", wire_type_, ", which it cannot have");
}

void WireReader::too_long(const char* name, std::uint64_t size) const {
  damaged(name, size, " bytes should follow, but ", end_ - at_, " are left: the file is cut short or damaged");
}

void WireReader::damaged_field(const char* name, const std::string& what) const {
  std::string where = name != nullptr ? name : text("field ", field_);
  invalid_model(message_, ".", where, " at byte ", (field_begin_ != nullptr ? field_begin_ : at_) - origin_, ": ",
                what);
}

}  // namespace linnet::internal::onnx
