#include "runtime/operator_module.hpp"

#include <dlfcn.h>

#include "runtime/error.hpp"
#include "runtime/module_loader.hpp"

namespace linnet::internal {
namespace {

constexpr const char* kModule = "liblinnet_extra.so";

struct Module {
  const Registry* operators = nullptr;
  std::string reason;  ///< why there are none
};

Module load_module() {
  Module module;
  void* const handle = open_module(kModule, &module.reason);
  if (handle == nullptr) return module;
  const auto operators = reinterpret_cast<ModuleOperators>(::dlsym(handle, "linnet_extra_operators"));
  if (operators != nullptr) module.operators = operators(kBuildStamp);
  if (module.operators == nullptr) module.reason = text("the module ", kModule, " belongs to another build of Linnet");
  return module;
}

const Module& module_of_operators() {
  // Never destroyed: other threads may load and run while the process exits.
  static const Module& module = *new Module(load_module());
  return module;
}

AttributesPtr parse_without_module(ParseContext&) {
  unsupported("its kernel is in a module, and ", module_of_operators().reason);
}

/// None are checked: `parse` refuses the node.
constexpr InputDef kAnyInputs[] = {{"", {}, kRepeated | kMayBeLeftOut}};

}  // namespace

void add_from_module(Registry& registry, const char* domain, const char* name) {
  OpDef op;
  op.domain = domain;
  op.name = name;
  op.inputs = kAnyInputs;
  op.max_outputs = kVariadic;
  op.parse = parse_without_module;
  registry.add(std::move(op));
}

const OpDef& look_in_module(const OpDef& definition) {
  if (definition.parse != parse_without_module) return definition;
  const Registry* const operators = module_of_operators().operators;
  const OpDef* const found = operators == nullptr ? nullptr : operators->find(definition.domain, definition.name);
  return found == nullptr ? definition : *found;
}

}  // namespace linnet::internal
