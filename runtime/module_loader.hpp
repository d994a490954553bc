// Parts of Linnet that are shared libraries of their own, opened only when they are needed.
#pragma once

#include <dlfcn.h>

#include <string>
#include <utility>

#include "runtime/text.hpp"

namespace linnet::internal {

/// Opens the module `file_name` ("liblinnet_onednn.so"), looked for in the folder that the environment variable
/// LINNET_MODULE_DIR names, beside the library or program that holds this code, and there in `linnet/` and
/// `../lib/linnet/`. No other place is searched, the working directory neither. The handle (for dlsym) is never closed.
/// Null when the module is missing or cannot be opened; `reason` then says why. Thread-safe. Errors: std::bad_alloc.
void* open_module(const char* file_name, std::string* reason);

/// Opens a module and asks the function that it exports as `function_name` for what it has of this version. Null when
/// the module is missing, cannot be opened or is of another version; `reason` then says why. Errors: std::bad_alloc.
template <typename Function, typename Version>
auto module_api(const char* file_name, const char* function_name, Version version, std::string* reason)
    -> decltype(std::declval<Function>()(version)) {
  void* const module = open_module(file_name, reason);
  if (module == nullptr) return nullptr;
  const auto function = reinterpret_cast<Function>(::dlsym(module, function_name));
  const auto api = function == nullptr ? nullptr : function(version);
  if (api == nullptr) *reason = text("the module ", file_name, " belongs to another build of Linnet");
  return api;
}

}  // namespace linnet::internal
