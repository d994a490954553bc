#!/usr/bin/env bash
# tools/fuzz.sh [SECONDS]: builds every fuzzer with Clang, AddressSanitizer and UndefinedBehaviorSanitizer and runs each
# for that long (default 60). The seeds are tests/fuzz/seeds/, the small committed models, and where the tests have been
# built, ONNX's node tests and random graphs of tests/random/: every operator in all its forms. What a fuzzer finds on
# the way is kept in build-fuzz/corpus/ for the next time, inputs that break it in build-fuzz/crashes/.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}

cmake -G Ninja -S . -B build-fuzz -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DLINNET_FUZZ=ON -DLINNET_SANITIZE=address,undefined -DLINNET_ONEDNN=OFF >/dev/null
mapfile -t fuzzers < <(find tests/fuzz -name '*_fuzzer.cpp' -exec basename {} .cpp \; | sort)
if [ ${#fuzzers[@]} -eq 0 ]; then echo "there is no fuzzer in tests/fuzz" >&2; exit 1; fi
modules=$(ninja -C build-fuzz -t targets all | sed -n 's/^\(liblinnet_onnx\.so\): .*/\1/p')
# shellcheck disable=SC2086  # the list of modules may be empty
cmake --build build-fuzz --parallel "$(nproc)" --target "${fuzzers[@]}" $modules

mkdir -p build-fuzz/seeds build-fuzz/crashes
folders=(models tests/fuzz)
if [ -d build/test_data/node_tests ]; then folders+=(build/test_data/node_tests); fi
eval "$(tools/setup.sh paths)"
if [ -d build/python ] && [ -x "$LINNET_PYTHON" ]; then
  PYTHONPATH=build/python "$LINNET_PYTHON" tests/random/random_graphs.py --graphs 2000 --write build-fuzz/random \
    >/dev/null
  folders+=(build-fuzz/random)
fi
find "${folders[@]}" -type f \( -name '*.onnx' -o -path '*/seeds/*' \) -size -20k | while read -r seed; do
  cp "$seed" "build-fuzz/seeds/${seed//\//_}"
done

status=0
for fuzzer in "${fuzzers[@]}"; do
  mkdir -p "build-fuzz/corpus/$fuzzer"
  echo "== $fuzzer, $seconds s"
  "build-fuzz/$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
    -artifact_prefix="build-fuzz/crashes/$fuzzer-" "build-fuzz/corpus/$fuzzer" build-fuzz/seeds || status=1
done
exit "$status"
