#!/usr/bin/env bash
# tools/run_tests.sh BUILD [CTEST ARGUMENT...]: runs the tests of a build folder, two at a time, and ends with the line
# `N passed, N failed` that counts single test cases.
set -uo pipefail

build=$1
shift
results=$build/test_results
rm -rf "$results"
mkdir -p "$results"

# TSan and ASan want the addresses where they expect them; some kernels randomise more than they can bear.
run=()
if setarch -R true 2>/dev/null; then run=(setarch -R); fi

"${run[@]}" ctest --test-dir "$build" --parallel 2 --output-on-failure --no-tests=error \
  --output-junit "test_results/ctest.xml" "$@"
status=$?
/usr/bin/env python3 "$(dirname "$0")/test_summary.py" "$results" || status=1
exit "$status"
