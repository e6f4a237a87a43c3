# The verbs of this project. Each needs Python 3.11 or later and make, nothing else: .venv is set up on the way.

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet
# Another interpreter for .venv: make test PYTHON=/path/to/python
PYTHON ?=
# One part of the long tests: make test-long PART=pythons
PART ?=
# More arguments for pytest: make test ARGS='-k sse'
ARGS ?=

CANDIDATES := $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11
# A name on PATH proves nothing (shims of a version manager may refuse), so each candidate is asked.
USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
WORKING := import sys, pip; sys.exit(sys.version_info < (3, 11))

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test test-long lint gen bench bench-long docs

help: ## list the verbs
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1	\2/p' Makefile | while IFS='	' read -r verb text; do printf '  make %-11s %s\n' "$$verb" "$$text"; done

demo: $(VENV)/.installed-demo ## judge recorded runs and drive one, from examples/
	@$(PY) examples/demo.py

test: lint ## lint, then the tests under branch coverage
	$(PY) -m pytest -n 2 --cov --cov-report=term-missing:skip-covered $(ARGS)

test-long: $(VENV)/.installed-dev ## the long tests: all parts, or PART=name
	$(PY) -m tools.long $(PART)

lint: $(VENV)/.installed-dev ## style, types, structure, and whether derived files are fresh
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	$(PY) -m pyright
	$(PY) -m pytest -q tests/test_structure.py
	$(PY) -m tools.gen --check

gen: $(VENV)/.installed-dev ## write the derived files anew
	$(PY) -m tools.gen

bench: $(VENV)/.installed-bench ## the benchmarks, up to 10 million events
	$(PY) -m benchmarks

bench-long: $(VENV)/.installed-bench-long ## the benchmarks that take minutes each
	$(PY) -m benchmarks --long

docs: $(VENV)/.installed-dev ## the documentation as HTML in build/docs
	$(PY) -m sphinx -n -W --keep-going -q -b html docs build/docs

$(VENV)/.installed-demo: EXTRAS := cli
$(VENV)/.installed-dev: EXTRAS := dev,all
$(VENV)/.installed-bench: EXTRAS := dev,all,bench-long
$(VENV)/.installed-bench-long: EXTRAS := dev,all,bench-long,engines
$(VENV)/.installed-demo $(VENV)/.installed-dev $(VENV)/.installed-bench $(VENV)/.installed-bench-long: pyproject.toml
	@if ! $(PY) -c '$(WORKING)' >/dev/null 2>&1; then \
	    for python in $(CANDIDATES); do \
	        if "$$python" -c '$(USABLE)' >/dev/null 2>&1; then found="$$python"; break; fi; \
	    done; \
	    if [ -z "$$found" ]; then \
	        echo "runstate needs Python 3.11 or later with its venv module (Debian and Ubuntu: apt install python3-venv)." >&2; \
	        echo "None of these is one: $(CANDIDATES). Name yours: make $(MAKECMDGOALS) PYTHON=/path/to/python" >&2; \
	        exit 1; \
	    fi; \
	    echo "setting up $(VENV) with $$("$$found" --version)"; \
	    "$$found" -m venv --clear $(VENV); \
	fi
	@echo "installing runstate[$(EXTRAS)] into $(VENV)"
	@$(PIP) install --editable '.[$(EXTRAS)]'
	@touch $@
