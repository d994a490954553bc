// Numbers as texts, and back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/data_type.hpp"

namespace linnet::internal {

/// `out` becomes the shortest text that reads back as this number of a floating-point type: "0.1", "100.0", "1e-05"
/// (below 1e-4, and from 1e16 on), "NaN", "INF", "-INF". Requires: the type has the number.
void write_number(DataType type, double number, std::string& out);
/// A whole number, of which these are the low bits.
void write_integer(std::uint64_t number, bool negative, std::string& out);

/// The number of a decimal text, with or without an exponent, or of "INF", "Infinity" or "NaN" in any case; a sign and
/// whitespace around it are allowed. Rounded once, for float32 as such. Nothing for other texts.
std::optional<double> read_number(std::string_view text, bool as_float32);

/// The low bits of a number of [lowest, highest]; of one that is not whole, or has an exponent, cut towards zero.
/// Nothing for what does not fit, and for other texts.
std::optional<std::uint64_t> read_integer(std::string_view text, std::int64_t lowest, std::uint64_t highest);

/// Whether the text is this word (in lower case) in any case.
bool is_word(std::string_view text, std::string_view word);

}  // namespace linnet::internal
