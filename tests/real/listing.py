"""models.tsv: which models are compared, on which inputs, and how close is close enough."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

COLUMNS = ("package", "version", "file", "inputs", "tolerance", "note")
TOLERANCE = 1e-4
TEXT = "text"


class ListError(Exception):
    """The list, or an input's words in it, cannot be read; the text says where and why."""


@dataclass(frozen=True)
class Wanted:
    """What an input should be; None where the model decides.

    shape   sizes of the dimensions
    values  lowest and highest number, both included, equal for a constant; or TEXT: images of a line of text
    """

    shape: tuple[int, ...] | None = None
    values: tuple[float, float] | str | None = None


@dataclass(frozen=True)
class Row:
    """One model on one set of inputs.

    file       path inside the package's wheel
    inputs     by name; those not named are made as their type suggests
    tolerance  the most that outputs may differ, as a share of the expected output's range
    note       why the tolerance is not the usual one, or what these inputs are for
    """

    package: str
    version: str
    file: str
    inputs: dict[str, Wanted]
    tolerance: float
    note: str

    @property
    def title(self) -> str:
        note = f" ({self.note})" if self.note else ""
        return f"{self.package} {self.version} {self.file.rsplit('/', 1)[-1]}{note}"


def parse_wanted(text: str) -> Wanted:
    """SHAPE:VALUES. SHAPE is "2x512", "scalar" or nothing; VALUES is "LOW..HIGH", one number,
    "text" or nothing.

    Errors: ListError."""
    sizes, _, values = text.partition(":")
    try:
        shape = None if not sizes else () if sizes == "scalar" else tuple(int(size) for size in sizes.split("x"))
        if values in ("", TEXT):
            return Wanted(shape, values or None)
        low, _, high = values.partition("..")
        limits = (float(low), float(high or low))
    except ValueError:
        raise ListError(f'"{text}" is no SHAPE:VALUES such as "2x512:-1..1", "scalar:16000" or ":0..9"') from None
    if limits[0] > limits[1]:
        raise ListError(f'the numbers of "{text}" end before they begin')
    return Wanted(shape, limits)


def parse_inputs(text: str) -> dict[str, Wanted]:
    """NAME=SHAPE:VALUES between spaces. Errors: ListError."""
    inputs: dict[str, Wanted] = {}
    for word in text.split():
        name, equals, wanted = word.rpartition("=")
        if not equals:
            raise ListError(f'"{word}" is no NAME=SHAPE:VALUES')
        if name in inputs:
            raise ListError(f'input "{name}" is there twice')
        inputs[name] = parse_wanted(wanted)
    return inputs


def read_list(path: Path) -> list[Row]:
    """The rows, in order. Lines that are empty or start with # are left out. Errors: ListError."""
    lines = [(number, line) for number, line in enumerate(path.read_text().splitlines(), 1)]
    lines = [(number, line) for number, line in lines if line and not line.startswith("#")]
    if not lines or tuple(lines[0][1].split("\t")) != COLUMNS:
        raise ListError(f"{path}: the first line names the columns: {', '.join(COLUMNS)}")
    rows = []
    for number, line in lines[1:]:
        fields = line.split("\t")
        if len(fields) != len(COLUMNS):
            raise ListError(f"{path}:{number}: {len(fields)} fields, expected {len(COLUMNS)}")
        package, version, file, inputs, tolerance, note = fields
        try:
            limit = float(tolerance) if tolerance else TOLERANCE
            rows.append(Row(package, version, file, parse_inputs(inputs), limit, note))
        except ListError as error:
            raise ListError(f"{path}:{number}: {error}") from None
        except ValueError:
            raise ListError(f'{path}:{number}: tolerance "{tolerance}" is no number') from None
    return rows
