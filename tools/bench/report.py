"""Writes docs/benchmarks.md and the README's tables from the results of one or more CPUs."""

from __future__ import annotations

from cases import BUSY_GOAL, CASES, COPY_GOAL, ENGINES, IDLE_GOAL_MS, MEMORY_GOAL, NAMES, ONEDNN_GOAL
from cases import OVERHEAD_GOAL, TAIL_GOAL, WEIGHTS_CASE, WEIGHTS_MEMORY_GOAL, WEIGHTS_READY_GOAL, memory_bound
from figures import COMPARED, Check, Metric, all_checks, best, best_peer, latency, memory, ratio, ready, roofline
from markdown import cpu_label, megabytes, milliseconds, paragraph, picture_name, share_text, span, table
from pictures import time_text
from report_networks import networks_behind, networks_overview, networks_part, networks_readme

# What `make bench` measured, by the name of the CPU (machine.machine_name).
Machines = dict[str, dict]

def comparison(results: dict, metric: Metric, text, goal_of) -> str:
    """A row per case with every engine's value and Linnet's ratio to the best peer."""
    rows = []
    for case in results["cases"]:
        cells = []
        for engine in ENGINES:
            found = best(case, engine)
            cells.append("-" if found is None else text(metric(found[1])))
        rows.append([case["title"], *cells, share_text(ratio(case, metric), goal_of(case))])
    return table(["model", *(NAMES[engine] for engine in ENGINES), "ratio to the best peer"], rows)


def overview(machines: Machines) -> str:
    """A row per CPU: in how many models Linnet is fastest, and its ratios."""
    rows = []
    for name, results in machines.items():
        if not results["cases"]:
            continue
        shares = [ratio(case, latency) for case in results["cases"]]
        ahead = sum(share is not None and share < 1 for share in shares)
        spans = [span([ratio(case, metric) for case in results["cases"]]) for metric in COMPARED.values()]
        rows.append([cpu_label(name, results), f"{ahead} of {len(shares)}", *spans])
    return table(["CPU", "Linnet is fastest in", *(f"{what}, ratio" for what in COMPARED)], rows)


def beside(machines: Machines, metric: Metric, text) -> str:
    """A row per case, a column per CPU: Linnet's ratio to the best peer, its own value, and which peer that is."""
    measured = {name: results for name, results in machines.items() if results["cases"]}
    titles = dict.fromkeys(case["title"] for results in measured.values() for case in results["cases"])
    rows = []
    for title in titles:
        cells = []
        for results in measured.values():
            case = next((case for case in results["cases"] if case["title"] == title), None)
            share = ratio(case, metric) if case else None
            if share is None:
                cells.append("-")
                continue
            own, peer = text(metric(best(case, "linnet")[1])), NAMES[best_peer(case, metric)[0]]
            cells.append(f"{share_text(share)} ({own}; {peer})")
        rows.append([title, *cells])
    return table(["model", *measured], rows)


def behind_lines(name: str, case: dict) -> list[str]:
    """In what the case is not ahead of every peer on this CPU."""
    if ratio(case, latency) is None:
        return [f"- {name}, {case['title']}: no comparison ({case['errors'].get('linnet', 'no peer was measured')})\n"]
    lines = []
    for what, metric in COMPARED.items():
        share = ratio(case, metric)
        if share >= 1.0:
            peer = NAMES[best_peer(case, metric)[0]]
            lines.append(f"- {name}, {case['title']}: {share:.2f} times the {what} of {peer}\n")
    return lines


def behind_text(machines: Machines) -> str:
    """Where Linnet is not ahead of a peer; of whole networks, on how many: they have tables of their own."""
    behind = [line for name, results in machines.items() for case in results["cases"] for line in behind_lines(name, case)]
    behind += [line for name, results in machines.items() for line in networks_behind(name, results)]
    if behind:
        return "Linnet is **behind** at:\n\n" + "".join(behind)
    return paragraph(
        """Linnet has the least latency, the shortest time to the first result and the least memory on every model and CPU
        measured."""
    )


def missed_text(machines: Machines) -> str:
    """The goals that are not reached, with what the machine allows."""
    rows = []
    for name, results in machines.items():
        for check in all_checks(results):
            if check.reached:
                continue
            value = "not measured" if check.value is None else f"{check.value:.2f}"
            goal = f"{'at least' if check.least else 'at most'} {check.goal:.2f}"
            rows.append([name, check.what, value, goal, limits_text(check)])
    if not rows:
        return "Every goal is reached.\n"
    return table(["CPU", "figure", "reached", "goal", "what the machine allows"], rows)


def limits_text(check: Check) -> str:
    """"its products alone, at the machine's peak, take 0.18; with activations ... 0.21 (past the goal)"."""
    return (
        "; ".join(f"{limit.what} {limit.value:.2f}{'' if check.holds(limit.value) else ' (past the goal)'}" for limit in check.limits)
        or "-"
    )


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
        f"- CPU: {machine['cpu']}, {machine['core']} cores, {machine['cpus']} CPUs; {machine['instructions']}",
        f"- Caches: {machine['caches']}",
        f"- System: {machine['system']}",
        f"- {engines}",
    ]
    if rates:
        lines += [
            f"- Date: {results['date']}; {results['rounds']} rounds of {results['seconds']} s per engine and thread count",
            f"- Measured peak of float32 multiply-adds on registers, by threads: {rates}",
        ]
    return "\n".join(lines) + "\n"


def kernels_part(results: dict) -> str:
    """The section of the micro-benchmarks; empty where none were run."""
    if not results.get("kernels"):
        return ""
    return f"""
### Kernels and operators

- Kernels are named name/elements, products gemm_layer/rows/depth/columns. Both run with one thread. The bytes of
  products are those of the weights.
- Operators are named operator/name/elements/threads and run through a session. Beside them stands how near they come
  to the speed of their own arithmetic on a piece in L1.
- A copy is one of as many bytes by as many threads, the faster of one with plain stores and one past the caches,
  measured in the same run.
- Goals: operators on arrays that no cache holds reach at least {COPY_GOAL} of a copy's bandwidth. Kernels in L1 and L2 take
  at most {ONEDNN_GOAL} times oneDNN's time where it has the same function.
- `make bench-kernels` prints all.

{kernels_text(results["kernels"])}"""


def weights_part(name: str, results: dict) -> str:
    """The section on weights in other places; empty where they were not measured."""
    weights = results.get("weights", {})
    if not weights:
        return ""
    rows = []
    for place, figures in weights.items():
        load = milliseconds(figures["load_ms"])
        rows.append([place, load, milliseconds(ready(figures)), megabytes(memory(figures))])
    title = next(case.title for case in CASES if case.name == WEIGHTS_CASE)
    return f"""### Weights in other places on {name}

Linnet on {title} with one thread. Goals: at most {WEIGHTS_READY_GOAL} times the time to the
first result and {WEIGHTS_MEMORY_GOAL} times the peak memory that the model takes with its weights beside it.

{table(["weights", "load", "first result", "peak memory"], rows)}"""


def cpu_part(name: str, results: dict) -> str:
    """All figures of one CPU."""
    quick = "**A quick run: one short round. Do not quote these figures.**\n\n" if results["quick"] else ""
    parts = [perceptrons_part(name, results), networks_part(name, results), weights_part(name, results)]
    parts += [manners_part(name, results), limits_part(name, results) + kernels_part(results)]
    return f"""## {name}

{quick}{machine_text(results)}
{chr(10).join(filter(None, parts))}"""


def perceptrons_part(name: str, results: dict) -> str:
    """Latency, time to the first result, memory and tail of multi-layer perceptrons; empty where they were not measured."""
    if not results["cases"]:
        return ""
    return f"""![How near Linnet comes to the limits of {name}](benchmarks/{picture_name("roofline", name)})

### Latency on {name}

Median time of one run, each engine with the better of 1 and 2 threads; so in the tables below.

{comparison(results, latency, time_text, lambda case: case["latency_goal"])}
### Time to first result on {name}

Loading and the first run, the file in the page cache, each in a fresh process, right after another of the same kind.
The engine's own start-up is not counted. PyTorch loads a module of its own, not the ONNX model.

{comparison(results, ready, milliseconds, lambda case: case["ready_goal"])}
### Peak memory on {name}

Of the process that times the engine. Linnet's goal is also an absolute one: the weights and a tenth, and 12 MB.

{comparison(results, memory, megabytes, lambda case: MEMORY_GOAL)}
{table(["model", "Linnet", "most allowed"], bounds(results))}
### Tail on {name}

99th percentile by median, one thread; goal at most {TAIL_GOAL:.0f}.

{tail_text(results)}"""


def manners_part(name: str, results: dict) -> str:
    """What a run costs beside its work; empty where it was not measured."""
    if "overhead_us" not in results:
        return ""
    return f"""### Overhead and manners on {name}

{manners_text(results)}"""


def limits_part(name: str, results: dict) -> str:
    """How near Linnet comes to what the machine can do; empty where nothing was measured."""
    if not results["cases"]:
        return ""
    return f"""### Share of the limits of {name}

- GFLOP/s: operations of the matrix products. Of the peak: beside a loop of nothing but multiply-adds.
- GB/s: bytes of the weights. Of reading: beside a loop that does nothing but read as many bytes.
- Both loops run with as many threads, in the same rounds. Where either share is near 100 %, the machine allows no
  more.

{roofline_text(results)}"""


RATIO = """The *ratio to the best peer* is Linnet's figure divided by that of the best of the other engines. Below 1 Linnet is
faster, or takes less. Compare ratios, not times: the machines are shared with others, and their speed varies."""


def opening(machines: Machines) -> str:
    """What a reader wants first: who is fastest, by how much, on which CPU."""
    versions: dict[str, str] = {}
    for results in machines.values():
        versions.update(results["versions"])
    peers = [f"{NAMES[engine]} {versions[engine]}" for engine in ENGINES[1:] if engine in versions]
    others = ", ".join(peers[:-1]) + (" and " if len(peers) > 1 else "") + "".join(peers[-1:])
    first = f"How fast Linnet runs models beside {others}, how soon it has the first result, and how much memory it takes."
    pictures = [
        f"![Time of one run on {name}](benchmarks/{picture_name('latency', name)})\n"
        for name, results in machines.items()
        if results["cases"]
    ]
    return f"""{paragraph(first)}
{behind_text(machines)}
{overview(machines)}
{networks_overview(machines)}{paragraph(RATIO)}
{chr(10).join(pictures)}
## Side by side

Each cell: **ratio to the best peer** (Linnet's figure; which peer is the best).

Latency, the median time of one run:

{beside(machines, latency, time_text)}
Time to the first result, loading included:

{beside(machines, ready, milliseconds)}
Peak memory of the process:

{beside(machines, memory, megabytes)}"""


def report(machines: Machines) -> str:
    """The whole page. Requires: the pictures of every CPU in benchmarks/ beside it."""
    parts = "\n".join(cpu_part(name, results) for name, results in machines.items())
    return f"""# Benchmarks

{opening(machines)}
{parts}
## How it is measured

- Engines run in turn, each in a process of its own: Linnet, ONNX Runtime (C API) and OpenVINO (C++ API) through one
  protocol (`tests/benchmark/peers/timing.hpp`) on buffers of the caller, PyTorch eager from Python.
- The rounds alternate between engines and thread counts. Every figure is a median over the rounds.
- The outputs are compared: engines that disagree stop the run.
- A limit is the time of the multiply-adds on registers, or that of reading the weights, whichever is longer, at the
  best that this machine did in many rounds.
- OpenVINO computes in f32 where the model's title does not say bf16.
- `benchmarks/results.json` has the figures.

To repeat it on your CPU:

    make bench BENCH="--rounds 3 --seconds 0.3"

It adds your CPU to this page, or takes the place of what was measured on the same kind before.
`make bench BENCH=--quick` takes a minute and says little; it writes to the build folder. Two files of results stand
side by side with `make bench BENCH="--compare OLD.json NEW.json"`.

## Goals that are missed

{missed_text(machines)}"""


def readme_table(machines: Machines) -> str:
    """The tables in README.md."""
    return f"""{overview(machines)}
Latency by model: **ratio to the best peer** (Linnet's time; which peer is the best).

{beside(machines, latency, time_text)}{networks_readme(machines)}"""


def bounds(results: dict) -> list[list[str]]:
    """Linnet's peak memory beside the most that it may be."""
    rows = []
    for case in results["cases"]:
        own = best(case, "linnet")
        if own is not None:
            rows.append([case["title"], megabytes(memory(own[1])), megabytes(memory_bound(case))])
    return rows
