#pragma once

#include <linnet/linnet.hpp>

#include <nanobind/nanobind.h>

#include <chrono>
#include <deque>
#include <optional>

#include "python/src/array.hpp"

namespace linnet::python {

/// Options, and the arrays that they borrow from.
struct LoadOptions : Options {
  std::deque<BorrowedArray> arrays;
};

/// Options from keywords of the same names; `limits` is a dictionary with the names of linnet::Limits, `log` a callable
/// of (severity, text) with severity 0 (debug) to 3 (error), `dimensions`, `denoted_dimensions` and `initializers` are
/// dictionaries by name. Errors: kInvalidArgument for an unknown name or a value of the wrong kind, which names it.
LoadOptions options_from(const nanobind::dict& keywords);

/// `timeout` in seconds; the token must outlive the run. Errors: kInvalidArgument unless the timeout is positive.
RunOptions run_options_from(const CancelToken* cancel, std::optional<double> timeout);

/// Shares the time of one call from Python among the calls of Linnet that it makes.
class Timer {
 public:
  explicit Timer(const RunOptions& options) : options_(options), start_(std::chrono::steady_clock::now()) {}
  /// The options with the time that is left; it is never 0, which would mean no limit.
  RunOptions left() const;

 private:
  RunOptions options_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace linnet::python
