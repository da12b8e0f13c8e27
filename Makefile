# One command, one PDF: `make report`. `make` alone prints the targets.
PROFILE ?= quick
VARIANT ?= vanilla
ATTENTION ?=
SEED ?= 0
DEVICE ?= auto
PY ?= python3
FROM ?=

VARIANTS := vanilla rope performer linformer bigbird synthesizer perceiver

VENV := .venv
PYTHON := $(VENV)/bin/python
READY := $(VENV)/.ready
RESULTS := results/$(PROFILE)
RUN := $(RESULTS)/$(VARIANT)
CORPUS := $(if $(filter quick,$(PROFILE)),embedded,practical)
FILES := data/corpora/$(CORPUS)
TEXT := $(FILES)/wiki.txt
PAIRS := $(FILES)/birth_places_train.tsv
QUESTIONS := $(FILES)/birth_dev.tsv
CONTROL := $(if $(filter embedded,$(CORPUS)),--control_corpus_path $(FILES)/birth_control.tsv)

# PIP_FIND_LINKS is set on machines that keep CPU wheels of torch in a folder, unset elsewhere.
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
export UV_NO_SYNC = 1
export FROM
TORCH ?= torch==2.13.0
TORCH_ARGS ?= $(if $(PIP_FIND_LINKS),,--torch-backend=auto)

one_of = $(if $(filter $(2),$($(1))),,$(error $(1)=$($(1)): expected one of: $(2)))
$(call one_of,PROFILE,quick practical best)
$(call one_of,VARIANT,$(VARIANTS))
$(call one_of,DEVICE,auto cpu cuda)
ifneq ($(shell printf '%s' '$(SEED)' | tr -d 0-9)$(if $(SEED),,x),)
$(error SEED=$(SEED): expected a number)
endif

THEORY_CODE := $(wildcard theory/*.py theory/*/*.py)
SIMULATE_CODE := $(wildcard simulate/*.py simulate/*/*.py)
DATA_CODE := $(wildcard data/*.py)
GPT_CODE := $(filter-out gpt/london_baseline.py gpt/reference.py gpt/spectrum.py gpt/study.py gpt/studies/%, \
	$(wildcard gpt/*.py gpt/*/*.py))
REPORT_CODE := $(wildcard reports/*.py reports/*/*.py templates/*.html templates/*/*)
WITH_MATRIX := vanilla rope
RECORDS := $(RESULTS)/corpus.json $(RESULTS)/theory.json $(RESULTS)/simulate.json \
	$(RESULTS)/baseline.json $(RUN).pretrain.evaluate.json $(RUN).scratch.evaluate.json \
	$(if $(filter $(WITH_MATRIX),$(VARIANT)),$(RUN).spectrum.json)

# The seed is an input of the runs: a file of its name, newer than the records of another seed.
SETTINGS := $(RESULTS)/.seed-$(SEED)
$(SETTINGS):
	@mkdir -p $(RESULTS) && rm -f $(RESULTS)/.seed-* && touch $@

# So are the options of a variant, which its trainings of a new model take.
space := $() $()
OPTIONS := $(RESULTS)/.$(VARIANT)$(patsubst %,-%,$(subst $(space),_,$(strip $(ATTENTION))))
$(OPTIONS):
	@mkdir -p $(RESULTS) && rm -f $(RESULTS)/.$(VARIANT) $(RESULTS)/.$(VARIANT)-* && touch '$@'

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup lock data theory simulate pretrain finetune evaluate spectrum baseline report variants \
	reference test lint bench clean

help: ## print this list (the default)
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "  options: PROFILE=quick|practical|best SEED=0 DEVICE=auto|cpu|cuda"
	@echo "           VARIANT=$(subst $(space),|,$(VARIANTS))"
	@echo "           ATTENTION='NAME=VALUE …', options of the variant"
	@echo "  now: PROFILE=$(PROFILE) SEED=$(SEED) DEVICE=$(DEVICE) VARIANT=$(VARIANT) ATTENTION='$(ATTENTION)'"

# ---------------------------------------------------------------------------------- set-up

setup: $(READY) ## virtual environment with exact versions, system libraries checked

$(READY): requirements.lock pyproject.toml reports/system_libraries.py
	@$(PY) reports/system_libraries.py
	$(PY) -m venv $(VENV)
	$(PYTHON) -m pip install --quiet uv
	$(VENV)/bin/uv pip install --quiet '$(TORCH)' $(TORCH_ARGS)
	$(VENV)/bin/uv pip install --quiet -r requirements.lock
	$(VENV)/bin/uv pip install --quiet --no-deps -e .
	@touch $@

lock: $(READY)
	$(VENV)/bin/uv lock --quiet --upgrade
	$(VENV)/bin/uv export --quiet --frozen --all-extras --prune torch --no-emit-project \
		--no-hashes --no-annotate --no-header -o requirements.lock

# ------------------------------------------------------------------------------------ runs

data: $(RESULTS)/corpus.json ## the corpus; FROM=<folder|zip|url> imports the practical's own files
ifneq ($(FROM),)
data: import
.PHONY: import
import: | $(READY)
	$(PYTHON) -m data --from "$$FROM"
$(RESULTS)/corpus.json: $(if $(filter practical,$(CORPUS)),import)
endif

data/corpora/embedded/corpus.json: $(DATA_CODE) | $(READY)
	$(PYTHON) -m data

data/corpora/practical/corpus.json:
	@test -f $@ || { echo "error: PROFILE=$(PROFILE) needs the practical's own files:" \
		"make data FROM=<folder, zip or url>" >&2; exit 2; }

$(RESULTS)/corpus.json: $(FILES)/corpus.json
	@mkdir -p $(RESULTS)
	cp $< $@

theory: $(RESULTS)/theory.json ## derive and check every claim
$(RESULTS)/theory.json: $(THEORY_CODE) | $(READY)
	$(PYTHON) -m theory --record $@

simulate: $(RESULTS)/simulate.json ## test the laws of theory/ by Monte Carlo
$(RESULTS)/simulate.json: $(SIMULATE_CODE) $(THEORY_CODE) $(SETTINGS) | $(READY)
	$(PYTHON) -m simulate --record $@ --seed $(SEED)

# Goes on where it was cut; anew if settings or code changed; finished before, it is only touched.
TRAIN = $(PYTHON) gpt/run.py $(1) $(VARIANT) $(TEXT) --recipe $(PROFILE) --seed $(SEED) \
	--device $(DEVICE) --writing_params_path $(RUN).$(2).params --record $@ \
	--log $(RUN).$(2).log.jsonl --finetune_corpus_path $(PAIRS) --resume_or_restart
TRAINING_NEEDS = $(GPT_CODE) $(SETTINGS) $(OPTIONS) $(RESULTS)/corpus.json | $(READY)
NEW_MODEL := $(if $(strip $(ATTENTION)),--attention $(ATTENTION))

pretrain: $(RUN).pretrain.json ## pretrain on the text by span corruption
$(RUN).pretrain.json: $(TRAINING_NEEDS)
	$(call TRAIN,pretrain,pretrain) $(NEW_MODEL)
	@touch $@

finetune: $(RUN).finetune.json $(RUN).scratch.json ## finetune on the questions, with and without pretraining
$(RUN).finetune.json: $(RUN).pretrain.json
	$(call TRAIN,finetune,finetune) --reading_params_path $(RUN).pretrain.params
	@touch $@
$(RUN).scratch.json: $(TRAINING_NEEDS)
	$(call TRAIN,finetune,scratch) $(NEW_MODEL)
	@touch $@

EVALUATE = $(PYTHON) gpt/run.py evaluate $(VARIANT) $(TEXT) --seed $(SEED) --device $(DEVICE) \
	--reading_params_path $(RUN).$(1).params --eval_corpus_path $(QUESTIONS) $(CONTROL) \
	--outputs_path $(@:.evaluate.json=.dev.predictions) --record $@

evaluate: $(RUN).pretrain.evaluate.json $(RUN).scratch.evaluate.json ## ask both models where people were born
$(RUN).pretrain.evaluate.json: $(RUN).finetune.json
	$(call EVALUATE,finetune)
$(RUN).scratch.evaluate.json: $(RUN).scratch.json
	$(call EVALUATE,scratch)

spectrum: $(RUN).spectrum.json ## how near the pretrained model's attention is to low rank
$(RUN).spectrum.json: gpt/spectrum.py $(RUN).pretrain.json
	$(PYTHON) gpt/spectrum.py $(VARIANT) $(TEXT) --seed $(SEED) \
		--reading_params_path $(RUN).pretrain.params --record $@

baseline: $(RESULTS)/baseline.json ## what answering London, or the most frequent place, scores
$(RESULTS)/baseline.json: gpt/london_baseline.py $(GPT_CODE) $(RESULTS)/corpus.json | $(READY)
	$(PYTHON) gpt/london_baseline.py --corpus $(CORPUS) --eval_corpus_path $(QUESTIONS) \
		--finetune_corpus_path $(PAIRS) --record $@

report: build/report.pdf build/report.html ## everything above, as build/report.pdf and build/report.html
build/report.pdf build/report.html &: $(RECORDS) $(REPORT_CODE) $(wildcard $(RESULTS)/*.evaluate.json) \
		$(wildcard results/reference/*/*.json results/reference/*/*/*.json) | $(READY)
	$(PYTHON) -m reports --profile $(PROFILE) --variant $(VARIANT) --output build

variants: ## the same runs for every variant with its default options, one after the other
	$(if $(strip $(ATTENTION)),$(error ATTENTION=$(ATTENTION): options are of one variant))
	@for variant in $(VARIANTS); do \
		$(MAKE) --no-print-directory VARIANT=$$variant evaluate || exit; \
	done

# With PY named, that Python is used as it is: a machine with a GPU and its own torch needs no set-up.
GIVEN := $(filter command environment,$(origin PY))
reference: $(if $(GIVEN),,$(READY)) ## practical and best over seeds on the device at hand, packed for results/reference/
	$(if $(GIVEN),$(PY),$(PYTHON)) -m gpt.reference --device $(DEVICE)

# ---------------------------------------------------------------------------------- checks

test: $(READY) ## the test suite
	OMP_NUM_THREADS=1 $(PYTHON) -m pytest -n auto

lint: $(READY) ## ruff and mypy
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

bench: $(READY) ## side-by-side measurements, one JSON line each, kept in results/reference/benchmarks
	$(PYTHON) -m benchmarks

clean: ## remove what the targets above wrote, but for .venv and results/reference
	rm -rf build data/corpora/embedded results/quick results/practical results/best results/asked
