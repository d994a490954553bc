"""What Linnet raises. Every class also has ONNX Runtime's name where there is one, and Python's own base where one fits."""

from __future__ import annotations

import re


class Error(Exception):
    """Base of all of Linnet's errors. ``code`` is the name of linnet::ErrorCode's entry, such as ``"invalid_argument"``."""

    code = "internal"


class InvalidArgument(Error, ValueError):
    """An input, option or buffer is wrong: its name, dtype, shape or memory."""

    code = "invalid_argument"


class InvalidGraph(Error, ValueError):
    """The model breaks a rule of ONNX or is damaged. ONNX Runtime: InvalidGraph or InvalidProtobuf."""

    code = "invalid_model"


class NotImplemented(Error, NotImplementedError):  # noqa: A001 - ONNX Runtime's name
    """The model, option or call is valid, but Linnet does not support it."""

    code = "unsupported"


class NoSuchFile(Error, OSError):
    """A file is missing or cannot be read or written."""

    code = "io"


class OutOfMemory(Error, MemoryError):
    """The system refused memory."""

    code = "out_of_memory"


class LimitExceeded(Error, RuntimeError):
    """A limit of the options, or the memory budget."""

    code = "limit_exceeded"


class Cancelled(Error, RuntimeError):
    """The run was cancelled: ``CancelToken.cancel()`` or ``RunOptions.terminate``."""

    code = "cancelled"


class DeadlineExceeded(Error, TimeoutError):
    """The run took longer than its timeout."""

    code = "deadline_exceeded"


class RuntimeException(Error, RuntimeError):
    """A fault that depends on the data, such as an index out of range."""

    code = "runtime_fault"


class EngineError(Error, RuntimeError):
    """A defect of Linnet."""

    code = "internal"


InvalidProtobuf = InvalidGraph

# By the number of linnet::ErrorCode.
_CLASSES: dict[int, type[Error]] = {
    1: InvalidArgument,
    2: InvalidGraph,
    3: NotImplemented,
    4: NoSuchFile,
    5: OutOfMemory,
    6: LimitExceeded,
    7: Cancelled,
    8: DeadlineExceeded,
    9: RuntimeException,
    10: EngineError,
}


def error_for(code: int, message: str) -> Error:
    """The exception for an error of the C++ library. Options are named as in Python."""
    message = re.sub(r"\bOptions::limits\.(\w+)", r'the option limits["\1"]', message)
    message = re.sub(r"\bOptions::(\w+)", r"the option \1", message)
    return _CLASSES.get(code, EngineError)(message)
