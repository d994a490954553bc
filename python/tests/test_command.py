"""python -m linnet, and bench --against."""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import linnet
import numpy as np
import pytest
from conftest import SAMPLER, run_script
from linnet.against.child import measure
from linnet.against.command import make_feed, table
from linnet.against.plot import latency_svg, time_text


def linnet_command(*arguments, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "linnet", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        timeout=300,
        env=os.environ,
    )


def test_has_the_commands_of_the_program(sampler_path, tmp_path):
    done = linnet_command("--help")
    for command in ("run", "inspect", "bench", "test"):
        assert f"\n  {command} " in done.stdout
    done = linnet_command(
        "run", sampler_path, "--input", f"x={SAMPLER / 'input.npy'}", "--expect", f"softmax={SAMPLER / 'output.npy'}"
    )
    assert done.returncode == 0 and "ok   softmax" in done.stdout
    assert "Softmax" in linnet_command("inspect", sampler_path).stdout
    figures = tmp_path / "figures.json"
    assert linnet_command("bench", sampler_path, "--seconds", "0.05", "--json", figures).returncode == 0
    assert json.loads(figures.read_text())["latency_us"]["p50"] > 0


def test_exit_status(sampler_path):
    assert linnet_command("no_such_command").returncode == 2
    done = linnet_command("run", "no_such_file.onnx")
    assert done.returncode == 1 and "no_such_file.onnx" in done.stderr


def test_bench_against(sampler_path, tmp_path):
    done = linnet_command(
        "bench", sampler_path, "--against", "torch,onnxruntime,openvino", "--dim", "batch=4", "--threads", 1,
        "--seconds", 0.1, "--rounds", 2, "--json", "out.json", "--plot", "latency.svg", cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    result = json.loads((tmp_path / "out.json").read_text())
    assert {"linnet", "torch"} <= result["engines"].keys()
    for engine in result["engines"].values():
        assert engine["p50_us"] > 0 and engine["runs"] >= 20 and engine["largest_difference"] < 1e-5
    for engine in ("onnxruntime", "openvino"):
        assert (engine in result["engines"]) != (f"{engine:<14}is not installed" in done.stdout)
    picture = ElementTree.parse(tmp_path / "latency.svg")
    assert "torch" in {text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")}


def test_bench_against_with_options_of_linnet(sampler_path, tmp_path):
    done = linnet_command(
        "bench", sampler_path, "--against", "torch", "--backend", "reference", "--precision", "bf16", "--seconds", 0.05,
        "--rounds", 1, "--json",
    )  # fmt: skip
    figures = json.loads(done.stdout)
    assert (figures["backend"], figures["precision"]) == ("reference", "bf16")
    assert figures["engines"]["torch"]["largest_difference"] < 1e-2
    # What reaches the engine is refused by it.
    request = {"engine": "linnet", "model": str(sampler_path), "inputs": "", "threads": 1, "seconds": 0.01, "outputs": ""}
    np.savez(tmp_path / "inputs.npz", **make_feed(linnet.load(sampler_path), {}, {}))
    with pytest.raises(linnet.Error, match="fastest"):
        measure({**request, "inputs": tmp_path / "inputs.npz", "options": {"backend": "fastest"}})


def test_bench_against_refuses(sampler_path):
    for arguments, message in (
        (("--against", "no_such_engine"), "there are onnxruntime, openvino, torch"),
        (("--against", "torch", "--dim", "rows=3"), "no input has a dimension rows; there are: batch"),
        (("--against", "torch", "--input", "y=a.npy"), "the model has no input y"),
        (("--against", "torch", "--input", "x=no_such_file.npy"), "cannot read no_such_file.npy"),
        (("--against", "torch", "--dim", "batch=four"), "--dim batch=four: expected a whole number"),
        (("--against", "torch", "--rounds", "0"), "must be positive"),
        (("--against", "torch", "--range", "x=3:1"), "--range x=3:1: LOW is above HIGH"),
        (("--against", "torch", "--range", "x=3"), "expected LOW:HIGH"),
    ):
        done = linnet_command("bench", sampler_path, *arguments)
        assert done.returncode == 1 and message in done.stderr
    assert linnet_command("bench", "--against", "torch").returncode == 2


def test_an_engine_that_fails_has_a_line(tmp_path):
    import onnx
    from conftest import make_model
    from onnx import helper

    nodes = [helper.make_node("HardSigmoid", ["x"], ["y"])]
    onnx.save(make_model(nodes, [("x", 1, [2])], [("y", 1, [2])]), tmp_path / "m.onnx")
    done = linnet_command("bench", "m.onnx", "--against", "torch", "--seconds", 0.05, "--rounds", 1, cwd=tmp_path)
    assert done.returncode == 0
    assert "torch         failed: " in done.stdout and "no form in PyTorch for: HardSigmoid" in done.stdout
    assert [file.name for file in tmp_path.iterdir()] == ["m.onnx"]  # pictures only where told


def test_made_up_inputs_suit_the_model(tmp_path):
    import onnx
    from conftest import make_model
    from onnx import helper, numpy_helper

    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["rows"]),
        helper.make_node("Reshape", ["rows", "shape"], ["y"]),
    ]
    model = make_model(nodes, [("ids", 7, [4, 50]), ("shape", 7, [2])], [("y", 1, ["a", "b"])])
    model.graph.initializer.append(numpy_helper.from_array(np.zeros((1000, 2), np.float32), "table"))
    onnx.save(model, tmp_path / "m.onnx")
    loaded = linnet.load(tmp_path / "m.onnx")
    feed = make_feed(loaded, {}, {})
    assert feed["ids"].min() >= 0 and 900 < feed["ids"].max() < 1000
    assert loaded.run(feed)["y"].shape == (400, 1)


def test_json_alone_is_standard_output(sampler_path, tmp_path):
    done = linnet_command("bench", sampler_path, "--against", "openvino", "--seconds", 0.05, "--rounds", 1, "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["engines"]["linnet"]["p50_us"] > 0


def test_make_feed_is_the_same_every_time(sampler_path):
    model = linnet.load(sampler_path)
    first, second = (make_feed(model, {}, {"batch": 3}) for _ in range(2))
    assert first["x"].shape == (3, 100) and first["x"].dtype == np.float32
    np.testing.assert_array_equal(first["x"], second["x"])
    np.testing.assert_array_equal(make_feed(model, {"x": str(SAMPLER / "input.npy")}, {})["x"], np.load(SAMPLER / "input.npy"))


def test_table_and_plot():
    row = {"version": "1", "p99_us": 3.0, "first_result_us": 5e5, "peak_rss_bytes": 2**20, "largest_difference": 0.0}
    text = table({"linnet": {**row, "p50_us": 2.0}, "other": {**row, "p50_us": 5.0}}, {"third": "is not installed"})
    lines = text.splitlines()
    assert lines[1].split()[:5] == ["linnet", "1", "2", "µs", "1.00"] and "2.50" in lines[2]
    assert lines[3].split() == ["third", "is", "not", "installed"]
    title = "a < b" * 40
    svg = ElementTree.fromstring(latency_svg(title, [("other", 5.0), ("linnet", 2.0), ("slow", 50.0)]))
    texts = [element.text for element in svg.iter("{http://www.w3.org/2000/svg}text")]
    for part in ("2 µs", "0.40", "5 µs", "1.00", "10.00", "below 1: Linnet is faster"):
        assert part in texts
    assert any(text.startswith("a < b") and len(text) < len(title) for text in texts)
    assert texts.index("linnet") < texts.index("other")
    bars = [float(bar.get("width")) for bar in svg.iter("{http://www.w3.org/2000/svg}rect") if len(bar)]
    assert 0 < bars[0] < bars[1] < bars[2] < 980
    assert "nan" not in latency_svg("alone", [("linnet", 2.0)])
    assert [time_text(t) for t in (0.25, 2, 3456, 2e6)] == ["250 ns", "2 µs", "3.46 ms", "2 s"]


@pytest.mark.parametrize("module", ["linnet", "linnet.session", "linnet.__main__"])
def test_importing_needs_numpy_only(module):
    source = f"""
import sys
for name in ("torch", "onnx", "ml_dtypes", "matplotlib"):
    sys.modules[name] = None
import {module}
"""
    assert run_script(source).returncode == 0
