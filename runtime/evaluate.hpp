// Runs one node on constants: what constant folding and shape computations use.
#pragma once

#include <vector>

#include "runtime/op.hpp"

namespace linnet::internal {

/// True when everything the node reads is constant (or only its shape is read, and known) and its result is always the
/// same.
bool can_evaluate(const NodeView& node);

/// The outputs' constants, null for outputs left out. A view shares its input's bytes.
/// Requires: can_evaluate(node); outputs inferred with all dimensions known. Errors: what the implementation throws,
/// those of Stop::check, std::bad_alloc.
std::vector<ConstantPtr> evaluate(const NodeView& node, const Stop& stop = {});

/// The constant that a value's `elements` describe, if all are numbers; null otherwise.
ConstantPtr constant_from_elements(const Value& value);

}  // namespace linnet::internal
