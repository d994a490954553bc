#!/usr/bin/env bash
# Brings a bare Debian 12 or 13 to the point where Linnet builds and its tests run. A second call finds everything and
# does nothing (well under a second). It says what it fetches, how large that is and how long it takes.
#
#   tools/setup.sh library    what the library, its modules, the command and `pip install .` are built with: system
#                             packages, oneDNN, ONNX's C++ library
#   tools/setup.sh wheel      the same, and what `make wheel` needs
#   tools/setup.sh            the same, and what the tests and the model scripts need: PyTorch in a Python environment
#   tools/setup.sh check      the same, and the tools of `make check`, `make fuzz` and `make format`
#   tools/setup.sh bench      the third, and the engines that `make bench` measures Linnet beside
#   tools/setup.sh zoo        the third, and the transformers package, whose networks `make zoo` exports
#   tools/setup.sh paths      prints where the parts are (KEY=VALUE lines) and installs nothing
#
# The parts lie in LINNET_DEPS (default: the user's cache folder), so that several checkouts share them. Each folder's
# name holds the version and a digest of what it was made from: a changed recipe makes a new folder.
#
# PyTorch is taken in its CPU build where pip's package index has it. LINNET_TORCH_INDEX names an index that does, for
# this one package (PyTorch's installation page names it); else the build with CUDA comes, 20 times as large.
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache_root=${XDG_CACHE_HOME:-${HOME:-$source_dir/.deps}/.cache}/linnet
deps=${LINNET_DEPS:-$cache_root/deps}
python=/usr/bin/python3
[ -x "$python" ] || python=python3

onednn_version=2023.2.0  # of the wheel; it is oneDNN 3.2
onednn_least=3.2
onnx_version=1.23.2

library_packages=(
  g++ make cmake ninja-build ccache pkgconf
  libprotobuf-dev protobuf-compiler libhwy-dev libfmt-dev libspdlog-dev libcli11-dev nlohmann-json3-dev
  libre2-dev libjpeg-dev libpng-dev libtiff-dev libwebp-dev libopenjp2-7-dev
  python3 python3-dev python3-venv)
test_packages=(libgtest-dev libgmock-dev libbenchmark-dev)
check_packages=(clang clang-format clang-tidy doxygen llvm)

digest() { cat "$@" | sha256sum | cut -c1-12; }

python_dir=$deps/python-$(digest "$source_dir/tools/requirements.txt")
wheel_dir=$deps/wheel-$(digest "$source_dir/tools/wheel/requirements.txt")
peers_dir=$deps/peers-$(digest "$source_dir/tools/bench/requirements.txt")
zoo_dir=$deps/zoo-$(digest "$source_dir/models/zoo/requirements.txt")
onednn_dir=$deps/onednn-$onednn_version
onnx_dir=$deps/onnx-$onnx_version-$(digest "$source_dir/cmake/onnx/"*)

say() { printf 'setup: %s\n' "$*" >&2; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# Runs a command quietly; shows what it printed only when it fails.
quietly() {
  local log
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    rm -f "$log"
    die "failed: $*"
  fi
  rm -f "$log"
}

complete() { [ -e "$1/.complete" ]; }

# The version of an installed system package, or nothing.
installed_version() {
  command -v dpkg-query >/dev/null || return 0
  dpkg-query -W -f='${db:Status-Status} ${Version}\n' "$1" 2>/dev/null | sed -n 's/^installed //p'
}

# Debian 13 has a oneDNN that is new enough; where it has not, the wheel comes.
system_onednn() {
  local version
  version=$(installed_version libdnnl-dev)
  [ -n "$version" ] && dpkg --compare-versions "$version" ge "$onednn_least"
}

missing_packages() {
  local installed
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p') || true
  comm -23 <(printf '%s\n' "$@" | sort) <(printf '%s\n' "$installed" | sort)
}

# Runs a command as root.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

may_be_root() {
  [ "$(id -u)" -eq 0 ] || { command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; }
}

install_packages() {
  if ! command -v dpkg-query >/dev/null; then
    command -v c++ >/dev/null && command -v cmake >/dev/null && return
    die "this is no Debian system; install what these packages hold, then try again: $*"
  fi
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  may_be_root || die "these system packages are missing and there is no right to install them: ${missing[*]}
setup: as root: apt-get install --no-install-recommends ${missing[*]}"
  as_root apt-get -o DPkg::Lock::Timeout=300 -qq update >/dev/null || say "apt-get update failed; trying to install all the same"
  mapfile -t -O "${#missing[@]}" missing < <(packages_of_this_release "$@")
  local size
  size=$(apt-get -qq -y --print-uris --no-install-recommends -o Debug::NoLocking=1 install "${missing[@]}" 2>/dev/null |
    awk '$3 ~ /^[0-9]+$/ { sum += $3 } END { printf "%.0f", sum / 1e6 }') || true
  say "system packages ($size MB to fetch): ${missing[*]}"
  quietly as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -o DPkg::Lock::Timeout=300 -qq -y --no-install-recommends install "${missing[@]}"
}

# The package of Clang's runtime goes by the release's version of Clang.
clang_runtime() {
  { dpkg-query -W -f='Depends: ${Depends}\n' clang 2>/dev/null || LC_ALL=C apt-cache show clang 2>/dev/null; } |
    sed -n 's/^Depends:.*clang-\([0-9][0-9]*\).*/libclang-rt-\1-dev/p' | head -n 1
}

# What some releases have only, or under another name. Known only once apt's lists are there.
packages_of_this_release() {
  local candidate
  candidate=$(LC_ALL=C apt-cache policy libdnnl-dev | sed -n 's/^ *Candidate: //p')
  if dpkg --compare-versions "${candidate/(none)/}" ge "$onednn_least" && ! complete "$onednn_dir"; then echo libdnnl-dev; fi
  if [[ " $* " == *" clang "* ]]; then clang_runtime; fi
}

# A pip to fetch with, which leaves no trace.
fetcher_dir=
make_fetcher() {
  [ -z "$fetcher_dir" ] || return 0
  fetcher_dir=$(mktemp -d)
  trap 'rm -rf "$fetcher_dir"' EXIT
  quietly "$python" -m venv "$fetcher_dir"
}

pip() { "$fetcher_dir/bin/python" -m pip --quiet --disable-pip-version-check "$@"; }

make_python() {
  complete "$python_dir" && return
  say "Python environment for the tests (PyTorch, ONNX, NumPy), in $python_dir"
  rm -rf "$python_dir"
  make_fetcher
  local torch work=$fetcher_dir/torch
  torch=$(sed -n 's/^torch==/torch==/p' "$source_dir/tools/requirements.txt")
  say "  PyTorch's CPU build: 250 MB to fetch with all that belongs to it, 1.1 GB on the disk; a minute or two"
  if ! pip download --no-deps --only-binary :all: -d "$work" \
    ${LINNET_TORCH_INDEX:+--index-url "$LINNET_TORCH_INDEX"} "$torch+cpu" >/dev/null 2>&1; then
    say "  pip's package index has no CPU build of $torch for $("$python" --version): the one with CUDA comes instead,
setup:   some GB to fetch, 4.9 GB on the disk (LINNET_TORCH_INDEX names an index that has the CPU build)"
  fi
  quietly "$python" -m venv "$python_dir"
  quietly "$python_dir/bin/python" -m pip install --quiet --disable-pip-version-check \
    --find-links "$work" -r "$source_dir/tools/requirements.txt"
  rm -rf "$work"
  touch "$python_dir/.complete"
}

make_wheel_tools() {
  complete "$wheel_dir" && return
  say "tools that make a wheel (auditwheel, 5 MB), in $wheel_dir"
  rm -rf "$wheel_dir"
  quietly "$python" -m venv "$wheel_dir"
  quietly "$wheel_dir/bin/python" -m pip install --quiet --disable-pip-version-check \
    -r "$source_dir/tools/wheel/requirements.txt"
  touch "$wheel_dir/.complete"
}

make_onednn() {
  system_onednn && return
  complete "$onednn_dir" && return
  say "oneDNN $onednn_version (39 MB to fetch), in $onednn_dir"
  rm -rf "$onednn_dir"
  make_fetcher
  quietly pip install --no-deps --prefix "$onednn_dir" \
    "onednn-devel-cpu-gomp==$onednn_version" "onednn-cpu-gomp==$onednn_version"
  touch "$onednn_dir/.complete"
}

make_onnx() {
  complete "$onnx_dir" && return
  say "ONNX $onnx_version's C++ library (source of 6 MB to fetch, about two minutes to build), in $onnx_dir"
  rm -rf "$onnx_dir"
  local work=$onnx_dir/work
  mkdir -p "$work"
  make_fetcher
  # pip asks a source package's own build system for its name and version before it hands the package out. This answers
  # instead of scikit-build-core, which would want a newer CMake than Debian 12 has.
  mkdir -p "$work/answer/scikit_build_core"
  touch "$work/answer/scikit_build_core/__init__.py"
  cat >"$work/answer/scikit_build_core/build.py" <<EOF
import pathlib


def prepare_metadata_for_build_wheel(folder, config_settings=None):
    name = "onnx-$onnx_version.dist-info"
    (pathlib.Path(folder) / name).mkdir()
    (pathlib.Path(folder) / name / "METADATA").write_text(
        "Metadata-Version: 2.1\\nName: onnx\\nVersion: $onnx_version\\n")
    return name
EOF
  PYTHONPATH="$work/answer" quietly pip download --no-deps --no-binary onnx --no-build-isolation -d "$work" \
    "onnx==$onnx_version"
  tar -xf "$work/onnx-$onnx_version.tar.gz" -C "$work"
  quietly env CCACHE_BASEDIR="$work" CCACHE_DIR="${CCACHE_DIR:-$cache_root/ccache}" cmake -S "$source_dir/cmake/onnx" -B "$work/build" -G Ninja \
    -DONNX_SOURCE_DIR="$work/onnx-$onnx_version" -DCMAKE_INSTALL_PREFIX="$onnx_dir" -DCMAKE_CXX_COMPILER_LAUNCHER=ccache
  quietly env CCACHE_BASEDIR="$work" CCACHE_DIR="${CCACHE_DIR:-$cache_root/ccache}" cmake --build "$work/build" \
    --parallel "$(nproc)" --target install
  rm -rf "$work"
  touch "$onnx_dir/.complete"
}

make_peers() {
  complete "$peers_dir" && return
  say "ONNX Runtime and OpenVINO in $peers_dir"
  rm -rf "$peers_dir"
  quietly "$python" -m venv "$peers_dir"
  quietly "$peers_dir/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
    -r "$source_dir/tools/bench/requirements.txt"
  touch "$peers_dir/.complete"
}

# A folder for PYTHONPATH, beside the environment of the tests, which has PyTorch.
make_zoo() {
  complete "$zoo_dir" && return
  say "the transformers package (40 MB to fetch with what it imports, 170 MB on the disk), in $zoo_dir"
  rm -rf "$zoo_dir"
  make_fetcher
  quietly pip install --no-deps --target "$zoo_dir" -r "$source_dir/models/zoo/requirements.txt"
  touch "$zoo_dir/.complete"
}

print_paths() {
  printf 'LINNET_PYTHON=%s\n' "$python_dir/bin/python"
  printf 'LINNET_WHEEL_PYTHON=%s\n' "$wheel_dir/bin/python"
  printf 'LINNET_PEERS_DIR=%s\n' "$peers_dir"
  printf 'LINNET_ZOO_DIR=%s\n' "$zoo_dir"
  printf 'LINNET_ONEDNN_DIR=%s\n' "$onednn_dir"
  printf 'LINNET_ONNX_DIR=%s\n' "$onnx_dir"
  printf 'LINNET_CCACHE_DIR=%s\n' "${CCACHE_DIR:-$cache_root/ccache}"
  printf 'LINNET_CACHE=%s\n' "$cache_root"
}

all_complete() {
  { system_onednn || complete "$onednn_dir"; } && complete "$onnx_dir" &&
    { [ "$with_wheel" = no ] || complete "$wheel_dir"; } &&
    { [ "$with_tests" = no ] || complete "$python_dir"; } && { [ "$with_peers" = no ] || complete "$peers_dir"; } &&
    { [ "$with_zoo" = no ] || complete "$zoo_dir"; }
}

with_wheel=yes with_tests=yes with_peers=no with_zoo=no
packages=("${library_packages[@]}" "${test_packages[@]}")
case "${1:-tests}" in
  paths) print_paths; exit ;;
  library) packages=("${library_packages[@]}") with_wheel=no with_tests=no ;;
  wheel) packages=("${library_packages[@]}") with_tests=no ;;
  tests) ;;
  bench) with_peers=yes ;;
  zoo) with_zoo=yes ;;
  check) mapfile -t -O "${#packages[@]}" packages < <(printf '%s\n' "${check_packages[@]}"; clang_runtime) ;;
  *) die "usage: tools/setup.sh [library|wheel|tests|check|bench|zoo|paths]" ;;
esac

install_packages "${packages[@]}"
if ! all_complete; then
  mkdir -p "$deps"
  exec 9>"$deps/.lock"
  flock -n 9 || { say "waiting for another setup that is under way"; flock 9; }
  make_onednn
  make_onnx
  if [ "$with_wheel" = yes ]; then make_wheel_tools; fi
  if [ "$with_tests" = yes ]; then make_python; fi
  if [ "$with_peers" = yes ]; then make_peers; fi
  if [ "$with_zoo" = yes ]; then make_zoo; fi
fi
