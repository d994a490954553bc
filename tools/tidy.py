#!/usr/bin/env python3
"""Runs clang-tidy over the sources in BUILD/compile_commands.json, one per CPU at a time, and remembers what was clean.

usage: tools/tidy.py BUILD [FILE...]

Sources that are compiled together (cmake/unity_groups.cmake) are looked at together. Clang's analyzer leaves out what
such a list includes, so BUILD is one without LINNET_UNITY_GROUPS: the tests, which do without it, are the only groups.
A file is looked at again only if something that it is made of changed: the key is a digest of the file, of the files of
this repository that it includes, its compile options, both .clang-tidy files and clang-tidy's version. Keys of clean
files lie in the user's cache folder, so every checkout and branch shares them. Exit status 1 if any file has a finding.
"""

import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Options of g++ that clang++ does not know, and those that make it write files.
DROPPED = {"-MD", "-c", "-mstringop-strategy=libcall", "-fvect-cost-model=dynamic", "-fno-tree-scev-cprop",
           "-ftree-loop-vectorize", "-fno-tree-loop-distribute-patterns", "-fsched-pressure"}
DROPPED_WITH_VALUE = {"-MT", "-MF", "-o"}
# Warnings and optimizations that only g++ has are no findings.
GPP_ONLY = ["-Wno-unknown-warning-option", "-Wno-ignored-optimization-argument"]


def compile_options(entry):
    """The options of one compile command for clang++: no launcher, compiler, input or output."""
    words = shlex.split(entry["command"])
    first = next(i for i, word in enumerate(words) if word.endswith(("c++", "g++", "clang++", "/cc", "gcc", "clang")))
    options = []
    skip = False
    for word in words[first + 1 :]:
        if skip:
            skip = False
        elif word in DROPPED_WITH_VALUE:
            skip = True
        elif word not in DROPPED and word != entry["file"]:
            options.append(word)
    return options


HEADERS = re.search(r"HeaderFilterRegex: '(.*)'", (ROOT / ".clang-tidy").read_text()).group(1)
INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]', re.MULTILINE)


@functools.lru_cache(maxsize=None)
def text_and_includes(path):
    """The bytes of a file and the files of this repository that it includes."""
    text = path.read_bytes().replace(str(ROOT).encode(), b"ROOT")
    names = [name.decode() for name in INCLUDE.findall(text)]
    names = [name.removeprefix("ROOT/") for name in names]
    found = [folder / name for name in names for folder in (ROOT, ROOT / "include") if (folder / name).is_file()]
    return text, found


def key_of(entry, build, salt):
    """Digest of all that a verdict on this file depends on, the system's headers excepted."""
    digest = hashlib.sha256(salt)
    options = " ".join(compile_options(entry)).replace(str(build), "BUILD").replace(str(ROOT), "ROOT")
    digest.update(options.encode())
    seen = set()
    waiting = [pathlib.Path(entry["file"])]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        text, includes = text_and_includes(path)
        name = str(path).replace(f"{build}/", "BUILD/").removeprefix(f"{ROOT}/")
        digest.update(name.encode() + b"\0" + text)
        waiting += includes
    return digest.hexdigest()


def is_group(entry, build):
    """Whether what is compiled is CMake's list of sources that are compiled together."""
    return pathlib.Path(entry["file"]).is_relative_to(build) and pathlib.Path(entry["file"]).parent.name == "Unity"


def sources_of(entry, build):
    """The sources of this repository that an entry compiles."""
    path = pathlib.Path(entry["file"])
    return set(map(str, text_and_includes(path)[1])) if is_group(entry, build) else {str(path)}


def configuration(entry, build):
    """Options that give a list of tests the configuration of their folder, and let it speak of them."""
    if not is_group(entry, build):
        return []
    options = [f"--config-file={ROOT}/tests/.clang-tidy", "--checks=-bugprone-suspicious-include"]
    return [*options, f"--header-filter={HEADERS}|{ROOT}/.*\\.cpp"]


def look_at(entry, build, salt, clean):
    """What is wrong with one file, as text; empty if nothing is."""
    key = key_of(entry, build, salt)
    if (clean / key).exists():
        return ""
    command = ["clang-tidy", "--quiet", *configuration(entry, build), entry["file"]]
    command += ["--", *compile_options(entry), *GPP_ONLY]
    result = subprocess.run(command, cwd=entry["directory"], capture_output=True, check=False)
    if result.returncode == 0:
        (clean / key).touch()
        return ""
    return result.stdout.decode(errors="replace") or result.stderr.decode(errors="replace")


def cache_folder():
    """The folder named by `tools/setup.sh paths`."""
    paths = subprocess.run([ROOT / "tools/setup.sh", "paths"], capture_output=True, check=True, text=True).stdout
    return pathlib.Path(dict(line.split("=", 1) for line in paths.splitlines())["LINNET_CACHE"]) / "tidy"


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    wanted = {str(pathlib.Path(name).resolve()) for name in sys.argv[2:]}
    entries = json.loads((build / "compile_commands.json").read_text())
    entries = [
        entry
        for entry in entries
        if pathlib.Path(entry["file"]).is_relative_to(ROOT)
        and (is_group(entry, build) or not pathlib.Path(entry["file"]).is_relative_to(build))
        and (not wanted or wanted & sources_of(entry, build))
    ]
    clean = cache_folder()
    clean.mkdir(parents=True, exist_ok=True)
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    salt = version + b"".join(path.read_bytes() for path in (ROOT / ".clang-tidy", ROOT / "tests/.clang-tidy"))

    findings = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        tasks = {pool.submit(look_at, entry, build, salt, clean): entry["file"] for entry in entries}
        for done, task in enumerate(concurrent.futures.as_completed(tasks), 1):
            if sys.stderr.isatty():
                print(f"\rclang-tidy {done}/{len(tasks)}", end="", file=sys.stderr)
            if task.result():
                findings += 1
                print(f"\n{os.path.relpath(tasks[task], ROOT)}:\n{task.result()}", flush=True)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    print(f"clang-tidy: {len(entries)} files, {findings} with findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
