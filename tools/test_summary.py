#!/usr/bin/env python3
"""Adds up what ctest ran: `N passed, N failed[, N skipped]`, in single test cases, and the slowest of them.

Reads RESULTS/ctest.xml (ctest's JUnit file) and, for every ctest test that is a GoogleTest program or pytest, the file
RESULTS/<ctest test>.xml that it wrote. A program that failed and wrote no failed case (it crashed, leaked or ran out of
time) counts as one failed case. The counts are also written to RESULTS/counts. Exit status 1 if anything failed.
"""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def case_counts(path):
    """(passed, failed, skipped, [(seconds, name)]) of one XML file of GoogleTest or pytest; zeros if it was never
    finished."""
    try:
        cases = list(ElementTree.parse(path).iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return 0, 0, 0, []
    cases = [case for case in cases if case.get("status", "run") == "run"]  # pytest writes no status
    failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    skipped = sum(1 for case in cases if case.get("result") == "skipped" or case.find("skipped") is not None)
    times = [(float(case.get("time", "0")), f"{case.get('classname')}.{case.get('name')}") for case in cases]
    return len(cases) - failed - skipped, failed, skipped, times


def main():
    results = pathlib.Path(sys.argv[1])
    passed = failed = skipped = 0
    times = []
    broken = []
    try:
        programs = list(ElementTree.parse(results / "ctest.xml").iter("testcase"))
    except (OSError, ElementTree.ParseError) as error:
        sys.exit(f"no result of ctest: {error}")
    for program in programs:
        name = program.get("name")
        program_passed = program.get("status") == "run"
        counts = case_counts(results / f"{name}.xml")
        if not (results / f"{name}.xml").exists():
            counts = (int(program_passed), int(not program_passed), 0, [])
        elif not program_passed and counts[1] == 0:
            broken.append(name)
            counts = (counts[0], 1, counts[2], counts[3])
        passed += counts[0]
        failed += counts[1]
        skipped += counts[2]
        times += counts[3]
    for seconds, name in sorted(times, reverse=True)[:5]:
        if seconds >= 1:
            print(f"slow: {seconds:6.1f} s  {name}")
    for name in broken:
        print(f"broken: {name} ended badly though no test case of it failed")
    (results / "counts").write_text(f"{passed} {failed} {skipped}\n")
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
