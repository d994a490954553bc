#include "tests/packaging/command.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace linnet::test {

Ended run(const std::string& command) {
  Ended ended;
  FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return ended;
  std::array<char, 4096> chunk{};
  for (std::size_t size = 0; (size = std::fread(chunk.data(), 1, chunk.size(), pipe)) > 0;)
    ended.text.append(chunk.data(), size);
  ended.status = ::pclose(pipe);
  return ended;
}

std::uintmax_t stripped_size(const std::string& path) {
  const std::string copy = testing::TempDir() + "linnet_stripped_" + std::to_string(::getpid());
  const std::string command = "strip -o '" + copy + "' '" + path + "'";
  if (std::system(command.c_str()) != 0) return UINTMAX_MAX;
  const std::uintmax_t size = std::filesystem::file_size(copy);
  std::filesystem::remove(copy);
  return size;
}

}  // namespace linnet::test
