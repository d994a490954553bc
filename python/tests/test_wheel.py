"""The wheel: what it holds, and that it runs in an environment that has only NumPy."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, SAMPLER

# A release build takes its objects from the compiler's cache, so the wheel costs seconds; elsewhere once is enough.
if os.environ.get("LINNET_TEST_WHEEL") != "1":
    pytest.skip("the wheel is built by the release build's tests only", allow_module_level=True)

WORK = Path(os.environ["LINNET_TEST_WHEEL_DIR"])
WORK.mkdir(exist_ok=True)


def checked(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel():
    """As `make wheel` makes it: from the sources, with the parts that tools/setup.sh installed and no network."""
    folder = WORK / "wheel"
    shutil.rmtree(folder, ignore_errors=True)
    environment = {**os.environ, "CXX": os.environ["LINNET_TEST_CXX"], "PIP_NO_INDEX": "1"}
    command = [str(ROOT / "tools/wheel/make_wheel.sh"), str(folder)]
    # As this build was made, so that the compiler's cache has the objects.
    command += ["--config-settings", f"cmake.define.LINNET_WERROR={os.environ['LINNET_TEST_WERROR']}"]
    said = checked(command, env=environment, cwd=WORK).splitlines()[-1]
    (path,) = folder.glob("linnet-*.whl")
    assert said.startswith(f"{path}: ") and said.endswith(" MB installed"), said
    return path


@pytest.fixture(scope="module")
def clean_python(wheel):
    """An interpreter of a virtual environment with the wheel and NumPy, which is taken from this environment."""
    folder = WORK / "venv"
    shutil.rmtree(folder, ignore_errors=True)
    checked([sys.executable, "-m", "venv", "--without-pip", str(folder)])
    (packages,) = folder.glob("lib/python*/site-packages")
    installed = Path(np.__file__).parents[1]
    for name in ("numpy", "numpy.libs"):
        os.symlink(installed / name, packages / name)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    program = packages / "linnet" / "linnet"
    program.chmod(0o755)
    return folder / "bin" / "python"


def environment():
    """Nothing that could lead to the build folder."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LINNET", "LD_"))}


def test_it_holds_what_it_needs(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = archive.read(next(n for n in names if n.endswith("METADATA"))).decode()
    assert any(name.startswith("linnet/libdnnl.so.3") for name in names)
    assert any(name.startswith("linnet/libre2.so.") for name in names)
    modules = [f"liblinnet_{module}.so" for module in ("extra", "image", "onednn", "onnx", "regex")]
    for wanted in (*modules, "linnet", "py.typed", "_linnet.pyi"):
        assert f"linnet/{wanted}" in names
    assert any(name.startswith("linnet/_linnet.cpython") for name in names)
    assert not [name for name in names if name.startswith("linnet.libs/")]  # nothing twice
    assert not [name for name in names if "/tests/" in name or name.endswith(("CMakeLists.txt", ".cpp", ".hpp"))]
    assert "Requires-Dist: numpy" in metadata and "License-Expression: Apache-2.0" in metadata


def test_its_tag_says_which_systems_it_is_for(wheel):
    assert "-manylinux_2_" in wheel.name and wheel.name.endswith("_x86_64.whl"), wheel.name


def test_each_part_comes_with_its_licence(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    files = [name for name in names if name.startswith("linnet/licenses/") and not name.endswith("/")]
    parts = {"highway", "onednn", "onnx", "protobuf", "re2", "gomp", "cli11", "fmt", "nlohmann_json", "spdlog"}
    parts |= {"jpeg", "openjp2", "png", "webp", "zlib"}
    assert {name.split("/")[2] for name in files} == parts | {"nanobind", "robin_map"}


def test_its_binaries_are_stripped(clean_python):
    (folder,) = clean_python.parents[1].glob("lib/python*/site-packages/linnet")
    for file in folder.iterdir():
        if file.name == "linnet" or ".so" in file.name:
            assert ".symtab" not in checked(["readelf", "-SW", str(file)]), file.name


def test_no_path_of_this_machine_is_in_its_run_paths(clean_python):
    (folder,) = clean_python.parents[1].glob("lib/python*/site-packages/linnet")
    for file in folder.iterdir():
        if file.name == "linnet" or ".so" in file.name:
            for line in checked(["readelf", "-d", str(file)]).splitlines():
                if "RPATH" in line or "RUNPATH" in line:
                    assert line.rstrip().endswith("[$ORIGIN]"), (file.name, line)


def test_libraries_are_found_beside_the_module(clean_python):
    """libdnnl and what the modules need come from the package's folder, whatever the system has."""
    source = """
import sys, numpy as np, linnet
for name in ("torch", "onnx", "scipy"):
    try:
        __import__(name)
    except ImportError:
        continue
    raise AssertionError(name + " is there: the environment is not clean")
assert linnet.onednn_problem() is None, linnet.onednn_problem()
x, y = np.load(sys.argv[2]), np.load(sys.argv[3])
for backend in ("auto", "onednn", "simd", "reference"):
    np.testing.assert_allclose(linnet.load(sys.argv[1], backend=backend)(x), y, rtol=1e-4, atol=1e-6)
np.testing.assert_allclose(linnet.InferenceSession(sys.argv[1]).run(None, {"x": x})[0], y, rtol=1e-4, atol=1e-6)
maps = open("/proc/self/maps").read()
folder = linnet.__path__[0]
assert folder + "/libdnnl.so.3" in maps and folder + "/libgomp.so.1" in maps
"""
    model, x, y = (SAMPLER / name for name in ("dynamo_dynamic.onnx", "input.npy", "output.npy"))
    checked([str(clean_python), "-c", source, str(model), str(x), str(y)], env=environment(), cwd=WORK)


def ran(clean_python, model, source):
    """What the source prints as JSON, where `model` is what was loaded."""
    script = "import json, sys, linnet, numpy as np; model = linnet.load(sys.argv[1]); print(json.dumps(" + source + "))"
    return json.loads(checked([str(clean_python), "-c", script, str(model)], env=environment(), cwd=WORK))


def test_a_model_that_needs_onnxs_definitions(clean_python, tmp_path):
    """HannWindow runs through its function body, which comes from liblinnet_onnx.so."""
    import onnx
    from conftest import make_model
    from onnx import TensorProto, helper

    node = helper.make_node("HannWindow", ["n"], ["y"])
    onnx.save(make_model([node], [("n", TensorProto.INT32, [])], [("y", 1, ["m"])]), tmp_path / "m.onnx")
    window = ran(clean_python, tmp_path / "m.onnx", "model(np.int32(4)).tolist()")
    np.testing.assert_allclose(window, [0, 0.5, 1, 0.5], atol=1e-6)


def test_a_classifier(clean_python, tmp_path):
    """Of ai.onnx.ml, whose operators come from liblinnet_extra.so."""
    import onnx
    from conftest import make_model
    from onnx import TensorProto, helper

    trees = helper.make_node(
        "TreeEnsembleClassifier",
        ["x"],
        ["label", "scores"],
        domain="ai.onnx.ml",
        nodes_treeids=[0, 0, 0],
        nodes_nodeids=[0, 1, 2],
        nodes_featureids=[1, 0, 0],
        nodes_values=[2.5, 0.0, 0.0],
        nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"],
        nodes_truenodeids=[1, 0, 0],
        nodes_falsenodeids=[2, 0, 0],
        class_treeids=[0, 0],
        class_nodeids=[1, 2],
        class_ids=[0, 2],
        class_weights=[1.0, 1.0],
        classlabels_int64s=[7, 8, 9],
    )
    outputs = [("label", TensorProto.INT64, ["n"]), ("scores", TensorProto.FLOAT, ["n", 3])]
    model = make_model([trees], [("x", TensorProto.FLOAT, ["n", 2])], outputs)
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))
    onnx.save(model, tmp_path / "m.onnx")
    assert ran(clean_python, tmp_path / "m.onnx", "model(np.float32([[5, 1], [0, 3]]))[0].tolist()") == [7, 9]


def test_the_command_runs(clean_python):
    arguments = ["run", SAMPLER / "dynamo_dynamic.onnx", "--random", "--backend", "onednn"]
    command = [str(clean_python), "-m", "linnet", *map(str, arguments)]
    assert "softmax" in checked(command, env=environment(), cwd=WORK)


def test_an_image_that_is_decoded(clean_python, tmp_path):
    """By libpng, which lies beside liblinnet_image.so."""
    import onnx
    from conftest import make_model
    from onnx import TensorProto, helper

    node = helper.make_node("ImageDecoder", ["x"], ["y"])
    onnx.save(
        make_model([node], [("x", TensorProto.UINT8, ["n"])], [("y", TensorProto.UINT8, ["h", "w", 3])]),
        tmp_path / "m.onnx",
    )
    pixel = "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    pixel += "0000000c4944415478da636064620600000e0007e99237d40000000049454e44ae426082"
    source = """
import sys, linnet, numpy as np
print(linnet.load(sys.argv[1])(np.frombuffer(bytes.fromhex(sys.argv[2]), np.uint8)).tolist())
assert linnet.__path__[0] + "/libpng16.so.16" in open("/proc/self/maps").read()
"""
    done = checked([str(clean_python), "-c", source, str(tmp_path / "m.onnx"), pixel], env=environment(), cwd=WORK)
    assert done.strip() == "[[[1, 2, 3]]]"
