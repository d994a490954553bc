#include "ops/text/letter_case.hpp"

#include <cstdint>
#include <cwctype>
#include <string_view>

#include "runtime/error.hpp"

namespace linnet::internal {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 0;  ///< 0: these bytes are no UTF-8
};

/// Requires: the text is not empty.
Character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {};
  std::uint32_t code = lead & (0x7fU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0) != 0x80) return {};
    code = code << 6 | (next & 0x3fU);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};  // what fewer bytes cannot say
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  if (code < kLeast[bytes] || surrogate || code > 0x10ffff) return {};
  return {code, bytes};
}

void append_character(std::string& out, std::uint32_t code) {
  const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80 | (code >> shift & 0x3f)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
    return;
  }
  if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
  } else {
    if (code < 0x10000) {
      out += static_cast<char>(0xe0 | code >> 12);
    } else {
      out += static_cast<char>(0xf0 | code >> 18);
      tail(12);
    }
    tail(6);
  }
  tail(0);
}

/// The mappings are the same in all of them but the Turkic ones.
locale_t utf8_locale() {
  for (const char* const name : {"C.UTF-8", "C.utf8", "en_US.UTF-8"}) {
    const locale_t found = newlocale(LC_CTYPE_MASK, name, nullptr);
    if (found != nullptr) return found;
  }
  unsupported("the system has no UTF-8 locale (C.UTF-8 or en_US.UTF-8), which letters change their case by");
}

}  // namespace

LetterCase::LetterCase() : locale_(utf8_locale()) {}

void LetterCase::change(const std::string& from, bool to_upper, std::string& to) const {
  to.clear();
  for (std::string_view rest = from; !rest.empty();) {
    const Character character = first_character(rest);
    if (character.bytes == 0) {
      to += rest[0];
      rest.remove_prefix(1);
      continue;
    }
    const auto code = static_cast<wint_t>(character.code);
    const wint_t mapped = to_upper ? towupper_l(code, locale_) : towlower_l(code, locale_);
    append_character(to, static_cast<std::uint32_t>(mapped));
    rest.remove_prefix(character.bytes);
  }
}

}  // namespace linnet::internal
