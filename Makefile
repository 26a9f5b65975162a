# SPDX-License-Identifier: EUPL-1.2
# Two commands matter: `make demo` and `make test`. Both set themselves up; they need python3 and make.
PYTHON ?= python3
BIN := .venv/bin
# Images often forbid compiled files; the tests start our programs by the hundred, so here they are kept.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test long lint conformance bench docs lock clean browser spark

help:  ## show this list
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## make .venv with pinned packages, gather the front-end files
	@$(PYTHON) tools/setup.py

demo: setup  ## start a small landscape, ask one question, keep running until Ctrl-C
	@$(BIN)/landschap demo

browser: setup
	@$(BIN)/python tools/browser.py

test: setup browser  ## the whole suite (under 15 minutes on 2 cores)
	@$(BIN)/python tools/suite.py

long: setup browser  ## what takes minutes: full registers, kill series, fuzzing; writes docs/long.md
	@$(BIN)/python tools/long.py

lint: setup  ## style, types, floors
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

conformance: setup browser  ## one line per numbered case of a standard or a demand; writes docs/conformance.md
	@$(BIN)/python tools/conformance.py

bench: setup  ## what questions, agreements, registers, decisions, the log, the catalogue, the portal and sources cost; writes docs/performance*.md
	@$(BIN)/python benchmarks/run.py --write docs/performance.md
	@$(BIN)/python benchmarks/agreements.py --write docs/performance-agreements.md
	@$(BIN)/python benchmarks/registers.py --write docs/performance-registers.md
	@$(BIN)/python benchmarks/decisions.py --write docs/performance-decisions.md
	@PYTHONPATH=. $(BIN)/python benchmarks/logbook.py --write docs/performance-logbook.md
	@$(BIN)/python benchmarks/catalogue.py --write docs/performance-catalogue.md
	@$(BIN)/python benchmarks/portal.py --write docs/performance-portal.md
	@$(BIN)/python benchmarks/integration.py --write docs/performance-integration.md
	@$(BIN)/python benchmarks/bulk.py --rows $(or $(ROWS),1000000) --write docs/performance-bulk.md

docs: setup  ## the manual as HTML in docs/_build
	@$(BIN)/python tools/reference.py
	@$(BIN)/sphinx-build -q -W -b html docs docs/_build

spark:  ## Spark itself in .spark, for one test of `make long` (half a gigabyte; needs Java 17)
	@test -d .spark || python3 -m venv .spark
	@.spark/bin/pip install -q "pyspark[connect]==4.2.0"

lock: setup  ## renew requirements.lock after a change of pyproject.toml
	@$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
	  --no-annotate --no-header --strip-extras --allow-unsafe --extra dev --extra hsm --extra cedar -o requirements.lock pyproject.toml

clean:  ## remove what set-up and the demo made
	@rm -rf .venv .demo docs/_build frontend/node_modules src/landschap/platform/static/vendor
