#include "runtime/evaluate.hpp"

#include "runtime/data_type.hpp"
#include "runtime/float_mode.hpp"
#include "runtime/held.hpp"
#include "runtime/select.hpp"

namespace linnet::internal {
namespace {

/// Packed weights of a node that runs once are not worth keeping.
class NoReuse : public PackedWeights {
 public:
  std::shared_ptr<const std::byte> get(const ConstantPtr&, const std::string&, std::size_t bytes,
                                       const std::function<void(std::byte*)>& pack) override {
    std::shared_ptr<std::byte> memory = allocate_aligned(bytes);
    pack(memory.get());
    return memory;
  }
};

ConstantPtr view_constant(const ConstantPtr& source, const TensorType& type) {
  auto view = new_shared<Constant>(*source);
  view->type = type.type;
  view->shape = to_shape(type.dims);
  return view;
}

}  // namespace

bool can_evaluate(const NodeView& node) {
  const OpDef& op = *node.node().op;
  if (!op.facts.deterministic || !node.node().bodies.empty()) return false;
  for (std::size_t i = 0; i < node.input_count(); ++i) {
    if (!node.has_input(i) || node.input_constant(i) != nullptr) continue;
    const bool shape_only = op.inputs.has(i, kShapeOnly);
    if (!shape_only || !all_known(node.input_dims(i))) return false;
  }
  for (std::size_t i = 0; i < node.output_count(); ++i) {
    if (!node.has_output(i)) continue;
    const TensorType& type = node.output(i);
    if (!type.known() || bits_of(type.type) == 0) return false;
    if (!op.facts.reveals && !all_known(type.dims)) return false;
  }
  return true;
}

std::vector<ConstantPtr> evaluate(const NodeView& node, const Stop& stop) {
  std::vector<ConstantPtr> results(node.output_count());
  const int view_of = node.node().op->facts.view_of;
  if (view_of >= 0 && node.input_constant(static_cast<std::size_t>(view_of)) != nullptr) {
    if (node.has_output(0))
      results[0] = view_constant(node.input_constant(static_cast<std::size_t>(view_of)), node.output(0));
    return results;
  }
  const FloatMode mode(node.options().flush_denormals);  // as in a run
  NoReuse weights;
  const Implementation& implementation = select_implementation(node, nullptr);
  Prepared prepared;
  RunControl alone(nullptr, 1);
  alone.set_stop(stop);
  if (implementation.prepare != nullptr) prepared = implementation.prepare(PrepareContext(node, 1, weights, alone));
  std::vector<const void*> inputs(node.input_count(), nullptr);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (node.has_input(i) && node.input_constant(i) != nullptr) inputs[i] = node.input_constant(i)->aligned();
  }
  std::vector<void*> outputs(node.output_count(), nullptr);
  std::vector<Held> revealed(node.node().op->facts.reveals ? node.output_count() : 0);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!node.has_output(i)) continue;
    if (!revealed.empty()) {
      outputs[i] = &revealed[i];
      continue;
    }
    std::byte* data = nullptr;
    results[i] = make_constant(node.output(i).type, node.output_shape(i), &data);
    outputs[i] = data;
  }
  const std::shared_ptr<std::byte> workspace = allocate_aligned(prepared.workspace_bytes);
  alone.check();
  implementation.run({prepared.state.get(), inputs.data(), outputs.data(), workspace.get(), alone});
  for (std::size_t i = 0; i < revealed.size(); ++i) {
    if (outputs[i] != nullptr) results[i] = copy_constant(revealed[i].type(), revealed[i].shape(), revealed[i].data());
  }
  return results;
}

ConstantPtr constant_from_elements(const Value& value) {
  if (value.elements == nullptr || !value.type.known() || !all_known(value.type.dims) || !all_known(*value.elements))
    return nullptr;
  if (!(kIntegerTypes | TypeSet{DataType::kBool}).has(value.type.type)) return nullptr;
  const Shape shape = to_shape(value.type.dims);
  if (element_count(shape) != static_cast<std::int64_t>(value.elements->size())) return nullptr;
  std::byte* data = nullptr;
  ConstantPtr constant = make_constant(value.type.type, shape, &data);
  visit_type(value.type.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T>) {
      T* elements = reinterpret_cast<T*>(data);
      for (std::size_t i = 0; i < value.elements->size(); ++i)
        elements[i] = static_cast<T>((*value.elements)[i].value());
    }
  });
  return constant;
}

}  // namespace linnet::internal
