"""Several threads, forks, and the end of the interpreter in the middle of a run."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import linnet
import numpy as np
import pytest
from conftest import run_script, wide_network


def test_one_model_runs_from_many_threads(sampler_path, sampler_input, sampler_output):
    model = linnet.load(sampler_path)
    session = linnet.InferenceSession(sampler_path)

    def work(number):
        for i in range(200):
            rows = 1 + (number + i) % 4
            x = np.ascontiguousarray(sampler_input[:rows])
            y = model(x) if i % 2 else session.run(None, {"x": x})[0]
            np.testing.assert_allclose(y, sampler_output[:rows], rtol=1e-5, atol=1e-7)
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_the_gil_is_free_during_a_run(tmp_path):
    """Another thread cancels the run from Python; with the lock held it could not before the end."""
    model = linnet.load(wide_network(tmp_path / "wide.onnx", 1024, 4), threads=1)
    x = np.ones((60000, 1024), np.float32)
    token = linnet.CancelToken()

    def cancel():
        time.sleep(0.3)
        token.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(linnet.Cancelled):
        model.run({"x": x}, cancel=token)
    thread.join()


def test_a_binding_in_use_refuses_a_second_thread(tmp_path):
    model = linnet.load(wide_network(tmp_path / "wide.onnx", 1024, 4), threads=1)
    x = np.ones((60000, 1024), np.float32)
    binding = model.binding()
    binding.bind_input("x", x)
    binding.bind_output("y", np.empty((60000, 1024), np.float32))
    token = linnet.CancelToken()
    refused = []

    def interfere():
        while not refused:  # until the main thread is inside its run
            try:
                binding.bind_input("x", x)
            except linnet.InvalidArgument as error:
                refused.append(str(error))
            time.sleep(0.001)
        token.cancel()

    thread = threading.Thread(target=interfere)
    thread.start()
    with pytest.raises(linnet.Cancelled):
        while True:
            binding.run(cancel=token)
    thread.join()
    assert refused == ["this binding is running in another thread"]


FORK = """
import os, sys, warnings
import linnet, numpy as np
# Python 3.12 and later say at each fork that the process has threads; that it works with Linnet's is what is tested.
warnings.filterwarnings("ignore", ".* is multi-threaded, use of fork", DeprecationWarning)
model = linnet.load(sys.argv[1], threads=2)
x = np.ones((512, 512), np.float32)
expected = model(x)
pid = os.fork()
if pid == 0:
    same = all(np.array_equal(model(x), expected) for _ in range(20))
    fresh = linnet.load(sys.argv[1], threads=2)
    same = same and np.array_equal(fresh(x), expected)
    if not same:
        os._exit(3)
    if sys.argv[2] == "at once":
        os._exit(0)
    sys.exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
assert np.array_equal(model(x), expected)
"""


@pytest.mark.parametrize("end", ["at once", "as usual"])
def test_a_forked_child_runs_and_ends(tmp_path, end):
    path = wide_network(tmp_path / "wide.onnx", 512, 3)
    done = run_script(FORK, path, end)
    assert (done.returncode, done.stderr) == (0, "")


EXIT = """
import sys, threading
import linnet, numpy as np
options = {"threads": int(sys.argv[2]), "backend": sys.argv[3]}
if sys.argv[4] == "log":
    options["log"] = lambda severity, text: None
model = linnet.load(sys.argv[1], **options)
x = np.ones((256, 512), np.float32)
inside = threading.Event()

def work():
    while True:
        model(x)
        inside.set()

for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
inside.wait()
"""


@pytest.mark.parametrize("backend", ["simd", "auto"])
@pytest.mark.parametrize("threads", [1, 2])
def test_the_interpreter_may_end_during_a_run(tmp_path, threads, backend):
    path = wide_network(tmp_path / "wide.onnx", 512, 6)
    for log in ("log", "none", "none", "none"):
        done = run_script(EXIT, path, threads, backend, log)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_ends_while_daemon_threads_load(tmp_path):
    source = """
import sys, threading
import linnet
seen = threading.Event()
def work():
    while True:
        linnet.load(sys.argv[1], log=lambda severity, text: seen.set())
for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
seen.wait()
"""
    path = wide_network(tmp_path / "wide.onnx", 128, 3)
    for _ in range(4):
        done = run_script(source, path)
        assert (done.returncode, done.stderr) == (0, "")
