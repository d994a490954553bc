// Writes JSON into a string; enough for the summaries, so that the library needs no JSON library.
#pragma once

#include <charconv>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace linnet::internal {

/// `text` in quotes. Bytes that are no UTF-8 become U+FFFD each.
void append_json(std::string& out, std::string_view text);

template <typename T, std::enable_if_t<std::is_integral_v<T>, int> = 0>
void append_json(std::string& out, T number) {
  if constexpr (std::is_same_v<T, bool>) {
    out += number ? "true" : "false";
  } else {
    char buffer[24];
    out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, number).ptr);
  }
}

/// `[...]`, with append(out, element) for every element.
template <typename T, typename Append>
void append_json(std::string& out, const std::vector<T>& list, const Append& append) {
  out += '[';
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i > 0) out += ',';
    append(out, list[i]);
  }
  out += ']';
}

template <typename T>
void append_json(std::string& out, const std::vector<T>& list) {
  append_json(out, list, [](std::string& to, const T& element) { append_json(to, element); });
}

/// An object with a member for every entry.
template <typename T>
void append_json(std::string& out, const std::map<std::string, T>& entries);

/// `{"name":value,...}`: made, filled and ended in this order.
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out += '{'; }

  /// The member's name; its value is to be appended next.
  std::string& member(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    append_json(out_, name);
    out_ += ':';
    return out_;
  }
  template <typename T>
  JsonObject& add(std::string_view name, const T& value) {
    append_json(member(name), value);
    return *this;
  }
  void end() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

template <typename T>
void append_json(std::string& out, const std::map<std::string, T>& entries) {
  JsonObject object(out);
  for (const auto& [name, value] : entries) object.add(name, value);
  object.end();
}

}  // namespace linnet::internal
