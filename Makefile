# netspectra. `make help` lists what there is.
SHELL := /bin/bash
PYTHON ?= python3
SCALE ?=
VENV := .venv
BIN := $(VENV)/bin
SNAKEMAKE := $(BIN)/snakemake $(if $(SCALE)$(UNTRIED),--config $(if $(SCALE),scale=$(SCALE)) $(if $(UNTRIED),'untried=[$(UNTRIED)]'))
IN_FORCE = $(or $(SCALE),$(shell sed -n 's/^scale: *//p' params.yaml))
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PYTHONNOUSERSITE := 1
# Snakemake and matplotlib want a cache; a home that cannot be written must not stop them.
ifneq ($(shell mkdir -p "$$HOME/.cache" 2>/dev/null && test -w "$$HOME/.cache" && echo yes),yes)
export XDG_CACHE_HOME := $(CURDIR)/.cache
endif

.DEFAULT_GOAL := help
.PHONY: help reproduce test lint format report changes settle bench stages new pull lock unlock docs clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/ready: requirements.lock
	@echo "Installing exact versions into $(VENV) (about 6 GB, some minutes the first time) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

reproduce: $(VENV)/ready ## every figure, verdict and the report; SCALE=paper for another scale, UNTRIED='svcca_*' to leave out
	@echo "Reproducing$(if $(SCALE), at scale $(SCALE)): data, networks, tables, figures, verdicts ..."
	@$(SNAKEMAKE)
	@PYTHONPATH=src $(BIN)/python -m netspectra.statistics.verdicts data/$(IN_FORCE)/metrics/claims.json
	@echo "Report: $(CURDIR)/report/$(IN_FORCE)/index.html"

test: $(VENV)/ready ## all tests, those of DVC, faults and Slurm too (Slurm: where root and its packages are there)
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/ready ## ruff, snakefmt and snakemake's own lint
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/snakefmt --check -l 120 Snakefile workflow
	@$(BIN)/snakemake --lint

format: $(VENV)/ready ## rewrite Python and rules in the common format
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format . ; $(BIN)/snakefmt -l 120 Snakefile workflow

report: $(VENV)/ready ## Snakemake's own report, with provenance and run times
	@$(SNAKEMAKE) --report report/$(IN_FORCE)/snakemake.html

changes: $(VENV)/ready ## what the last run changed against REV (HEAD): metrics beyond their interval, verdicts
	@PYTHONPATH=src $(BIN)/python -m netspectra.statistics.changes data/$(IN_FORCE)/metrics $(or $(REV),HEAD)

settle: $(VENV)/ready ## how many networks, and minutes, would decide the undecided claims; LIMIT=100
	@PYTHONPATH=src $(BIN)/python -m netspectra.statistics.settle data/$(IN_FORCE)/metrics/claims.json \
		--times benchmarks/results/$(IN_FORCE) --limit $(or $(LIMIT),100)

bench: $(VENV)/ready ## speed as ratios to peers, alternating in one process
	@status=0; for f in benchmarks/[a-z]*.py; do PYTHONPATH=src $(BIN)/python $$f || status=1; done; exit $$status

stages: $(VENV)/ready ## write dvc.yaml anew, after a change of params.yaml or of imports
	@PYTHONPATH=src $(BIN)/python -m netspectra.workflow.stages > dvc.yaml.new && mv dvc.yaml.new dvc.yaml

new: $(VENV)/ready ## NAME=...: the folder of a new experiment, with every piece that can be written
	@PYTHONPATH=src $(BIN)/python -m netspectra.workflow.new $(NAME)

pull: $(VENV)/ready ## fetch what the DVC remote holds, so that both tools say there is nothing to do
	@PYTHONPATH=src $(BIN)/python -m netspectra.workflow.pull

lock: ## renew requirements.lock (needs uv)
	@uv pip compile pyproject.toml --all-extras --generate-hashes --no-emit-index-url --universal --python-version 3.11 \
		--custom-compile-command "make lock" --quiet --upgrade -o requirements.lock

unlock: $(VENV)/ready ## after a killed run, if Snakemake says that the folder is locked
	@$(BIN)/snakemake --unlock

docs: $(VENV)/ready ## a site of the tutorial, the lenses and every docstring, offline, into site/
	@PYTHONPATH=src $(BIN)/python docs/build.py && echo "Site: $(CURDIR)/site/index.html"

clean: ## remove everything that was made, but not the environment and the metrics, which are in git
	@rm -rf .resume .store .made .snakemake logs report figures data/raw data/prepared data/*/networks data/*/tables data/smoke benchmarks/results
