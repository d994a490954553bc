# Every target sets up what it needs first (tools/setup.sh); a second call finds it done.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
BUILD ?= build
FUZZ_SECONDS ?= 60
RANDOM_GRAPHS ?= 20000
SEED ?= 1
CONFIGURE := cmake -G Ninja -S . -B $(BUILD) -DCMAKE_BUILD_TYPE=Release

.PHONY: help setup setup-tests build run wheel test check format real zoo zoo-test random bench bench-kernels fuzz mutants coverage accuracy accuracy-sums docs clean

help: ## print this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */  make \1\t/' | expand -t 24

setup: ## install what the library is built with: system packages, oneDNN and ONNX's C++ library
	@tools/setup.sh library

setup-tests: ## the same, and what the tests need: PyTorch in a Python environment of its own
	@tools/setup.sh

build: setup-tests ## build everything into build/
	@grep -qs LINNET_BUILD_TESTS:BOOL=ON $(BUILD)/CMakeCache.txt || \
	  $(CONFIGURE) -DLINNET_BUILD_TESTS=ON -DLINNET_BUILD_PYTHON=ON
	@cmake --build $(BUILD) --parallel $(JOBS)

run: setup ## build the library and the command, run the sample network and compare it with PyTorch's output
	@[ -f $(BUILD)/build.ninja ] || $(CONFIGURE) -DLINNET_BUILD_TESTS=OFF -DLINNET_BUILD_PYTHON=OFF
	@cmake --build $(BUILD) --parallel $(JOBS) --target linnet_shared linnet_command main_job
	@$(BUILD)/main_job models

wheel: ## build the Python package into dist/, with the tag of the oldest manylinux that it runs on
	@tools/setup.sh wheel
	@tools/wheel/make_wheel.sh dist

test: build ## run the whole test suite
	@tools/run_tests.sh $(BUILD)

check: ## what CI does: format, reference, tests, sanitizers, the build without modules
	@tools/setup.sh check
	@tools/check.sh

format: ## rewrite the sources with clang-format
	@tools/setup.sh check
	@tools/format.sh

real: ## run real models out of Python packages and compare with ONNX Runtime (REAL="--only silero": some of them)
	@tools/setup.sh bench
	@$(CONFIGURE) -DLINNET_BUILD_TESTS=ON
	@cmake --build $(BUILD) --parallel $(JOBS) --target linnet_command linnet_python
	@eval "$$(tools/setup.sh paths)" && "$$LINNET_PYTHON" tests/real/real.py --linnet $(BUILD)/linnet \
	  --peers "$$LINNET_PEERS_DIR" --cache "$$LINNET_CACHE/real" $(REAL)
	@eval "$$(tools/setup.sh paths)" && PYTHONPATH=$(BUILD)/python "$$LINNET_PYTHON" tests/real/stream.py \
	  --peers "$$LINNET_PEERS_DIR" --cache "$$LINNET_CACHE/real"

zoo: ## export the networks of models/zoo in full size into build/zoo (ZOO="--only resnet": some of them)
	@tools/setup.sh zoo
	@eval "$$(tools/setup.sh paths)" && PYTHONPATH="$$LINNET_ZOO_DIR" "$$LINNET_PYTHON" models/zoo/zoo.py \
	  --full $(BUILD)/zoo $(ZOO)

zoo-test: ## run what `make zoo` exported on every backend, beside PyTorch in float64 and ONNX Runtime
	@tools/setup.sh bench
	@$(CONFIGURE) -DLINNET_BUILD_TESTS=ON
	@cmake --build $(BUILD) --parallel $(JOBS) --target linnet_command
	@eval "$$(tools/setup.sh paths)" && "$$LINNET_PYTHON" tests/real/zoo.py $(BUILD)/zoo --linnet $(BUILD)/linnet \
	  --peers "$$LINNET_PEERS_DIR" $(ZOO)

random: build ## compare RANDOM_GRAPHS (20000) random graphs of SEED (1) with ONNX's reference evaluator
	@eval "$$(tools/setup.sh paths)" && PYTHONPATH=$(BUILD)/python "$$LINNET_PYTHON" tests/random/random_graphs.py \
	  --graphs $(RANDOM_GRAPHS) --seed $(SEED) --jobs $(JOBS) $(RANDOM_OPTIONS)

bench: ## measure beside ONNX Runtime, OpenVINO and PyTorch; writes docs/benchmarks.md (BENCH=--quick: a short try)
	@tools/setup.sh bench
	@$(CONFIGURE) -DLINNET_BUILD_TESTS=ON
	@cmake --build $(BUILD) --parallel $(JOBS) --target \
	  linnet_timing onnxruntime_timing openvino_timing machine_peaks linnet_benchmark linnet_large_models
	@eval "$$(tools/setup.sh paths)" && "$$LINNET_PYTHON" tools/bench/bench.py --build $(BUILD) --peers "$$LINNET_PEERS_DIR" $(BENCH)

bench-kernels: build ## run the micro-benchmarks of the kernels
	@$(BUILD)/linnet_benchmark

accuracy: build ## measure the activations over all 2^32 floats (an hour)
	@$(BUILD)/linnet_accuracy

accuracy-sums: ## measure sums and matrix products beside ONNX Runtime and PyTorch; writes a table of docs/accuracy.md
	@tools/setup.sh bench
	@$(CONFIGURE) -DLINNET_BUILD_PYTHON=ON
	@cmake --build $(BUILD) --parallel $(JOBS) --target linnet_python
	@eval "$$(tools/setup.sh paths)" && PYTHONPATH=$(BUILD)/python "$$LINNET_PYTHON" tools/bench/sums.py \
	  --peers "$$LINNET_PEERS_DIR" --write docs/accuracy.md

fuzz: ## run each fuzzer for FUZZ_SECONDS (60)
	@tools/setup.sh check
	@tools/fuzz.sh $(FUZZ_SECONDS)

mutants: ## load and run models changed by their grammar, sanitized, for FUZZ_SECONDS (60): no Clang, no coverage
	@tools/setup.sh
	@tools/mutants.sh $(FUZZ_SECONDS)

docs: ## make the API reference, docs/api/html/index.html
	@tools/setup.sh check
	@tools/check.sh docs

coverage: setup-tests ## run the tests on an instrumented build and print the line coverage
	@tools/coverage.sh

clean: ## remove what was built here (the shared parts in the cache stay)
	rm -rf build build-* dist
