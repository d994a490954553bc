"""The package's types: mypy in strict mode, and the extension's stub against the extension itself."""

import ast
import os
import subprocess
import sys

import linnet._linnet
from conftest import ROOT

CACHE = os.path.join(os.path.dirname(linnet._linnet.__file__), "..", "mypy_cache")


def run(*command):
    return subprocess.run(
        [sys.executable, "-m", *command],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "MYPYPATH": str(ROOT / "python"), "MYPY_CACHE_DIR": CACHE},
    )


def test_the_package_is_typed():
    done = run("mypy")
    assert done.returncode == 0, done.stdout
    assert "no issues found" in done.stdout
    assert (ROOT / "python/linnet/py.typed").exists()


def signatures(stub):
    """Argument names and defaults of every function of a stub, by qualified name; properties included."""
    found = {}

    def visit(body, prefix):
        for node in body:
            if isinstance(node, ast.ClassDef):
                visit(node.body, f"{prefix}{node.name}.")
            elif isinstance(node, ast.FunctionDef):
                names = [argument.arg for argument in node.args.posonlyargs + node.args.args]
                defaults = [ast.unparse(default) for default in node.args.defaults]
                marks = sorted(ast.unparse(mark) for mark in node.decorator_list)
                found[prefix + node.name] = (names, defaults, marks)

    visit(ast.parse(stub).body, "")
    return found


def test_the_extensions_stub_is_true():
    """nanobind says what the extension has; the stub has the same functions with the same arguments."""
    from nanobind.stubgen import StubGen

    generator = StubGen(linnet._linnet)
    generator.put(linnet._linnet)
    ours = signatures((ROOT / "python/linnet/_linnet.pyi").read_text())
    assert ours == signatures(generator.get())
    assert {"Model.run", "Binding.run", "CancelToken.cancelled", "version"} <= ours.keys()


def test_a_users_mistake_is_found(tmp_path):
    """The types say something: a wrong use is an error, the right one is none."""
    program = tmp_path / "program.py"
    program.write_text("import linnet\nreveal_type(linnet.load('m').inputs[0].name)\nlinnet.load('m').inputs[0].nam\n")
    done = run("mypy", "--strict", str(program))
    assert 'Revealed type is "' in done.stdout and "str" in done.stdout
    assert '"TensorInfo" has no attribute "nam"' in done.stdout
