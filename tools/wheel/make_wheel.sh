#!/usr/bin/env bash
# tools/wheel/make_wheel.sh FOLDER [PIP'S ARGUMENT...]: builds the wheel into FOLDER, names in its tag the oldest
# manylinux that auditwheel finds it fit for, and prints its name and its sizes. Fetches nothing.
set -euo pipefail
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$1
shift
python=$("$source_dir/tools/setup.sh" paths | sed -n 's/^LINNET_WHEEL_PYTHON=//p')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" -m pip wheel "$source_dir" --disable-pip-version-check --no-index --no-deps --no-build-isolation -w "$work/built" "$@"
# There is nothing to repair but the tag. What libdnnl and libspdlog need lies beside them, and is found by the run path of
# the library that loads them, which auditwheel does not look at.
PATH="$(dirname "$python"):$PATH" "$python" -m auditwheel repair --exclude 'libgomp.so.*' --exclude 'libfmt.so.*' \
  -w "$work/tagged" "$work"/built/linnet-*.whl
wheel=$(echo "$work"/tagged/linnet-*.whl)
mkdir -p "$folder"
mv "$wheel" "$folder/"
"$python" - "$folder/$(basename "$wheel")" <<'END'
import os, sys, zipfile
path = sys.argv[1]
unpacked = sum(entry.file_size for entry in zipfile.ZipFile(path).infolist())
print(f"{path}: {os.path.getsize(path) / 1e6:.1f} MB, {unpacked / 1e6:.1f} MB installed")
END
