"""What docs/benchmarks.md says of whole networks."""

from __future__ import annotations

import math

from cases import NAMES, ONNX_ENGINES
from figures import COMPARED, best, best_peer, latency, products_us, ratio
from markdown import cpu_label, geometric_mean, paragraph, picture_name, share_text, table
from pictures import time_text

Machines = dict[str, dict]

README = ("resnet18", "resnet50", "mobilenet_v2", "efficientnet_b0", "convnext_tiny", "unet", "segformer_b0", "wavenet")


def networks_of(results: dict) -> list[dict]:
    """Whole networks that were measured on a CPU."""
    return results.get("networks", {}).get("cases", [])


def _is_ahead(case: dict) -> bool:
    return (ratio(case, latency) or math.inf) < 1


def _means(cases: list[dict]) -> list[str]:
    return [share_text(geometric_mean([ratio(case, metric) for case in cases])) for metric in COMPARED.values()]


def networks_overview(machines: Machines) -> str:
    """A row per CPU on which whole networks were measured; empty where there is none."""
    rows = []
    for name, results in machines.items():
        if cases := networks_of(results):
            ahead = sum(map(_is_ahead, cases))
            rows.append([cpu_label(name, results), f"{ahead} of {len(cases)}", *_means(cases)])
    if not rows:
        return ""
    columns = ["whole networks on", "Linnet is fastest in", *(f"{what}, mean ratio" for what in COMPARED)]
    return table(columns, rows) + "\n"


def networks_readme(machines: Machines) -> str:
    """An empty line, the overview, and well-known networks beside each other; empty where none were measured."""
    measured = {name: {case["name"]: case for case in networks_of(results)} for name, results in machines.items()}
    measured = {name: cases for name, cases in measured.items() if cases}
    rows = []
    for network in README:
        known = [cases.get(network) for cases in measured.values()]
        titles = [case["title"] for case in known if case]
        if titles:
            rows.append([titles[0], *(_ratio_text(case) for case in known)])
    if not rows:
        return ""
    return "\n" + networks_overview(machines) + table(["network, one sample", *measured], rows)


def _ratio_text(case: dict | None) -> str:
    """"**0.92** (17.3 ms; ONNX Runtime)": the ratio of latencies, Linnet's own, and which peer is the best."""
    share = ratio(case, latency) if case else None
    if share is None:
        return "-"
    own, peer = time_text(latency(best(case, "linnet")[1])), NAMES[best_peer(case, latency)[0]]
    return f"{share_text(share)} ({own}; {peer})"


def networks_behind(name: str, results: dict) -> list[str]:
    """A line where Linnet is not the fastest in all networks on this CPU: they have a table of their own."""
    cases = networks_of(results)
    slower = [share for case in cases if (share := ratio(case, latency)) is not None and share >= 1]
    if not slower:
        return []
    return [f"- {name}, {len(slower)} of {len(cases)} whole networks: up to {max(slower):.2f} times the latency\n"]


def _limit_text(case: dict) -> str:
    """What the ratio of the latencies would be if the run were its sums alone, at the peak of the machine."""
    peer, products = best_peer(case, latency), products_us(case)
    return "-" if peer is None or products is None else f"{products / peer[1]:.2f}"


def _layers_text(name: str, results: dict) -> str:
    """The pictures of layers."""
    pictures = [
        f"![Layers of {case['title']} on {name}](benchmarks/{picture_name('layers-' + case['name'], name)})\n"
        for case in networks_of(results)
        if case.get("layers")
    ]
    if not pictures:
        return ""
    said = """Each layer with one thread, by what a direct sum would need at the peak of the machine. Winograd's form of a
        3 x 3 kernel takes 4/9 of its multiplications, so a layer may pass 100 %."""
    return "\n" + paragraph(said) + "\n" + "\n".join(pictures)


def networks_part(name: str, results: dict) -> str:
    """The section of whole networks; empty where they were not measured."""
    cases = networks_of(results)
    if not cases:
        return ""
    measured = results["networks"]
    rows = []
    for case in sorted(cases, key=lambda case: ratio(case, latency) or math.inf):
        times = [time_text(latency(found[1])) if (found := best(case, engine)) else "refused" for engine in ONNX_ENGINES]
        ratios = [share_text(ratio(case, metric)) for metric in COMPARED.values()]
        rows.append([case["title"], *times, ratios[0], _limit_text(case), *ratios[1:]])
    means = _means(cases)
    rows.append(["geometric mean", "", "", "", means[0], "", *means[1:]])
    columns = [*(NAMES[engine] for engine in ONNX_ENGINES), "latency, ratio", "at the peak", "first result, ratio", "memory, ratio"]
    rounds = "round" if measured["rounds"] == 1 else "rounds"
    said = f"""Networks of `models/zoo` with one sample, as PyTorch's newer exporter writes them. {measured["date"]};
        {measured["rounds"]} {rounds} of {measured["seconds"]} s. Linnet is the fastest in {sum(map(_is_ahead, cases))} of
        {len(cases)}. *At the peak*: what the ratio would be if a run were its sums alone, at the machine's peak on all CPUs;
        Winograd's form takes fewer. To repeat it: `make zoo`, then `make bench BENCH="--networks build/zoo"`."""
    return f"""### Whole networks on {name}

{paragraph(said)}
![Time of whole networks on {name}](benchmarks/{picture_name("networks", name)})

{table(["network", *columns], rows)}{_layers_text(name, results)}"""
