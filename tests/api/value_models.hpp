// Models whose inputs or outputs are strings, sequences or optionals.
#pragma once

#include <string>

#include "tests/support/value_models.hpp"

namespace linnet::test {

/// "y" is the transpose of "x", string [n, 2]; "same" says where x is "a".
inline std::string strings_model() {
  return model()
      .opset(19)
      .input("x", DataType::kString, {"n", 2})
      .initializer("a", string_tensor({1}, {"a"}))
      .node("Transpose", {"x"}, {"y"})
      .node("Equal", {"x", "a"}, {"same"})
      .output("y", DataType::kString, {2, "n"})
      .output("same", DataType::kBool, {"n", 2})
      .bytes();
}

/// "longer" is the sequence "s" of float32 with "x" behind it, "first" its first tensor.
inline std::string sequence_model() {
  ModelWriter writer = model();
  writer.opset(17);
  value_input(writer, "s", sequence_type(DataType::kFloat32))
      .input("x", DataType::kFloat32)
      .initializer<std::int64_t>("zero", {}, {0})
      .node("SequenceInsert", {"s", "x"}, {"longer"})
      .node("SequenceAt", {"longer", "zero"}, {"first"})
      .output("longer")
      .output("first");
  return writer.bytes();
}

/// "there" says whether the optional "o" of a float32 tensor has something; "same" is o.
inline std::string optional_model() {
  ModelWriter writer = model();
  writer.opset(18);
  value_input(writer, "o", optional_type(tensor_type(DataType::kFloat32)))
      .node("OptionalHasElement", {"o"}, {"there"})
      .node("Identity", {"o"}, {"same"})
      .output("there")
      .output("same");
  return writer.bytes();
}

}  // namespace linnet::test
