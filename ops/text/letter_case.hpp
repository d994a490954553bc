// Upper and lower case of texts.
#pragma once

#include <clocale>
#include <string>

namespace linnet::internal {

/// Letters of UTF-8 texts by Unicode's simple mappings, which are one to one: "ß" has no upper case of its own. The
/// locale of the process has no effect and is not touched. Thread-safety: const members.
class LetterCase {
 public:
  /// Errors: kUnsupported where the system has no UTF-8 locale.
  LetterCase();
  ~LetterCase() { freelocale(locale_); }
  LetterCase(const LetterCase&) = delete;
  LetterCase& operator=(const LetterCase&) = delete;

  /// `to` becomes the text in upper case, or else in lower case. Bytes that are no UTF-8 stay as they are.
  void change(const std::string& from, bool to_upper, std::string& to) const;

 private:
  locale_t locale_;
};

}  // namespace linnet::internal
