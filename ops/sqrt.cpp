// Sqrt: Y = the square root of X, NaN for negative elements. X and Y have the same floating-point type and shape, of
// any rank. Opsets 6 to newest.
#include <cmath>

#include "ops/scalar_function.hpp"

namespace linnet::internal {
namespace {

double square_root(double x) { return std::sqrt(x); }

}  // namespace

void register_sqrt(Registry& registry) {
  OpDef op = scalar_function_op<square_root>();
  op.name = "Sqrt";
  op.since_opset = 6;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
