"""The Python code of the READMEs and the documentation pages runs as it stands there."""

import re
import shutil

import pytest
from conftest import ROOT, SAMPLER, run_script


def blocks(page):
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


@pytest.mark.parametrize(
    ("page", "least"),
    [
        ("README.md", 1),
        ("docs/from-pytorch.md", 6),
        ("docs/migrating-from-onnxruntime.md", 4),
        ("python/README.md", 1),
    ],
)
def test_the_code_runs(page, least, tmp_path, monkeypatch):
    code = blocks(page)
    assert len(code) >= least
    shutil.copy(SAMPLER / "dynamo_dynamic.onnx", tmp_path / "model.onnx")
    shutil.copy(ROOT / "examples/values/values.onnx", tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    done = run_script("\n".join(code))
    assert done.returncode == 0, done.stderr
