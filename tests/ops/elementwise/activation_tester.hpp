// What every activation is tested with: special values, all floating-point types, lengths around those of vectors and
// tasks, empty tensors and scalars.
#pragma once

#include <functional>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {

/// NaN, infinities, zeros, denormals, and numbers where an activation changes its form, overflows or underflows.
std::vector<float> special_floats();

struct ActivationTest {
  std::function<OpTest()> node;           ///< without inputs and outputs
  std::function<double(double)> formula;  ///< the true value, to about 1e-14
  double simd_ulps = 1;                   ///< promised of float32
};

/// Runs all of it. The reference is held to 1 ULP of its type (float64: 1e-13 of the value), as it and the formula may
/// round differently.
void check_activation(const ActivationTest& test);

/// Types that no activation of floats takes are errors at load.
void check_activation_type_errors(const std::function<OpTest()>& node);

}  // namespace linnet::internal
