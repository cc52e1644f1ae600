# One entry point for people and for CI. Needs Python >= 3.11 and make, nothing else.
PYTHON ?= python3
UV := .uv/bin/uv
BIN := .venv/bin
WEB := fleet/web
MEMBERS := broker geo ingest fleet firmware-sim
PACKAGES := gongfu broker/gongfu_broker geo/gongfu_geo ingest/gongfu_ingest fleet/gongfu_fleet firmware-sim/gongfu_firmware_sim
SETUP := .venv/.installed
BUNDLE := fleet/gongfu_fleet/static/index.html
WEB_SOURCES := $(shell find $(WEB) -type f -not -path '*/node_modules/*' 2>/dev/null)
NPM := $(BIN)/npm --prefix $(WEB)
SBOM_TOOL := cyclonedx-bom==7.1.0
PYTEST_ARGS ?=
# Many tests wait for real servers, so that three lanes are right for two cores.
TEST_LANES ?= 3
export VIRTUAL_ENV := $(CURDIR)/.venv
# npm scripts find the Node of the environment before any older one of the system.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup run test test-faults test-fuzz test-servers check-compose lint web fmt lock sbom generate clean

help:  ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(SETUP)  ## Make .venv with exactly the locked versions.

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Gongfu needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv

# sync removes the editables, so they always come after it.
$(SETUP): $(UV) requirements.lock pyproject.toml $(MEMBERS:%=%/pyproject.toml)
	@test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) .venv
	$(UV) pip sync --quiet --require-hashes --compile-bytecode requirements.lock
	$(UV) pip install --quiet --no-build-isolation --no-deps $(MEMBERS:%=-e ./%) -e .
	@$(BIN)/python -m compileall -q $(PACKAGES)
	@touch $@

# The platform runs without the pages when npm cannot be reached; the API and the log stay the same.
$(BUNDLE): $(SETUP) $(WEB_SOURCES)
	@if $(NPM) ci --no-audit --no-fund --silent && $(NPM) run --silent build; then touch $@; \
	else echo "web: not built (is the npm registry reachable?); going on without the pages, 'make web' tries again"; fi

web: $(BUNDLE)  ## Build the pages with the Node that comes from PyPI.

run: $(BUNDLE)  ## Run the whole county on this machine (stop with Ctrl-C).
	$(BIN)/gongfu run

lint: $(SETUP)  ## Style, types, imports, dependencies.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(PACKAGES) grafana tests
	$(BIN)/lint-imports
	$(BIN)/deptry gongfu
	@for m in broker geo ingest fleet firmware-sim; do p=$$(ls -d $$m/gongfu_*); echo "deptry $$p"; $(BIN)/deptry --config $$m/pyproject.toml $$p || exit 1; done
	@if [ -d $(WEB)/node_modules ]; then $(NPM) run --silent check; else echo "web: types not checked, no node_modules"; fi

test-servers:  ## Fetch what tests need from the system's packages; says so when it cannot.
	@for fetch in tests/servers/*.sh; do sh $$fetch; done

check-compose:  ## Start docker-compose.yml once and look at every part (needs an engine; not run in CI).
	@sh deploy/check-compose.sh

test: $(BUNDLE) test-servers lint  ## Every check that CI runs.
	$(BIN)/pytest -n $(TEST_LANES) --dist loadfile $(PYTEST_ARGS)

test-faults: $(SETUP) test-servers  ## The fault tests with their full counts and durations (hours; some need root).
	$(BIN)/pytest tests/faults --full -s $(PYTEST_ARGS)

test-fuzz: $(SETUP)  ## 2,000 cases for every operation of the HTTP API (an hour or two).
	$(BIN)/pytest tests/security/test_http_fuzz.py --fuzz-cases 2000 -s $(PYTEST_ARGS)

fmt: $(SETUP)  ## Format the code.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

generate: $(SETUP)  ## Write the generated contract files anew.
	$(BIN)/gongfu contract --write
	$(BIN)/python -m grafana.generate

lock: $(UV)  ## Write requirements.lock anew from the pyproject files.
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
	  --custom-compile-command 'make lock' $(MEMBERS:%=--no-emit-package gongfu-%) --no-emit-package gongfu \
	  pyproject.toml $(MEMBERS:%=%/pyproject.toml) --group dev --group web --group build -o requirements.lock

sbom: $(SETUP)  ## Write what is locked, Python and npm, as CycloneDX into build/sbom.
	@mkdir -p build/sbom
	$(UV) tool run --quiet --from $(SBOM_TOOL) cyclonedx-py requirements requirements.lock --of JSON --output-file build/sbom/python.cdx.json
	$(NPM) sbom --package-lock-only --sbom-format cyclonedx > build/sbom/web.cdx.json

clean:  ## Remove everything that can be made again (not state/).
	rm -rf .venv .uv $(WEB)/node_modules fleet/gongfu_fleet/static .mypy_cache .ruff_cache .pytest_cache
