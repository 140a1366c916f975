# `make demo` and `make test` set everything up first; on a machine that is set up, that costs one line.
SHELL := /bin/bash
# nbgrader starts `alembic`, and the kit starts `jupyter`, from PATH.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Not that of the shell which started this: IPython would say so in every notebook.
export VIRTUAL_ENV := $(CURDIR)/.venv
.PHONY: help setup demo hub test test-fast lint bench clean

help:
	@echo "make demo       grade a whole made-up cohort, end to end"
	@echo "make hub        run a JupyterHub from hub-config/hub.yaml on this machine"
	@echo "make test       lint, types and all tests, three at a time: many of them wait"
	@echo "make test-fast  the unit tests"
	@echo "make lint       ruff and mypy"
	@echo "make bench      measure the grader and the learner's waiting time"
	@echo "make setup      only set up: .venv, pinned packages, bubblewrap"
	@echo "make clean      remove caches, and build/ unless it holds submissions or marks; .venv stays"

setup:
	@scripts/setup.sh

demo: setup
	autograder demo

# HUB=/path/to/hub.yaml chooses another one.
hub: setup
	autograder hub $(if $(HUB),--file $(HUB)) build
	autograder hub $(if $(HUB),--file $(HUB)) start

lint: setup
	ruff check .
	mypy

test: lint
	pytest -n 3 --dist loadscope --no-loadscope-reorder

test-fast: setup
	pytest tests/unit -m "not slow"

bench: setup
	@set -e; for benchmark in benchmarks/*.py; do echo "== $$benchmark"; python "$$benchmark"; done

clean:
	@if compgen -G "build/*/submitted/*" >/dev/null || compgen -G "build/*/gradebook.db" >/dev/null; \
	then echo "build/ stays: it holds submissions or marks; remove it by hand"; else rm -rf build; fi
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
