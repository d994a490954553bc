#!/usr/bin/env bash
# Runs the tests once on an instrumented build and prints, per file and in all, the share of lines that they reach.
# The page build-coverage/coverage.html shows which.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$(tools/setup.sh paths | sed -n 's/^LINNET_PYTHON=//p')

cmake -G Ninja -S . -B build-coverage -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O1 -DLINNET_COVERAGE=ON \
  -DLINNET_TEST_DATA="$PWD/build/test_data" >/dev/null
cmake --build build-coverage --parallel "$(nproc)"
find build-coverage -name '*.gcda' -delete
tools/run_tests.sh build-coverage --label-exclude '^nopasses$'
"$python" -m gcovr --root . --object-directory build-coverage \
  --filter 'api/' --filter 'include/' --filter 'loaders/' --filter 'ops/' --filter 'runtime/' --filter 'tools/' \
  --exclude-throw-branches --merge-mode-functions=merge-use-line-min --gcov-ignore-parse-errors=suspicious_hits.warn_once_per_file \
  --html-details build-coverage/coverage.html --txt -
