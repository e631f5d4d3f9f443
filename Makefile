# `make book` and `make test` are all you need: each prepares its own environment in .venv.
# Nothing here needs a path without spaces; every path used is relative.

VENV ?= .venv
PYTHON ?=
ifeq ($(OS),Windows_NT)
BIN = $(VENV)/Scripts
else
BIN = $(VENV)/bin
endif
PY = "$(BIN)/python"
PIP = $(PY) -m pip --disable-pip-version-check install --quiet

# Files are UTF-8, whatever the console speaks.
export PYTHONUTF8 = 1

PINS = requirements/constraints.txt pyproject.toml
FOR_BOOK = $(VENV)/.ready-book
FOR_READER = $(VENV)/.ready-reader
FOR_TEST = $(VENV)/.ready-test
FOR_HUB = $(VENV)/.ready-hub
BENCH_VENV ?= .venv-bench

# The first Python from 3.11 to 3.13 that answers, unless PYTHON says which.
define FIND_PYTHON
set -e; \
for python in "$(PYTHON)" python3.11 python3.12 python3.13 python3 python; do \
  if [ -n "$$python" ] && "$$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; \
  then break; fi; \
  if [ -n "$(PYTHON)" ]; then python=; break; fi; \
  python=; \
done; \
if [ -z "$$python" ]; then \
  echo "No Python from 3.11 to 3.13 with the venv module was found. Install one (on Debian: apt install python3 python3-venv) or name it: make PYTHON=/path/to/python3" >&2; exit 1; \
fi
endef

.DEFAULT_GOAL := help
.PHONY: assignments help book test lint notebooks bench bench-env bench-classroom hub proxy clean distclean lab book-all-pythons

help:  ## this list
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile
	@echo "Options: PYTHON=/path/to/python3 (which Python), VENV=.venv (where), PYTEST_ARGS=\"tests/unit -k pool\""

# Always from clean: a second build would not read unchanged pages again, and so pass in silence
# over a warning that stopped the first, or keep an old style sheet. The old book stays until the
# new one is complete.
# EDITION=teachers: with the assignments' solutions; EDITION=students: without the chapters' too.
OUT = $(if $(EDITION),build/$(EDITION),.)
book: export EDITION := $(EDITION)
book: $(FOR_BOOK)  ## build the book into _build/html; any warning is an error
	$(PY) book/_tools/build_book.py --output "$(OUT)"

.PHONY: pdf
FOR_PDF = $(VENV)/.ready-pdf
$(FOR_PDF): requirements/pdf.txt $(FOR_BOOK)
	$(PIP) -r requirements/pdf.txt
	@touch "$@"

pdf: book $(FOR_PDF)  ## the whole book as one file, _build/pdf/googlenet-book.pdf (needs Chromium)
	$(PY) book/_tools/make_pdf.py

# Tests that share a server stay together; more than four workers only get into each other's way.
SPREAD = -n auto --maxprocesses 4 --dist loadgroup
PYTEST_ARGS ?= $(SPREAD) -m "not long"

# What can be had without being root; what lacks then, the tests' first lines say.
.PHONY: tools
tools: $(FOR_TEST)  ## what the tests use and pip does not bring, as far as it can be had without root
	@$(PY) -m tests.tools || true
	@if command -v npm >/dev/null && command -v node >/dev/null; then $(MAKE) --no-print-directory proxy || \
	  echo "npm could not fetch JupyterHub's proxy; its tests are skipped." >&2; fi

test: tools  ## the tests: unit, notebooks, book, browser, Jupyter, course
	$(PY) -m pytest $(PYTEST_ARGS)

.PHONY: test-all test-processors
test-all: tools  ## these and what is long by nature: killed torchrun runs, a hub, a thousand widgets
	$(PY) -m pytest $(SPREAD)

# oneDNN and PyTorch are told to compute as on other processors; 512 bits only where they are.
test-processors: $(FOR_TEST)  ## unit tests and chapters as older and newer processors compute them
	set -e; for kind in default:SSE41 avx2:AVX2 $$(grep -q avx512f /proc/cpuinfo 2>/dev/null && echo avx512:AVX512_CORE); do \
	  for threads in 1 2; do \
	    echo "ATEN_CPU_CAPABILITY=$${kind%:*} ONEDNN_MAX_CPU_ISA=$${kind#*:} OMP_NUM_THREADS=$$threads"; \
	    ATEN_CPU_CAPABILITY=$${kind%:*} ONEDNN_MAX_CPU_ISA=$${kind#*:} OMP_NUM_THREADS=$$threads \
	      $(PY) -m pytest $(SPREAD) tests/unit tests/notebooks; \
	  done; \
	done

lint: $(FOR_TEST)  ## style, types, spelling, words, the notebooks' form
	HOOK_PYTHON=$(PY) $(PY) -m pre_commit run --all-files

.PHONY: hooks
hooks: $(FOR_TEST)  ## the same before each commit of yours
	$(PY) -m pre_commit install

lab: $(FOR_READER)  ## open the chapters in JupyterLab
	$(PY) -m jupyter lab book

notebooks: $(FOR_TEST)  ## run every notebook and store its outputs
	$(PY) book/_tools/refresh_notebooks.py

assignments: $(FOR_TEST)  ## a zip per assignment for the students, into build/assignments
	$(PY) book/_tools/make_assignments.py

bench: $(FOR_TEST)  ## sizes and times, with a report in _bench
	$(PY) -m tests.benchmarks --bench-env "$(BENCH_VENV)" $(BENCH_ARGS)

bench-env: $(BENCH_VENV)/.ready  ## torchvision for the benchmarks, in an environment of its own

bench-classroom: $(FOR_TEST)  ## grade 100 submissions of A1: how fast, and is the gradebook right
	$(PY) -m tests.benchmarks.classroom

hub: $(FOR_HUB) proxy  ## rehearse the course on a JupyterHub of this machine
	$(PY) book/classroom/hub/hub.py --assignments A1 A2 A3 A4 A5

# JupyterHub's proxy is a Node program; version 5 needs Node 20.
PROXY = $(VENV)/proxy/node_modules/.bin/configurable-http-proxy
proxy: $(PROXY)  ## JupyterHub's proxy, for `make hub` and its test
$(PROXY): | $(VENV)/.made
	npm install --loglevel=error --no-fund --no-audit --prefix "$(VENV)/proxy" \
	  configurable-http-proxy@$$(node -e 'console.log(parseInt(process.versions.node) < 20 ? "4.6.3" : "5.3.0")')

# A version manager may hold a Python back until it is named by its full path.
book-all-pythons:  ## build the book with Python 3.11, 3.12 and 3.13, each in a folder of its own
	for version in 3.11 3.12 3.13; do \
	  python=python$$version; \
	  "$$python" -c "" 2>/dev/null || python=$$(ls -d "$$HOME"/.pyenv/versions/$$version.*/bin/python | tail -n 1); \
	  $(MAKE) --no-print-directory book VENV=.venv-$$version PYTHON="$$python" || exit 1; \
	done

clean:  ## remove what the commands built
	rm -rf _build _bench build dist .pytest_cache .ruff_cache .hypothesis

distclean: clean  ## and the environments as well
	rm -rf .venv .venv-bench .venv-3.11 .venv-3.12 .venv-3.13

$(VENV)/.made:
	@$(FIND_PYTHON); echo "Making $(VENV) with $$("$$python" --version)"; "$$python" -m venv "$(VENV)"
	@touch "$@"

$(FOR_BOOK): requirements/book.txt $(PINS) | $(VENV)/.made
	$(PIP) -r requirements/book.txt
	$(PIP) --no-deps --editable .
	@touch "$@"

$(FOR_READER): requirements.txt $(FOR_BOOK)
	$(PIP) -r requirements.txt
	@touch "$@"

$(FOR_HUB): requirements/hub.txt requirements/classroom.txt $(FOR_READER)
	$(PIP) -r requirements/hub.txt
	@touch "$@"

$(FOR_TEST): requirements/test.txt requirements/hub.txt requirements/classroom.txt $(FOR_READER)
	$(PIP) -r requirements/test.txt
	@touch "$@"

$(BENCH_VENV)/.ready: requirements/bench.txt
	@$(FIND_PYTHON); "$$python" -m venv "$(BENCH_VENV)"
	"$(BENCH_VENV)/$(notdir $(BIN))/python" -m pip --disable-pip-version-check install --quiet -r requirements/bench.txt
	@touch "$@"
