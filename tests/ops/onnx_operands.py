"""Prints the inputs or outputs that operators have by ONNX's schemas, as the argument says. One a line: domain, operator,
operator set, name, option, type (T, or what it is), and the numbers of the element types that a tensor of it may have."""

import sys

from onnx import TensorProto, defs


def element_types(parameter):
    tensors = [name[len("tensor(") : -1] for name in parameter.types if name.startswith("tensor(")]
    return ",".join(str(TensorProto.DataType.Value(name.upper())) for name in tensors) or "0"


for schema in defs.get_all_schemas_with_history():
    for parameter in schema.inputs if sys.argv[1] == "inputs" else schema.outputs:
        print(
            schema.domain or "ai.onnx",
            schema.name,
            schema.since_version,
            parameter.name,
            parameter.option.name,
            parameter.type_str.replace(" ", ""),
            element_types(parameter),
        )
