"""Draws the results of one CPU as SVG."""

from __future__ import annotations

import math
import sys
from pathlib import Path

from cases import ENGINES, NAMES, ONNX_ENGINES
from figures import best, best_peer, latency, roofline
from machine import machine_name

sys.path.append(str(Path(__file__).resolve().parent.parent.parent / "python" / "linnet" / "against"))
from drawing import Bars  # noqa: E402

FULL_RATIO = 2.5  # a bar that would be longer is cut there
FULL_SHARE = 1.25
FULL_LAYER = 2.0


def time_text(microseconds: float) -> str:
    """Three digits with the unit that suits them: "0.231 µs", "84.2 ms"."""
    for unit, scale in (("µs", 1.0), ("ms", 1e3)):
        if microseconds < 1e3 * scale or unit == "ms":
            value = microseconds / scale
            digits = max(0, 2 - math.floor(math.log10(value))) if value > 0 else 2
            return f"{value:.{digits}f} {unit}"
    raise AssertionError("unreachable")


def ratio_text(ratio: float) -> str:
    """"0.08", "123", "> 9999"."""
    return f"{ratio:.2f}" if ratio < 100 else f"{ratio:.0f}" if ratio < 9999.5 else "> 9999"


def latency_svg(results: dict) -> str:
    """A group of bars for each model, one for each engine: its time of a run by that of the fastest engine other than
    Linnet."""
    return _latencies(results["cases"], ENGINES, "Time of one run on " + machine_name(results["machine"]))


def networks_svg(results: dict) -> str:
    """The same of whole networks, of which PyTorch was not measured."""
    title = "Time of whole networks, one sample, on " + machine_name(results["machine"])
    return _latencies(results["networks"]["cases"], ONNX_ENGINES, title)


def _latencies(cases: list[dict], engines: tuple[str, ...], title: str) -> str:
    cases = [case for case in cases if best_peer(case, latency) is not None]
    chart = Bars([case["title"] for case in cases], len(engines), FULL_RATIO, ["ratio", "time"])
    chart.heading(
        title,
        [
            "Shorter is faster. Each model's fastest engine other than Linnet is 1: where Linnet's bar ends below 1, Linnet is faster.",
            "Medians; every engine with the better of 1 and 2 threads. Bars of more than 2.5 are cut: their numbers tell.",
        ],
        [(engine, NAMES[engine]) for engine in engines],
    )
    ticks = [(tick / 2, f"{tick / 2:g}") for tick in range(int(2 * FULL_RATIO) + 1)]
    chart.axis(ticks, "below 1: Linnet is faster", "time of a run ÷ that of the fastest engine other than Linnet")
    for group, case in enumerate(cases):
        chart.name(group, case["title"])
        peer = best_peer(case, latency)[1]
        for number, engine in enumerate(engines):
            found = best(case, engine)
            if found is None:
                continue
            threads, figures = found
            ratio = latency(figures) / peer
            tip = f"{NAMES[engine]}: {time_text(latency(figures))}, threads: {threads}"
            cells = [ratio_text(ratio), time_text(latency(figures))]
            chart.bar(group, number, ratio, engine, cells, tip, bold=engine == "linnet")
    return chart.drawing()


def layers_svg(results: dict, case: dict) -> str:
    """A bar for each layer of a network: the operations of its direct sum a second, by the peak of one thread."""
    peak = case["peaks"]["1"]["multiply_add"]
    layers = case["layers"]
    chart = Bars([layer["title"] for layer in layers], 1, FULL_LAYER, ["share", "time"])
    chart.heading(
        f"Linnet's layers of {case['title']}, one thread of {machine_name(results['machine'])}",
        [
            "100 % is a direct sum at the peak of multiply-adds on registers, measured in the same rounds.",
            "Winograd's form of a 3 x 3 kernel takes fewer multiplications: its layers may pass 100 %.",
        ],
        [("linnet", "the layer's multiply-adds a second")],
    )
    ticks = [(tick / 4, f"{25 * tick} %") for tick in range(int(4 * FULL_LAYER) + 1)]
    chart.axis(ticks, "100 %: the peak", "share of the peak")
    for group, layer in enumerate(layers):
        chart.name(group, layer["title"])
        share = layer["flops"] / (layer["us"] * 1e-6) / peak
        cells = [f"{100 * share:.0f} %", time_text(layer["us"])]
        chart.bar(group, 0, share, "linnet", cells, f"layer {group + 1}: {100 * share:.1f} % of the peak")
    return chart.drawing()


def roofline_svg(results: dict) -> str:
    """Two bars for each model: the share of the machine's operations per second and of its bytes per second that Linnet
    reaches. A model is as fast as the machine allows where one of the two is near 100 %."""
    rows = [(case, roofline(case)) for case in results["cases"]]
    rows = [(case, shares) for case, shares in rows if shares is not None]
    chart = Bars([case["title"] for case, _ in rows], 2, FULL_SHARE, ["share"])
    bars = (("linnet", "arithmetic"), ("reading", "reading the weights"))
    chart.heading(
        f"How near Linnet comes to the limits of {machine_name(results['machine'])}",
        [
            "100 % is the most that the machine does when it does nothing else, measured in the same rounds.",
            "Where one of a model's two bars is near 100 %, no engine can be much faster on this machine.",
        ],
        [
            ("linnet", "arithmetic: multiply-adds a second"),
            ("reading", "reading the weights: bytes a second"),
        ],
    )
    ticks = [(tick / 4, f"{25 * tick} %") for tick in range(int(4 * FULL_SHARE) + 1)]
    chart.axis(ticks, "100 %: the machine's limit", "share of the machine's limit that Linnet reaches")
    for group, (case, shares) in enumerate(rows):
        chart.name(group, case["title"])
        for number, share in enumerate(shares):
            style, what = bars[number]
            tip = f"{what}: {100 * share:.1f} % of the limit"
            chart.bar(group, number, share, style, [f"{100 * share:.0f} %"], tip)
    return chart.drawing()
