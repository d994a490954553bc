// Options for tests of the whole way from a file to an output. LINNET_TEST_PASSES=off switches every pass off, so that
// the same tests run once optimised and once as the model stands.
#pragma once

#include <linnet/inspect.hpp>
#include <linnet/linnet.hpp>

#include <cstdlib>
#include <string_view>
#include <vector>

namespace linnet::test {

inline bool passes_are_off() {
  const char* const setting = std::getenv("LINNET_TEST_PASSES");
  return setting != nullptr && std::string_view(setting) == "off";
}

inline Options options_for(Backend backend, int threads = 0) {
  Options options;
  options.backend = backend;
  options.threads = threads;
  if (passes_are_off()) options.disabled_passes = {"all"};
  return options;
}

/// Every backend of this build and machine.
inline std::vector<Backend> all_backends() {
  std::vector<Backend> backends = {Backend::kAuto, Backend::kSimd, Backend::kReference};
  if (onednn_available(nullptr)) backends.push_back(Backend::kOnednn);
  return backends;
}

inline const char* name_of(Backend backend) {
  switch (backend) {
    case Backend::kAuto:
      return "auto";
    case Backend::kOnednn:
      return "onednn";
    case Backend::kSimd:
      return "simd";
    case Backend::kReference:
      return "reference";
  }
  return "unknown";
}

}  // namespace linnet::test
