#!/usr/bin/env bash
# tools/mutants.sh [SECONDS] [SEED]: builds linnet_mutants (tests/fuzz/mutants.cpp) with AddressSanitizer and
# UndefinedBehaviorSanitizer and runs it for that long (default 60), from another random seed each time. The models that
# it changes are the fuzzers' seeds and ONNX's node tests. The model that it has in hand when it ends by a finding is
# build-address/mutant.onnx. A core took some 1600 models a second (Zen 3).
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
seed=${2:-$RANDOM}

cmake --preset address >/dev/null
modules=$(ninja -C build-address -t targets all | sed -n 's/^\(liblinnet_\(onnx\|regex\|image\|extra\)\.so\): .*/\1/p')
# shellcheck disable=SC2086  # a list of modules
cmake --build build-address --parallel "$(nproc)" --target linnet_mutants linnet_node_tests $modules
data=$(sed -n 's/^LINNET_TEST_DATA:PATH=//p' build-address/CMakeCache.txt)
echo "== seed $seed, $seconds s"
# Stacks of allocations and a filled memory are worth a third of the executions: what is found is run again by itself.
ASAN_OPTIONS=quarantine_size_mb=4:malloc_context_size=1:max_malloc_fill_size=0:${ASAN_OPTIONS:-} \
  build-address/linnet_mutants "$seed" "$seconds" build-address/mutant.onnx \
  tests/fuzz/seeds "$data/node_tests"
