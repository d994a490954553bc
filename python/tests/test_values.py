"""Strings, sequences, maps and optionals: arrays of str, lists of arrays, dicts and None, in every form."""

import linnet
import linnet.backend
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper


def model_of(nodes, inputs, outputs, opset=20):
    """``inputs`` and ``outputs`` are ValueInfoProtos."""
    graph = helper.make_graph(nodes, "made_by_a_test", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def tensor(name, kind=TensorProto.FLOAT, shape=None):
    return helper.make_tensor_value_info(name, kind, shape)


def sequence(name, kind=TensorProto.FLOAT):
    return helper.make_tensor_sequence_value_info(name, kind, None)


def optional(name, inside):
    return helper.make_value_info(name, helper.make_optional_type_proto(inside.type))


@pytest.fixture
def strings_model():
    """y = transpose of x; same = whether the elements are those of x."""
    kind = TensorProto.STRING
    return model_of(
        [helper.make_node("Transpose", ["x"], ["y"]), helper.make_node("Equal", ["x", "other"], ["same"])],
        [tensor("x", kind, ("n", 2)), tensor("other", kind, ("n", 2))],
        [tensor("y", kind, (2, "n")), tensor("same", TensorProto.BOOL, ("n", 2))],
    )


@pytest.fixture
def sequence_model():
    """longer = s with x behind it; first = its first tensor."""
    return model_of(
        [
            helper.make_node("SequenceInsert", ["s", "x"], ["longer"]),
            helper.make_node("Constant", [], ["zero"], value_int=0),
            helper.make_node("SequenceAt", ["longer", "zero"], ["first"]),
        ],
        [sequence("s"), tensor("x", shape=("n",))],
        [sequence("longer"), tensor("first")],
    )


@pytest.fixture
def optional_model():
    """there = whether o has something; same = o."""
    return model_of(
        [helper.make_node("OptionalHasElement", ["o"], ["there"]), helper.make_node("Identity", ["o"], ["same"])],
        [optional("o", sequence(""))],
        [tensor("there", TensorProto.BOOL, ()), optional("same", sequence(""))],
    )


TEXTS = [["a", ""], ["ä€😀", "nul\0in it"], ["last", "one"]]


@pytest.mark.parametrize(
    "given",
    [
        np.array(TEXTS, dtype=object),
        np.array(TEXTS),
        np.array(TEXTS, dtype=object).T.copy().T,
        TEXTS,
        [[text.encode() for text in row] for row in TEXTS],
    ],
    ids=["objects", "U", "strided", "lists", "bytes"],
)
def test_strings(strings_model, given):
    model = linnet.load(strings_model)
    y, same = model(given, np.array([["a", "b"], ["ä€😀", "c"], ["d", "one"]], dtype=object))
    assert y.dtype == object and y.shape == (2, 3)
    assert y.tolist() == [list(column) for column in zip(*TEXTS)]
    assert all(type(text) is str for text in y.flat)
    assert same.tolist() == [[True, False], [True, False], [False, True]]


def test_bytes_that_are_no_utf8_come_back(strings_model):
    given = np.array([[b"\xff\xfe", "\udc80"]], dtype=object)
    y, same = linnet.load(strings_model)(given, given)
    assert y.tolist() == [["\udcff\udcfe"], ["\udc80"]] and same.all()
    assert y[0, 0].encode(errors="surrogateescape") == b"\xff\xfe"


def test_empty_tensors_of_strings(strings_model):
    nothing = np.empty((0, 2), dtype=object)
    y, same = linnet.load(strings_model)(nothing, nothing)
    assert y.shape == (2, 0) and y.dtype == object and same.shape == (0, 2)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.array([[1.5, 2]]), 'input "x": element 0 is a float, expected a str'),
        (np.array([["a", None]], dtype=object), 'input "x": element 1 is a NoneType, expected a str'),
        ([["a", "\ud800"]], 'input "x": element 1: .*surrogates not allowed'),
        (["a", "b"], r'input "x": the model wants string \[n,2\], got string \[2\]'),
        ([["a"], ["b", "c"]], 'input "x": '),
        (None, r'input "x": the model wants string \[n,2\], got nothing'),
        (np.ma.masked_array(np.array([["a", "b"]]), [[True, False]]), 'input "x": elements of the array are masked'),
    ],
    ids=["numbers", "None", "surrogate", "rank", "ragged", "nothing", "masked"],
)
def test_wrong_strings(strings_model, x, message):
    with pytest.raises(linnet.InvalidArgument, match=message):
        linnet.load(strings_model)(x, [["a", "b"]])


def test_sequences(sequence_model):
    model = linnet.load(sequence_model)
    arrays = [np.float32([1, 2]), np.float32([[3], [4]]).T[:, ::-1]]
    longer, first = model(arrays, np.float32([5]))
    assert [array.tolist() for array in longer] == [[1, 2], [[4, 3]], [5]]
    assert all(array.dtype == np.float32 for array in longer)
    np.testing.assert_array_equal(first, [1, 2])
    longer[0][:] = 0
    np.testing.assert_array_equal(arrays[0], [1, 2])
    assert [array.tolist() for array in model((), np.float32([5])).longer] == [[5]]


@pytest.mark.parametrize("name", ["bool", "int64", "float16", "bfloat16", "float8_e4m3fn", "int4"])
def test_sequences_of_other_types(name):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    dtype = np.dtype(getattr(ml_dtypes, name, name))
    kind = helper.np_dtype_to_tensor_dtype(dtype)
    model = linnet.load(
        model_of(
            [helper.make_node("SequenceInsert", ["s", "x"], ["y"])],
            [sequence("s", kind), tensor("x", kind)],
            [sequence("y", kind)],
        )
    )
    x = np.array([1, 0, 1]).astype(dtype)
    made = model([x[::2], x[1]], x)
    assert [array.dtype for array in made] == [dtype] * 3
    assert [array.astype(np.float32).tolist() for array in made] == [[1, 1], 0, [1, 0, 1]]


def test_sequences_of_pytorch(sequence_model):
    torch = pytest.importorskip("torch")
    longer, first = linnet.load(sequence_model)([torch.ones(2)], np.float32([5]))
    assert [type(array) for array in longer] == [torch.Tensor, torch.Tensor]
    assert torch.equal(first, torch.ones(2))


@pytest.mark.parametrize(
    ("s", "message"),
    [
        (np.ones((2, 2), np.float32), 'input "s": expected a list of arrays, got ndarray'),
        ([np.ones(2)], 'input "s", item 0: expected an array of float32, got float64'),
        ([np.ones(2, np.float32), "text"], 'input "s", item 1: expected an array .*, got str'),
        (None, r'input "s": the model wants sequence\(float32\), got nothing'),
    ],
    ids=["an array", "another dtype", "no array", "nothing"],
)
def test_wrong_sequences(sequence_model, s, message):
    with pytest.raises(linnet.InvalidArgument, match=message):
        linnet.load(sequence_model)(s, np.float32([1]))


def test_sequences_of_strings():
    model = linnet.load(
        model_of(
            [helper.make_node("ConcatFromSequence", ["s"], ["y"], axis=0)],
            [sequence("s", TensorProto.STRING)],
            [tensor("y", TensorProto.STRING)],
        )
    )
    assert model([np.array(["a"]), ["b", "c"]]).tolist() == ["a", "b", "c"]


def test_optionals(optional_model):
    model = linnet.load(optional_model)
    there, same = model(None)
    assert not there and same is None
    there, same = model([np.float32([1])])
    assert there and [array.tolist() for array in same] == [[1]]
    assert model.run({"o": []})["same"] == []


def test_infos(strings_model, sequence_model, optional_model):
    models = [linnet.load(model) for model in (strings_model, sequence_model, optional_model)]
    assert [str(info) for model in models for info in model.inputs] == [
        "x: str[n, 2]",
        "other: str[n, 2]",
        "s: sequence(float32)",
        "x: float32[n]",
        "o: optional(sequence(float32))",
    ]
    assert models[1].inputs[0] == linnet.TensorInfo("s", "float32", None, "sequence")


def test_inference_session(strings_model, sequence_model, optional_model):
    strings, sequences, optionals = (
        linnet.InferenceSession(model.SerializeToString())
        for model in (strings_model, sequence_model, optional_model)
    )
    assert [node.type for node in strings.get_inputs()] == ["tensor(string)"] * 2
    assert [node.type for node in sequences.get_outputs()] == ["seq(tensor(float))", "tensor(float)"]
    assert [node.type for node in optionals.get_inputs()] == ["optional(seq(tensor(float)))"]
    (y,) = strings.run(["y"], {"x": np.array([["a", "b"]]), "other": np.array([["a", "b"]])})
    assert y.tolist() == [["a"], ["b"]]
    longer, first = sequences.run(None, {"s": [], "x": np.float32([7])})
    assert longer[0] == first == 7
    assert optionals.run(["same", "there"], {"o": None})[0] is None


def test_profiles_and_given_arrays_are_refused(sequence_model, tmp_path):
    options = linnet.SessionOptions()
    options.enable_profiling = True
    options.profile_file_prefix = str(tmp_path / "profile")
    with pytest.raises(linnet.NotImplemented, match="cannot be profiled"):
        linnet.InferenceSession(sequence_model, options)
    with pytest.raises(linnet.NotImplemented, match="does not write to given arrays"):
        linnet.load(sequence_model)([], np.float32([1]), out=[None, np.empty(1, np.float32)])
    with pytest.raises(linnet.NotImplemented, match="the steps are not shown"):
        linnet.load(sequence_model).steps([], np.float32([1]))


def test_ort_values(strings_model, sequence_model, optional_model):
    text = linnet.OrtValue.ortvalue_from_numpy(np.array([["a", "b"]]))
    assert (text.data_type(), text.element_type(), text.shape()) == ("tensor(string)", TensorProto.STRING, [1, 2])
    session = linnet.InferenceSession(strings_model)
    y, same = session.run_with_ort_values(None, {"x": text, "other": text})
    assert y.numpy().tolist() == [["a"], ["b"]] and y.data_type() == "tensor(string)" and same.numpy().all()

    session = linnet.InferenceSession(sequence_model)
    x = linnet.OrtValue.ortvalue_from_numpy(np.float32([1]))
    one = linnet.InferenceSession(
        model_of([helper.make_node("SequenceConstruct", ["x"], ["s"])], [tensor("x")], [sequence("s")])
    ).run_with_ort_values(["s"], {"x": x})[0]
    assert one.is_tensor_sequence() and not one.is_tensor() and one.has_value()
    assert one.data_type() == "seq(tensor(float))"
    longer, first = session.run_with_ort_values(None, {"s": one, "x": x})
    assert longer.is_tensor_sequence() and first.numpy() == 1
    with pytest.raises(linnet.InvalidArgument, match=r"the value is seq\(tensor\(float\)\), expected a tensor"):
        longer.numpy()

    session = linnet.InferenceSession(optional_model)
    (nothing,) = session.run_with_ort_values(["same"], {"o": linnet.OrtValue(None, "optional(seq(tensor(float)))")})
    assert not nothing.has_value() and nothing.data_type() == "optional(seq(tensor(float)))"


def test_bindings(strings_model, sequence_model, optional_model):
    session = linnet.InferenceSession(strings_model)
    binding = session.io_binding()
    x = np.array([["a", "b"]], dtype=object)
    binding.bind_cpu_input("x", x)
    binding.bind_ortvalue_input("other", linnet.OrtValue.ortvalue_from_numpy(x))
    binding.bind_output("same")
    binding.bind_output("y")
    x[0, 0] = "changed"  # strings are copied when they are bound
    for _ in range(2):
        session.run_with_iobinding(binding)
        same, y = binding.copy_outputs_to_cpu()
        assert same.all() and y.tolist() == [["a"], ["b"]]
    with pytest.raises(linnet.InvalidArgument):
        binding.bind_ortvalue_output("y", linnet.OrtValue.ortvalue_from_numpy(np.array([["a"], ["b"]])))

    session = linnet.InferenceSession(sequence_model)
    binding = session.io_binding()
    binding.bind_cpu_input("s", [np.float32([1])])
    binding.bind_cpu_input("x", np.float32([2]))
    binding.bind_output("longer")
    binding.bind_output("first")
    session.run_with_iobinding(binding)
    longer, first = binding.get_outputs()
    assert longer.is_tensor_sequence() and first.numpy() == 1
    copied = binding.copy_outputs_to_cpu()[0]
    assert [array.tolist() for array in copied] == [[1], [2]]

    session = linnet.InferenceSession(optional_model)
    binding = session.io_binding()
    binding.bind_cpu_input("o", None)
    binding.bind_output("same")
    session.run_with_iobinding(binding)
    assert binding.copy_outputs_to_cpu() == [None]


def test_backend_runs_nodes():
    node = helper.make_node("SequenceAt", ["s", "i"], ["y"])
    (y,) = linnet.backend.run_node(node, [[np.float32([1, 2]), np.float32([3])], np.int64(1)])
    assert y.tolist() == [3]
    node = helper.make_node("Concat", ["a", "b"], ["y"], axis=0)
    (y,) = linnet.backend.run_node(node, [np.array(["a"]), np.array(["b"])])
    assert y.tolist() == ["a", "b"]


def test_strings_are_compared():
    from linnet.comparison import compare

    a, b = np.array(["x", "y"], dtype=object), np.array(["x", "z"], dtype=object)
    assert compare(a, a).passed
    assert str(compare(a, b)) == "1 of 2 strings differ"


def test_many_threads_share_a_model(strings_model):
    from concurrent.futures import ThreadPoolExecutor

    model = linnet.load(strings_model)

    def run(number):
        texts = np.array([[f"{number}", "b" * 100]], dtype=object)
        y, same = model(texts, texts)
        return y.tolist() == texts.T.tolist() and bool(same.all())

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(run, range(200)))


def learned(op, inputs, outputs, **attributes):
    node = helper.make_node(op, ["x"], ["y"], domain="ai.onnx.ml", **attributes)
    graph = helper.make_graph([node], "made_by_a_test", inputs, outputs)
    imports = [helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=10)


def map_type(keys, kind=TensorProto.FLOAT):
    return helper.make_map_type_proto(keys, helper.make_tensor_type_proto(kind, None))


@pytest.mark.parametrize(
    ("attributes", "keys", "first"),
    [
        ({"classlabels_int64s": [7, -1]}, TensorProto.INT64, {-1: 0.25, 7: 0.75}),
        ({"classlabels_strings": ["b", "ä"]}, TensorProto.STRING, {"b": 0.75, "ä": 0.25}),
    ],
)
def test_lists_of_dicts(attributes, keys, first):
    made = helper.make_value_info("y", helper.make_sequence_type_proto(map_type(keys)))
    model = linnet.load(learned("ZipMap", [tensor("x", shape=("n", 2))], [made], **attributes))
    name = "str" if keys == TensorProto.STRING else "int64"
    assert (model.outputs[0].kind, model.outputs[0].dtype, model.outputs[0].keys) == ("map sequence", "float32", name)
    assert str(model.outputs[0]) == f"y: sequence(map({name}, float32))"
    maps = model(np.float32([[0.75, 0.25], [1, 0]]))
    assert maps[0] == first
    assert list(maps[0]) == list(first)
    assert {type(value) for value in maps[0].values()} == {float}
    assert len(maps) == 2


def test_dicts():
    given = helper.make_value_info("x", map_type(TensorProto.STRING))
    proto = learned("DictVectorizer", [given], [tensor("y")], string_vocabulary=["a", "b"])
    model = linnet.load(proto)
    assert (model.inputs[0].kind, model.inputs[0].keys) == ("map", "str")
    np.testing.assert_array_equal(model({"b": 2, "c": 3.5}), np.float32([[0, 2]]))
    np.testing.assert_array_equal(model({}), np.float32([[0, 0]]))
    session = linnet.InferenceSession(proto.SerializeToString())
    assert session.get_inputs()[0].type == "map(string,tensor(float))"
    np.testing.assert_array_equal(session.run(None, {"x": {"a": 1.5}})[0], np.float32([[1.5, 0]]))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([1], "expected a dict, got list"),
        ({1: 2.0}, "keys: element 0 is a int, expected a str"),
        (None, r"the model wants map\(string, float32\), got nothing"),
    ],
)
def test_wrong_dicts(x, message):
    given = helper.make_value_info("x", map_type(TensorProto.STRING))
    with pytest.raises(linnet.InvalidArgument, match=message):
        linnet.load(learned("DictVectorizer", [given], [tensor("y")], string_vocabulary=["a"]))(x)
