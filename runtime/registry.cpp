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

std::size_t InputTable::least() const {
  std::size_t least = count_;
  while (least > 0 && (first_[least - 1].uses & kMayBeLeftOut) != 0) --least;
  return least;
}

std::size_t InputTable::most() const { return count_ > 0 && has(count_ - 1, kRepeated) ? kVariadic : count_; }

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
