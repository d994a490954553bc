#include "python/src/run_limits.hpp"

namespace linnet::python {

RunLimits limits_of(const CancelToken* cancel, std::optional<double> timeout) {
  constexpr double kMostSeconds = 1e9;  // far beyond any run, well within 63 bits of nanoseconds
  RunLimits limits{cancel, std::chrono::nanoseconds(0)};
  if (!timeout.has_value()) return limits;
  if (!(*timeout > 0)) throw Error(ErrorCode::kInvalidArgument, "timeout must be a positive number of seconds");
  const double nanoseconds = (*timeout < kMostSeconds ? *timeout : kMostSeconds) * 1e9;
  limits.timeout = std::chrono::nanoseconds(nanoseconds < 1 ? 1 : static_cast<std::int64_t>(nanoseconds));
  return limits;
}

}  // namespace linnet::python
