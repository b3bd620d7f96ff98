# Two commands do all the set-up on a machine with Python 3.11 or newer and make:
#   make compare   the main job on the embedded sample
#   make test      every check, and every test but the long ones
#   make test-long the tests that take longest: every hedge compiled, a clean installation, kills at every step
#   make coverage  which branches of the package the default tests reach
# Each makes its own virtual environment and installs what it needs.

PYTHON ?= python3
RUN := .venv-run
DEV := .venv
# Two processes; the files that compile longest go first (tests/conftest.py), so that neither waits at the end.
TWO := -n 2 --dist loadfile --no-loadscope-reorder
SOURCES := pyproject.toml $(shell find alvh_bt strategies data -name '*.py' -o -name '*.toml' -o -name '*.j2' -o -name '*.css' -o -name '*.js')

.PHONY: compare test test-long coverage lint clean

compare: $(RUN)/installed
	$(RUN)/bin/alvh compare --out out

test: $(DEV)/installed lint
	$(DEV)/bin/python -m pytest $(TWO)

test-long: $(DEV)/installed
	$(DEV)/bin/python -m pytest $(TWO) -m long

coverage: $(DEV)/installed
	$(DEV)/bin/python -m pytest $(TWO) --cov --cov-report=term:skip-covered

lint: $(DEV)/installed
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/mypy

$(RUN)/installed: $(SOURCES)
	$(PYTHON) -m venv $(RUN)
	$(RUN)/bin/python -m pip install --quiet --disable-pip-version-check .
	touch $@

$(DEV)/installed: pyproject.toml
	$(PYTHON) -m venv $(DEV)
	$(DEV)/bin/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

clean:
	rm -rf $(RUN) $(DEV) build dist *.egg-info out
