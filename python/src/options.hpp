#pragma once

#include <linnet/linnet.hpp>

#include <nanobind/nanobind.h>

#include <optional>

namespace linnet::python {

/// Options from keywords of the same names; `limits` is a dictionary with the names of linnet::Limits, `log` a callable
/// of (severity, text) with severity 0 (debug) to 3 (error). Errors: kInvalidArgument for an unknown name or a value of
/// the wrong kind, which names it.
Options options_from(const nanobind::dict& keywords);

/// `timeout` in seconds; the token must outlive the run. Errors: kInvalidArgument unless the timeout is positive.
RunOptions run_options_from(const CancelToken* cancel, std::optional<double> timeout);

}  // namespace linnet::python
