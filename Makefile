# Saddlepoint: everything a person types. `make help` lists it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
ALL_INSTALLED := $(VENV)/.installed-all

.PHONY: help install demo test test-integration test-slow test-all coverage check format reference docs bench clean

help: ## list these commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(INSTALLED) ## make the virtual environment and install the `gan` command

$(INSTALLED): setup.py pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet -c constraints.txt --editable '.[dev]'
	touch $@
	@echo 'Installed. To use the gan command:  source $(BIN)/activate'

$(ALL_INSTALLED): $(INSTALLED)
	$(BIN)/pip install --quiet -c constraints.txt --editable '.[test-all]'
	touch $@

demo: $(INSTALLED) ## train on the built-in digits, export, serve, call: about two minutes
	$(BIN)/gan demo

test: $(INSTALLED) ## run the tests that tell within minutes whether all is well
	$(BIN)/python -m pytest

test-integration: $(INSTALLED) ## run the longer ones: kills, replicas, servers, browsers
	$(BIN)/python -m pytest -m "integration and not slow"

test-slow: $(INSTALLED) ## run the tests that take minutes
	$(BIN)/python -m pytest -m slow

test-all: $(ALL_INSTALLED) ## install what optional tests need and run every test
	$(BIN)/python -m pytest -m ""

coverage: $(INSTALLED) ## run the tests of CI and list the lines that they miss
	$(BIN)/python -m pytest -m "not slow" --cov --cov-report=term-missing:skip-covered

check: $(INSTALLED) ## lint, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED) ## format the code and mend what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

reference: $(INSTALLED) ## render docs/configuration.md from the classes of the configuration
	$(BIN)/python -m trainer.config.reference > docs/configuration.md

docs: $(INSTALLED) ## build the documentation as a site in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

bench: $(INSTALLED) ## list the benchmarks (each is a command of its own)
	@$(BIN)/python -m benchmarks --help

clean: ## remove the environment and what tools left
	rm -rf $(VENV) build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache
