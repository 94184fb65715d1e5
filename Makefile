# evswarm: every way to run, check and build it. `make` or `make help` lists the targets.
SHELL  := /bin/sh
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=
DASHBOARD := services/controller/evswarm_controller/dashboard
CONTAINERS := tests/e2e/test_compose.py tests/e2e/test_stack.py
MEMBERS := $(wildcard shared/pyproject.toml services/*/pyproject.toml)

.DEFAULT_GOAL := help
.PHONY: help up setup test check fmt lint types imports unit integration conformance robustness fuzz faults soak e2e containers browser beside-containers bench bench-quick images docs docs-check dashboard-check dashboard-test screenshots panel-check grafana-smoke clean

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

## Environment ---------------------------------------------------------------------------------------------

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "evswarm needs Python 3.11 or newer; '$(PYTHON)' is not. Name one with: make PYTHON=python3.13 ..."; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "this Python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv"; exit 2; }
	@echo "creating the environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

# Two stamps: running needs no test tools. Both keep what the other installed (--inexact).
$(VENV)/.ready: $(BIN)/uv pyproject.toml uv.lock $(MEMBERS)
	@$(BIN)/uv sync --quiet --frozen --no-dev --inexact --python $(BIN)/python
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	@echo "installing the development tools"
	@$(BIN)/uv sync --quiet --frozen --inexact --python $(BIN)/python
	@touch $@

$(DASHBOARD)/node_modules/.ready: $(VENV)/.ready-dev $(DASHBOARD)/package.json $(DASHBOARD)/package-lock.json
	@$(BIN)/python -m tools.vendor_dashboard.node install
	@touch $@

setup: $(VENV)/.ready ## Make the environment only; afterwards .venv/bin/evswarm exists

## Run -----------------------------------------------------------------------------------------------------

up: $(VENV)/.ready ## Run the swarm here: 20 stations, dashboard on http://127.0.0.1:8000 (ARGS="--stations 100")
	@$(BIN)/evswarm up $(ARGS)

images: ## Build the container images
	docker compose build

## Check ---------------------------------------------------------------------------------------------------

test: unit integration faults beside-containers browser dashboard-test ## Run every test

check: lint types imports docs-check dashboard-check unit ## Format, lint, types, imports, generated docs, unit tests: seconds

fmt: $(VENV)/.ready-dev ## Format the code and mend what the linter can
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

lint: $(VENV)/.ready-dev ## Formatting and lint
	@$(BIN)/ruff format --check --quiet . || { echo "run 'make fmt'"; exit 1; }
	@$(BIN)/ruff check --quiet .

types: $(VENV)/.ready-dev ## Types, strictly
	@$(BIN)/mypy shared services/*/evswarm_* tests tools

imports: $(VENV)/.ready-dev ## The architecture: what may import what
	@$(BIN)/lint-imports --no-cache

unit: $(VENV)/.ready-dev ## Pure tests, in seconds
	@$(BIN)/pytest tests/unit -q -n auto $(ARGS)

integration: $(VENV)/.ready-dev ## Tests with sockets, processes and a real store
	@$(BIN)/pytest tests/integration -q -n 2 --dist loadfile $(ARGS)

conformance: $(VENV)/.ready-dev ## Independent OCPP 1.6J peers talk to our station and our CSMS
	@$(BIN)/pytest tests/conformance -q -n 4 $(ARGS)

faults: $(VENV)/.ready-dev ## Kill, freeze and cut off real processes while stations charge; the audit must pass
	@$(BIN)/pytest tests/faults tests/soak -q -n 2 --dist loadfile --timeout 300 $(ARGS)

soak: $(VENV)/.ready-dev ## Half an hour at 5,000 stations: nothing grows (SOAK_SECONDS=60 SOAK_STATIONS=300 for less)
	@SOAK_SECONDS=$${SOAK_SECONDS:-1800} SOAK_STATIONS=$${SOAK_STATIONS:-5000} $(BIN)/pytest tests/soak -q -s $(ARGS)

robustness: $(VENV)/.ready-dev ## 2,000 spoiled frames at either side, and requests that the API does not expect
	@$(BIN)/pytest tests/fuzz -q $(ARGS)

fuzz: $(VENV)/.ready-dev ## 100,000 spoiled frames at either side, and the API for ten minutes (ARGS="--fuzz-seed 7")
	@$(BIN)/pytest tests/fuzz -q -s --fuzz-frames 100000 --timeout 1500 $(ARGS)

# One after the other: a browser drops what it loads whenever an interface comes or goes, as those of containers do.
e2e: containers browser ## The whole system: containers, Prometheus, a browser

containers: $(VENV)/.ready-dev ## The compose file and the stack file as users run them
	@$(BIN)/pytest $(CONTAINERS) -q $(ARGS)

browser: $(VENV)/.ready-dev ## The dashboard, and what else of the whole system needs no containers
	@$(BIN)/pytest tests/e2e $(CONTAINERS:%=--ignore %) -q -n 2 --dist loadfile $(ARGS)

# Containers mostly wait, and leave a core to others.
beside-containers: $(VENV)/.ready-dev
	@$(MAKE) --no-print-directory --jobs=2 --output-sync containers conformance robustness

bench: $(VENV)/.ready-dev ## Measure, as ratios in one run, into docs/performance.md: half an hour, on a quiet machine
	@$(BIN)/pytest tests/bench -q --benchmark-only $(ARGS)
	@$(BIN)/python -m tests.bench.feed
	@$(BIN)/python -m tests.bench.swarm
	@if docker info >/dev/null 2>&1; then $(BIN)/python -m tests.bench.compose; \
	  else echo "no container engine answers: the containers are left out"; fi
	@$(BIN)/python -m tools.generate

bench-quick: $(VENV)/.ready-dev ## The swarm bench with small sizes, in under two minutes; keeps nothing
	@$(BIN)/python -m tests.bench.swarm --quick $(ARGS)

dashboard-check: $(DASHBOARD)/node_modules/.ready ## Types and lint of the dashboard's JavaScript
	@$(BIN)/python -m tools.vendor_dashboard --check
	@$(BIN)/python -m tools.vendor_dashboard.node check

dashboard-test: $(VENV)/.ready-dev ## Tests of the dashboard's JavaScript
	@$(BIN)/python -m tools.vendor_dashboard.node test

screenshots: $(VENV)/.ready-dev ## Pictures of every page, light and dark, at three widths, in build/screenshots (ARGS=--readme: those of the README too)
	@$(BIN)/python -m tools.screenshots $(ARGS)

panel-check: $(VENV)/.ready-dev ## Ask a real Prometheus every query of every Grafana panel, with a swarm that has troubles
	@$(BIN)/python -m tools.panel_check $(ARGS)

grafana-smoke: $(VENV)/.ready-dev ## Start the compose file with Grafana and ask it for every dashboard and panel
	@$(BIN)/python -m tools.grafana_smoke $(ARGS)

## Documents -----------------------------------------------------------------------------------------------

docs: $(VENV)/.ready-dev ## Regenerate what is generated from code
	@$(BIN)/python -m tools.generate

docs-check: $(VENV)/.ready-dev ## Fail when a generated file is not what the code says
	@$(BIN)/python -m tools.generate --check

clean: ## Remove the environment and caches
	rm -rf $(VENV) $(DASHBOARD)/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .benchmarks
