# `make run` opens the dashboard, `make test` checks everything; both set up what they need.
PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: run test lint bench sync demo clean

run: $(READY)
	$(BIN)/streamlit run app.py --server.port $(PORT)

test: lint
	$(BIN)/python -m pytest -n auto

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.pages
	$(BIN)/python -m tests.bench.feedback

sync: $(READY)
	$(BIN)/python -m core sync

demo: $(READY)
	$(BIN)/python -m core demo

clean:
	rm -rf $(VENV)

# A marker that is newer than the requirements says that all of them are installed.
$(READY): requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Touchstone needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $(READY)
