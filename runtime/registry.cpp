#include "runtime/op.hpp"
#include "runtime/operator_module.hpp"
#include "runtime/pattern.hpp"

namespace linnet::internal {

OpDef::OpDef() = default;
OpDef::OpDef(const OpDef&) = default;
OpDef::OpDef(OpDef&&) noexcept = default;
OpDef& OpDef::operator=(const OpDef&) = default;
OpDef& OpDef::operator=(OpDef&&) noexcept = default;
OpDef::~OpDef() = default;

DataType OutputDef::type(const NodeView& node) const {
  if (like >= 0) return node.input_type(static_cast<std::size_t>(like));
  return (uses & kJudgesTypes) != 0 ? DataType::kUndefined : types.only();
}

bool OutputDef::may_be(DataType type, const NodeView& node) const {
  if ((uses & kJudgesTypes) != 0) return true;
  return like >= 0 ? type == node.input_type(static_cast<std::size_t>(like)) : types.has(type);
}

template <typename Def>
std::string OperandTable<Def>::name(std::size_t index) const {
  const Def* const operand = of(index);
  return operand == nullptr || *operand->name == '\0' ? text(index) : operand->name;
}
template class OperandTable<InputDef>;
template class OperandTable<OutputDef>;

void Registry::add(OpDef definition) {
  auto key = std::make_pair(definition.domain, definition.name);
  if (!definitions_.emplace(std::move(key), std::move(definition)).second)
    fail(ErrorCode::kInternal, "an operator is registered twice");
}

void Registry::add(Fusion fusion) { fusions_.push_back(new_shared<const Fusion>(std::move(fusion))); }

const OpDef* Registry::find(std::string_view domain, std::string_view name) const {
  if (domain == "ai.onnx") domain = "";
  const auto found = definitions_.find(std::pair<std::string, std::string>(domain, name));
  return found == definitions_.end() ? nullptr : &look_in_module(found->second);
}

std::vector<const OpDef*> Registry::all() const {
  std::vector<const OpDef*> list;
  list.reserve(definitions_.size());
  for (const auto& entry : definitions_) list.push_back(&entry.second);
  return list;
}

AttributesPtr parse_nothing(ParseContext&) {
  // Never destroyed: other threads may load while the process exits.
  static const auto& none = *new AttributesPtr(new_shared<NoAttributes>());
  return none;
}

}  // namespace linnet::internal
