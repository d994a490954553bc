"""Profiles as Chrome trace files: chrome://tracing and Perfetto open them."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from linnet import _linnet
from linnet.errors import NoSuchFile


def events(profile: Any) -> list[dict[str, Any]]:
    """The trace events of what ``Model.stop_profile`` returned: per run one, and one per node. Microseconds.

    Nodes that run together, block of rows by block of rows, stand one after the other, each as long as its share.
    """
    runs, dropped = profile
    pid = os.getpid()
    made: list[dict[str, Any]] = []
    for start, duration, thread, nodes in runs:
        common = {"ph": "X", "pid": pid, "tid": thread}
        made.append({"cat": "Session", "name": "model_run", "ts": start / 1e3, "dur": duration / 1e3, "args": {}, **common})
        for (name, op, implementation, shapes), begin, took in nodes:
            args = {"op_name": op, "provider": "CPUExecutionProvider", "implementation": implementation}
            args["input_shapes"] = json.dumps(shapes)
            label = name or op
            ts = (start + begin) / 1e3
            made.append({"cat": "Node", "name": label, "ts": ts, "dur": took / 1e3, "args": args, **common})
    if dropped:
        text = f"{dropped} runs were left out: the trace is full"
        made.append({"cat": "Session", "name": text, "ph": "I", "s": "g", "ts": 0, "pid": pid, "tid": 0, "args": {}})
    return made


def new_file(prefix: str) -> str:
    """A path that does not exist yet: the prefix, the time, and a number where one is needed. The file is made.
    Errors: NoSuchFile when it cannot be."""
    stem = prefix + time.strftime("%Y-%m-%d_%H-%M-%S")
    for number in range(1, 1000000):
        path = f"{stem}.json" if number == 1 else f"{stem}_{number}.json"
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
            return path
        except FileExistsError:
            continue
        except OSError as error:
            raise NoSuchFile(f'the profile "{path}" cannot be written: {error.strerror}') from None
    raise NoSuchFile(f"no free file name that begins with {stem}")


class Profiler:
    """Records the runs of a model from the start on; `finish` writes the file, once."""

    def __init__(self, model: _linnet.Model, prefix: str) -> None:
        self._model = model
        self._path = new_file(prefix)
        self._done = False
        model.start_profile()
        self.start_ns = model.profile_epoch_ns()

    def finish(self) -> str:
        """The file's path."""
        if not self._done:
            self._done = True
            with open(self._path, "w", encoding="utf-8") as file:
                json.dump(events(self._model.stop_profile()), file, indent=0)
        return self._path
