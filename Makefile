# `make run` opens the dashboard, `make test` checks everything; both set up what they need.
PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
# A marker that is newer than its requirements says that all of them are installed.
CAN_RUN := $(VENV)/.can-run
CAN_TEST := $(VENV)/.can-test

# The tests start many processes: what one has compiled, the others need not.
export PYTHONDONTWRITEBYTECODE =

.PHONY: run test lint bench sync demo clean

run: $(CAN_RUN)
	$(BIN)/streamlit run app.py --server.port $(PORT)

test: lint
	$(BIN)/python -m pytest -n auto

lint: $(CAN_TEST)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@$(BIN)/lint-imports > $(VENV)/imports.log 2>&1 || { cat $(VENV)/imports.log; exit 1; }

bench: $(CAN_TEST)
	DRAWS=full $(BIN)/python -m pytest -n auto
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.pages
	$(BIN)/python -m tests.bench.feedback
	$(BIN)/python -m tests.bench.ranks
	$(BIN)/python -m tests.bench.verdicts

sync: $(CAN_RUN)
	$(BIN)/python -m core sync

demo: $(CAN_RUN)
	$(BIN)/python -m core demo

clean:
	rm -rf $(VENV)

$(CAN_RUN): requirements.txt
$(CAN_TEST): requirements.txt requirements-dev.txt
$(CAN_RUN) $(CAN_TEST):
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Touchstone needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(lastword $^)
	touch $@
