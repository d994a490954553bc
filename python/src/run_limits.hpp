#pragma once

#include <optional>

#include "python/src/model.hpp"

namespace linnet::python {

/// `timeout` in seconds. Errors: kInvalidArgument unless it is a positive number.
RunLimits limits_of(const CancelToken* cancel, std::optional<double> timeout);

}  // namespace linnet::python
