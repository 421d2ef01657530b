# `make demo` and `make test` set up all that they need in .venv; nothing else has to be installed by hand.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test check mutants bench clean

demo: $(VENV)/.installed
	@$(BIN)/tunegate demo

test: $(VENV)/.test-installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile

check: $(VENV)/.test-installed
	$(BIN)/ruff check .

# MUTANTS=--quick leaves out the statistics, whose tests take long.
mutants: $(VENV)/.test-installed
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.mutation --jobs 2 $(MUTANTS)

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -c constraints.txt torch
	$(BIN)/pip install -q -c constraints.txt -e .
	@touch $@

$(VENV)/.test-installed: $(VENV)/.installed
	$(BIN)/pip install -q -c constraints.txt -e '.[test]'
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
