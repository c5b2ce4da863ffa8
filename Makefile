# Everything that development needs. `make` alone lists the targets.
# Root is needed only where a package is missing or no engine answers.

VENV := .venv
PY := $(VENV)/bin/python
WITH_ENGINES := tests/engines/with.sh
# Extra arguments for pytest: make test PYTEST_ARGS='-k memory -x'
PYTEST_ARGS ?=
# 'no:cacheprovider': a checkout that is only read stays as it was.
# Each file by one of so many at a time; what needs an engine mostly waits for it.
WORKERS ?= $(if $(filter test,$(MAKECMDGOALS)),4,2)
PYTEST = $(PY) -m pytest -p no:cacheprovider -n $(WORKERS) --dist loadfile
DEMO_ENGINE ?= here
NO_ENGINE := not docker and not podman and not kubernetes

.DEFAULT_GOAL := help
.PHONY: help venv check unit test test-matrix test-faults fuzz demo bench docs fmt clean distclean start-engines stop-engines

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(VENV)/.stamp ## make .venv with the tool and its development tools

$(VENV)/.stamp: pyproject.toml tests/venv.sh
	tests/venv.sh
	@touch $@

check: venv ## linters, types and layers; shell scripts where shellcheck is installed
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	@if command -v shellcheck >/dev/null; then shellcheck -x .ci/run examples/*.sh tests/*.sh tests/engines/*.sh tests/engines/kubernetes/*.sh; fi

unit: venv ## the tests that need no engine, properties with a tenth of their inputs
	SANDBOXCTL_TEST_QUICK=1 $(PYTEST) -m '$(NO_ENGINE)' $(PYTEST_ARGS)

# The last line printed is pytest's summary.
test: check ## everything, against real engines (SANDBOXCTL_TEST_ENGINES, default docker; "docker podman kubernetes" for all)
	$(WITH_ENGINES) $(PYTEST) $(PYTEST_ARGS)

test-matrix: venv ## the contract suite on Podman 5.4 and 5.8, Docker 26 and 28, each in a root of its own
	tests/engines/matrix.sh $(PYTEST) tests/contract $(PYTEST_ARGS)

test-faults: venv ## every fault at every request, hundreds of kills: hours; its figures are in docs/reliability.md
	SANDBOXCTL_FAULTS=long $(WITH_ENGINES) $(PYTEST) tests/faults $(PYTEST_ARGS)

# Docker, or where only Podman is installed that, with no service running before, and none a minute later.
demo: venv ## the main job, live, on the engine that is here (DEMO_ENGINE=docker or podman decides)
	SANDBOXCTL_TEST_ENGINES=$(DEMO_ENGINE:podman=podman-on-demand) DEMO_BACKEND=$(DEMO_ENGINE:here=auto) \
		$(WITH_ENGINES) env PATH="$(CURDIR)/$(VENV)/bin:$$PATH" examples/demo.sh

fuzz: venv ## 10,000 inputs each for specs, units, references and env files, the same every time
	$(PY) -m tests.property.fuzz

bench: venv ## times against the floors in tests/bench
	$(WITH_ENGINES) $(PY) -m tests.bench

docs: venv ## docs/fields.md and the counts in the README, from the table that the code obeys
	$(PY) -m tests.docs

fmt: venv ## format the code
	$(PY) -m ruff check --fix-only .
	$(PY) -m ruff format .

start-engines: ## start what the tests use, and leave it running
	KEEP_ENGINES=1 $(WITH_ENGINES) true

stop-engines: ## stop the engines that these scripts started
	for engine in docker podman kubernetes; do tests/engines/$$engine.sh stop; done

clean: ## remove what the tools left in the checkout
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -exec rm -rf {} +

distclean: clean ## also .venv, the test images' files, and our own engines with their data
	for engine in docker podman kubernetes; do tests/engines/$$engine.sh purge; done
	for engine in docker podman; do for suite in trixie sid; do tests/engines/elsewhere.sh $$engine $$suite purge; done; done
	tests/engines/images.sh clean
	rm -rf $(VENV)
