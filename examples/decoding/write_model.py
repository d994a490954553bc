"""Writes the model of the decoding examples: one layer of a decoder with a cache, as exporters write it.

    python examples/decoding/write_model.py

It needs onnx and NumPy. "logits" [batch, tokens, 16] are those of the tokens after each of "input_ids" [batch, tokens],
which follow the tokens whose keys and values are in "past.0.key" and "past.0.value" [batch, 2, past, 4]. "present.0.key"
and "present.0.value" are these with the new tokens' behind them. The weights are random.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

VOCABULARY, POSITIONS, HEADS, DEPTH = 16, 64, 2, 4
WIDTH = HEADS * DEPTH


def heads_of(kind: str) -> list[onnx.NodeProto]:
    """x times the weights of that kind: [batch, head, token, depth]."""
    return [
        helper.make_node("MatMul", ["x", f"w_{kind}"], [f"{kind}_rows"]),
        helper.make_node("Reshape", [f"{kind}_rows", "split"], [f"{kind}_split"]),
        helper.make_node("Transpose", [f"{kind}_split"], [kind], perm=[0, 2, 1, 3]),
    ]


NODES = [
    helper.make_node("Shape", ["input_ids"], ["tokens"], start=1),
    helper.make_node("Shape", ["past.0.key"], ["past"], start=2, end=3),
    helper.make_node("Add", ["past", "tokens"], ["total"]),
    *(helper.make_node("Squeeze", [name], [f"{name}_number"]) for name in ("past", "total")),
    helper.make_node("Range", ["past_number", "total_number", "one"], ["queries"]),
    helper.make_node("Range", ["zero", "total_number", "one"], ["keys"]),
    helper.make_node("Gather", ["embeddings", "input_ids"], ["embedded"]),
    helper.make_node("Gather", ["positions", "queries"], ["positioned"]),
    helper.make_node("Add", ["embedded", "positioned"], ["x"]),
    *(node for kind in ("query", "key", "value") for node in heads_of(kind)),
    helper.make_node("Concat", ["past.0.key", "key"], ["present.0.key"], axis=2),
    helper.make_node("Concat", ["past.0.value", "value"], ["present.0.value"], axis=2),
    helper.make_node("Transpose", ["present.0.key"], ["columns"], perm=[0, 1, 3, 2]),
    helper.make_node("MatMul", ["query", "columns"], ["products"]),
    helper.make_node("Mul", ["products", "scale"], ["scaled"]),
    helper.make_node("Unsqueeze", ["queries", "axis"], ["query_column"]),
    helper.make_node("LessOrEqual", ["keys", "query_column"], ["seen"]),
    helper.make_node("Where", ["seen", "nothing", "lowest"], ["mask"]),
    helper.make_node("Add", ["scaled", "mask"], ["scores"]),
    helper.make_node("Softmax", ["scores"], ["probabilities"], axis=-1),
    helper.make_node("MatMul", ["probabilities", "present.0.value"], ["attended"]),
    helper.make_node("Transpose", ["attended"], ["attended_rows"], perm=[0, 2, 1, 3]),
    helper.make_node("Reshape", ["attended_rows", "join"], ["joined"]),
    helper.make_node("Add", ["x", "joined"], ["y"]),
    helper.make_node("MatMul", ["y", "w_logits"], ["logits"]),
]


def main() -> None:
    numbers = np.random.default_rng(7)
    sizes = {
        "embeddings": (VOCABULARY, WIDTH),
        "positions": (POSITIONS, WIDTH),
        **{f"w_{kind}": (WIDTH, WIDTH) for kind in ("query", "key", "value")},
        "w_logits": (WIDTH, VOCABULARY),
    }
    constants = {name: numbers.standard_normal(size).astype(np.float32) for name, size in sizes.items()}
    constants["scale"] = np.float32(DEPTH**-0.5)
    constants["nothing"] = np.float32(0)
    constants["lowest"] = np.float32(-np.inf)
    for name, value in {"split": [0, 0, HEADS, DEPTH], "join": [0, 0, WIDTH], "axis": [1], "zero": 0, "one": 1}.items():
        constants[name] = np.array(value, np.int64)
    caches = ["key", "value"]
    graph = helper.make_graph(
        NODES,
        "decoder",
        [
            helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "tokens"]),
            *(
                helper.make_tensor_value_info(f"past.0.{kind}", TensorProto.FLOAT, ["batch", HEADS, "past", DEPTH])
                for kind in caches
            ),
        ],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "tokens", VOCABULARY]),
            *(
                helper.make_tensor_value_info(f"present.0.{kind}", TensorProto.FLOAT, ["batch", HEADS, "total", DEPTH])
                for kind in caches
            ),
        ],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, Path(__file__).parent / "decoder.onnx")


if __name__ == "__main__":
    main()
