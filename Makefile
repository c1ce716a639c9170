# `make` prints this list. Needs Python 3.11 or newer and nothing else.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(shell command -v $(name) 2>/dev/null)))
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
INBOX_PORT ?= 8001
export PORT INBOX_PORT

T ?=
JOBS ?= 2
DEV := $(VENV)/.dev
RUNTIME := $(VENV)/.runtime
THROWAWAY = $(BIN)/python -m portal.embedded run --throwaway --dir "$$(mktemp -d)/engines" --

.PHONY: help
help:  ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

# --- the environment -----------------------------------------------------------------------------
$(BIN)/python:
	@$(if $(PYTHON),,$(error Python 3.11 or newer is not installed))
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=…")'
	$(PYTHON) -m venv $(VENV)

# uv installs everything in seconds; pip, slower, does it where uv cannot reach the index.
define install
	@$(BIN)/uv --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet --require-hashes -r requirements-uv.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $(1) \
		|| $(BIN)/python -m pip install --quiet --require-hashes -r $(1)
	@printf '%s\n' "$(CURDIR)" "$(CURDIR)/clients/python" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/partner-portal.pth"
	@touch $@
endef

$(RUNTIME): requirements.txt requirements-uv.txt | $(BIN)/python
	$(call install,requirements.txt)

$(DEV): requirements-dev.txt requirements-uv.txt | $(BIN)/python
	$(call install,requirements-dev.txt)

# --- what one does with it -----------------------------------------------------------------------
.PHONY: run
run: $(RUNTIME)  ## Run everything: portal on PORT (8000), partner inbox on INBOX_PORT (8001)
	@exec $(BIN)/python -m portal.supervise

.PHONY: test
test: $(DEV)  ## Run the suite on its own engines; T=path::test picks some, JOBS=n workers
	@$(BIN)/python -m pytest -m "not proof" -n $(JOBS) --dist worksteal $(T)

.PHONY: proof
proof: $(DEV)  ## Run the long proofs: races, crawls, faults, fuzzing
	@$(BIN)/python -m pytest -m proof $(T)

.PHONY: check
check: $(DEV)  ## Check style, types, import layers, templates, migrations, deployment settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy .
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/ci.yml
	@$(THROWAWAY) bash .ci/check-django $(BIN)/python

.PHONY: bench
bench: $(DEV)  ## Run the benchmarks; ratios go to benchmarks/results/
	@exec $(BIN)/python -m benchmarks

.PHONY: fmt
fmt: $(DEV)  ## Format code and sort imports
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format .

.PHONY: lock
lock: $(DEV)  ## Compile the pinned requirements with hashes
	$(BIN)/uv pip compile --quiet --generate-hashes --python-version 3.11 requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --generate-hashes --python-version 3.11 requirements-dev.in -o requirements-dev.txt
	grep '^uv==' requirements-dev.in | $(BIN)/uv pip compile --quiet --generate-hashes --no-header - -o requirements-uv.txt

.PHONY: clean
clean:  ## Stop engines left behind; remove data, environment and caches
	@test ! -d var/engines || $(BIN)/python -m portal.embedded remove --dir var/engines
	rm -rf var $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
