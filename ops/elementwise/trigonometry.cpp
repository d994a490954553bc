// Tan, Asin, Acos, Atan, and the hyperbolic Sinh, Cosh, Asinh, Acosh, Atanh: Y = f(X), element by element, of angles in
// radians; NaN outside the function's domain. X and Y have the same floating-point type and shape, of any rank. Opsets
// 7 to newest, the hyperbolic ones 9 to newest; bfloat16 (from 22) is accepted at every opset. Sin and Cos, which have
// kernels, are in unary.cpp, Tanh is an activation.
#include <cmath>

#include "ops/elementwise/scalar_function.hpp"

namespace linnet::internal {
namespace {

double tangent(double x) { return std::tan(x); }
double arc_sine(double x) { return std::asin(x); }
double arc_cosine(double x) { return std::acos(x); }
double arc_tangent(double x) { return std::atan(x); }
double hyperbolic_sine(double x) { return std::sinh(x); }
double hyperbolic_cosine(double x) { return std::cosh(x); }
double area_sine(double x) { return std::asinh(x); }
double area_cosine(double x) { return std::acosh(x); }
double area_tangent(double x) { return std::atanh(x); }

}  // namespace

void register_tan(Registry& registry) { registry.add(scalar_function_op<tangent>("Tan", 7)); }
void register_asin(Registry& registry) { registry.add(scalar_function_op<arc_sine>("Asin", 7)); }
void register_acos(Registry& registry) { registry.add(scalar_function_op<arc_cosine>("Acos", 7)); }
void register_atan(Registry& registry) { registry.add(scalar_function_op<arc_tangent>("Atan", 7)); }
void register_sinh(Registry& registry) { registry.add(scalar_function_op<hyperbolic_sine>("Sinh", 9)); }
void register_cosh(Registry& registry) { registry.add(scalar_function_op<hyperbolic_cosine>("Cosh", 9)); }
void register_asinh(Registry& registry) { registry.add(scalar_function_op<area_sine>("Asinh", 9)); }
void register_acosh(Registry& registry) { registry.add(scalar_function_op<area_cosine>("Acosh", 9)); }
void register_atanh(Registry& registry) { registry.add(scalar_function_op<area_tangent>("Atanh", 9)); }

}  // namespace linnet::internal
