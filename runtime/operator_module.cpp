#include "runtime/operator_module.hpp"

#include "runtime/error.hpp"
#include "runtime/module_loader.hpp"

namespace linnet::internal {
namespace {

struct Module {
  const Registry* operators = nullptr;
  std::string reason;  ///< why there are none
};

Module load_module() {
  Module module;
  module.operators =
      module_api<ModuleOperators>("liblinnet_extra.so", "linnet_extra_operators", kBuildStamp, &module.reason);
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

/// None are checked: `parse` refuses the node. Of what stands for an operator of the module alone.
constexpr InputDef kAnyInputs[] = {{"", {}, kRepeated | kMayBeLeftOut}};
constexpr OutputDef kAnyOutputs[] = {{"", TypeSet{}, kRepeated}};

}  // namespace

void add_from_module(Registry& registry, const char* domain, const char* name) {
  OpDef op;
  op.domain = domain;
  op.name = name;
  op.inputs = kAnyInputs;
  op.outputs = kAnyOutputs;
  op.parse = parse_without_module;
  registry.add(std::move(op));
}

const OpDef& look_in_module(const OpDef& definition) {
  if (definition.inputs.begin() != kAnyInputs) return definition;
  const Registry* const operators = module_of_operators().operators;
  const OpDef* const found = operators == nullptr ? nullptr : operators->find(definition.domain, definition.name);
  return found == nullptr ? definition : *found;
}

}  // namespace linnet::internal
