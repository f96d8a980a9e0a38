# The commands of this project; `make` alone lists them.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help run demo test check bench pictures
MAKEFLAGS += --no-print-directory
# What is compiled is kept: else each start would compile everything of ours again.
unexport PYTHONDONTWRITEBYTECODE

help: ## List these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-16s%s\n", $$1, $$2}'

run: $(STAMP) ## Serve on http://127.0.0.1:8888 in development mode; starts its own MongoDB in data/
	@exec $(BIN)/thserver serve --development

demo: $(STAMP) ## Play a story from registration to the receipt against the service
	@exec $(BIN)/thserver demo

test: $(STAMP) ## Run the tests (TESTS=tests/test_process.py for some of them)
	@exec $(BIN)/pytest -n 3 --dist worksteal $(TESTS)

check: $(STAMP) ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMP) ## Measure requests a second, CPU per request and memory
	@exec $(BIN)/python -m bench

pictures: $(STAMP) ## Take the pictures in docs/pictures anew, in a browser
	@exec $(BIN)/pytest tests/browser/pictures.py

$(STAMP): setup.py pyproject.toml
	@python=$(BIN)/python; test -x $$python || python=$(PYTHON); \
		$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Python 3.11 or later is needed: install it, or name one, as in: make PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
		{ echo "python3 cannot make .venv: install its venv package (python3-venv on Debian and Ubuntu)." >&2; exit 1; }
	@echo "Installing into .venv (once; again when setup.py or pyproject.toml change) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[embedded,dev]'
	@touch $(STAMP)
