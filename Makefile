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
.PHONY: help reproduce verdicts test lint format report crate changes standing verdicts-page settle bench stages new pull lock
.PHONY: unlock docs clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/ready: requirements.lock
	@$(PYTHON) workflow/environment.py $(VENV) requirements.lock requirements.uv.lock
	@touch $@

reproduce: $(VENV)/ready ## every figure, verdict and the report; SCALE=paper for another scale, UNTRIED='svcca_*' to leave out, VERBOSE=1
	@echo "Reproducing$(if $(SCALE), at scale $(SCALE)): data, networks, tables, figures, verdicts ..."
	@$(SNAKEMAKE)
	@PYTHONPATH=src $(BIN)/python -m netspectra.console.summary data/$(IN_FORCE)/metrics/claims.json report/$(IN_FORCE)/index.html

verdicts: $(VENV)/ready ## every verdict of the last run, with its value, interval and tolerance
	@PYTHONPATH=src $(BIN)/python -m netspectra.statistics.verdicts --all data/$(IN_FORCE)/metrics/claims.json

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

crate: $(VENV)/ready ## the last run as an RO-Crate, report/<scale>/crate: documents, data, code, software, verdicts, figures
	@PYTHONPATH=src $(BIN)/python -m netspectra.workflow.crate $(IN_FORCE) report/$(IN_FORCE)/crate

changes: $(VENV)/ready ## what the last run changed against REV (HEAD): metrics beyond their interval, verdicts
	@PYTHONPATH=src $(BIN)/python -m netspectra.statistics.changes data/$(IN_FORCE)/metrics $(or $(REV),HEAD)

standing: $(VENV)/ready ## run SCALE whole, and keep its metrics, verdicts, machine and versions in standing/<scale>/
	@PYTHONPATH=src $(BIN)/python -m netspectra.workflow.standing $(IN_FORCE) $(if $(UNTRIED),--untried '$(UNTRIED)') $(OPTIONS)
	@$(MAKE) --no-print-directory verdicts-page

verdicts-page: $(VENV)/ready ## docs/verdicts.md from standing/, all scales side by side, with reasons
	@PYTHONPATH=src $(BIN)/python -m netspectra.report.standings

settle: $(VENV)/ready ## what would decide the undecided claims, by LIMIT=100 networks; GO=1 trains it within MINUTES=30, CLAIMS=a,b
ifeq ($(GO),)
	@PYTHONPATH=src $(BIN)/python -m netspectra.statistics.settle data/$(IN_FORCE)/metrics/claims.json \
		--times benchmarks/results/$(IN_FORCE) --limit $(or $(LIMIT),100)
else
	@PYTHONPATH=src $(BIN)/python -m netspectra.workflow.deciding $(IN_FORCE) --limit $(or $(LIMIT),100) \
		--minutes $(or $(MINUTES),30) $(if $(CLAIMS),--claims $(CLAIMS)) $(if $(UNTRIED),--untried '$(UNTRIED)') $(OPTIONS)
	@$(MAKE) --no-print-directory stages verdicts-page
endif

bench: $(VENV)/ready ## speed as ratios to peers, alternating in one process
	@status=0; for f in benchmarks/[a-z]*.py; do PYTHONPATH=src $(BIN)/python $$f || status=1; done; exit $$status

stages: $(VENV)/ready ## write dvc.yaml anew, after a change of params.yaml or of imports
	@PYTHONPATH=src $(BIN)/python -m netspectra.workflow.stages > dvc.yaml.new && mv dvc.yaml.new dvc.yaml

new: $(VENV)/ready ## NAME=...: the folder of a new experiment, with every piece that can be written
	@PYTHONPATH=src $(BIN)/python -m netspectra.workflow.new $(NAME)

pull: $(VENV)/ready ## fetch what the DVC remote holds, so that both tools say there is nothing to do
	@PYTHONPATH=src $(BIN)/python -m netspectra.workflow.pull

lock: ## renew the locks (needs uv)
	@uv pip compile pyproject.toml --all-extras --generate-hashes --no-emit-index-url --universal --python-version 3.11 \
		--custom-compile-command "make lock" --quiet --upgrade -o requirements.lock
	@echo uv | uv pip compile - --generate-hashes --no-emit-index-url --universal --python-version 3.11 \
		--custom-compile-command "make lock" --quiet --upgrade -o requirements.uv.lock

unlock: $(VENV)/ready ## after a killed run, if Snakemake says that the folder is locked
	@$(BIN)/snakemake --unlock

docs: $(VENV)/ready ## a site of the tutorial, the lenses and every docstring, offline, into site/
	@PYTHONPATH=src $(BIN)/python docs/build.py && echo "Site: $(CURDIR)/site/index.html"

clean: ## remove everything that was made, but not the environment and the metrics, which are in git
	@rm -rf .resume .store .made .snakemake logs report figures data/raw data/prepared data/*/networks data/*/tables data/smoke benchmarks/results
