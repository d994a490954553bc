#include "ops/text/number_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

#include "ops/shared/element_lines.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kLongest = 32;  // characters of any number that is not written out

/// The number after rounding to the type.
double rounded(DataType type, double number) {
  alignas(8) std::byte element[8];
  store_line(type, &number, 0, 1, element);
  load_line(type, element, 0, 1, &number);
  return number;
}

/// The fewest digits that read back, as "d.ddde-XX" in `buffer`.
std::string_view scientific(DataType type, double number, char* buffer) {
  constexpr auto kFormat = std::chars_format::scientific;
  char* const end = buffer + kLongest;
  if (type == DataType::kFloat64) {
    const char* const last = std::to_chars(buffer, end, number, kFormat).ptr;
    return {buffer, static_cast<std::size_t>(last - buffer)};
  }
  if (type == DataType::kFloat32) {
    const char* const last = std::to_chars(buffer, end, static_cast<float>(number), kFormat).ptr;
    return {buffer, static_cast<std::size_t>(last - buffer)};
  }
  for (int precision = 0;; ++precision) {
    const char* const last = std::to_chars(buffer, end, number, kFormat, precision).ptr;
    double read = 0;
    std::from_chars(buffer, last, read);
    if (rounded(type, read) == number || precision == 8) return {buffer, static_cast<std::size_t>(last - buffer)};
  }
}

std::string_view without_space(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\v\f\r";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

/// Without a plus sign, which std::from_chars does not take.
std::string_view number_part(std::string_view text) {
  text = without_space(text);
  if (!text.empty() && text[0] == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text[0] == '-') return {};
  }
  return text;
}

/// Nothing unless these are digits alone, of a number of 64 bits.
std::optional<std::uint64_t> read_digits(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

/// Of a number in scientific notation, from the sign on; what is far from 0 stays so.
std::int64_t read_exponent(std::string_view text) {
  constexpr std::uint64_t kFar = std::uint64_t{1} << 60;
  const bool negative = text[0] == '-';
  if (negative || text[0] == '+') text.remove_prefix(1);
  const auto size = static_cast<std::int64_t>(std::min(read_digits(text).value_or(kFar), kFar));
  return negative ? -size : size;
}

/// Whether a decimal number that is out of range is so by its size, and not by being next to 0.
bool is_large(std::string_view number) {
  const std::size_t mark = std::min(number.find_first_of("eE"), number.size());
  const std::int64_t exponent = mark < number.size() ? read_exponent(number.substr(mark + 1)) : 0;
  const std::string_view digits = number.substr(0, mark);
  const auto first = static_cast<std::int64_t>(std::min(digits.find_first_of("123456789"), digits.size()));
  const auto point = static_cast<std::int64_t>(std::min(digits.find('.'), digits.size()));
  return point - first + exponent > 0;
}

template <typename T>
std::optional<double> read_float(std::string_view number) {
  T value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error == std::errc::invalid_argument || end != number.data() + number.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    value = is_large(number) ? std::numeric_limits<T>::infinity() : T{0};
    if (number[0] == '-') value = -value;
  }
  return static_cast<double>(value);
}

}  // namespace

void write_integer(std::uint64_t number, bool negative, std::string& out) {
  char buffer[kLongest];
  const std::uint64_t magnitude = negative ? std::uint64_t{0} - number : number;
  out.assign(negative ? "-" : "").append(buffer, std::to_chars(buffer, buffer + kLongest, magnitude).ptr);
}

void write_number(DataType type, double number, std::string& out) {
  if (std::isnan(number)) {
    out = "NaN";
    return;
  }
  if (std::isinf(number)) {
    out = number < 0 ? "-INF" : "INF";
    return;
  }
  char buffer[kLongest];
  std::string_view text = scientific(type, number, buffer);
  const std::size_t mark = text.find('e');
  const std::int64_t exponent = read_exponent(text.substr(mark + 1));
  if (exponent < -4 || exponent >= 16) {
    out = text;
    return;
  }
  out.clear();
  if (text[0] == '-') out += '-';
  char digits[kLongest];
  std::size_t count = 0;
  for (const char c : text.substr(0, mark)) {
    if (c >= '0' && c <= '9') digits[count++] = c;
  }
  const std::size_t before = exponent < 0 ? 0 : static_cast<std::size_t>(exponent) + 1;  // digits before the point
  if (before == 0) out.append("0.").append(static_cast<std::size_t>(-exponent) - 1, '0').append(digits, count);
  if (before > 0) {
    out.append(digits, std::min(before, count));
    if (before >= count) out.append(before - count, '0').append(".0");
    if (before < count) out.append(".").append(digits + before, count - before);
  }
}

std::optional<double> read_number(std::string_view text, bool as_float32) {
  const std::string_view number = number_part(text);
  return as_float32 ? read_float<float>(number) : read_float<double>(number);
}

std::optional<std::uint64_t> read_integer(std::string_view text, std::int64_t lowest, std::uint64_t highest) {
  std::string_view digits = number_part(text);
  const bool negative = !digits.empty() && digits[0] == '-';
  if (negative) digits.remove_prefix(1);
  if (digits.empty() || digits.find_first_not_of("0123456789") != digits.npos) {
    const std::optional<double> number = read_number(text, false);
    const double whole = number ? std::trunc(*number) : std::numeric_limits<double>::quiet_NaN();
    const bool fits = whole >= static_cast<double>(lowest) && whole < static_cast<double>(highest) + 1;
    if (!fits) return std::nullopt;
    return whole < 0 ? static_cast<std::uint64_t>(static_cast<std::int64_t>(whole)) : static_cast<std::uint64_t>(whole);
  }
  const std::optional<std::uint64_t> magnitude = read_digits(digits);
  const std::uint64_t most = negative ? std::uint64_t{0} - static_cast<std::uint64_t>(lowest) : highest;
  if (!magnitude || *magnitude > most) return std::nullopt;
  return negative ? std::uint64_t{0} - *magnitude : *magnitude;
}

bool is_word(std::string_view text, std::string_view word) {
  text = without_space(text);
  if (text.size() != word.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != word[i]) return false;
  }
  return true;
}

}  // namespace linnet::internal
