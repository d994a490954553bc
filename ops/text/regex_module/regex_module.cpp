// Regular expressions by RE2, whose time is in proportion to the text whatever the pattern is.
#include <re2/re2.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

#include "ops/text/regex_api.hpp"

namespace linnet::internal {
namespace {

constexpr std::int64_t kMostBytes = 8 << 20;  ///< of a pattern and of what matching keeps for it

RegexStatus compile(const char* pattern, std::size_t size, RegexPattern** made, char* error, std::size_t error_size) {
  try {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kMostBytes);
    auto compiled = std::make_unique<RE2>(re2::StringPiece(pattern, size), options);
    if (!compiled->ok()) {
      const std::size_t length = std::min(compiled->error().size(), error_size - 1);
      std::memcpy(error, compiled->error().data(), length);
      error[length] = '\0';
      return RegexStatus::kInvalid;
    }
    *made = reinterpret_cast<RegexPattern*>(compiled.release());
    return RegexStatus::kYes;
  } catch (const std::bad_alloc&) {
    return RegexStatus::kOutOfMemory;
  }
}

RegexStatus matches(const RegexPattern* pattern, const char* text, std::size_t size) {
  try {
    const RE2& compiled = *reinterpret_cast<const RE2*>(pattern);
    const re2::StringPiece piece(text, size);
    return compiled.Match(piece, 0, size, RE2::ANCHOR_BOTH, nullptr, 0) ? RegexStatus::kYes : RegexStatus::kNo;
  } catch (const std::bad_alloc&) {
    return RegexStatus::kOutOfMemory;
  }
}

void destroy(RegexPattern* pattern) { delete reinterpret_cast<RE2*>(pattern); }

constexpr RegexApi kApi{compile, matches, destroy};

}  // namespace

extern "C" __attribute__((visibility("default"))) const RegexApi* linnet_regex_api(std::uint32_t version) {
  return version == kRegexApiVersion ? &kApi : nullptr;
}

}  // namespace linnet::internal
