#include "runtime/module_loader.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <vector>

#include "runtime/text.hpp"

namespace linnet::internal {
namespace {

/// The folder of the object that this code was linked into; empty when the system does not say.
std::string own_folder() {
  std::string path;
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(&open_module), &info) != 0 && info.dli_fname != nullptr)
    path = info.dli_fname;
  if (path.empty() || path.front() != '/') {
    // A program's own name is what its caller wrote.
    std::array<char, PATH_MAX> target{};
    const ssize_t length = ::readlink("/proc/self/exe", target.data(), target.size());
    path.assign(target.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  }
  return path.substr(0, path.find_last_of('/') == std::string::npos ? 0 : path.find_last_of('/'));
}

std::vector<std::string> module_folders() {
  std::vector<std::string> folders;
  if (const char* given = ::secure_getenv("LINNET_MODULE_DIR"); given != nullptr && given[0] == '/')
    folders.emplace_back(given);
  if (const std::string own = own_folder(); !own.empty()) {
    folders.push_back(own);
    folders.push_back(own + "/linnet");
    folders.push_back(own + "/../lib/linnet");
  }
  return folders;
}

}  // namespace

void* open_module(const char* file_name, std::string* reason) {
  for (const std::string& folder : module_folders()) {
    const std::string path = folder + "/" + file_name;
    if (::access(path.c_str(), F_OK) != 0) continue;
    if (void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return handle;
    const char* error = ::dlerror();
    *reason = text("the module ", file_name, " cannot be opened: ", error != nullptr ? error : "unknown reason");
    return nullptr;
  }
  *reason =
      text("the module ", file_name, " was not found beside the library (LINNET_MODULE_DIR names another folder)");
  return nullptr;
}

}  // namespace linnet::internal
