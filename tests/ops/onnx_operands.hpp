// The inputs and outputs that operators have by ONNX's schemas.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "runtime/op.hpp"

namespace linnet::internal::test {

struct OnnxOperand {
  std::string name;
  std::string option;           ///< Single, Optional, Variadic
  std::string type;             ///< a name within the schema, or the type: two operands of one name have one type
  std::vector<DataType> types;  ///< of elements, where it may be a tensor
};

/// By operator set: what the schema that begins there has.
using OnnxForms = std::map<int, std::vector<OnnxOperand>>;
/// By domain and name.
using OnnxSchemas = std::map<std::pair<std::string, std::string>, OnnxForms>;

/// `which`: "inputs" or "outputs".
OnnxSchemas onnx_schemas(const char* which);

/// The forms that an operator of Linnet's stands for, oldest first; nothing for one that ONNX does not have.
std::vector<std::vector<OnnxOperand>> forms_of(const OnnxSchemas& schemas, const OpDef& op);

}  // namespace linnet::internal::test
