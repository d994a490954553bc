# Every target sets up what it needs first (tools/setup.sh); a second call finds it done.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
BUILD ?= build
FUZZ_SECONDS ?= 60
CONFIGURE := cmake -G Ninja -S . -DLINNET_WERROR=ON

.PHONY: help setup build run test check format bench bench-kernels fuzz coverage accuracy docs clean

help: ## print this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */  make \1\t/' | expand -t 24

setup: ## install system packages, Python parts, oneDNN and ONNX's C++ library
	@tools/setup.sh

build: setup ## build everything into build/
	@[ -f $(BUILD)/build.ninja ] || $(CONFIGURE) -B $(BUILD) -DCMAKE_BUILD_TYPE=Release
	@cmake --build $(BUILD) --parallel $(JOBS)

run: setup ## build, then run the sample network and compare it with PyTorch's output
	@[ -f $(BUILD)/build.ninja ] || $(CONFIGURE) -B $(BUILD) -DCMAKE_BUILD_TYPE=Release
	@cmake --build $(BUILD) --parallel $(JOBS) --target main_job
	@$(BUILD)/main_job models

test: build ## run the whole test suite
	@tools/run_tests.sh $(BUILD)

check: ## what CI does: format, reference, tests, sanitizers, the build without modules
	@tools/setup.sh check
	@tools/check.sh

format: ## rewrite the sources with clang-format
	@tools/setup.sh check
	@tools/format.sh

bench: ## measure beside ONNX Runtime, OpenVINO and PyTorch; writes docs/benchmarks.md (BENCH=--quick: a short try)
	@tools/setup.sh bench
	@$(CONFIGURE) -B $(BUILD) -DCMAKE_BUILD_TYPE=Release
	@cmake --build $(BUILD) --parallel $(JOBS) --target \
	  linnet_timing onnxruntime_timing openvino_timing machine_peaks linnet_benchmark linnet_large_models
	@eval "$$(tools/setup.sh paths)" && "$$LINNET_PYTHON" tools/bench/bench.py --build $(BUILD) --peers "$$LINNET_PEERS_DIR" $(BENCH)

bench-kernels: build ## run the micro-benchmarks of the kernels
	@$(BUILD)/linnet_benchmark

accuracy: build ## measure the activations over all 2^32 floats (minutes)
	@$(BUILD)/linnet_accuracy

fuzz: ## run each fuzzer for FUZZ_SECONDS (60)
	@tools/setup.sh check
	@tools/fuzz.sh $(FUZZ_SECONDS)

docs: ## make the API reference, docs/api/html/index.html
	@tools/setup.sh check
	@tools/check.sh docs

coverage: setup ## run the tests on an instrumented build and print the line coverage
	@tools/coverage.sh

clean: ## remove what was built here (the shared parts in the cache stay)
	rm -rf build build-*
