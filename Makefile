# make demo | test | lint | bench: each sets up what it needs first, in .venv
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
DEMO := /tmp/medspan-demo

.PHONY: demo test lint bench clean

demo: .venv/installed
	@mkdir -p $(DEMO) && rm -f $(DEMO)/*
	$(BIN)/medspan read pcaps/clinic.pcap --inventory $(DEMO)/medspan.duckdb
	$(BIN)/medspan devices --inventory $(DEMO)/medspan.duckdb
	$(BIN)/medspan flows --public --inventory $(DEMO)/medspan.duckdb
	$(BIN)/medspan findings --severity high --inventory $(DEMO)/medspan.duckdb
	$(BIN)/medspan export -f csv -o $(DEMO)/devices.csv --inventory $(DEMO)/medspan.duckdb
	$(BIN)/medspan report $(DEMO)/report.html --inventory $(DEMO)/medspan.duckdb
	@echo "The inventory is $(DEMO)/medspan.duckdb, the audit table $(DEMO)/devices.csv, the page $(DEMO)/report.html"

test: .venv/installed-dev
	@tests/tools/need tshark chromium libreoffice-calc:soffice
	$(BIN)/pytest -n 2 --dist loadfile

lint: .venv/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m inventory.knowledge_tables

bench: .venv/installed-dev
	@tests/tools/need tshark libndpi-bin:ndpiReader tcpreplay tcpdump iproute2:ip ethtool dcmtk:storescu orthanc:Orthanc chromium
	$(BIN)/python -m tests.bench.run

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "medspan needs Python 3.11 or newer"; exit 1; }
	@$(PYTHON) -m venv .venv || { tests/tools/need python3-venv:- && $(PYTHON) -m venv --clear .venv; }

.venv/installed: pyproject.toml | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@$(BIN)/python -m compileall -q sensor parsers inventory
	@touch $@

.venv/installed-dev: pyproject.toml | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@$(BIN)/python -m compileall -q sensor parsers inventory
	@touch .venv/installed $@

clean:
	rm -rf .venv $(DEMO)
