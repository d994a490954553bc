"""Log lines in ONNX Runtime's form: severities, a callback, and notes on what has no effect."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

from linnet.errors import InvalidArgument

LogCallback = Callable[[int, str, str, str, str], None]

# ONNX Runtime's severities: 0 verbose, 1 info, 2 warning, 3 error, 4 fatal. Linnet's own lines have 0 to 3.
_NAMES = ("verbose", "info", "warning", "error")
_WARNING = 2

_default_severity = _WARNING
_callback: LogCallback | None = None
_noted: set[str] = set()


def check_severity(name: str, value: Any, least: int = 0) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or not least <= value.__index__() <= 4:
        raise InvalidArgument(f"{name} is {value!r}, expected 0 (verbose) to 4 (fatal)")
    return int(value.__index__())


def set_default_logger_severity(severity: int) -> None:
    """The severity of sessions whose options leave ``log_severity_level`` at -1: 0 (verbose) to 4 (fatal)."""
    global _default_severity
    _default_severity = check_severity("severity", severity)


def set_default_logger_callback(callback: LogCallback | None, severity: int = _WARNING) -> None:
    """Hands the log lines of sessions to ``callback(severity, category, logid, code_location, message)`` instead of
    stderr, and sets the default severity; None goes back to stderr. Linnet has no code locations: they are empty."""
    global _callback
    if callback is not None and not callable(callback):
        raise InvalidArgument(f"callback is {callback!r}, expected a function or None")
    severity = check_severity("severity", severity)
    if callback is not None:
        set_default_logger_severity(severity)
    _callback = callback


def session_log(severity: int = -1, logid: str = "") -> Callable[[int, str], None]:
    """A log function for lines of at least this severity (-1: the default)."""
    least = _default_severity if severity < 0 else severity

    def log(level: int, text: str) -> None:
        if level < least:
            return
        if _callback is not None:
            _callback(level, "linnet", logid, "", text)
        else:
            print(f"linnet: {_NAMES[level]}: {logid + ': ' if logid else ''}{text}", file=sys.stderr)

    return log


def note_without_effect(names: Iterable[str], log: Callable[[int, str], None] | None = None) -> None:
    """Logs which of ONNX Runtime's settings were accepted and mean nothing to Linnet: a warning, once per name and
    process."""
    new = [name for name in names if name not in _noted]
    if new:
        _noted.update(new)
        (log or session_log())(_WARNING, f"accepted, without effect in Linnet: {', '.join(new)}")
