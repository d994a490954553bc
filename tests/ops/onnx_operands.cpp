#include "tests/ops/onnx_operands.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <sstream>

namespace linnet::internal::test {
namespace {

/// The texts between commas, as numbers.
std::vector<DataType> types_in(const std::string& list) {
  std::vector<DataType> types;
  std::istringstream numbers(list);
  for (std::string number; std::getline(numbers, number, ',');)
    types.push_back(static_cast<DataType>(std::stoi(number)));
  return types;
}

}  // namespace

OnnxSchemas onnx_schemas(const char* which) {
  const std::string command =
      std::string("'" LINNET_TEST_PYTHON "' '" LINNET_SOURCE_DIR "/tests/ops/onnx_operands.py' ") + which;
  std::string table;
  FILE* const pipe = ::popen(command.c_str(), "r");
  char part[4096];
  while (pipe != nullptr && std::fgets(part, sizeof part, pipe) != nullptr) table += part;
  EXPECT_TRUE(pipe != nullptr && ::pclose(pipe) == 0) << command;
  OnnxSchemas schemas;
  std::istringstream lines(table);
  std::string domain, op, types;
  int opset = 0;
  for (OnnxOperand operand;
       lines >> domain >> op >> opset >> operand.name >> operand.option >> operand.type >> types;) {
    operand.types = types_in(types);
    schemas[{domain == "ai.onnx" ? "" : domain, op}][opset].push_back(operand);
  }
  return schemas;
}

std::vector<std::vector<OnnxOperand>> forms_of(const OnnxSchemas& schemas, const OpDef& op) {
  const auto schema = schemas.find({op.domain, op.name});
  if (schema == schemas.end()) return {};
  auto form = schema->second.upper_bound(op.since_opset);
  if (form != schema->second.begin()) --form;
  std::vector<std::vector<OnnxOperand>> forms;
  for (; form != schema->second.end(); ++form) forms.push_back(form->second);
  return forms;
}

}  // namespace linnet::internal::test
