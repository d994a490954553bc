#!/usr/bin/env bash
# What `make check` does, stage by stage. A stage that fails does not stop the others; the exit status and the closing
# line `N passed, N failed` cover all of them. A stage that fails without a failed test counts as one failed.
# With arguments, only the stages named: format, docs, release, portable, address, thread, tidy.
set -uo pipefail
cd "$(dirname "$0")/.."
jobs=$(nproc)
stages=("$@")
[ ${#stages[@]} -gt 0 ] || stages=(format docs release portable address thread tidy)

# By the preset of that name (CMakePresets.json).
configure() { cmake --preset "$1" -DLINNET_TEST_DATA="$PWD/build/test_data" >/dev/null; }
compile() { cmake --build "$1" --parallel "$jobs" "${@:2}" -- --quiet; }

# ASan takes what stands before a dlopened module's thread-local block for a header of glibc's where the block lies 16
# bytes into a page, and the leak checker then reads addresses that are none. It finds the blocks without that.
asan=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:check_initialization_order=1
export ASAN_OPTIONS=${ASAN_OPTIONS:-$asan:intercept_tls_get_addr=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}

stage_format() { tools/format.sh --check; }

# The API reference, docs/api/html; public names without documentation are errors.
stage_docs() { doxygen docs/api/Doxyfile && [ -f docs/api/html/index.html ]; }

stage_tidy() {
  configure check && tools/tidy.py build
}

stage_release() {
  configure check && compile build && tools/run_tests.sh build
}

stage_portable() {
  configure portable && compile build-portable && tools/run_tests.sh build-portable
}

stage_address() {
  configure address && compile build-address && tools/run_tests.sh build-address
}

stage_thread() {
  configure thread &&
    compile build-thread --target thread_test && tools/run_tests.sh build-thread --label-regex '^thread$'
}

counts_file() {
  case $1 in
    release) echo build/test_results/counts ;;
    *) echo "build-$1/test_results/counts" ;;
  esac
}

passed=0 failed=0 report=""
for stage in "${stages[@]}"; do
  printf '\n== %s\n' "$stage"
  counts=$(counts_file "$stage")
  rm -f "$counts"
  start=$SECONDS
  if "stage_$stage"; then verdict=ok; else verdict=FAILED; fi
  stage_passed=0 stage_failed=0
  if [ -f "$counts" ]; then read -r stage_passed stage_failed _ <"$counts"; fi
  if [ "$verdict" = FAILED ] && [ "$stage_failed" -eq 0 ]; then stage_failed=1; fi
  if [ "$verdict" = ok ] && [ ! -f "$counts" ]; then stage_passed=1; fi
  passed=$((passed + stage_passed)) failed=$((failed + stage_failed))
  report+=$(printf '%-9s %-6s %5d s  %6d passed %4d failed' "$stage" "$verdict" $((SECONDS - start)) "$stage_passed" "$stage_failed")$'\n'
done

printf '\n%s' "$report"
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
