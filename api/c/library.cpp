// What the library says about itself and its types.
#include <cstdlib>
#include <string>

#include <linnet/inspect.hpp>

#include "api/c/status.hpp"
#include "runtime/data_type.hpp"

namespace {

using linnet::internal::status_of;

constexpr const char* kStatusNames[] = {
    "ok",
    "invalid argument",
    "invalid model",
    "unsupported",
    "input/output error",
    "out of memory",
    "limit exceeded",
    "cancelled",
    "deadline exceeded",
    "runtime fault",
    "internal error",
};

template <std::size_t kCount>
const char* entry(const char* const (&names)[kCount], std::int32_t number, const char* otherwise) {
  return number >= 0 && static_cast<std::size_t>(number) < kCount ? names[number] : otherwise;
}

}  // namespace

extern "C" {

const char* linnet_status_name(linnet_status status) { return entry(kStatusNames, status, "unknown status"); }

const char* linnet_version(void) { return linnet::version(); }

uint32_t linnet_c_api_version(void) { return LINNET_C_API_VERSION; }

const char* linnet_isa(void) { return linnet::isa(); }

int32_t linnet_optimized_build(void) { return linnet::optimized_build() ? 1 : 0; }

linnet_status linnet_onednn_available(void) {
  return status_of([] {
    std::string reason;
    if (!linnet::onednn_available(&reason)) linnet::internal::unsupported(reason);
  });
}

linnet_status linnet_pass_names_json(char** json) {
  return linnet::internal::give(json, "json",
                                [] { return linnet::internal::copied(linnet::to_json(linnet::pass_names())); });
}

void linnet_string_free(char* string) { std::free(string); }

size_t linnet_type_size(linnet_type type) { return linnet_type_bits(type) / 8; }

size_t linnet_type_bits(linnet_type type) {
  return type >= 0 && type <= LINNET_INT2 ? linnet::bits_of(static_cast<linnet::DataType>(type)) : 0;
}

const char* linnet_type_name(linnet_type type) {
  const bool in_range = type >= 0 && type <= UINT8_MAX;
  const char* const name = in_range ? linnet::internal::type_name(static_cast<linnet::DataType>(type)) : nullptr;
  return name != nullptr ? name : "unknown";
}

}  // extern "C"
