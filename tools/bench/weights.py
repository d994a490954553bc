"""Weights that lie elsewhere than beside the model at aligned offsets: the same model in other forms."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Callable

from cases import CASES, WEIGHTS_CASE
from engines import Machinery, time_model

BESIDE = "beside the model, aligned"


def write_forms(model: Path, folder: Path) -> dict[str, Path]:
    """The model, whose weights lie beside it, and copies of it with its weights elsewhere, by what readers call them."""
    import onnx

    inside = folder / "inside" / model.name
    odd = folder / "odd" / model.name
    for path in (inside, odd):
        path.parent.mkdir(parents=True, exist_ok=True)
    whole = onnx.load(model)
    largest = max(whole.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    address = whole.SerializeToString().find(largest.raw_data[:4096])
    whole.producer_name += "-" * ((1 - address) % 4)  # it stands in front of the graph
    onnx.save(whole, inside)
    del whole, largest

    shifted = onnx.load(model, load_external_data=False)
    files = set()
    for tensor in shifted.graph.initializer:
        if tensor.data_location != onnx.TensorProto.EXTERNAL:
            continue
        entries = {entry.key: entry for entry in tensor.external_data}
        files.add(entries["location"].value)
        if "offset" not in entries:
            tensor.external_data.add(key="offset", value="0")
            entries["offset"] = tensor.external_data[-1]
        entries["offset"].value = str(int(entries["offset"].value) + 1)
    onnx.save(shifted, odd)
    for name in files:
        with open(model.with_name(name), "rb") as source, open(odd.with_name(name), "wb") as target:
            target.write(b"\0")
            shutil.copyfileobj(source, target, 1 << 20)
    return {BESIDE: model, "inside the model": inside, "beside the model, at odd offsets": odd}


def measure_weights(machinery: Machinery, rounds: int, seconds: float, medians: Callable) -> dict[str, dict]:
    """Figures of WEIGHTS_CASE with one thread, by where its weights lie."""
    case = next(case for case in CASES if case.name == WEIGHTS_CASE)
    forms = write_forms(case.path(machinery.models, machinery.large), machinery.work)
    ports = ((case.input_name, (case.batch, case.sizes[0])), (case.output_name, (case.batch, case.sizes[-1])))
    runs: dict[str, list[dict]] = {name: [] for name in forms}
    for _ in range(rounds):
        for name, path in forms.items():
            time_model(machinery, "linnet", path, 1, 0.01, *ports)  # as in measure_case
            runs[name].append(time_model(machinery, "linnet", path, 1, seconds, *ports))
    return {name: medians(list_) for name, list_ in runs.items()}
