# Retake. With nothing but python3 (3.11 or newer) and make: `make app` runs it, `make test` tests it.

PYTHON ?= python3
VENV ?= .venv
PORT ?= 8501
ARGS ?=

ifeq ($(OS),Windows_NT)
PY := $(VENV)/Scripts/python.exe
else
PY := $(VENV)/bin/python
endif
SETUP = $(PYTHON) scripts/setup_env.py --venv $(VENV)
STREAMLIT = $(PY) -m streamlit run serve.py --server.address localhost --server.port $(PORT) $(ARGS)
# In a fresh clone nothing is compiled yet: a second core does that while mypy has the first, else each worker would.
COMPILE = env -u PYTHONDONTWRITEBYTECODE $(PY) -m pytest --collect-only -q -m "not engines" >/dev/null 2>&1

.PHONY: help app app-lite app-phone test test-engines lint format lock audit sbom release-check clean python
.DEFAULT_GOAL := help

help: ## Show this list
	@echo "Retake: a coach for skin photos. Not a medical device."
	@echo
	@sed -n 's/^\([a-z-]*\):.*## /  make \1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'
	@echo
	@echo "  PORT=8502 takes another port; PYTHON=python3.12 another Python; ARGS=... goes to Streamlit or pytest."

app: python ## Install everything and open the app
	@$(SETUP) full
	@$(STREAMLIT)

app-lite: python ## Install only what the app needs (no torch) and open it
	@$(SETUP) serve
	@$(STREAMLIT)

app-phone: python ## Serve phones on this network over HTTPS, with a QR code
	@$(SETUP) serve
	@$(PY) -m scripts.phone --port $(PORT)

test: python ## Install everything and run all checks and tests
	@$(SETUP) test
	@status=0; \
	$(PY) -m ruff check . || status=1; \
	$(PY) -m ruff format --check . || status=1; \
	if [ ! -d tests/__pycache__ ]; then $(COMPILE) & fi; \
	$(PY) -m mypy || status=1; \
	wait; \
	$(PY) -m scripts.run_tests $(ARGS) || status=1; \
	exit $$status

test-engines: python ## Try the app in Firefox and WebKitGTK, too (docs/engines.md)
	@$(SETUP) engines
	@$(PY) -m pytest tests/engines -n 2 --dist loadfile $(ARGS)

lint: python ## Check style and types of the code, and look for known vulnerabilities
	@$(SETUP) lint
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(PY) -m scripts.audit

format: python ## Put the code in its usual form
	@$(SETUP) dev
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

lock: python ## Write the lock files, with hashes, from what is installed here
	@$(SETUP) lock
	@$(PY) -m scripts.lock

audit: python ## Look the locked versions up among known vulnerabilities
	@$(SETUP) lint
	@$(PY) -m scripts.audit

sbom: python ## Write the bill of materials, dist/sbom.cdx.json
	@$(SETUP) test
	@$(PY) -m scripts.sbom

release-check: python ## Say what stops a release of this tree
	@$(SETUP) test
	@$(PY) -m scripts.release check

clean: ## Remove the environment and everything that tools left behind
	rm -rf $(VENV) static dist .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Said before anything else, since an older Python could not even read the set-up script.
python:
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo "Set-up stopped: there is no $(PYTHON) here. Install Python 3.11 or newer (Debian, Ubuntu: sudo apt-get install python3 python3-venv)." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Set-up stopped: $(PYTHON) is older than 3.11. Install a newer Python and name it: make $(firstword $(MAKECMDGOALS) app) PYTHON=python3.12" >&2; exit 1; }
