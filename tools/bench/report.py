"""Writes docs/benchmarks.md."""

from __future__ import annotations

from cases import BUSY_GOAL, COPY_GOAL, ENGINES, IDLE_GOAL_MS, MEMORY_GOAL, NAMES, ONEDNN_GOAL, OVERHEAD_GOAL, TAIL_GOAL
from cases import memory_bound
from figures import Check, Metric, all_checks, best, best_peer, latency, memory, ratio, ready, roofline
from pictures import time_text


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; ends with a newline. A "|" in a cell is escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def share_text(share: float | None, goal: float | None = None, bold_below: float = 1.0) -> str:
    """"**0.31** (goal 0.90)"; bold where Linnet is ahead."""
    if share is None:
        return "-"
    text = f"**{share:.2f}**" if share < bold_below else f"{share:.2f}"
    return text if goal is None else f"{text} (goal {goal:.2f})"


def megabytes(count: float) -> str:
    """"12.3 MB"."""
    return f"{count / 2**20:.1f} MB"


def milliseconds(value: float) -> str:
    """Of a time in milliseconds."""
    return time_text(value * 1e3)


def comparison(results: dict, metric: Metric, text, goal_of) -> str:
    """A row per case with every engine's value and Linnet's share of the best peer's."""
    rows = []
    for case in results["cases"]:
        cells = []
        for engine in ENGINES:
            found = best(case, engine)
            cells.append("-" if found is None else text(metric(found[1])))
        rows.append([case["title"], *cells, share_text(ratio(case, metric), goal_of(case))])
    return table(["model", *(NAMES[engine] for engine in ENGINES), "Linnet / best peer"], rows)


COMPARED = {"latency": latency, "time to the first result": ready, "peak memory": memory}


def behind_lines(case: dict) -> list[str]:
    """In what the case is not ahead of every peer."""
    if ratio(case, latency) is None:
        return [f"- {case['title']}: no comparison ({case['errors'].get('linnet', 'no peer was measured')})\n"]
    lines = []
    for what, metric in COMPARED.items():
        share = ratio(case, metric)
        if share >= 1.0:
            lines.append(f"- {case['title']}: {share:.2f} times the {what} of {NAMES[best_peer(case, metric)[0]]}\n")
    return lines


def behind_text(results: dict) -> str:
    """The first thing to read: where Linnet is not ahead of a peer, and which goals it misses."""
    lines = []
    behind = [line for case in results["cases"] for line in behind_lines(case)]
    if behind:
        lines.append("Linnet is **behind** at:\n\n" + "".join(behind))
    else:
        lines.append("Linnet has the least latency, the shortest time to the first result and the least memory on every model measured.\n")
    missed = [check for check in all_checks(results) if not check.reached]
    if missed:
        lines.append("Goals **missed**:\n\n" + "".join(missed_line(check) for check in missed))
    else:
        lines.append("Every goal is reached.\n")
    return "\n".join(lines)


def missed_line(check: Check) -> str:
    """One goal in the list of those missed, with what the machine allows."""
    value = "not measured" if check.value is None else f"{check.value:.2f}"
    limits = ""
    for limit in check.limits:
        limits += f"; {limit.what} {limit.value:.2f}{'' if check.holds(limit.value) else ' (past the goal already)'}"
    return f"- {check.what}: {value}, goal {'at least' if check.least else 'at most'} {check.goal:.2f}{limits}\n"


def tail_text(results: dict) -> str:
    """p99 by p50 with one thread, tiny models."""
    rows = []
    for case in filter(lambda case: case["tiny"], results["cases"]):
        cells = []
        for engine in ENGINES:
            figures = case["engines"].get(engine, {}).get("1")
            cells.append(f"{figures['p99_us'] / figures['p50_us']:.2f}" if figures else "-")
        rows.append([case["title"], *cells])
    return table(["model", *(NAMES[engine] for engine in ENGINES)], rows)


def manners_text(results: dict) -> str:
    """Overhead, idle CPU time, latency on a busy machine."""
    overhead, idle, busy = results["overhead_us"], results["idle_cpu_ms"], results["busy_us"]

    def row(title: str, cell) -> list[str]:
        return [title, *(cell(engine) or "-" for engine in ENGINES)]

    def growth(engine: str) -> str | None:
        by_threads = busy.get(engine, {})
        if not {"1", "2"} <= by_threads.keys():
            return None
        two, one = by_threads["2"], by_threads["1"]
        return f"{two / one:.2f} ({time_text(two)}, {time_text(one)})"

    rows = [
        row(
            f"a run of one Identity node, one thread (goal: {OVERHEAD_GOAL} of ONNX Runtime's)",
            lambda engine: time_text(overhead[engine]) if engine in overhead else None,
        ),
        row(
            f"CPU time in a second of idling, from 5 ms after the last run on, more of 1 and 2 threads (goal: {IDLE_GOAL_MS:.0f} ms)",
            lambda engine: f"{max(idle[engine].values()):.2f} ms" if engine in idle else None,
        ),
        row(f"every CPU kept busy: mean latency with 2 threads by that with 1 (goal: {BUSY_GOAL})", growth),
    ]
    return table(["", *(NAMES[engine] for engine in ENGINES)], rows)


def roofline_text(results: dict) -> str:
    """What Linnet reaches of the machine's limits."""
    rows = []
    for case in results["cases"]:
        shares = roofline(case)
        if shares is None:
            continue
        threads, figures = best(case, "linnet")
        seconds = figures["p50_us"] * 1e-6
        rows.append(
            [
                case["title"],
                str(threads),
                f"{case['flops'] / seconds / 1e9:.1f}",
                f"{100 * shares[0]:.0f} %",
                f"{case['stream_bytes'] / seconds / 1e9:.1f}",
                f"{100 * shares[1]:.0f} %",
            ]
        )
    return table(["model", "threads", "GFLOP/s", "of the peak", "GB/s of weights", "of reading as many bytes"], rows)


def kernels_text(kernels: list[dict]) -> str:
    """The micro-benchmarks."""
    rows = []
    for kernel in kernels:
        shares = (kernel.get(share) for share in ("of_copy", "of_in_l1", "of_peak", "by_onednn"))
        rows.append(
            [
                kernel["name"],
                time_text(kernel["us"]),
                f"{kernel['gb_s']:.1f}",
                *("-" if share is None else f"{share:.2f}" for share in shares),
            ]
        )
    columns = ["of a copy's bandwidth", "of its arithmetic's speed", "of the multiply-adds' peak", "by oneDNN's time"]
    return table(["kernel", "time", "GB/s", *columns], rows)


def machine_text(results: dict) -> str:
    """Machine, versions, date."""
    machine, versions = results["machine"], results["versions"]
    engines = ", ".join(f"{NAMES[engine]} {versions[engine]}" for engine in ENGINES if engine in versions)
    peaks: dict[str, float] = {}
    for case in results["cases"]:
        for threads, peak in case["peaks"].items():
            if case["precision"] == "f32":
                peaks[threads] = max(peaks.get(threads, 0.0), peak["multiply_add"] / 1e9)
    rates = ", ".join(f"{rate:.0f} GFLOP/s with {threads}" for threads, rate in sorted(peaks.items()))
    lines = [
        f"- Date: {results['date']}; {results['rounds']} rounds of {results['seconds']} s per engine and thread count",
        f"- CPU: {machine['cpu']}, {machine['cpus']} CPUs; caches: {machine['caches']}",
        f"- Measured peak of float32 multiply-adds on registers, by threads: {rates}",
        f"- System: {machine['system']}",
        f"- {engines}",
    ]
    return "\n".join(lines) + "\n"


def report(results: dict) -> str:
    """The whole page. Requires: pictures latency.svg and roofline.svg in benchmarks/ beside it."""
    quick = "**A quick run: one short round. Do not quote these figures.**\n\n" if results["quick"] else ""
    kernels = results.get("kernels", [])
    kernels_part = ""
    if kernels:
        kernels_part = f"""
## Kernels and operators

Kernels (name/elements) and products (gemm_layer/rows/depth/columns; bytes are those of the weights) with one thread, operators
(operator/name/elements/threads) through a session. Goals: operators on arrays that no cache holds reach at least {COPY_GOAL} of the bandwidth of a
copy of as many bytes by as many threads, the faster of one with plain stores and one past the caches, measured in the same run; kernels in L1 and
L2 take at most {ONEDNN_GOAL} times oneDNN's time where it has the same function. Beside the operators stands how near they come to the speed of
their own arithmetic on a piece in L1. `make bench-kernels` prints all.

{kernels_text(kernels)}"""
    return f"""# Benchmarks

{quick}{behind_text(results)}
![Latency by model and engine](benchmarks/latency.svg)

![Share of the roofline](benchmarks/roofline.svg)

`make bench` repeats all of this and writes this page. Machines that others use too are noisy: compare ratios, not times.

## Latency

Median time of one run, each engine with the better of 1 and 2 threads; so in the tables below.

{comparison(results, latency, time_text, lambda case: case["latency_goal"])}
## Time to first result

Loading and the first run, the file in the page cache, each in a fresh process, right after another of the same kind; the engine's own start-up is not counted.
PyTorch loads a module of its own, not the ONNX model.

{comparison(results, ready, milliseconds, lambda case: case["ready_goal"])}
## Peak memory

Of the process that times the engine. Linnet's goal is also an absolute one: the weights and a tenth, and 12 MB.

{comparison(results, memory, megabytes, lambda case: MEMORY_GOAL)}
{table(["model", "Linnet", "most allowed"], bounds(results))}
## Tail

99th percentile by median, one thread; goal at most {TAIL_GOAL:.0f}.

{tail_text(results)}
## Overhead and manners

{manners_text(results)}
## Share of the roofline

Operations of the matrix products and bytes of the weights per second, beside what loops of nothing but multiply-adds and
nothing but reads reach with as many threads, measured between the engines in the same rounds. Where either share is near 100 %, the machine allows no more.

{roofline_text(results)}{kernels_part}
## How it is measured

Engines run in turn, each in a process of its own: Linnet, ONNX Runtime (C API) and OpenVINO (C++ API) through one protocol
(`tests/benchmark/peers/timing.hpp`) on buffers of the caller, PyTorch eager from Python. The rounds alternate between engines and
thread counts; every figure is a median over the rounds. The outputs are compared: engines that disagree stop the run.
A limit is the time of the multiply-adds on registers, or that of reading the weights, whichever is longer, at the best that this machine did in many rounds.
OpenVINO computes in f32 where the model's title does not say bf16. `benchmarks/results.json` has the figures.

{machine_text(results)}
To repeat: `make bench BENCH="--rounds {results['rounds']} --seconds {results['seconds']}"`; `make bench BENCH=--quick` takes a minute and says little. Two files of
results stand side by side with `make bench BENCH="--compare OLD.json NEW.json"`.
"""


def readme_table(results: dict) -> str:
    """The table in README.md."""
    rows = []
    for case in results["cases"]:
        own, peer = best(case, "linnet"), best_peer(case, latency)
        if own is None or peer is None:
            continue
        times = [time_text(latency(own[1])), time_text(peer[1])]
        rows.append([case["title"], *times, share_text(ratio(case, latency)), share_text(ratio(case, memory))])
    return table(["model", "Linnet", "best peer", "Linnet / best peer", "peak memory, Linnet / best peer"], rows)


def bounds(results: dict) -> list[list[str]]:
    """Linnet's peak memory beside the most that it may be."""
    rows = []
    for case in results["cases"]:
        own = best(case, "linnet")
        if own is not None:
            rows.append([case["title"], megabytes(memory(own[1])), megabytes(memory_bound(case))])
    return rows
