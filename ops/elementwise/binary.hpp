// What Add, Sub, Mul and Div share, and others of two inputs in part: C = A op B, element by element, with NumPy's
// broadcasting. A, B and C have the same element type.
#pragma once

#include "ops/elementwise/arithmetic.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

enum class BinaryOp { kAdd, kSub, kMul, kDiv };

/// Sets the type and shape of C and, for integers that describe shapes, its elements as far as known.
/// Errors: kUnsupported, kInvalidModel for types that are not numeric or differ, and for shapes that do not broadcast.
void infer_binary(InferContext& context, BinaryOp op);

/// simd for float32, simd half for 16-bit floats; reference for every type: integers wrap around, 16-bit floats are
/// computed in float.
/// Errors of run: kRuntimeFault for an integer division by zero.
std::vector<Implementation> binary_implementations(BinaryOp op);

/// prepare and run of what has but plain loops, for every type that `arithmetic_line` knows the operation of; as the
/// reference of binary_implementations.
Prepared prepare_arithmetic(const PrepareContext& context, Arithmetic operation);
void run_arithmetic(const RunArguments& args);

/// Elementwise, in place over either input, in any layout.
OpFacts binary_facts();

}  // namespace linnet::internal
