# make reproduce   set up and run the default study; prints the path of its report
# make test        set up and run the whole test suite
# make help        the other targets
# TORCH=cpu|cuda   which build of torch to install; auto, the default, takes CUDA where there is a GPU

PYTHON ?= python3
TORCH ?= auto
BIN := .venv/bin
CONFIG ?= config/config.yaml
TEST_WORKERS ?= 2
# also texas, once its panel is there: see data/README.md
LADDERS ?= homes nations synthetic
export PATH := $(CURDIR)/$(BIN):$(PATH)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input

.PHONY: help reproduce test test-fast lint format schema clean \
	benchmark benchmark-clock-contamination benchmark-clock-prediction benchmark-clock-recorded benchmark-clock-search \
	benchmark-clock-watchdog benchmark-recordings \
	benchmark-law-recorded-time \
	benchmark-decisions benchmark-energy benchmark-engine benchmark-ladder benchmark-lead benchmark-tables \
	benchmark-phase1 benchmark-rolling benchmark-break-even benchmark-drift benchmark-methods benchmark-pruned-kernel \
	benchmark-governor benchmark-law-recorded-energy benchmark-law-steps benchmark-memory-tables \
	benchmark-memory-kernels benchmark-memory-predictions benchmark-memory-gating benchmark-table-reading \
	headline tune record-study

help:
	@echo "make reproduce   set up, run the study of CONFIG=$(CONFIG) and print the path of its report"
	@echo "make test        set up and run the whole test suite"
	@echo "make test-fast   only the unit tests"
	@echo "make lint        formatting, lint, workflow lint and types, as CI checks them"
	@echo "make format      format everything"
	@echo "make schema      write config/schema.json from the configuration's blocks"
	@echo "make benchmark   measure time and memory; writes docs/benchmarks.md"
	@echo "make benchmark-energy   measure meter, ledger and accounts; writes docs/energy_benchmarks.md"
	@echo "make benchmark-memory-predictions   hold predicted peaks of memory against real steps; writes docs/memory_predictions.md"
	@echo "make benchmark-engine   measure the engine against the source study's step; writes docs/engine_benchmarks.md"
	@echo "make benchmark-clock-contamination   simulate spoilt sweeps; writes docs/clock_contamination.md, .json"
	@echo "make benchmark-clock-prediction   predict recorded workloads (DATA=folder); writes docs/clock_prediction.md, .json"
	@echo "make benchmark-recordings   read a million samples; writes docs/recordings_speed.json"
	@echo "make benchmark-clock-recorded   judge recorded sweeps (DATA=folder); writes docs/clock_recorded.md, .json"
	@echo "make benchmark-law-recorded-time   fit recorded kernels (DATA=folder); writes docs/energy_law_recorded_time.md"
	@echo "make benchmark-decisions   simulate intervals and decisions; writes docs/decisions_benchmarks.md"
	@echo "make benchmark-tables   read 2,000 generated tables (minutes); writes docs/generated_tables.md"
	@echo "make benchmark-law-steps   predict held-out training steps (minutes); writes docs/energy_law_steps.md, .json"
	@echo "make benchmark-memory-tables   memory, time and energy of steps by level (minutes); writes docs/memory_tables.md, .json, .png"
	@echo "make benchmark-ladder   climb the ladders of LADDERS=\"$(LADDERS)\" (hours); writes docs/ladder.md"
	@echo "make tune        train the grids of both networks and of the trees (an hour); writes docs/ladder/tuning_*.json"
	@echo "make record-study   run the source study's recipe to its end (hours); writes docs/ladder/study_homes.json"
	@echo "make headline    what README may claim of the default study, from results/homes; writes docs/headline.json, .md"
	@echo "make benchmark-lead   hold our models against tuned boosted trees on four panels (hours); writes docs/lead.md"
	@echo "make benchmark-phase1   the source study's first phase, technique by technique (minutes); writes docs/phase1.md"
	@echo "make benchmark-rolling  train and score models at rolling origins (about ten minutes); writes docs/rolling.md"
	@echo "make benchmark-methods  every strategy and method, and the first phase (an hour); writes docs/what_helps.md"
	@echo "make benchmark-break-even   from which size on a smaller network pays; writes docs/break_even.md"
	@echo "make benchmark-pruned-kernel   pruned networks on the kernel beside full ones; writes docs/pruned_kernel.md"
	@echo "make benchmark-clock-search   search invented GPUs for their best clock; writes docs/clock_search.md, .json"
	@echo "make benchmark-clock-watchdog    kills sweeps; writes docs/clock_watchdog.json"
	@echo "make benchmark-memory-kernels   kernels of attention and of graphs (a minute); writes docs/memory_kernels.md"
	@echo "make benchmark-governor a clock that follows phases; simulated; writes docs/clock_governor.md"
	@echo "make benchmark-law-recorded-energy   models of energy on released steps (DATA=folder); writes docs/energy_law_recorded_energy.md, .json"
	@echo "make benchmark-table-reading   read 100 million readings; writes docs/table_reading.md"
	@echo "make benchmark-drift    strategies on a drift of known truth; writes docs/drift.md"
	@echo "make benchmark-memory-gating   gated, plain and shallower transformers (minutes); writes docs/memory_gating.md, .json"
	@echo "make clean       remove results, all ledgers and records of spent energy, and caches; keep .venv"

reproduce: $(BIN)/.installed
	snakemake --cores all --configfile $(CONFIG)
	@echo "The report: $(CURDIR)/results/$$($(BIN)/python -c "import yaml; print(yaml.safe_load(open('$(CONFIG)'))['study'])")/report.html"

# Compiled tests and modules are kept, also where the environment says otherwise: hundreds of processes import them.
PYTEST = env -u PYTHONDONTWRITEBYTECODE pytest

# tests/conftest.py says which tests stay together, and which files begin.
test: $(BIN)/.installed-dev
	$(PYTEST) -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder

test-fast: $(BIN)/.installed-dev
	$(PYTEST) -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder tests/unit

lint: $(BIN)/.installed-dev
	snakefmt --check Snakefile workflow/rules
	ruff check --no-cache .
	ruff format --check --no-cache .
	snakemake --lint
	mypy
	python tests/helpers/contributing.py .mypy_cache/examples
	mypy .mypy_cache/examples/*.py

format: $(BIN)/.installed-dev
	snakefmt Snakefile workflow/rules
	ruff check --fix .
	ruff format .

schema: $(BIN)/.installed
	python -m wattshed.config.schema > config/schema.json

benchmark: $(BIN)/.installed-dev
	python benchmarks/run.py --output docs/benchmarks.md

benchmark-energy: $(BIN)/.installed-dev
	python benchmarks/energy.py --output docs/energy_benchmarks.md

benchmark-engine: $(BIN)/.installed-dev
	python benchmarks/engine.py --output docs/engine_benchmarks.md

benchmark-clock-watchdog: $(BIN)/.installed-dev
	python benchmarks/clock_watchdog.py --output docs/clock_watchdog.json

benchmark-clock-contamination: $(BIN)/.installed
	python benchmarks/clock_contamination.py --output docs/clock_contamination.md

benchmark-clock-search: $(BIN)/.installed
	python benchmarks/clock_trials.py --output docs/clock_search.md

benchmark-clock-prediction: $(BIN)/.installed
	python benchmarks/clock_prediction.py --recordings $(or $(DATA),../shared/data/frequency)

benchmark-recordings: $(BIN)/.installed
	python benchmarks/clock_recordings.py

benchmark-clock-recorded: $(BIN)/.installed
	python benchmarks/clock_recorded_choices.py --data $(or $(DATA),../shared/data/frequency)

benchmark-memory-gating: $(BIN)/.installed-dev
	python benchmarks/memory_gating.py --output docs/memory_gating.md

benchmark-law-recorded-time: $(BIN)/.installed
	python benchmarks/law_recorded_time.py --data $(or $(DATA),../shared/data/energy_law)

benchmark-decisions: $(BIN)/.installed
	python benchmarks/decisions.py --days results/homes/accuracy/days.parquet --output docs/decisions_benchmarks.md

# Needs 4 GB of disk.
benchmark-table-reading: $(BIN)/.installed
	python benchmarks/table_reading.py

benchmark-tables: $(BIN)/.installed-dev
	python benchmarks/generated_tables.py

benchmark-law-steps: $(BIN)/.installed
	$(PIP) 'scikit-learn>=1.4'
	python benchmarks/law_steps.py --held-out-seconds $(or $(HELD_OUT_S),180)

benchmark-memory-tables: $(BIN)/.installed
	python benchmarks/memory_tables.py

benchmark-ladder: $(BIN)/.installed
	$(PIP) 'lightgbm>=4.5' 'scikit-learn>=1.4'
	set -e; for name in $(LADDERS); do snakemake ladder --cores all --configfile config/ladder_$$name.yaml; done
	python benchmarks/ladder.py --output docs/ladder.md

# Both go on where they were killed.
tune: $(BIN)/.installed
	$(PIP) 'lightgbm>=4.5' 'scikit-learn>=1.4'
	python benchmarks/tune.py --configfile config/ladder_homes.yaml
	python benchmarks/tune_trees.py --configfile config/opponents_homes.yaml --output docs/ladder/tuning_trees.json

record-study: $(BIN)/.installed
	snakemake --cores 1 --configfile config/reference.yaml -- results/reference/accuracy/scores.parquet
	python benchmarks/record_training.py --configfile config/reference.yaml --model stgnn_reference \
		--output docs/ladder/study_homes.json

headline: $(BIN)/.installed
	python benchmarks/repeat_trainings.py --configfile config/config.yaml --models pooled_ridge \
		--output docs/training_repeats.json
	python benchmarks/headline.py results/homes

benchmark-lead: $(BIN)/.installed
	set -e; for name in homes nations texas thousands; do \
		snakemake --cores all --configfile config/opponents_$$name.yaml; done
	python benchmarks/lead.py --output docs/lead.md

benchmark-memory-predictions: $(BIN)/.installed
	python benchmarks/memory_predictions.py

benchmark-phase1: $(BIN)/.installed
	snakemake --cores all --configfile config/phase1.yaml
	python benchmarks/phase1.py --output docs/phase1.md

benchmark-rolling: $(BIN)/.installed
	snakemake rolling --cores all --configfile config/rolling_homes.yaml
	python benchmarks/rolling.py --output docs/rolling.md

benchmark-methods: $(BIN)/.installed
	snakemake --cores all --configfile config/methods.yaml
	snakemake --cores all --configfile config/students_nations.yaml
	snakemake ladder --cores all --configfile config/phase1.yaml
	python benchmarks/what_helps.py --output docs/what_helps.md

benchmark-break-even: $(BIN)/.installed
	python benchmarks/break_even.py --output docs/break_even.md

benchmark-pruned-kernel: $(BIN)/.installed
	python benchmarks/pruned_kernel.py --output docs/pruned_kernel.md

benchmark-memory-kernels: $(BIN)/.installed
	python benchmarks/memory_kernels.py --output docs/memory_kernels.md

benchmark-governor: $(BIN)/.installed
	python benchmarks/clock_governor.py --mixes 25

benchmark-law-recorded-energy: $(BIN)/.installed
	$(PIP) 'scikit-learn>=1.4'
	python benchmarks/law_recorded_energy.py --data $(or $(DATA),../shared/data/energy_law)

benchmark-drift: $(BIN)/.installed-dev
	python benchmarks/drift.py --output docs/drift.md

clean:
	rm -rf results .pytest_cache .hypothesis .mypy_cache .ruff_cache .snakemake

# torch is installed first: a package that does not find it would install another build of it.
$(BIN)/.installed: envs/install_torch.py envs/torch.txt envs/requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 15) else "wattshed needs Python 3.11 to 3.14; set PYTHON=python3.12, say")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python envs/install_torch.py $(TORCH)
	$(PIP) -r envs/requirements.txt
	$(PIP) --no-deps --editable .
	touch $@

# The user may request another build of torch after the installation.
ifneq ($(TORCH),auto)
$(BIN)/.installed: asked
.PHONY: asked
asked:
endif

$(BIN)/.installed-dev: $(BIN)/.installed envs/requirements-dev.txt
	$(PIP) -r envs/requirements-dev.txt
	touch $@

# 0.2 GB more, for tests that are skipped elsewhere.
$(BIN)/.installed-ci: $(BIN)/.installed-dev envs/requirements-ci.txt
	$(PIP) -r envs/requirements-ci.txt
	touch $@
