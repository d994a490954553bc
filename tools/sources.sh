#!/usr/bin/env bash
# Prints the C and C++ files of the repository, one a line: those that git knows and new ones that it does not ignore.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files --cached --others --exclude-standard -- '*.cpp' '*.hpp' '*.h' '*.c' | while read -r file; do
  if [ -f "$file" ]; then printf '%s\n' "$file"; fi
done
