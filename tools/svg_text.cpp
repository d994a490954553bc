#include "tools/svg_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace linnet::tools {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";     // U+2026

/// One character of a text, and the bytes that write it.
struct Character {
  std::uint32_t code;
  std::string_view bytes;
};

bool is_xml(std::uint32_t code) {
  if (code < 0x20) return false;
  return code < 0xD800 || (code >= 0xE000 && code < 0xFFFE) || (code >= 0x10000 && code <= 0x10FFFF);
}

/// Takes the first character off; one that is no UTF-8 or not allowed in XML becomes U+FFFD, a byte at a time.
Character take(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  std::uint32_t code = length <= 1 ? first : first & (0x7FU >> length);
  bool good = length > 0 && first < 0xF5 && text.size() >= length;
  for (std::size_t i = 1; good && i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    good = (next & 0xC0U) == 0x80;
    code = code << 6 | (next & 0x3FU);
  }
  const std::uint32_t least = length == 3 ? 0x800 : length == 4 ? 0x10000 : 0;
  good = good && code >= least && is_xml(code);
  const Character character = good ? Character{code, text.substr(0, length)} : Character{0xFFFD, kReplacement};
  text.remove_prefix(good ? length : 1);
  return character;
}

std::vector<Character> characters(std::string_view text) {
  std::vector<Character> all;
  while (!text.empty()) all.push_back(take(text));
  return all;
}

/// In parts of the font's size.
double width_of(std::uint32_t code) {
  if (code >= 0x1100) return 1.05;  // CJK and symbols, the ellipsis among them
  if (code >= 0x80) return 0.85;
  const char c = static_cast<char>(code);
  if (std::string_view("ijl|.,:;'!()[] /\\-Itfr").find(c) != std::string_view::npos) return 0.42;
  if (std::string_view("mwMW%@&").find(c) != std::string_view::npos) return 1.0;
  if ((c >= 'A' && c <= 'Z') || c == '+' || c == '=' || c == '<' || c == '>' || c == '#' || c == '~') return 0.84;
  return 0.65;
}

double width_of(const std::vector<Character>& text) {
  double width = 0.0;
  for (const Character& character : text) width += width_of(character.code);
  return width;
}

}  // namespace

std::string svg_escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Character character = take(text);
    switch (character.code) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += character.bytes;
    }
  }
  return out;
}

double svg_text_width(std::string_view text, double font_size) { return font_size * width_of(characters(text)); }

std::string svg_fitted(std::string_view text, double font_size, double width) {
  const std::vector<Character> all = characters(text);
  const double room = width / font_size;
  double taken = width_of(0x2026);
  // From both ends in turn, until nothing more fits.
  std::size_t head = 0;
  std::size_t tail = 0;
  if (width_of(all) <= room) {
    head = all.size();
  } else {
    while (head + tail < all.size()) {
      const bool front = head <= tail;
      taken += width_of(all[front ? head : all.size() - 1 - tail].code);
      if (taken > room) break;
      ++(front ? head : tail);
    }
  }
  std::string out;
  if (head == 0) return out;
  for (std::size_t i = 0; i < head; ++i) out += all[i].bytes;
  if (head < all.size()) out += kEllipsis;
  for (std::size_t i = all.size() - tail; i < all.size(); ++i) out += all[i].bytes;
  return out;
}

std::string grouped(std::size_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

std::string bytes_text(std::size_t bytes) {
  if (bytes < 1024) return fmt::format("{} {}", bytes, bytes == 1 ? "byte" : "bytes");
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  constexpr std::string_view kUnits[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  // 1023.5 and more would be printed with four digits.
  while (value >= 1023.5 && unit + 1 < std::size(kUnits)) {
    value /= 1024.0;
    ++unit;
  }
  const int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}", value, digits, kUnits[unit]);
}

}  // namespace linnet::tools
