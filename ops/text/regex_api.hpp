// The boundary between the core and liblinnet_regex.so, the module that holds what is linked against RE2: functions on
// plain data. No type of the standard library and no exception crosses it. Thread-safety: every function may be called
// from any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace linnet::internal {

inline constexpr std::uint32_t kRegexApiVersion = 1;

enum class RegexStatus : std::int32_t { kNo, kYes, kInvalid, kOutOfMemory };

struct RegexPattern;

struct RegexApi {
  /// kYes and a pattern to be destroyed, or kInvalid and why as `error`, cut to `error_size` - 1 bytes; or
  /// kOutOfMemory.
  RegexStatus (*compile)(const char* pattern, std::size_t size, RegexPattern** made, char* error,
                         std::size_t error_size);
  /// Whether all of the text matches: kYes, kNo or kOutOfMemory.
  RegexStatus (*matches)(const RegexPattern* pattern, const char* text, std::size_t size);
  void (*destroy)(RegexPattern* pattern);
};

/// Exported as linnet_regex_api. Null for another version.
using RegexApiFunction = const RegexApi* (*)(std::uint32_t version);

}  // namespace linnet::internal
