// How ScatterElements and ScatterND combine an update with the element that it meets.
#pragma once

#include <cstddef>
#include <optional>

#include "ops/elementwise/arithmetic.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

/// What the attribute `reduction` names; nothing for "none": the update takes the element's place.
using ScatterReduction = std::optional<Arithmetic>;

/// From opset 16: "add" and "mul"; from 18 also "max" and "min". Errors: kInvalidModel for another word.
ScatterReduction parse_scatter_reduction(ParseContext& context);

/// For OpDef::string_form: none is needed. Errors: kUnsupported for strings that are to be reduced.
const char* refuse_reduced_strings(const NodeView& node, ScatterReduction reduction);

/// Updates (input 2) of the type of data (input 0) and of this shape; `why` stands behind the shape in the message.
/// Errors: kInvalidModel for others, kUnsupported for bools that are to be added and the like.
void require_updates(const NodeView& node, ScatterReduction reduction, const Dims& expected, const char* why = "");

/// output[i] = output[i] op updates[i] for i < count, in type `type`.
class UpdateLine {
 public:
  UpdateLine() = default;
  UpdateLine(ScatterReduction reduction, DataType type);
  void operator()(const std::byte* updates, std::size_t count, std::byte* output) const;

 private:
  DataType type_ = DataType::kUndefined;
  std::size_t element_bytes_ = 0;
  ArithmeticLine line_ = nullptr;  ///< null: the updates are copied
  bool widens_ = false;
};

}  // namespace linnet::internal
