#!/usr/bin/env bash
# tools/format.sh rewrites the C++ sources with clang-format; tools/format.sh --check only names those that differ,
# includes that climb out of their folder (they would get around the rule of which folder may include which), and
# standard headers that are missing (tools/check_includes.py).
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t sources < <(tools/sources.sh)
if [ ${#sources[@]} -eq 0 ]; then exit 0; fi
if [ "${1:-}" = --check ]; then
  status=0
  printf '%s\0' "${sources[@]}" | xargs -0 -n 20 -P 2 clang-format --dry-run -Werror || status=1
  if grep -nE '^ *# *include *["<]\.\./' "${sources[@]}"; then
    echo "write includes from the repository root" >&2
    status=1
  fi
  tools/check_includes.py >&2 || status=1
  exit "$status"
fi
printf '%s\0' "${sources[@]}" | xargs -0 -n 20 -P 2 clang-format -i
