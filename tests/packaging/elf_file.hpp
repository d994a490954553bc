// The dynamic symbols of a shared library, read from its file.
#pragma once

#include <string>
#include <vector>

namespace linnet::test {

struct ElfFile {
  std::vector<std::string> exports;  ///< defined symbols that other objects can see, mangled, without version
  std::vector<std::string> imports;  ///< symbols that other objects must define
  std::vector<std::string> needed;   ///< libraries opened with it (DT_NEEDED)
};

/// Errors: std::runtime_error for anything that is no 64-bit ELF file of this machine's byte order.
ElfFile read_elf(const std::string& path);

}  // namespace linnet::test
