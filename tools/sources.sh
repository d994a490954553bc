#!/usr/bin/env bash
# Prints the C and C++ files of the repository, one a line. Build folders and folders whose name starts with a dot are
# left out. It does not ask git, which is not everywhere, and which refuses a checkout that belongs to another user.
set -euo pipefail
cd "$(dirname "$0")/.."
find . -mindepth 1 \( -path './build*' -o -name '.*' \) -prune \
  -o -type f \( -name '*.cpp' -o -name '*.hpp' -o -name '*.h' -o -name '*.c' \) -printf '%P\n' | sort
