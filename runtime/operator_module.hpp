// liblinnet_extra.so, the module of operators that few networks have: `@extra` in ops/ops.list. The shared library
// knows their names alone, and takes their definitions from there when a model has one. C++ objects pass between the
// two, so they belong to one build; of the code of runtime/ and ops/ the module has its own copy.
#pragma once

#include "runtime/op.hpp"

namespace linnet::internal {

/// Adds what stands for an operator of the module: its name, and a `parse` that says why the module is not there.
void add_from_module(Registry& registry, const char* domain, const char* name);

/// The definition from the module, where this one stands for it and the module can be opened; else this one. The first
/// call for such a one opens the module. Thread-safe. Errors: std::bad_alloc.
const OpDef& look_in_module(const OpDef& definition);

/// What the library and the module were built from: version, compiler and a hash of runtime/ and the public headers.
extern const char kBuildStamp[];

/// Exported as linnet_extra_operators. Null for another stamp than the module's. The registry is there for good.
/// Errors: std::bad_alloc.
using ModuleOperators = const Registry* (*)(const char* build_stamp);

}  // namespace linnet::internal
