// The floating-point control register: denormals flushed to zero or not.
#pragma once

namespace linnet::internal {

/// While it lives, denormal inputs and results of this thread count as zero, if `flush`; otherwise IEEE's rules hold.
/// The mode found is restored.
class FloatMode {
 public:
  explicit FloatMode(bool flush) noexcept;
  ~FloatMode();
  FloatMode(const FloatMode&) = delete;
  FloatMode& operator=(const FloatMode&) = delete;

 private:
  unsigned long saved_;
  bool changed_;
};

}  // namespace linnet::internal
