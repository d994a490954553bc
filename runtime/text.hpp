// Builds messages: text("input ", 2, " has rank ", rank). Lists print as [4,100].
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <linnet/linnet.hpp>

namespace linnet::internal {

class Dim;

/// A piece of a message. It refers to its value, so that the code that prints one stands once, not in every message.
class Piece {
 public:
  Piece(const char* piece) : kind_(Kind::kCharacters) { value_.characters = piece; }
  Piece(const std::string& piece) : kind_(Kind::kString) { value_.object = &piece; }
  Piece(const std::string_view& piece) : kind_(Kind::kView) { value_.object = &piece; }
  Piece(const std::vector<std::int64_t>& list) : kind_(Kind::kIntegers) { value_.object = &list; }
  Piece(const std::vector<std::string>& list) : kind_(Kind::kStrings) { value_.object = &list; }
  Piece(const std::vector<Dim>& list) : kind_(Kind::kDims) { value_.object = &list; }
  Piece(const Dim& dim) : kind_(Kind::kDim) { value_.object = &dim; }
  Piece(DataType type) : kind_(Kind::kType) { value_.integer = static_cast<std::int64_t>(type); }
  Piece(float number) : kind_(Kind::kFloat) { value_.number = static_cast<double>(number); }
  Piece(double number) : kind_(Kind::kDouble) { value_.number = number; }
  template <typename T, std::enable_if_t<std::is_integral_v<T>, int> = 0>
  Piece(T number)
      : kind_(std::is_same_v<T, bool> ? Kind::kBool
              : std::is_signed_v<T>   ? Kind::kSigned
                                      : Kind::kUnsigned) {
    value_.integer = static_cast<std::int64_t>(number);
  }

 private:
  friend void append(std::string& out, const Piece& piece);
  enum class Kind {
    kCharacters,
    kString,
    kView,
    kIntegers,
    kStrings,
    kDims,
    kDim,
    kType,
    kFloat,
    kDouble,
    kBool,
    kSigned,
    kUnsigned
  };
  union {
    const char* characters;
    const void* object;
    std::int64_t integer;
    double number;
  } value_;
  Kind kind_;
};

void append(std::string& out, const Piece& piece);
std::string text_of(std::initializer_list<Piece> pieces);

template <typename... Pieces>
[[gnu::always_inline]] inline std::string text(const Pieces&... pieces) {
  return text_of({Piece(pieces)...});
}

/// Names come from untrusted models: control bytes become \xNN and everything past `limit` bytes "...".
std::string printable(std::string_view name, std::size_t limit = 80);

}  // namespace linnet::internal
