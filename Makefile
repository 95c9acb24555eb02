# Every target says what it does: `make help`.
.DEFAULT_GOAL := help
.PHONY: help up down status reset clean test check format bench chaos flood audit pin

PYTHON ?= python3.11
VENV := .venv/bin

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: ## Set everything up, start it, load the sample city and leave it running (TANGGAP_PORT moves the gateway)
	@$(PYTHON) scripts/bootstrap up
	@$(VENV)/python -m tanggap.local up

down: ## Stop everything that make up started; the data stays
	@if [ -x $(VENV)/python ]; then $(VENV)/python -m tanggap.local down; else echo "Nothing is installed, so nothing runs."; fi

status: ## Show which processes run and where they listen
	@$(VENV)/python -m tanggap.local status

reset: ## Stop everything and delete its data and secrets
	@$(VENV)/python -m tanggap.local reset

clean: ## reset, and delete the virtual environment and every cache too (the secrets of compose stay)
	@if [ -x $(VENV)/python ]; then $(VENV)/python -m tanggap.local reset; fi
	@if [ -d .local ]; then find .local -mindepth 1 -maxdepth 1 ! -name compose -exec rm -rf {} +; fi
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

test: ## Run every test (starts what it needs by itself)
	@$(PYTHON) scripts/bootstrap test
	@$(VENV)/python scripts/test $(ARGS)

check: ## Lint, types, import rules, data files and published descriptions
	@$(PYTHON) scripts/bootstrap check
	@$(VENV)/python scripts/check

format: ## Format the code and mend what ruff can mend by itself
	@$(PYTHON) scripts/bootstrap check
	@$(VENV)/ruff check --fix -q . && $(VENV)/ruff format -q .

bench: ## Run the benchmarks: speed beside others, and fairness of findings about people
	@$(PYTHON) scripts/bootstrap test
	@status=0; export PYTHONPATH=tests; $(VENV)/python -W ignore tests/bench/run.py $(ARGS) || status=1; $(VENV)/python tests/bench/fairness.py || status=1; exit $$status

chaos: ## Strike a running installation 200 times, then count every effect (ARGS="--faults 20 --seed 7", --cluster, --broker debian13)
	@$(PYTHON) scripts/bootstrap test
	@PYTHONPATH=tests $(VENV)/python -W ignore -m chaos $(ARGS)

flood: ## 5,000 reports in ten minutes on the sizing of the small overlay (ARGS="--reports 500 --minutes 1")
	@$(PYTHON) scripts/bootstrap test
	@PYTHONPATH=tests $(VENV)/python -W ignore -m flood $(ARGS)

pin: ## Write the digests of the base images beside their tags, as their registries name them now
	@$(PYTHON) scripts/bootstrap pin
	@$(VENV)/python scripts/pin

audit: ## Compare the pinned dependencies with PyPI's advisories (needs the network; says so if it has none)
	@PYTHON=$(PYTHON) scripts/audit
