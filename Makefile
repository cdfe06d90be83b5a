# `make` lists what can be made. Everything happens in .venv, installed from the lock files by hash.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || echo python3)
STORE  ?= kgraph-data
HOST   ?= 127.0.0.1
PORT   ?= 8000
GOLD   ?= ../shared/gold
PAGES  ?= ../shared
CORPUS ?= ../shared/corpora/haacked-threads.tar.xz
BENCH  ?= bench-data

BIN  := .venv/bin
PIP  := $(BIN)/python -m pip --disable-pip-version-check
LOCK := $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-trusted-host \
        --no-emit-find-links --no-emit-options --no-header --resolver=backtracking

.DEFAULT_GOAL := help
.PHONY: help run test test-fast check lint format evaluate conformance bench serving hostile kills lock clean

help: ## list what can be made
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: .venv/installed ## build the graph from seeds/, validate it and serve it at http://localhost:8000
	$(BIN)/kgraph build seeds --store $(STORE)
	$(BIN)/kgraph validate --store $(STORE)
	$(BIN)/kgraph serve --store $(STORE) --host $(HOST) --port $(PORT)

test: .venv/installed-dev ## make the environment and run every check and test
	$(MAKE) --no-print-directory check

test-fast: .venv/installed-dev ## the tests that take no more than moments
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

check: lint ## what `make test` runs, in the environment as it is
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: ## style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: ## lay out the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

evaluate: .venv/installed ## score the gold pages and write docs/reference/extraction-quality.*
	$(BIN)/python benchmarks/extraction_quality.py $(GOLD) $(PAGES)

bench: serving hostile kills ## the three below, one after the other: half an hour with nothing else to do

serving: .venv/installed-dev ## measure serving beside the native server and rdflib-endpoint and write docs/reference/serve-benchmark.md
	$(BIN)/python benchmarks/bench_serve.py $(BENCH) --corpus $(CORPUS) --write docs/reference/serve-benchmark.md

hostile: .venv/installed-dev ## measure what a quiet client notices under hostile load and write docs/reference/hostile-load.md
	$(BIN)/python benchmarks/hostile.py $(BENCH) --write docs/reference/hostile-load.md

kills: .venv/installed-dev ## kill servers and workers under load and write docs/reference/kill-test.md
	$(BIN)/python benchmarks/kills.py --write docs/reference/kill-test.md

conformance: .venv/installed-dev ## ask the W3C's SPARQL 1.1 tests over HTTP and write docs/reference/conformance.*
	$(BIN)/python benchmarks/conformance.py

lock: .venv/installed-dev ## resolve the dependencies anew; UPGRADE=1 takes newer versions
	$(LOCK) $(if $(UPGRADE),--upgrade) --build-deps-for=editable --output-file=requirements.lock pyproject.toml
	$(LOCK) $(if $(UPGRADE),--upgrade) --build-deps-for=editable --extra=dev --constraint=requirements.lock \
	    --output-file=requirements-dev.lock pyproject.toml

clean: ## remove what was made, the environment and the store included
	rm -rf .venv dist build-tmp $(STORE) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 13) else "kgraph needs Python 3.11 or 3.12: make PYTHON=...")'
	$(PYTHON) -m venv .venv

# The lock carries the build backend too, so that nothing is installed unhashed.
.venv/installed: requirements.lock pyproject.toml | .venv/bin/python
	$(PIP) install --quiet --require-hashes -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/installed-dev: requirements-dev.lock .venv/installed
	$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	@touch $@
