#include "tests/fuzz/model_tree.hpp"

#include <cstring>

namespace linnet::test {
namespace {

constexpr int kMostDepth = 24;

/// What a field of length-delimited type holds.
Kind kind_of(Kind parent, int number) {
  struct Row {
    Kind parent;
    int number;
    Kind kind;
  };
  static constexpr Row kRows[] = {
      {Kind::kModel, 7, Kind::kGraph},      {Kind::kGraph, 1, Kind::kNode},       {Kind::kGraph, 5, Kind::kTensor},
      {Kind::kGraph, 11, Kind::kValueInfo}, {Kind::kGraph, 12, Kind::kValueInfo}, {Kind::kGraph, 13, Kind::kValueInfo},
      {Kind::kNode, 5, Kind::kAttribute},   {Kind::kAttribute, 5, Kind::kTensor}, {Kind::kAttribute, 6, Kind::kGraph},
      {Kind::kAttribute, 11, Kind::kGraph}, {Kind::kValueInfo, 2, Kind::kType},   {Kind::kType, 1, Kind::kTensorType},
      {Kind::kTensorType, 2, Kind::kShape}, {Kind::kShape, 1, Kind::kDim},
  };
  for (const Row& row : kRows) {
    if (row.parent == parent && row.number == number) return row.kind;
  }
  return Kind::kBytes;
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool done() const { return rest_.empty(); }
  bool varint(std::uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return false;
      const auto byte = static_cast<std::uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  bool fixed(std::size_t size, std::uint64_t& value) {
    if (rest_.size() < size) return false;
    value = 0;
    std::memcpy(&value, rest_.data(), size);
    rest_.remove_prefix(size);
    return true;
  }
  bool piece(std::string_view& piece) {
    std::uint64_t size = 0;
    if (!varint(size) || size > rest_.size()) return false;
    piece = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

 private:
  std::string_view rest_;
};

std::optional<std::vector<Field>> read(std::string_view bytes, Kind kind, int depth);

bool read_value(Reader& reader, Kind parent, int depth, Field& field) {
  switch (field.wire_type) {
    case 0:
      return reader.varint(field.value);
    case 1:
      return reader.fixed(8, field.value);
    case 5:
      return reader.fixed(4, field.value);
    case 2:
      break;
    default:
      return false;
  }
  std::string_view piece;
  if (!reader.piece(piece)) return false;
  const Kind kind = kind_of(parent, field.number);
  std::optional<std::vector<Field>> fields;
  if (kind != Kind::kBytes) fields = read(piece, kind, depth + 1);
  if (fields) {
    field.kind = kind;
    field.fields = std::move(*fields);
  } else {
    field.bytes = piece;
  }
  return true;
}

std::optional<std::vector<Field>> read(std::string_view bytes, Kind kind, int depth) {
  if (depth > kMostDepth) return std::nullopt;
  Reader reader(bytes);
  std::vector<Field> fields;
  while (!reader.done()) {
    Field field;
    std::uint64_t tag = 0;
    if (!reader.varint(tag) || tag >> 3 == 0 || tag >> 3 > 1000) return std::nullopt;
    field.number = static_cast<int>(tag >> 3);
    field.wire_type = static_cast<int>(tag & 7);
    if (!read_value(reader, kind, depth, field)) return std::nullopt;
    fields.push_back(std::move(field));
  }
  return fields;
}

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  out += static_cast<char>(value);
}

}  // namespace

std::optional<std::vector<Field>> read_fields(std::string_view bytes, Kind kind) { return read(bytes, kind, 0); }

std::string write_fields(const std::vector<Field>& fields) {
  std::string out;
  for (const Field& field : fields) {
    append_varint(out, static_cast<std::uint64_t>(field.number) << 3 | static_cast<std::uint64_t>(field.wire_type));
    if (field.wire_type == 0) {
      append_varint(out, field.value);
    } else if (field.wire_type == 2) {
      const std::string content = field.kind == Kind::kBytes ? field.bytes : write_fields(field.fields);
      append_varint(out, content.size());
      out += content;
    } else {
      const std::size_t size = field.wire_type == 1 ? 8 : 4;
      out.append(reinterpret_cast<const char*>(&field.value), size);
    }
  }
  return out;
}

}  // namespace linnet::test
