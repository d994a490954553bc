#include "runtime/text.hpp"

#include <charconv>

#include "runtime/shape.hpp"

namespace linnet::internal {

namespace {
template <typename Number>
void append_number(std::string& out, Number number) {
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number);
  out.append(buffer, end.ptr);
}

template <typename T>
void append_list(std::string& out, const void* object) {
  const auto& list = *static_cast<const std::vector<T>*>(object);
  out += '[';
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i > 0) out += ',';
    append(out, Piece(list[i]));
  }
  out += ']';
}
}  // namespace

void append(std::string& out, const Piece& piece) {
  const auto& value = piece.value_;
  switch (piece.kind_) {
    case Piece::Kind::kCharacters:
      out += value.characters;
      break;
    case Piece::Kind::kString:
      out += *static_cast<const std::string*>(value.object);
      break;
    case Piece::Kind::kView:
      out += *static_cast<const std::string_view*>(value.object);
      break;
    case Piece::Kind::kType:
      out += name_of(static_cast<DataType>(value.integer));
      break;
    case Piece::Kind::kDim:
      append(out, *static_cast<const Dim*>(value.object));
      break;
    case Piece::Kind::kDims:
      append_list<Dim>(out, value.object);
      break;
    case Piece::Kind::kIntegers:
      append_list<std::int64_t>(out, value.object);
      break;
    case Piece::Kind::kStrings:
      append_list<std::string>(out, value.object);
      break;
    case Piece::Kind::kBool:
      out += value.integer != 0 ? "true" : "false";
      break;
    case Piece::Kind::kFloat:
      append_number(out, static_cast<float>(value.number));
      break;
    case Piece::Kind::kDouble:
      append_number(out, value.number);
      break;
    case Piece::Kind::kSigned:
      append_number(out, value.integer);
      break;
    case Piece::Kind::kUnsigned:
      append_number(out, static_cast<std::uint64_t>(value.integer));
      break;
  }
}

std::string text_of(std::initializer_list<Piece> pieces) {
  std::string out;
  for (const Piece& piece : pieces) append(out, piece);
  return out;
}

std::string printable(std::string_view name, std::size_t limit) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char character : name.substr(0, limit)) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += character;
    }
  }
  if (name.size() > limit) out += "...";
  return out;
}

}  // namespace linnet::internal
