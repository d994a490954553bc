#pragma once

#include <linnet/linnet.hpp>

#include <nanobind/nanobind.h>

namespace linnet::python {

/// Options from keywords of the same names; `limits` is a dictionary with the names of linnet::Limits, `log` a callable
/// of (severity, text) with severity 0 (debug) to 3 (error). Errors: kInvalidArgument for an unknown name or a value of
/// the wrong kind, which names it.
Options options_from(const nanobind::dict& keywords);

}  // namespace linnet::python
