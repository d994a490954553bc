// A line on stderr that tells how far long work is; only on a terminal.
#pragma once

#include <string>

namespace linnet::tools {

class Progress {
 public:
  Progress();
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// Replaces the line; at most ten times a second.
  void show(const std::string& line);

 private:
  bool on_terminal_;
  bool shown_ = false;
  double last_ = 0.0;
};

}  // namespace linnet::tools
