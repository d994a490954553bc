#!/usr/bin/env bash
# Brings a bare Debian 12 to the point where Linnet builds and its tests run. A second call finds everything and does
# nothing (well under a second).
#
#   tools/setup.sh            system packages, Python environment, oneDNN, ONNX's C++ library
#   tools/setup.sh check      the same, and the tools of `make check`, `make fuzz` and `make format`
#   tools/setup.sh bench      the first, and the engines that `make bench` measures Linnet beside
#   tools/setup.sh paths      prints where the parts are (KEY=VALUE lines) and installs nothing
#
# The parts lie in LINNET_DEPS (default: the user's cache folder), so that several checkouts share them. Each folder's
# name holds the version and a digest of what it was made from: a changed recipe makes a new folder.
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache_root=${XDG_CACHE_HOME:-${HOME:-$source_dir/.deps}/.cache}/linnet
deps=${LINNET_DEPS:-$cache_root/deps}
python=/usr/bin/python3
[ -x "$python" ] || python=python3

onednn_version=2023.2.0
onnx_version=1.23.2

build_packages=(
  g++ make cmake ninja-build ccache pkgconf
  libprotobuf-dev protobuf-compiler libhwy-dev libfmt-dev libspdlog-dev
  libgtest-dev libgmock-dev libbenchmark-dev libcli11-dev nlohmann-json3-dev
  python3 python3-dev python3-venv)
check_packages=(clang clang-format clang-tidy doxygen libclang-rt-14-dev llvm)

digest() { cat "$@" | sha256sum | cut -c1-12; }

python_dir=$deps/python-$(digest "$source_dir/tools/requirements.txt")
peers_dir=$deps/peers-$(digest "$source_dir/tools/bench/requirements.txt")
onednn_dir=$deps/onednn-$onednn_version
onnx_dir=$deps/onnx-$onnx_version-$(digest "$source_dir/cmake/onnx/CMakeLists.txt")

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

missing_packages() {
  local installed
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p') || true
  comm -23 <(printf '%s\n' "$@" | sort) <(printf '%s\n' "$installed" | sort)
}

install_packages() {
  if ! command -v dpkg-query >/dev/null; then
    command -v c++ >/dev/null && command -v cmake >/dev/null && return
    die "this is no Debian system; install what these packages hold, then try again: $*"
  fi
  local missing as_root=()
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
      as_root=(sudo)
    else
      die "these system packages are missing and there is no right to install them: ${missing[*]}
setup: as root: apt-get install --no-install-recommends ${missing[*]}"
    fi
  fi
  say "installing system packages: ${missing[*]}"
  "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=300 -qq update >/dev/null || say "apt-get update failed; trying to install all the same"
  quietly "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -o DPkg::Lock::Timeout=300 -qq -y --no-install-recommends install "${missing[@]}"
}

make_python() {
  complete "$python_dir" && return
  say "Python environment (PyTorch, ONNX, NumPy) in $python_dir"
  rm -rf "$python_dir"
  quietly "$python" -m venv "$python_dir"
  quietly "$python_dir/bin/python" -m pip install --quiet --disable-pip-version-check \
    -r "$source_dir/tools/requirements.txt"
  touch "$python_dir/.complete"
}

make_onednn() {
  complete "$onednn_dir" && return
  say "oneDNN $onednn_version in $onednn_dir"
  rm -rf "$onednn_dir"
  quietly "$python_dir/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --prefix "$onednn_dir" \
    "onednn-devel-cpu-gomp==$onednn_version" "onednn-cpu-gomp==$onednn_version"
  touch "$onednn_dir/.complete"
}

make_onnx() {
  complete "$onnx_dir" && return
  say "ONNX $onnx_version's C++ library in $onnx_dir (about two minutes)"
  rm -rf "$onnx_dir"
  local work=$onnx_dir/work
  mkdir -p "$work"
  quietly "$python_dir/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary onnx \
    -d "$work" "onnx==$onnx_version"
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

print_paths() {
  printf 'LINNET_PYTHON=%s\n' "$python_dir/bin/python"
  printf 'LINNET_PEERS_DIR=%s\n' "$peers_dir"
  printf 'LINNET_ONEDNN_DIR=%s\n' "$onednn_dir"
  printf 'LINNET_ONNX_DIR=%s\n' "$onnx_dir"
  printf 'LINNET_CCACHE_DIR=%s\n' "${CCACHE_DIR:-$cache_root/ccache}"
  printf 'LINNET_CACHE=%s\n' "$cache_root"
}

all_complete() {
  complete "$python_dir" && complete "$onednn_dir" && complete "$onnx_dir" &&
    { [ "$with_peers" = no ] || complete "$peers_dir"; }
}

with_peers=no
case "${1:-build}" in
  paths) print_paths; exit ;;
  build) packages=("${build_packages[@]}") ;;
  bench) packages=("${build_packages[@]}") with_peers=yes ;;
  check) packages=("${build_packages[@]}" "${check_packages[@]}") ;;
  *) die "usage: tools/setup.sh [build|check|bench|paths]" ;;
esac

install_packages "${packages[@]}"
if ! all_complete; then
  mkdir -p "$deps"
  exec 9>"$deps/.lock"
  flock -n 9 || { say "waiting for another setup that is under way"; flock 9; }
  make_python
  make_onednn
  make_onnx
  if [ "$with_peers" = yes ]; then make_peers; fi
fi
