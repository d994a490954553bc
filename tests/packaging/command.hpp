// Commands that the tests of packages run.
#pragma once

#include <cstdint>
#include <string>

namespace linnet::test {

struct Ended {
  int status = -1;   ///< as waitpid gives it
  std::string text;  ///< both of its outputs
};

/// Runs a line of shell.
Ended run(const std::string& command);

/// Bytes of the file once `strip` has taken out what is not needed at run time; UINTMAX_MAX where that fails.
std::uintmax_t stripped_size(const std::string& path);

}  // namespace linnet::test
