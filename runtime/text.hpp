// Builds messages: text("input ", 2, " has rank ", rank). Lists print as [4,100].
#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <linnet/linnet.hpp>

namespace linnet::internal {

inline void append(std::string& out, std::string_view piece) { out += piece; }
inline void append(std::string& out, const char* piece) { out += piece; }
inline void append(std::string& out, const std::string& piece) { out += piece; }
inline void append(std::string& out, DataType type) { out += name_of(type); }

template <typename T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>
void append(std::string& out, T number) {
  if constexpr (std::is_same_v<T, bool>) {
    out += number ? "true" : "false";
  } else {
    char buffer[40];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, number);
    out.append(buffer, end.ptr);
  }
}

template <typename T>
void append(std::string& out, const std::vector<T>& list) {
  out += '[';
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i > 0) out += ',';
    append(out, list[i]);
  }
  out += ']';
}

template <typename... Pieces>
std::string text(const Pieces&... pieces) {
  std::string out;
  (append(out, pieces), ...);
  return out;
}

/// Names come from untrusted models: control bytes become \xNN and everything past `limit` bytes "...".
std::string printable(std::string_view name, std::size_t limit = 80);

}  // namespace linnet::internal
