#include "runtime/control_groups.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string_view>
#include <vector>

namespace linnet::internal {
namespace {

/// Whether one of the names between commas is `name`.
bool lists(std::string_view names, std::string_view name) {
  for (std::size_t begin = 0; begin <= names.size();) {
    const std::size_t end = std::min(names.find(',', begin), names.size());
    if (names.substr(begin, end - begin) == name) return true;
    begin = end + 1;
  }
  return false;
}

/// Adds the folders of the group `path` below `mount` and of its parents, the mount's own last.
void add_group_and_parents(const std::string& mount, std::string path, std::vector<std::string>& folders) {
  // A group outside what the process may see begins with "/..".
  while (path.size() > 1 && path.rfind("/..", 0) != 0) {
    folders.push_back(mount + path);
    path.resize(path.rfind('/'));
  }
  folders.push_back(mount);
}

/// The folders that may hold files of `controller`, the narrowest group first. A line of the membership is
/// "hierarchy:controllers:path"; version 2 is hierarchy 0, without controllers.
std::vector<std::string> folders_of(const ControlGroups& groups, const std::string& controller) {
  std::vector<std::string> folders;
  std::ifstream membership(groups.membership);
  for (std::string line; std::getline(membership, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string path = line.substr(second + 1);
    if (line.compare(0, second + 1, "0::") == 0) {
      add_group_and_parents(groups.folder, path, folders);
      add_group_and_parents(groups.folder + "/unified", path, folders);  // beside groups of version 1
    } else if (lists(std::string_view(line).substr(first + 1, second - first - 1), controller)) {
      add_group_and_parents(groups.folder + "/" + controller, path, folders);
    }
  }
  return folders;
}

/// The number that a file begins with; `otherwise` when there is no such file, or "max" or -1 in it.
std::uint64_t number_in(const std::string& path, std::uint64_t otherwise) {
  std::ifstream file(path);
  std::string word;
  if (!(file >> word) || word.find_first_not_of("0123456789") != std::string::npos || word.size() > 19)
    return otherwise;
  return std::stoull(word);
}

}  // namespace

std::size_t memory_limit(const ControlGroups& groups) {
  std::uint64_t least = SIZE_MAX;
  for (const std::string& folder : folders_of(groups, "memory")) {
    least = std::min(least, number_in(folder + "/memory.max", SIZE_MAX));
    least = std::min(least, number_in(folder + "/memory.limit_in_bytes", SIZE_MAX));
  }
  return static_cast<std::size_t>(least);
}

int cpu_limit(const ControlGroups& groups) {
  std::uint64_t least = 0;
  const auto consider = [&](std::uint64_t quota, std::uint64_t period) {
    if (quota == 0 || period == 0) return;
    const std::uint64_t cpus = std::min<std::uint64_t>(quota / period + (quota % period != 0 ? 1 : 0), INT32_MAX);
    least = least == 0 ? cpus : std::min(least, cpus);
  };
  for (const std::string& folder : folders_of(groups, "cpu")) {
    std::ifstream file(folder + "/cpu.max");  // "max 100000" or "150000 100000"
    std::uint64_t quota = 0;
    std::uint64_t period = 0;
    if (file >> quota >> period) consider(quota, period);
    consider(number_in(folder + "/cpu.cfs_quota_us", 0), number_in(folder + "/cpu.cfs_period_us", 0));
  }
  return static_cast<int>(least);
}

}  // namespace linnet::internal
