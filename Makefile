# The commands of this project; README.md explains them.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test check format pins clean

# A port counts from the environment, then from .env; left to itself, honcho gives the web server 5000.
port = "$${$(1):-$$(sed -n 's/^$(1)=//p' .env | tail -n 1)}"

run: .venv/requirements .env
	@$(BIN)/python manage.py prepare
	@PORT=$(call port,PORT) SANDBOX_PORT=$(call port,SANDBOX_PORT); export SANDBOX_PORT="$${SANDBOX_PORT:-8001}"; \
	exec $(BIN)/honcho --env /dev/null start --port "$${PORT:-8000}"

test: .venv/requirements-dev
	@$(BIN)/python -m tests.everything

check: .venv/requirements-dev
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh .ci/check

format: .venv/requirements-dev
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .
	@git ls-files 'templates/*.html' | xargs $(BIN)/djade --target-version 5.2

# Writes the pinned requirements from pyproject.toml.
pins: .venv/requirements-dev
	@$(BIN)/pip-compile --quiet --upgrade --strip-extras --no-header --no-emit-index-url --no-emit-find-links -o requirements.txt pyproject.toml
	@$(BIN)/pip-compile --quiet --upgrade --strip-extras --no-header --no-emit-index-url --no-emit-find-links --extra dev -c requirements.txt -o requirements-dev.txt pyproject.toml

clean:
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/python:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON): install Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "This needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Name another with PYTHON=." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing: install it (on Debian: apt install python3-venv)." >&2; exit 1; }
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/requirements: requirements.txt .venv/python
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/requirements-dev: requirements-dev.txt .venv/python
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ .venv/requirements

# Written once and never again: the key in it signs sessions.
.env: | .venv/python
	@umask 077; $(BIN)/python -c 'import secrets; print("SECRET_KEY=" + secrets.token_urlsafe(50))' > $@.new && mv $@.new $@
