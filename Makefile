# Everything from a fresh clone; the machine needs Python 3.11 or newer, Node 20 or newer, and make.
#
#   make test    set everything up and run the tests (PYTEST_ARGS="-k reader -x" chooses)
#   make test-browser  the views in a real browser, in the same environment
#   make test-tensorflow  the comparisons with a live TensorFlow and Keras, in the same environment
#   make test-torch   the tests with PyTorch, in an environment of their own (.venv-torch)
#   make test-recipes the recipes beside the libraries that they convert to, in environments of their own
#                (.venv-recipes-4, .venv-recipes-5, by the version of transformers)
#   make test-servers  the tests of checkpoints at URLs against servers that speak as clouds do, on loopback, in an
#                environment of its own (.venv-servers)
#   make test-clusters  the tests of saving and reading by the workers of a dask cluster, some of which are killed, in an
#                environment of its own (.venv-clusters)
#   make test-lowest  the tests without TensorFlow, with the lowest versions of all dependencies (.venv-lowest)
#   make lab     set everything up and open the tour in JupyterLab (JUPYTER_ARGS=--no-browser only serves)
#   make tour    execute the tour and write it as HTML to examples/_output
#   make docs    the site: README, pages, executed examples and docstrings, as HTML in docs/_build/site
#   make lint    the checks of style, types and imports alone
#   make bench   measure us and our peers, write benchmarks/RESULTS.md (SIZES=small for a short run)
#   make stress  the long versions of the tests of damage, crashes, memory, hostile files and generated programs, then
#                200,000 fuzzed inputs
#   make proto   compile the .proto files again
#   make clean   remove everything that these commands made

PYTHON ?= python3
PYTEST_ARGS ?= -n 2 --dist worksteal
SIZES ?= full
JUPYTER_ARGS ?=

VERSION := $(shell $(PYTHON) -c "import sys; print('%d.%d' % sys.version_info[:2])")
BIN := .venv/bin
INSTALLED := .venv/.installed-$(VERSION)
NODE_MODULES := js/node_modules/.package-lock.json
WIDGETS := ckpt_magics/notebook/widgets/static/variables_view.js

# The tests start hundreds of interpreters, each of which would compile the package anew without its compiled files.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: test test-browser test-tensorflow test-torch test-recipes test-servers test-clusters test-lowest lab tour docs lint bench stress proto clean
.DELETE_ON_ERROR:

test: $(INSTALLED) $(WIDGETS)
	$(BIN)/python -m pytest $(PYTEST_ARGS) -m "not tensorflow and not browser"
	npm --prefix js run check
	npm --prefix js test

test-browser: $(INSTALLED) $(WIDGETS)
	$(BIN)/python -m pytest $(PYTEST_ARGS) -m browser tests/browser

test-tensorflow: $(INSTALLED)
	$(BIN)/python -m pytest $(PYTEST_ARGS) -m tensorflow

test-torch: .venv-torch/.installed-$(VERSION)
	.venv-torch/bin/python -m pytest tests/files/objects/torch tests/files/kinds/torch_files/torch

# transformers reads TensorFlow's files by itself up to version 4 only. Warnings of these libraries about each other are no
# errors.
test-recipes: .venv-recipes-4/.installed-$(VERSION) .venv-recipes-5/.installed-$(VERSION)
	.venv-recipes-4/bin/python -m pytest -W default tests/files/recipes/references
	.venv-recipes-5/bin/python -m pytest -W default tests/files/recipes/references/test_hugging_face.py

# Azurite, which speaks as Azure's storage does, comes from npm.
test-servers: .venv-servers/.installed-$(VERSION)
	npm --prefix .venv-servers install --silent --no-save azurite@3
	.venv-servers/bin/python -m pytest -n 2 --dist loadfile tests/files/storage/remote/servers

test-clusters: .venv-clusters/.installed-$(VERSION)
	.venv-clusters/bin/python -m pytest tests/files/parallel/clusters

# TensorFlow asks for newer versions than we do, and the browser's half of the views does not depend on them. Warnings
# of old libraries about each other are no errors.
test-lowest: .venv-lowest/.installed-$(VERSION) $(WIDGETS)
	.venv-lowest/bin/python -m pytest $(PYTEST_ARGS) -W default -m "not tensorflow and not browser and not tools"

lab: $(INSTALLED) $(WIDGETS)
	$(BIN)/jupyter lab $(JUPYTER_ARGS) examples/tour.ipynb

# Without the widgets' state: a page that nobody serves can show the plain form of a view, but not run it.
tour: $(INSTALLED) $(WIDGETS)
	$(BIN)/jupyter nbconvert --execute --to html --ExecutePreprocessor.store_widget_state=False \
		--output-dir examples/_output examples/tour.ipynb

# Links that lead nowhere and docstrings that are no docstrings are errors.
docs: $(INSTALLED) $(WIDGETS)
	$(BIN)/jupyter nbconvert --execute --to html --ExecutePreprocessor.store_widget_state=False \
		--output-dir docs/_build/notebooks examples/*.ipynb
	$(BIN)/sphinx-build -q -W --keep-going docs docs/_build/site

lint: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(INSTALLED) $(WIDGETS)
	$(BIN)/python -m benchmarks --sizes $(SIZES)

# Atheris, the fuzzer, has wheels for Linux; elsewhere the last line says so.
stress: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --group stress
	CKPT_MAGICS_STRESS=1 $(BIN)/python -m pytest $(PYTEST_ARGS) tests/safety tests/files/jobs/test_faults.py \
		tests/files/storage/remote/test_saving_at_urls.py \
		tests/files/jobs/test_memory.py tests/tensorflow/programs/test_generated.py tests/tensorflow/test_scope_programs.py
	$(BIN)/python -m tests.safety.fuzz --executions 200000

proto: $(INSTALLED)
	$(BIN)/python -m ckpt_magics.proto.generate

clean:
	rm -rf .venv .venv-torch .venv-recipes-4 .venv-recipes-5 .venv-servers .venv-clusters .venv-lowest js/node_modules
	rm -rf ckpt_magics/notebook/widgets/static examples/_output docs/_build

# pip understands dependency groups since 25.1, which is newer than what Python 3.11 brings along. Another PYTHON makes
# the environment anew.
%/.installed-$(VERSION): pyproject.toml
	$(PYTHON) -m venv $(if $(wildcard $*/bin/python$(VERSION)),,--clear) $*
	$*/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$*/bin/python -m pip install --quiet --editable . $(PACKAGES)
	touch $@

.venv/%: PACKAGES := --group dev
.venv-torch/%: PACKAGES := --group torch
.venv-recipes-4/%: PACKAGES := --group recipes-4
.venv-recipes-5/%: PACKAGES := --group recipes-5
.venv-servers/%: PACKAGES := --group servers
.venv-clusters/%: PACKAGES := --group clusters
.venv-lowest/%: PACKAGES = --group base-test $$($(PYTHON) tests/lowest_versions.py)

$(NODE_MODULES): js/package.json js/package-lock.json
	npm --prefix js ci
	touch $@

$(WIDGETS): $(NODE_MODULES) js/build.mjs $(wildcard js/src/*/*)
	npm --prefix js run build
