"""Prints the inputs that operators have by ONNX's schemas, one a line: domain, operator, operator set, name, option."""

from onnx import defs

for schema in defs.get_all_schemas_with_history():
    for parameter in schema.inputs:
        domain = schema.domain or "ai.onnx"
        print(domain, schema.name, schema.since_version, parameter.name, parameter.option.name)
