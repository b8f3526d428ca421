# Everything a person or CI runs. Needs git, make and Python 3.11 or newer; installs the rest into .venv.
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint fmt docs lock bench-ingest bench-growth bench-increment bench-api bench-detect-speed \
	bench-detection clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# Bytecode halves the start of every process here; Airflow starts many.
unexport PYTHONDONTWRITEBYTECODE

help:  ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-19s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(INSTALLED)  ## Create .venv with the insights command in it.

$(INSTALLED): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --python $(BIN)/python --quiet --compile-bytecode --require-hashes -r requirements-dev.txt
	$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps --editable .
	@touch $@

demo: setup  ## Simulate a trail and analyse it in a real Airflow; stays up until Ctrl-C.
	@$(BIN)/insights demo

test: setup  ## Pass every test.
	@$(BIN)/pytest

lint: setup  ## Formatting, ruff, mypy, import directions.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: setup  ## Format and sort imports.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: setup  ## Write the generated pages of docs/ again.
	$(BIN)/python -m docs.generate

lock: setup  ## Resolve the requirements again, in one resolution.
	$(BIN)/uv pip compile pyproject.toml --extra deploy --upgrade --universal --python-version 3.11 \
		--generate-hashes --no-header --quiet --output-file requirements.txt
	$(BIN)/uv pip compile pyproject.toml --extra deploy --group dev --constraint requirements.txt --universal \
		--python-version 3.11 --generate-hashes --no-header --quiet --output-file requirements-dev.txt

bench-detect-speed: setup  ## Measure what a backfill and an hour of detection cost (minutes).
	@$(BIN)/python -m benchmarks.detect_speed

bench-ingest: setup .venv-bench/.installed  ## Measure ingest against DuckDB, Polars, pandas and PySpark (minutes).
	@$(BIN)/python -m benchmarks.ingest --page docs/benchmarks-ingest.md

bench-detection: setup .venv-bench/.installed  ## Measure detection against labelled incidents, beside other methods (half an hour).
	@$(BIN)/python -m benchmarks.detection --page docs/benchmarks-detection.md

bench-growth: setup .venv-bench/.installed  ## The same, with ten million events for the growth table (half an hour).
	@$(BIN)/python -m benchmarks.ingest --growth 100000,1000000,10000000 --page docs/benchmarks-ingest.md

bench-increment: setup  ## Measure whether an hour costs more after four weeks of history (minutes).
	@$(BIN)/python -m benchmarks.increment --page docs/benchmarks-increment.md

bench-api: setup  ## Measure the API over a lake of ten million events (minutes).
	@$(BIN)/python -m benchmarks.api --page docs/benchmarks-api.md

.venv-bench/.installed: benchmarks/requirements.txt
	$(PYTHON) -m venv .venv-bench
	$(BIN)/uv pip install --python .venv-bench --quiet --compile-bytecode --require-hashes -r $<
	@touch $@

clean:  ## Remove the environment and caches.
	rm -rf $(VENV) .venv-bench .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
