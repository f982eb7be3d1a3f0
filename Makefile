# What can be done here: `make help`. Everything that is missing is installed first, once.

SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
SOURCE ?= auto
SPEED ?= 60
MASTER ?= local[*]
ARGS ?=
WORKERS ?= 2
FROM ?=
UNTIL ?=
QUERY ?=
POST ?=
COIN ?=
ROUNDS ?= 6
SEED ?= 1

# The value of a variable as one word of the shell, whatever is in it.
quoted = '$(subst ','\'',$($(1)))'

VENV := .venv/bin
SETUP := $(if $(PYTHON),$(PYTHON),python3.11) -m scripts.setup

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## install what is missing (virtual environment, JVM packages); the other targets do it too
	@$(SETUP)

.PHONY: run
run: ## everything in the foreground; SOURCE=auto|live|simulated|FOLDER SPEED=60; Ctrl-C stops it
	@$(SETUP) && exec $(VENV)/python -m scripts.run --source $(call quoted,SOURCE) --speed $(call quoted,SPEED)

.PHONY: services
services: ## only Kafka and MongoDB, in the background
	@$(SETUP) && exec $(VENV)/python -m scripts.services

.PHONY: cluster
cluster: ## a Spark master and two workers on this machine, in the background, for MASTER=spark://127.0.0.1:7077
	@$(SETUP) && exec $(VENV)/python -m scripts.cluster

.PHONY: stop
stop: ## stop what runs
	@$(SETUP) && exec $(VENV)/python -m scripts.stop

.PHONY: status
status: ## what runs, where, and how the sources are doing
	@$(SETUP) && exec $(VENV)/python -m scripts.status

.PHONY: monitor
monitor: ## what every query, source and service does, live; ARGS="--once --json" for scripts
	@$(SETUP) && exec $(VENV)/python -m streaming.monitor $(ARGS)

.PHONY: why
why: ## what became of a post: POST=id (or source:id) COIN=BTC
	@$(SETUP) && exec $(VENV)/python -m scripts.submit --quick-start --master $(call quoted,MASTER) --program tools -- \
	    why --post $(call quoted,POST) --coin $(call quoted,COIN)

.PHONY: history
history: ## Spark's history server over what ran, for yesterday's trouble
	@$(SETUP) && exec $(VENV)/python -m scripts.history

.PHONY: settings
settings: ## the settings in force, secrets masked, and where each came from
	@$(SETUP) && exec $(VENV)/python -m newswake.settings

.PHONY: submit
submit: ## spark-submit of the streaming application; ARGS="--once" MASTER=spark://host:7077
	@$(SETUP) && exec $(VENV)/python -m scripts.submit --master $(call quoted,MASTER) -- $(ARGS)

.PHONY: repair
repair: ## price what came too late, FROM=2026-03-01 UNTIL=2026-03-02T12:00 (target times, UTC; default: all)
	@$(SETUP) && exec $(VENV)/python -m scripts.submit --quick-start --master $(call quoted,MASTER) --program tools -- \
	    repair --from $(call quoted,FROM) --until $(call quoted,UNTIL)

.PHONY: late
late: ## what is due and not in post_prices, by coin and hour; FROM= UNTIL= ARGS=--json
	@$(SETUP) && exec $(VENV)/python -m scripts.submit --quick-start --master $(call quoted,MASTER) --program tools -- \
	    late --from $(call quoted,FROM) --until $(call quoted,UNTIL) $(ARGS)

.PHONY: rebuild
rebuild: ## a new checkpoint for QUERY=posts|candles|post_prices|dead_letters, with the same rows
	@$(SETUP) && exec $(VENV)/python -m scripts.submit --master $(call quoted,MASTER) --program tools -- rebuild $(call quoted,QUERY)

.PHONY: test
test: check ## all checks and tests, WORKERS=2 at a time; ARGS="tests/unit -k name" for some
	@$(VENV)/python -m pytest -m 'not long' -n $(call quoted,WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: test-long
test-long: setup ## the tests that `make test` leaves out, because they take half an hour
	@$(VENV)/python -m pytest -m long -n $(call quoted,WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: chaos
chaos: setup ## kills and freezes everything under a month with known truth; ROUNDS=6 SEED=1
	@$(VENV)/python -m tests.chaos --rounds $(call quoted,ROUNDS) --seed $(call quoted,SEED)

.PHONY: bench
bench: setup ## measure speed, latency, footprint, growth, the page; ARGS="engines --candles 1000000 --coins 40 --runs 1"
	@$(VENV)/python -m benchmarks.speed $(ARGS)

.PHONY: bench-setup
bench-setup: setup ## what only the comparison and the plots need, into build/bench
	@$(VENV)/python -m venv build/bench && build/bench/bin/pip install --quiet --requirement benchmarks/requirements.txt

.PHONY: check
check: setup ## format, lint, types, import rules
	@$(VENV)/ruff format --check .
	@$(VENV)/ruff check .
	@$(VENV)/mypy
	@$(VENV)/lint-imports --no-logo

.PHONY: format
format: setup ## rewrite the sources in the agreed format
	@$(VENV)/ruff format .
	@$(VENV)/ruff check --fix .

.PHONY: lock
lock: setup ## make requirements.lock again from pyproject.toml
	@$(VENV)/python -m scripts.lock
