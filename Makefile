# Whatever a person or a machine runs on this project is a target here, and installs what it needs.

SWIFT ?= swift
# Tests are built apart: with testability everything compiles differently, and both builds stay incremental.
RELEASE = -c release
# Programs carry Swift's libraries and those for images with them, where these are not part of the system: they start
# faster, and run where neither is installed.
ON_LINUX = $(if $(filter Linux,$(shell uname)),$(1))
STATIC_LIBRARIES = $(CURDIR)/.build/static-libraries
PROGRAM = $(RELEASE) $(call ON_LINUX,--static-swift-stdlib --pkg-config-path '$(STATIC_LIBRARIES)')
TESTABLE = $(RELEASE) --scratch-path .build-tests -Xswiftc -enable-testing
PYTHON_ENVIRONMENT ?= .venv-peers
PYTHON = $(PYTHON_ENVIRONMENT)/bin/python
DEMO ?= runs/demo
ROWS ?=
NETWORKS ?=
CASES ?=
SUBJECT ?=
SECONDS ?= 10

SANITIZERS ?= address undefined thread
SANITIZE_address = --sanitize=address
# Slow: without the tests that watch memory or figures, which other sanitizers and no sanitizer run.
SANITIZE_thread = --sanitize=thread --skip 'Guarded|ConvolutionError'
# Swift's compiler refuses this sanitizer on Linux, and SwiftPM's --sanitize gives it to both compilers. It is for the C
# kernels only, and traps where it finds something: the tests then end with a signal and tell the case.
SANITIZE_undefined = -Xcc -fsanitize=undefined -Xcc -fsanitize-trap=undefined -Xcc -Wno-pass-failed

.PHONY: help build test sanitize fuzz lint format demo bench parity parity-onnx conformance docs fixtures dependencies peers clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

dependencies: ## Install the system libraries that the programs need
	@Scripts/install-dependencies

build: dependencies ## Build the programs in release mode
	$(call ON_LINUX,@Scripts/static-libraries '$(STATIC_LIBRARIES)')
	$(SWIFT) build $(PROGRAM) --product martlet
	$(SWIFT) build $(PROGRAM) --product martlet-bench

test: dependencies ## Run all tests, optimised
	$(SWIFT) test $(TESTABLE)

sanitize: $(SANITIZERS:%=sanitize-%) ## Run the kernels' tests under sanitizers (SANITIZERS=address for one)

# A build for each, which takes minutes the first time, and fewer random shapes, unless told how many. XCTest is left
# out: there are no tests for it, and it leaks.
$(SANITIZERS:%=sanitize-%): sanitize-%: dependencies
	MARTLET_TEST_SHAPES="$${MARTLET_TEST_SHAPES:-200}" \
		$(SWIFT) test $(RELEASE) $(SANITIZE_$*) --scratch-path .build-$* \
		-Xswiftc -enable-testing --disable-xctest --filter MartletKernelsTests

fuzz: dependencies ## Try to break the readers of files with libFuzzer (SUBJECT=onnx SECONDS=3600 for one, long)
	@Scripts/fuzz $(SECONDS) $(SUBJECT)

lint: ## Check formatting, and look for leftovers, traps in the sources and files that belong to one machine
	swift-format lint --strict --recursive Package.swift Sources Tests
	@Scripts/check-sources

format: ## Format the sources
	swift-format format --in-place --recursive Package.swift Sources Tests

demo: build ## Synthesize cells, train a small U-Net on them, write masks and a report
	@Scripts/demo '$(DEMO)'

peers: ## Install the frameworks that benchmarks compare with
	@Scripts/install-peers $(PYTHON_ENVIRONMENT)

bench: build peers ## Compare speed and memory with other frameworks in one run (ROWS=pattern for a part)
	$(PYTHON) Benchmarks/bench.py $(if $(ROWS),--rows '$(ROWS)')

parity: build peers ## Compare whole segmentation networks with PyTorch's (NETWORKS="unet fpn" for a part)
	$(PYTHON) Scripts/parity.py .build/release/martlet $(NETWORKS)

parity-onnx: build peers ## Compare networks as ONNX files in ONNX Runtime with `martlet run` (NETWORKS="unet fpn" for a part)
	$(PYTHON) Scripts/parity_onnx.py .build/release/martlet $(NETWORKS)

conformance: build peers ## Run ONNX's own tests of operators (CASES=pattern for a part)
	$(PYTHON) Scripts/conformance.py .build/release $(CASES)

fixtures: peers ## Make the test fixtures again with PyTorch
	@for script in Tests/Fixtures/make_*.py; do $(PYTHON) $$script || exit 1; done

docs: ## Build the documentation into docs-output
	$(SWIFT) package --allow-writing-to-directory docs-output generate-documentation \
		--target Martlet --output-path docs-output --transform-for-static-hosting

clean: ## Remove what was built, and the corpora and findings of `make fuzz`
	$(SWIFT) package clean
	rm -rf .build-* .fuzz docs-output
