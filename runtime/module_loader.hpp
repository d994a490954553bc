// Parts of Linnet that are shared libraries of their own, opened only when they are needed.
#pragma once

#include <string>

namespace linnet::internal {

/// Opens the module `file_name` ("liblinnet_onednn.so"), looked for in the folder that the environment variable
/// LINNET_MODULE_DIR names, beside the library or program that holds this code, and there in `linnet/` and
/// `../lib/linnet/`. No other place is searched, the working directory neither. The handle (for dlsym) is never closed.
/// Null when the module is missing or cannot be opened; `reason` then says why. Thread-safe. Errors: std::bad_alloc.
void* open_module(const char* file_name, std::string* reason);

}  // namespace linnet::internal
