# Builds, serves and tests the playground. `make help` lists the targets.
#
# Only Rust, Node and make have to be there. Everything else is fetched into the project itself:
# .tools/ (Trunk, wasm-bindgen, if need be a browser), node_modules/, target/, pkg/ and dist/.
# Written for GNU make 3.81, which is what macOS still has.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

# A shell that was open when Rust was installed does not have it on its PATH yet.
export PATH := $(PATH):$(HOME)/.cargo/bin

PORT ?= 8080
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)

# ---- tools ---------------------------------------------------------------------------------------

TRUNK_VERSION := 0.21.14
# wasm-bindgen's command and library only understand each other at the very same version.
BINDGEN_VERSION := $(shell awk '$$0 == "name = \"wasm-bindgen\"" { getline; gsub(/[^0-9.]/, ""); print }' Cargo.lock)

TRUNK := .tools/trunk-$(TRUNK_VERSION)/bin/trunk
BINDGEN := .tools/wasm-bindgen-$(BINDGEN_VERSION)/bin/wasm-bindgen
RUST := .tools/rust-$(shell PATH="$(PATH)" rustc --version | cut -d ' ' -f 2)
NODE_MODULES := node_modules/.package-lock.json
WASM_OPT := node_modules/.bin/wasm-opt
CHROMIUM_READY := .tools/chromium

# These tools only move files about: built without optimisation they are there in a quarter of the time. Trunk's own
# features look for newer versions and fetch tools, which is not wanted here.
FAST_INSTALL := env -u CARGO_TARGET_DIR -u RUSTFLAGS CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=0 \
	CARGO_PROFILE_RELEASE_CODEGEN_UNITS=256 cargo install --quiet

# $(call from_path,COMMAND,VERSION,FILE): links FILE to COMMAND if the PATH has it at VERSION.
from_path = mkdir -p $(dir $(3)) && found=$$(command -v $(1)) && \
	[ "$$($(1) --version | cut -d ' ' -f 2)" = $(2) ] && ln -sf "$$found" $(3)

$(TRUNK):
	@$(call from_path,trunk,$(TRUNK_VERSION),$@) || { \
		echo "Installing Trunk $(TRUNK_VERSION): about 2 minutes on two cores."; \
		$(FAST_INSTALL) --locked --no-default-features --force --root .tools/trunk-$(TRUNK_VERSION) trunk --version $(TRUNK_VERSION); }

$(BINDGEN):
	@$(call from_path,wasm-bindgen,$(BINDGEN_VERSION),$@) || { \
		echo "Installing wasm-bindgen $(BINDGEN_VERSION): about a minute on two cores."; \
		$(FAST_INSTALL) --force --root .tools/wasm-bindgen-$(BINDGEN_VERSION) wasm-bindgen-cli --version $(BINDGEN_VERSION); }

# The library folder of the wasm target is there exactly when the target is installed. A toolchain that
# was updated is looked at again.
$(RUST):
	@command -v rustc >/dev/null || { echo "Rust is missing: install it from https://rustup.rs."; exit 1; }
	@mkdir -p .tools
	@wasm_is_there() { [ -d "$$(rustc --print target-libdir --target wasm32-unknown-unknown)" ]; }; \
	wasm_is_there || rustup target add wasm32-unknown-unknown; \
	wasm_is_there || { echo "This Rust has no wasm32-unknown-unknown target and no rustup to add it: install it from https://rustup.rs."; exit 1; }
	@cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt
	@cargo clippy --version >/dev/null 2>&1 || rustup component add clippy
	@touch $@

$(NODE_MODULES): package.json package-lock.json
	@node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' || { \
		echo "Node 20.12 or newer is needed; this is $$(node --version)."; exit 1; }
	@npm ci --no-audit --no-fund --no-update-notifier
	@touch $@

# $(call debian,PROGRAM,PACKAGES): installs PACKAGES, if we may and it is a Debian, unless PROGRAM is there.
debian = @mkdir -p .tools; command -v $(1) >/dev/null || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || \
	{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(2); } || echo "$(2) could not be installed."

# The browser tests take any Chromium or Chrome; the one without a window opens a page in half the time. Where it is not:
# Debian's package, if we may install one, and where there is none at all, the build that Playwright offers.
$(CHROMIUM_READY): | $(NODE_MODULES)
	$(call debian,chromium-headless-shell,chromium-headless-shell)
	@node tests/browser/chromium.mjs >/dev/null 2>&1 || \
		PLAYWRIGHT_BROWSERS_PATH=$(CURDIR)/.tools/browsers node_modules/.bin/playwright-core install chromium
	@node tests/browser/chromium.mjs
	@touch $@

# Where the other browsers are not and cannot be installed, their tests are skipped and say why.
.tools/firefox:
	$(call debian,firefox-esr,firefox-esr)
	@touch $@

.tools/webkit:
	$(call debian,WebKitWebDriver,webkit2gtk-driver xvfb)
	@touch $@

# A Python that has torch: the system's, for which Debian has a package, or another on the PATH. OpenBLAS, because what the
# package brings by itself takes eleven times as long for a matrix product.
find_torch = for python in /usr/bin/python3 python3; do \
	"$$python" -c 'import sys, torch; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done
.tools/torch:
	@mkdir -p .tools; [ -n "$$($(find_torch))" ] || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
		python3-torch libopenblas0-pthread; } || echo "python3-torch could not be installed."
	@touch $@

# Today's torch from PyPI, which brings what a graphics card needs with it: 5.5 GB.
PYTHON_NEW := .tools/python-new/bin
$(PYTHON_NEW)/ready: python/pyproject.toml
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed."; exit 1; }
	@python3 -m venv .tools/python-new
	@$(PYTHON_NEW)/pip install --quiet --no-cache-dir torch tokenizers mypy black
	@touch $@

# ---- the engine's npm package and the page ---------------------------------------------------------

RUST_SOURCES := Cargo.toml Cargo.lock .cargo/config.toml $(shell find src -type f 2>/dev/null)

# What rustc lets WebAssembly use, so that wasm-opt accepts it and may use it too.
WASM_FEATURES := bulk-memory multivalue mutable-globals nontrapping-float-to-int reference-types sign-ext simd
WASM_OPT_FLAGS := -O3 $(addprefix --enable-,$(WASM_FEATURES))

# $(call build_engine,NAME,TARGET DIR,CARGO FLAGS,WASM-OPT FLAGS): compiles the engine to NAME.js and
# NAME_bg.wasm in $(STAGING).
STAGING := $(TARGET_DIR)/pkg
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
define build_engine
	cargo build --release --lib --target wasm32-unknown-unknown --target-dir $(2) $(3)
	$(BINDGEN) --target web --remove-name-section --remove-producers-section \
		--out-dir $(STAGING) --out-name $(1) $(2)/wasm32-unknown-unknown/release/wavefield.wasm
	$(WASM_OPT) $(WASM_OPT_FLAGS) $(4) -o $(STAGING)/$(1)_bg.wasm $(STAGING)/$(1)_bg.wasm
endef

# With the relaxed instructions a multiply-add is one, which trains faster. Not every browser has them,
# so the worker chooses. Cargo adds these flags to those of .cargo/config.toml.
RELAXED := --config 'target.wasm32-unknown-unknown.rustflags=["-Ctarget-feature=+relaxed-simd"]'

define MANIFEST
{
  "name": "wavefield",
  "version": "$(VERSION)",
  "type": "module",
  "license": "MIT",
  "main": "wavefield.js",
  "types": "wavefield.d.ts",
  "files": ["*.js", "*.ts", "*.wasm"]
}
endef
export MANIFEST

engine-plain:
	$(call build_engine,wavefield,$(TARGET_DIR))

engine-relaxed:
	$(call build_engine,wavefield_relaxed,$(TARGET_DIR)/relaxed,$(RELAXED),--enable-relaxed-simd)

# Both at once, each in a folder of its own: the last minute of a build, which optimises the whole, has one core at work.
# The folders are there before: Cargo makes its own beside their place and moves it there, and two that do so in a new clone
# are in each other's way.
# The manifest is written last and is the target, so a build that breaks off half-way is not taken for done.
pkg/package.json: $(RUST_SOURCES) Makefile | $(BINDGEN) $(RUST) $(NODE_MODULES)
	@rm -rf $(STAGING)
	@mkdir -p $(TARGET_DIR)/relaxed
	@$(MAKE) --no-print-directory -j2 engine-plain engine-relaxed
	@rm -rf pkg && cp -R $(STAGING) pkg
	@printf '%s\n' "$$MANIFEST" > $@

# The tests of tests/gpu for a browser: the same program, as WebAssembly.
GPU_TESTS := $(TARGET_DIR)/gpu-tests/gpu.js
$(GPU_TESTS): $(RUST_SOURCES) $(shell find tests/gpu tests/golden_cases tests/fixtures -type f 2>/dev/null) www/data/names.txt | $(BINDGEN) $(RUST)
	cargo build --profile browser-tests --test gpu --target wasm32-unknown-unknown --target-dir $(TARGET_DIR)
	@$(BINDGEN) --target web --out-dir $(dir $@) --out-name gpu \
		"$$(ls -t $(TARGET_DIR)/wasm32-unknown-unknown/browser-tests/deps/gpu-*.wasm | head -1)"
	@touch $@

.PHONY: help pkg build serve test soak fuzz mutants bench clean distclean
.PHONY: test-format test-clippy test-clippy-wasm test-rust test-types test-js test-python test-python-new test-browser test-firefox test-webkit

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

pkg: pkg/package.json ## Build the engine for the browser as an npm package in pkg/

# Trunk's hook asks for pkg again; building it here first keeps the compiler's output readable.
build: pkg $(TRUNK) ## Build the page into dist/, ready for any static host (PUBLIC_URL=https://...)
	@$(TRUNK) build

# The first port from PORT on that nobody listens on.
FREE_PORT := node -e 'const look = (port) => require("net").createServer().once("error", () => look(port + 1)) \
	.listen(port, "127.0.0.1", function () { console.log(port); this.close(); }); look($(PORT))'

serve: pkg $(TRUNK) ## Build the page, serve it on http://localhost:8080 (PORT=...) and open it
	@port=$$($(FREE_PORT)) && echo "The page is on http://localhost:$$port/  (Ctrl-C stops it)" && \
	if [ "$$(uname)" = Darwin ] || [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then open=--open; fi && \
	exec $(TRUNK) serve --port $$port $$open

# ---- tests -----------------------------------------------------------------------------------------

JS_TESTS := $(wildcard tests/js/*.test.mjs)
TESTS := test-format test-clippy test-clippy-wasm test-rust test-types $(if $(JS_TESTS),test-js) test-python test-browser test-firefox test-webkit

# What only looks at the sources is not done again until they change: a file in here says when it was done last.
CHECKED := $(TARGET_DIR)/checked
CRATE := Cargo.toml Cargo.lock .cargo/config.toml $(shell find src tests -name '*.rs' -o -name '*.wgsl')
SCRIPTS := tsconfig.json $(wildcard tests/tsconfig*.json tests/types/*) $(shell find www tests -name '*.js' -o -name '*.mjs')
checked = @mkdir -p $(@D) && touch $@
unchanged = @echo "Checked at $$(date -r $< '+%H:%M on %-d %B'); nothing has changed since."

test: $(RUST) $(NODE_MODULES) $(BINDGEN) $(TRUNK) $(CHROMIUM_READY) ## Run every check and every test
	@node tests/run.mjs $(TESTS)

$(CHECKED)/format: $(CRATE) $(RUST)
	cargo fmt --check
	$(checked)

test-format: $(CHECKED)/format ## Rust's formatting
	$(unchanged)

$(CHECKED)/clippy: $(CRATE) $(RUST)
	cargo clippy --all-targets --features cli -- -D warnings
	$(checked)

test-clippy: $(CHECKED)/clippy ## Lints of the native build
	$(unchanged)

$(CHECKED)/clippy-wasm: $(CRATE) $(RUST)
	cargo clippy --lib --target wasm32-unknown-unknown -- -D warnings
	$(checked)

test-clippy-wasm: $(CHECKED)/clippy-wasm ## Lints of the browser build
	$(unchanged)

test-rust: $(CHROMIUM_READY) ## Rust's tests, optimised
	@eval "$$(node tests/browser/vulkan.mjs)"; set -x; cargo test --features cli --no-fail-fast --lib --test engine --test fuzz --test gpu --test mutants

$(CHECKED)/types: $(SCRIPTS) pkg/package.json $(NODE_MODULES)
	node_modules/.bin/tsc -p tsconfig.json
	node_modules/.bin/tsc -p tests/tsconfig.worker.json
	node_modules/.bin/tsc -p tests/tsconfig.json
	$(checked)

test-types: $(CHECKED)/types ## Types of all JavaScript, from its JSDoc
	$(unchanged)

test-js: pkg $(NODE_MODULES) ## JavaScript's unit tests
	node --test --test-reporter=spec $(JS_TESTS)

# One thread: the processes of a test share the cores.
test-python: .tools/torch ## The PyTorch package, with the torch that is there
	@python="$$($(find_torch))"; if [ -n "$$python" ]; then cd python && OMP_NUM_THREADS=1 exec "$$python" -m tests; \
	else echo "No Python from 3.11 on has torch here, so the PyTorch package was not tested."; \
	echo "python: 0 passed, 0 failed, 1 skipped"; fi

test-python-new: $(PYTHON_NEW)/ready ## The same with today's torch (5.5 GB), installed, formatted and type-checked
	$(PYTHON_NEW)/pip install --quiet --no-deps --force-reinstall ./python
	cd python && ../$(PYTHON_NEW)/black --check --quiet wavefield tests
	cd python && ../$(PYTHON_NEW)/mypy
	cd python && OMP_NUM_THREADS=1 ../$(PYTHON_NEW)/python -m tests

test-browser: build $(GPU_TESTS) $(CHROMIUM_READY) ## The page, in a real Chromium
	node tests/browser/suite.mjs

# In short, each in less than a minute: they write the text that Chromium writes.
test-firefox: build $(CHROMIUM_READY) .tools/firefox ## The page in Firefox
	node --test --test-reporter=spec tests/browser/firefox.mjs

test-webkit: build $(CHROMIUM_READY) .tools/webkit ## The page in WebKitGTK
	node --test --test-reporter=spec tests/browser/webkit.mjs

# How often, on an idle machine and on a busy one.
ROUNDS ?= 5

soak: build $(GPU_TESTS) $(CHROMIUM_READY) ## Run the browser's tests ROUNDS times idle and ROUNDS times with every core busy
	node tests/browser/soak.mjs --rounds $(ROUNDS)

# Half of the time for the engine's inputs, half for the page's. What fails is printed with what tries it again:
# FUZZ_KIND=... FUZZ_SEED=... before `cargo test --features cli --test fuzz` or `node tests/fuzz/page.mjs`.
SECONDS ?= 3600
HALF := $(shell echo $$(($(SECONDS) / 2)))
fuzz: pkg $(RUST) $(NODE_MODULES) ## Try broken and hostile inputs for an hour (SECONDS=...)
	cargo test --features cli --test fuzz --no-run
	FUZZ_SECONDS=$(HALF) cargo test --features cli --test fuzz -- --nocapture
	FUZZ_SECONDS=$(HALF) node tests/fuzz/page.mjs

mutants: $(CHROMIUM_READY) ## Change every constant and comparison of the shaders in turn; the proof must notice each (long)
	@eval "$$(node tests/browser/vulkan.mjs)"; set -x; WAVEFIELD_MUTANTS=all cargo test --features cli --test mutants

bench: build $(CHROMIUM_READY) ## Measure training and decoding: natively, on the graphics adapter, in Chromium
	cargo build --release --features cli
	$(TARGET_DIR)/release/wavefield bench --threads 1
	@eval "$$(node tests/browser/vulkan.mjs)"; set -x; $(TARGET_DIR)/release/wavefield bench --gpu
	node tests/browser/bench.mjs

# ---- cleaning --------------------------------------------------------------------------------------

clean: ## Remove what was built
	rm -rf dist pkg $(STAGING)
	cargo clean

distclean: clean ## Remove the installed tools too
	rm -rf .tools node_modules
