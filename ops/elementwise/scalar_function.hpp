// What unary operators without a vectorised kernel share: Y = f(X), element by element, computed in double and rounded
// once. Y has X's type and shape.
#pragma once

#include "runtime/op.hpp"

namespace linnet::internal {

using ScalarFunction = double (*)(double);

void infer_scalar_function(InferContext& context);
Prepared prepare_scalar_function(const PrepareContext& context, ScalarFunction function);
void run_scalar_function(const RunArguments& args);

/// The whole operator.
template <ScalarFunction kFunction>
OpDef scalar_function_op(const char* name, int since_opset) {
  OpDef op;
  op.name = name;
  op.since_opset = since_opset;
  op.parse = parse_nothing;
  op.infer = infer_scalar_function;
  const auto prepare = [](const PrepareContext& context) { return prepare_scalar_function(context, kFunction); };
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run_scalar_function}};
  op.facts.in_place_inputs = {0};
  return op;
}

}  // namespace linnet::internal
