# Two commands matter: `make lab` and `make test`. `make help` lists the others.
# The Python environment makes itself (.venv, from requirements.lock) and is free the second time.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.complete
# The lab mounts, boots hosts and adds a bridge. Byte code written by root would stay behind in a user's clone.
ROOT := $(if $(filter 0,$(shell id -u)),,sudo env PYTHONDONTWRITEBYTECODE=1 PATH="$$PATH")

.PHONY: help lab test check bench docs clean distclean lock packages environment

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

lab: $(STAMP) ## a cluster on hosts booted on this machine: start, converge, prove (root or sudo)
	exec $(ROOT) $(BIN)/nightfleet lab up

test: $(STAMP) ## every tier of tests that exists; one line per tier (root or sudo for the lab tier)
	exec $(BIN)/python tests/run.py

check: $(STAMP) ## format, lint, types, import contracts, shell, YAML, Terraform, the numbers of the house
	exec $(BIN)/python tests/run.py check

bench: $(STAMP) ## benchmarks: ratios against alternatives measured in the same run (root or sudo)
	exec $(ROOT) $(BIN)/python bench/run.py

docs: $(STAMP) ## generate docs/reference from the code
	$(BIN)/python docs/generate.py

clean: ## take down every lab of this machine, remove what was built in the clone (keeps .venv and ~/.cache)
	@if [ -d /var/lib/nightfleet ]; then $(MAKE) --no-print-directory environment; fi
	@if [ -x $(BIN)/nightfleet ]; then $(ROOT) .ci/take-down $(BIN)/nightfleet; fi
	rm -rf build dist .state .make .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -print0 | xargs -0 -r rm -rf

distclean: clean ## as clean, and remove .venv too; only your own ~/.cache/nightfleet is left
	rm -rf $(VENV)

lock: $(STAMP) ## resolve pyproject.toml again and write requirements.lock with hashes
	.ci/lock

packages: ## install the Debian packages that the Python environment needs, after printing them
	@.ci/environment packages

environment: $(STAMP) ## only make .venv

$(STAMP): requirements.lock pyproject.toml
	@.ci/environment $(VENV)
	@touch $@
