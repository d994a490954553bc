"""Weights beside the model: behind links, in another folder, in memory."""

import os

import numpy as np
import pytest
from onnx import TensorProto, helper

import linnet


@pytest.fixture
def model():
    """y = x + w, with w = [1, 2, 3, 4] in weights.bin. Bytes of the model and of the file."""
    w = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    w.external_data.add(key="location", value="weights.bin")
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "g", ports[:1], ports[1:], [w])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return made.SerializeToString(), np.array([1, 2, 3, 4], np.float32).tobytes()


def check(loaded):
    zeros = np.zeros(4, np.float32)
    run = loaded if callable(loaded) else lambda x: loaded.run(None, {"x": x})[0]
    np.testing.assert_array_equal(run(zeros), [1, 2, 3, 4])


def test_a_snapshot_of_links_into_blobs(model, tmp_path):
    """As Hugging Face's cache lays files out."""
    blobs = tmp_path / "hub" / "blobs"
    snapshot = tmp_path / "hub" / "snapshots" / "rev"
    blobs.mkdir(parents=True)
    snapshot.mkdir(parents=True)
    for name, blob, content in (("model.onnx", "1a", model[0]), ("weights.bin", "2b", model[1])):
        (blobs / blob).write_bytes(content)
        (snapshot / name).symlink_to(f"../../blobs/{blob}")
    check(linnet.load(snapshot / "model.onnx"))
    check(linnet.InferenceSession(str(snapshot / "model.onnx")))


def test_links_out_of_the_folder_want_an_option(model, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "data").write_bytes(model[1])
    (tmp_path / "model").mkdir()
    path = tmp_path / "model" / "m.onnx"
    path.write_bytes(model[0])
    link = path.with_name("weights.bin")
    options = linnet.SessionOptions()
    options.allow_external_links = True
    for make in (lambda: link.symlink_to("../elsewhere/data"), lambda: os.link(tmp_path / "elsewhere" / "data", link)):
        make()
        for load in (linnet.load, linnet.InferenceSession):
            with pytest.raises(linnet.errors.InvalidGraph, match="; the option allow_external_links accepts it"):
                load(str(path))
        check(linnet.load(path, allow_external_links=True))
        check(linnet.InferenceSession(str(path), options))
        link.unlink()


def test_a_model_from_bytes_with_a_folder(model, tmp_path):
    (tmp_path / "weights.bin").write_bytes(model[1])
    check(linnet.load(model[0], external_data_folder=tmp_path))
    message = "has no folder; the option external_data_folder names one, the option external_data gives the bytes"
    with pytest.raises(linnet.errors.NotImplemented, match=message):
        linnet.load(model[0])


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, lambda data: np.frombuffer(data, np.float32)])
def test_a_model_from_bytes_with_the_bytes_of_its_data(model, kind):
    check(linnet.load(model[0], external_data={"weights.bin": kind(model[1])}))


def test_wrong_external_data(model):
    for given, message in (
        ({"weights.bin": 3}, 'external data "weights.bin" is a int, expected contiguous bytes'),
        ({"weights.bin": np.zeros((4, 4), np.float32)[:, 0]}, "expected contiguous bytes"),
        ([model[1]], "external_data is a list, expected a dict of bytes"),
        ({1: model[1]}, "external_data"),
    ):
        with pytest.raises(linnet.InvalidArgument, match=message):
            linnet.load(model[0], external_data=given)
    with pytest.raises(linnet.errors.InvalidGraph, match='"weights.bin", which has only 3 bytes'):
        linnet.load(model[0], external_data={"weights.bin": model[1][:3]})
