"""Writes the model of the examples with values that are no tensors of numbers.

    python examples/values/write_model.py

It needs onnx. "labels" are strings [n], "scores" a sequence of float32 tensors. "are_cats" says which labels are "cat",
"all_scores" joins the sequence, "longer" is the sequence with that behind it.
"""

from pathlib import Path

import onnx
from onnx import TensorProto, helper

NODES = [
    helper.make_node("Equal", ["labels", "cat"], ["are_cats"]),
    helper.make_node("ConcatFromSequence", ["scores"], ["all_scores"], axis=0),
    helper.make_node("SequenceInsert", ["scores", "all_scores"], ["longer"]),
]


def main() -> None:
    graph = helper.make_graph(
        NODES,
        "values",
        [
            helper.make_tensor_value_info("labels", TensorProto.STRING, ["n"]),
            helper.make_tensor_sequence_value_info("scores", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("are_cats", TensorProto.BOOL, ["n"]),
            helper.make_tensor_value_info("all_scores", TensorProto.FLOAT, None),
            helper.make_tensor_sequence_value_info("longer", TensorProto.FLOAT, None),
        ],
        [helper.make_tensor("cat", TensorProto.STRING, [], [b"cat"])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    onnx.save(model, Path(__file__).parent / "values.onnx")


if __name__ == "__main__":
    main()
