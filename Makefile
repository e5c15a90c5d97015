# Everything a person types to work on Evergrant. `make` alone lists it.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTHONS := python3.13 python3.12 python3.11 python3 python3.14 python
# A command in an environment of its own: generated keys, an empty database, gone afterwards.
THROWAWAY := $(BIN)/python -m config.throwaway

.DEFAULT_GOAL := help
.PHONY: help install run manage check test browser certified bench chaos screenshots toolkits messages \
  format requirements clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(STAMP) ## make .venv with the pinned packages

$(STAMP): requirements/dev.txt requirements/install.py
	@for python in $(PYTHONS); do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    exec $$python requirements/install.py $(VENV) requirements/dev.txt $(STAMP); \
	  fi; \
	done; \
	echo "Evergrant needs Python 3.11 or newer, and there is none on the PATH." >&2; exit 1

run: $(STAMP) ## start everything: database, web, worker, sandbox provider
	@exec $(BIN)/python -m config.run

manage: $(STAMP) ## a Django command on the installation of `make run`; ARGS="changepassword NAME"
	@exec $(BIN)/python -m config.run.manage $(ARGS)

check: $(STAMP) ## format, lint, types, layers, migrations, system checks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(THROWAWAY) $(BIN)/mypy
	$(BIN)/lint-imports
	$(THROWAWAY) $(BIN)/python manage.py makemigrations --check --dry-run
	$(THROWAWAY) $(BIN)/python manage.py check

# Two processes share them, file by file, each with a database of its own; ARGS="-n 0" makes it one.
test: $(STAMP) browser certified ## run the tests; ARGS="-k name" chooses some
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

browser: $(STAMP) ## find the browser that the tests drive, or install it
	@$(BIN)/python -m tests.browser_program

certified: $(STAMP) ## install the certified OpenID server that the tests connect to
	@$(BIN)/python -m tests.certified_server.installing

bench: $(STAMP) ## measure it beside what is written by hand; ARGS="--only read --quick"
	@$(BIN)/python -m tests.bench $(ARGS)

chaos: $(STAMP) ## kill N real processes at random, then account for every grant; N=1000 SEED=7
	@$(BIN)/python -m tests.chaos --kills $(or $(N),100) $(if $(SEED),--seed $(SEED)) $(ARGS)

screenshots: $(STAMP) browser ## take the pictures in docs/img/ anew
	$(BIN)/python -m tests.screenshots

toolkits: $(STAMP) ## write docs/reference/toolkits.md anew from the catalog
	$(THROWAWAY) $(BIN)/python manage.py toolkits page --to docs/reference/toolkits.md

messages: $(STAMP) ## find the texts of the hosted pages and compile their translations
	@$(THROWAWAY) $(BIN)/python -m tests.messages

format: $(STAMP) ## format the code and repair what can be repaired
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

COMPILE := CUSTOM_COMPILE_COMMAND="make requirements" ../$(BIN)/pip-compile --quiet --upgrade \
  --generate-hashes --strip-extras --allow-unsafe \
  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host
requirements: $(STAMP) ## pin the newest packages that requirements/*.in allow
	cd requirements && $(COMPILE) --output-file=runtime.txt runtime.in
	cd requirements && $(COMPILE) --output-file=dev.txt dev.in

clean: ## remove .venv and caches; var/, where the data is, stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
