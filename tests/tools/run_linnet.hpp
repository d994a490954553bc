// Runs the program in this process and keeps what it says.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tools/commands.hpp"

namespace linnet::tools {

struct Said {
  int status;
  std::string out;
  std::string err;
};

/// `linnet` with these words behind it.
inline Said run_linnet(std::vector<std::string> words) {
  words.insert(words.begin(), "linnet");
  std::vector<const char*> arguments;
  arguments.reserve(words.size());
  for (const std::string& word : words) arguments.push_back(word.c_str());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int status = run_program(static_cast<int>(arguments.size()), arguments.data());
  std::string out = testing::internal::GetCapturedStdout();
  return {status, std::move(out), testing::internal::GetCapturedStderr()};
}

}  // namespace linnet::tools
