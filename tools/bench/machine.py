"""Says on what the figures were measured: which CPU it is, without naming the machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from pathlib import Path

# (family, first and last model, core), from Linux' arch/x86/kernel/cpu/amd.c.
_AMD = (
    (0x17, 0x00, 0x2F, "Zen"),
    (0x17, 0x50, 0x5F, "Zen"),
    (0x17, 0x30, 0x4F, "Zen 2"),
    (0x17, 0x60, 0x7F, "Zen 2"),
    (0x17, 0x90, 0x91, "Zen 2"),
    (0x17, 0xA0, 0xAF, "Zen 2"),
    (0x19, 0x00, 0x0F, "Zen 3"),
    (0x19, 0x20, 0x5F, "Zen 3"),
    (0x19, 0x10, 0x1F, "Zen 4"),
    (0x19, 0x60, 0xAF, "Zen 4"),
    (0x1A, 0x00, 0x2F, "Zen 5"),
    (0x1A, 0x40, 0x4F, "Zen 5"),
    (0x1A, 0x60, 0x7F, "Zen 5"),
    (0x1A, 0x50, 0x5F, "Zen 6"),
    (0x1A, 0x80, 0xAF, "Zen 6"),
    (0x1A, 0xC0, 0xCF, "Zen 6"),
)
# Of family 6, by model, from Linux' arch/x86/include/asm/intel-family.h.
_INTEL = {
    0x3F: "Haswell",
    0x4F: "Broadwell",
    0x56: "Broadwell",
    0x4E: "Skylake",
    0x5E: "Skylake",
    0x55: "Skylake",  # server; Cascade Lake and Cooper Lake by their stepping
    0x8E: "Kaby Lake",
    0x9E: "Kaby Lake",
    0xA5: "Comet Lake",
    0xA6: "Comet Lake",
    0x6A: "Ice Lake",
    0x6C: "Ice Lake",
    0x7D: "Ice Lake",
    0x7E: "Ice Lake",
    0x8C: "Tiger Lake",
    0x8D: "Tiger Lake",
    0x8F: "Sapphire Rapids",
    0xCF: "Emerald Rapids",
    0xAD: "Granite Rapids",
    0xAE: "Granite Rapids",
    0xAF: "Sierra Forest",
    0x97: "Alder Lake",
    0x9A: "Alder Lake",
    0xB7: "Raptor Lake",
    0xBA: "Raptor Lake",
    0xBF: "Raptor Lake",
    0xAA: "Meteor Lake",
    0xAC: "Meteor Lake",
    0xC5: "Arrow Lake",
    0xC6: "Arrow Lake",
    0xBD: "Lunar Lake",
}
# ("CPU implementer", "CPU part"), from Linux' arch/arm64/include/asm/cputype.h.
_ARM = {
    (0x41, 0xD0C): "Neoverse N1",
    (0x41, 0xD40): "Neoverse V1",
    (0x41, 0xD49): "Neoverse N2",
    (0x41, 0xD4F): "Neoverse V2",
    (0xC0, 0xAC3): "Ampere-1",
}
# What decides which kernels run: (name, flags that it takes); of the first group only the widest is told.
_WIDTHS = (
    ("AVX-512", {"avx512f", "avx512bw", "avx512dq", "avx512vl"}),
    ("AVX2", {"avx2", "fma"}),
    ("SSE4", {"sse4_2"}),
    ("SVE", {"sve"}),
    ("NEON", {"asimd"}),
)
_MORE = (
    ("AVX512_VNNI", {"avx512_vnni"}),
    ("AVX512_BF16", {"avx512_bf16"}),
    ("AMX", {"amx_tile", "amx_bf16"}),
)


def _field(cpuinfo: str, name: str) -> str:
    """Of the first CPU in the text of /proc/cpuinfo; "" where it has no such line."""
    found = re.search(rf"^{name}\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    return found.group(1).strip() if found else ""


def _number(cpuinfo: str, name: str) -> int:
    value = _field(cpuinfo, name)
    return int(value, 0) if value else -1


def cpu_model(cpuinfo: str) -> str:
    """The model's name as the maker writes it, without marks and clock: "AMD EPYC 9B14", "Intel Xeon Platinum 8481C"."""
    name = _field(cpuinfo, "model name") or _field(cpuinfo, "Processor") or platform.machine()
    name = re.sub(r"\((R|TM|r|tm)\)", "", name)
    name = re.sub(r"(\s+CPU)?\s*@.*$|\s+\d+-Core Processor$|\s+Processor$", "", name)
    return re.sub(r"\s+", " ", name).strip()


def cpu_core(cpuinfo: str) -> str:
    """Which design its cores are: "Zen 3", "Sapphire Rapids", or, where it is not known, its family and model in
    numbers."""
    vendor = _field(cpuinfo, "vendor_id")
    family, model = _number(cpuinfo, "cpu family"), _number(cpuinfo, "model")
    if vendor == "AuthenticAMD":
        for known, first, last, core in _AMD:
            if family == known and first <= model <= last:
                return core
    if vendor == "GenuineIntel" and family == 6:
        if model == 0x55 and _number(cpuinfo, "stepping") >= 5:
            return "Cooper Lake" if _number(cpuinfo, "stepping") >= 10 else "Cascade Lake"
        if model in _INTEL:
            return _INTEL[model]
    arm = (_number(cpuinfo, "CPU implementer"), _number(cpuinfo, "CPU part"))
    if arm in _ARM:
        return _ARM[arm]
    if min(arm) >= 0:
        return f"implementer 0x{arm[0]:x} part 0x{arm[1]:x}"
    return f"family {family} model {model}" if min(family, model) >= 0 else "unknown core"


def cpu_instructions(cpuinfo: str) -> str:
    """The instruction sets that matter here: "AVX-512, AVX512_BF16"."""
    flags = set((_field(cpuinfo, "flags") or _field(cpuinfo, "Features")).split())
    widest = [name for name, needed in _WIDTHS if needed <= flags][:1]
    return ", ".join(widest + [name for name, needed in _MORE if needed <= flags]) or "unknown"


def machine_name(machine: dict) -> str:
    """What tells results of one kind of CPU from those of another: "AMD EPYC (Zen 3)"."""
    return machine["cpu"] if machine["core"] in machine["cpu"] else f"{machine['cpu']} ({machine['core']})"


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
    cpuinfo = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    libc = " ".join(platform.libc_ver())
    return {
        "cpu": cpu_model(cpuinfo),
        "core": cpu_core(cpuinfo),
        "instructions": cpu_instructions(cpuinfo),
        "cpus": os.cpu_count(),
        "caches": cache_sizes(Path("/sys/devices/system/cpu/cpu0/cache")),
        "system": f"{platform.system()} {platform.release().split('-')[0]}, {libc}",
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
