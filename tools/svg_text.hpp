// Text in drawings: what may stand in SVG, how wide it is, and how it is shortened to fit.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace linnet::tools {

/// The text for an element or an attribute of SVG: markup is escaped, and what XML cannot hold becomes U+FFFD: control
/// characters and bytes that are no UTF-8.
std::string svg_escaped(std::string_view text);

/// How wide the text may become in the sans-serif fonts that viewers use, at this size: an upper estimate, made for the
/// widest of the usual ones (DejaVu Sans). Pixels.
double svg_text_width(std::string_view text, double font_size);

/// The text, or as much of its beginning and end as fits `width` pixels around an ellipsis: names of one model often
/// begin alike. Empty if not even one character fits. Not escaped.
std::string svg_fitted(std::string_view text, double font_size, double width);

/// "1,234 bytes", "12.3 KiB", "1.50 GiB": three digits from 1 KiB on.
std::string bytes_text(std::size_t bytes);

/// "1,234,567"
std::string grouped(std::size_t number);

}  // namespace linnet::tools
