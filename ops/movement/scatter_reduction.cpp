#include "ops/movement/scatter_reduction.hpp"

#include <cstring>

#include "ops/elementwise/broadcast_loops.hpp"

namespace linnet::internal {

ScatterReduction parse_scatter_reduction(ParseContext& context) {
  if (context.opset() < 16) return std::nullopt;
  const std::string reduction = context.get_string("reduction", "none");
  if (reduction == "none") return std::nullopt;
  if (reduction == "add") return Arithmetic::kAdd;
  if (reduction == "mul") return Arithmetic::kMul;
  const bool newer = context.opset() >= 18;
  if (newer && reduction == "max") return Arithmetic::kMax;
  if (newer && reduction == "min") return Arithmetic::kMin;
  invalid_model("reduction is \"", printable(reduction), "\", expected none, add",
                newer ? ", mul, max or min" : " or mul");
}

const char* refuse_reduced_strings(const NodeView& node, ScatterReduction reduction) {
  if (reduction && node.input_type(0) == DataType::kString) unsupported("strings cannot be reduced");
  return nullptr;
}

void require_updates(const NodeView& node, ScatterReduction reduction, const Dims& expected, const char* why) {
  const DataType type = node.input_type(0);
  if (reduction && type == DataType::kBool) unsupported("bools cannot be reduced");
  if (reduction && !kNumericTypes.has(type)) unsupported("elements of type ", type, " cannot be reduced");
  const Dims& updates = node.input_dims(2);
  bool same = expected.size() == updates.size();
  for (std::size_t i = 0; same && i < expected.size(); ++i) same = !expected[i].differs(updates[i]);
  if (!same) invalid_model("input updates is ", updates, ", expected ", expected, why);
}

UpdateLine::UpdateLine(ScatterReduction reduction, DataType type)
    : type_(type),
      element_bytes_(size_of(type)),
      line_(reduction ? arithmetic_line(*reduction, computed_type(type)) : nullptr),
      widens_(computed_type(type) != type) {}

void UpdateLine::operator()(const std::byte* updates, std::size_t count, std::byte* output) const {
  if (line_ == nullptr) {
    std::memcpy(output, updates, count * element_bytes_);
  } else if (!widens_) {
    line_(output, updates, count, output);
  } else {
    for_lined_up(0, count, [&](std::size_t first, std::size_t size) {
      float old_line[kLinedUp];
      float update_line[kLinedUp];
      load_line(type_, output, first, size, old_line);
      load_line(type_, updates, first, size, update_line);
      line_(old_line, update_line, size, old_line);
      store_line(type_, old_line, first, size, output);
    });
  }
}

}  // namespace linnet::internal
