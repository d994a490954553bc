// Erf: Y = erf(X), the error function. X and Y have the same floating-point type and shape, of any rank.
// Opsets 9 to newest. ONNX also allows integers; Linnet does not.
#include <cmath>

#include "ops/elementwise/scalar_function.hpp"

namespace linnet::internal {
namespace {

double error_function(double x) { return std::erf(x); }

}  // namespace

void register_erf(Registry& registry) { registry.add(scalar_function_op<error_function>("Erf", 9)); }

}  // namespace linnet::internal
