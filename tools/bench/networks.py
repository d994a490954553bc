"""Whole networks of models/zoo beside ONNX Runtime and OpenVINO. PyTorch is not among them: the ONNX model is what is
compared."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

from cases import ONNX_ENGINES
from engines import Machinery, Network, time_layers, time_network
from measure import Peaks, check_agreement, measure_engines
from operations import operations, weights_bytes

WITH_LAYERS = ("mobilenet_v2", "resnet50")  # whose layers are shown, too
SUFFIX = "_dynamo_fixed"  # of the folders that `make zoo` writes: fixed sizes, as a latency is measured


def _shape(value) -> str | None:
    """"1,3,224,224" or "int64:1,128"; None for what the timing programs cannot make."""
    from onnx import TensorProto

    tensor = value.type.tensor_type
    sizes = [dim.dim_value for dim in tensor.shape.dim]
    if not sizes or min(sizes) < 1 or tensor.elem_type not in (TensorProto.FLOAT, TensorProto.INT64):
        return None
    return ("int64:" if tensor.elem_type == TensorProto.INT64 else "") + ",".join(map(str, sizes))


def network_of(folder: Path, title: str) -> Network | None:
    """None where an input or the first output has an open size or another type."""
    import onnx

    graph = onnx.load(folder / "model.onnx", load_external_data=False).graph
    given = {initializer.name for initializer in graph.initializer}
    ports = [value for value in graph.input if value.name not in given] + [graph.output[0]]
    shapes = [_shape(value) for value in ports]
    if None in shapes or shapes[-1].startswith("int64:"):
        return None
    arguments = [text for value, shape in zip(ports, shapes) for text in (value.name, shape)]
    return Network(name=folder.name.removesuffix(SUFFIX), title=title, path=folder / "model.onnx", ports=tuple(arguments))


def networks_in(folder: Path) -> list[Network]:
    """Those that `make zoo` has written there, in the order of their names."""
    index = folder / "index.tsv"
    if not index.exists():
        return []
    titles = dict(line.split("\t")[::2] for line in index.read_text().splitlines())
    names = [name for name in sorted(titles) if name.endswith(SUFFIX) and (folder / name / "model.onnx").exists()]
    found = (network_of(folder / name, titles[name]) for name in names)
    return [network for network in found if network is not None]


def measure_layers(machinery: Machinery, network: Network, seconds: float) -> list[dict]:
    """Linnet's steps that multiply, in their order, with one thread: {"title", "us", "flops"} each."""
    counts = operations(network.path)
    layers = []
    for step in time_layers(machinery, network.path, seconds):
        flops = sum(counts.get(part, 0) for part in step["name"].split("+"))  # a step is named after all its nodes
        if flops > 0:
            layers.append({"title": f"{step['op'].split('+')[0]} {step['output']}", "us": step["us"], "flops": flops})
    return layers


def measure_networks(
    machinery: Machinery, folder: Path, rounds: int, seconds: float, tell: Callable[[str], None]
) -> list[dict]:
    """Every network of the folder: {"name", "title", "engines": {engine: {threads: figures}}, "peaks", "layers",
    "errors", ...}."""
    results = []
    networks = networks_in(folder)
    engines = [engine for engine in ONNX_ENGINES if machinery.available(engine)]
    for number, network in enumerate(networks):
        tell(f"[{number + 1}/{len(networks)}] {network.title}")

        def time(engine: str, threads: int, length: float, network: Network = network) -> dict:
            return time_network(machinery, engine, network, threads, length)

        bytes_read = weights_bytes(network.path)
        peaks = Peaks(machinery, "f32", bytes_read)
        result = {
            "name": network.name,
            "title": network.title,
            "precision": "f32",
            "flops": sum(operations(network.path).values()),
            "stream_bytes": bytes_read,
            **measure_engines(engines, rounds, seconds, time, peaks.measure),
            "peaks": peaks.medians(),
        }
        check_agreement(result)
        if network.name in WITH_LAYERS:
            result["layers"] = measure_layers(machinery, network, seconds)
        results.append(result)
    return results
