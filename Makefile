# Every command that a contributor needs has one word here. Nothing else has to be typed before.
.PHONY: demo test test-all lint format bench docs events keys clean shots

# Tests start hundreds of processes; without compiled files each would compile whatever it imports.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
MEMBERS := $(wildcard lab/pyproject.toml plugins/*/pyproject.toml shop_app/pyproject.toml)
# Much of a test is waiting: three processes keep two cores busy. ARGS='-n 0' runs them in this one.
PYTEST := $(BIN)/pytest -n 3 --dist worksteal

demo: $(VENV)/.installed  ## a shop's day and night on made video
	$(BIN)/vidframe demo

test: $(VENV)/.installed-dev  ## the tests; with CI=true the slow ones too, and nothing is skipped
	$(PYTEST) $(if $(filter true,$(CI)),-m "") $(ARGS)

test-all: $(VENV)/.installed-dev  ## all tests, the slow ones too
	$(PYTEST) -m "" $(ARGS)

.PHONY: test-moment
test-moment: $(VENV)/.installed-dev  ## the tests that read the clock, at MOMENT="2028-02-28 23:58 Europe/Berlin" or at one of the commit's
	$(BIN)/python tests/moments/run.py "$(MOMENT)" -n 3 --dist worksteal $(ARGS)

lint: $(VENV)/.installed-dev  ## style, types and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy vidframe shop_app $(foreach member,$(MEMBERS),$(wildcard $(dir $(member))vidframe_*)) tests
	$(BIN)/lint-imports --no-logo
	$(BIN)/codespell

format: $(VENV)/.installed-dev  ## put the code into its style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed-dev  ## the frame loop against decoding alone
	$(BIN)/vidframe bench

shots: $(VENV)/.installed-dev  ## a picture of each page of each role, at a desk and on a phone, in out/shots
	SHOP_SHOTS=out/shots $(BIN)/pytest -m "" tests/shop/test_pages.py -k fits_desk_and_phone

events: $(VENV)/.installed-dev  ## what is written of the kinds of events, from their definitions
	$(BIN)/python docs/make_events.py

keys: $(VENV)/.installed-dev  ## the tables of the keys of a config, from their models
	$(BIN)/python docs/make_keys.py

.PHONY: audit
audit: $(VENV)/.installed-dev build/audit/.installed  ## licences, newer releases, known vulnerabilities, build/sbom.json
	$(BIN)/python docs/make_dependencies.py --audit

build/audit/.installed:
	$(PYTHON) -m venv build/audit
	build/audit/bin/pip install -q cyclonedx-bom==7.5.0 pip-audit==2.10.1
	@touch $@

docs: keys $(VENV)/.installed-dev  ## write the tables of keys, and check that the docs say what the code does
	$(BIN)/pytest tests/docs

clean:
	rm -rf $(VENV) build dist out .mypy_cache .ruff_cache .pytest_cache

preflight:
	@test -n "$(PYTHON)" || { echo "vidframe: Python 3.11 to 3.13 is needed: sudo apt-get install python3 python3-venv" >&2; exit 2; }
	@$(PYTHON) vidframe/preflight.py

$(VENV)/bin/pip: | preflight
	$(PYTHON) -m venv $(VENV)

# What builds the packages is installed once, and not in an environment of its own for each of them.
$(VENV)/.installed: requirements-build.txt requirements.txt constraints.txt pyproject.toml $(MEMBERS) | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -r requirements-build.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt --no-build-isolation -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -r requirements-dev.txt
	@touch $@
