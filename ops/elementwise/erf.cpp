// Erf: Y = erf(X), the error function. X and Y have the same floating-point type and shape, of any rank.
// Opsets 9 to newest. ONNX also allows integers; Linnet does not.
#include <cmath>

#include "ops/elementwise/scalar_function.hpp"

namespace linnet::internal {
namespace {

double error_function(double x) { return std::erf(x); }

}  // namespace

void register_erf(Registry& registry) {
  OpDef op = scalar_function_op<error_function>();
  op.name = "Erf";
  op.since_opset = 9;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
