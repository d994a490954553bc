"""Says on what the figures were measured, without naming the machine."""

from __future__ import annotations

import importlib.metadata
import platform
import re
from pathlib import Path


def cpu_name(cpuinfo: str) -> str:
    """The model's name in the text of /proc/cpuinfo."""
    found = re.search(r"^(?:model name|Processor)\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    return found.group(1).strip() if found else platform.machine()


def cache_sizes(folder: Path) -> str:
    """"L1d 32K, L2 1024K, L3 32768K" from /sys/devices/system/cpu/cpu0/cache."""
    sizes = []
    for index in sorted(folder.glob("index*")):
        level, kind, size = ((index / name).read_text().strip() for name in ("level", "type", "size"))
        if kind != "Instruction":
            sizes.append(f"L{level}{'d' if kind == 'Data' else ''} {size}")
    return ", ".join(sizes) or "unknown"


def describe_machine() -> dict:
    """CPU, caches and system."""
    import os

    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    return {
        "cpu": cpu_name(flags),
        "cpus": os.cpu_count(),
        "caches": cache_sizes(Path("/sys/devices/system/cpu/cpu0/cache")),
        "system": f"{platform.system()} {platform.release().split('-')[0]}, {platform.libc_ver()[0]} {platform.libc_ver()[1]}",
    }


def describe_versions(cases: list[dict]) -> dict[str, str]:
    """Of every engine that ran."""
    versions = {}
    for case in cases:
        for engine, by_threads in case["engines"].items():
            for figures in by_threads.values():
                versions[engine] = figures["version"].split("-")[0]
    if "torch" not in versions:
        try:
            versions["torch"] = importlib.metadata.version("torch")
        except importlib.metadata.PackageNotFoundError:
            pass
    return versions
