# Everything a fresh Debian or Ubuntu machine with Python 3.11 or newer needs: `make run`, `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.PHONY: help run test extras lint dashboards bench debian-run debian-test

BIN := .venv/bin
EXACT := --constraint constraints.txt --build-constraint constraints.txt

# program=Debian package
PROGRAMS_RUN := prometheus=prometheus setpriv=util-linux
PROGRAMS_TEST := $(PROGRAMS_RUN) promtool=prometheus prometheus-alertmanager=prometheus-alertmanager \
  amtool=prometheus-alertmanager victoria-metrics=victoria-metrics vmalert=victoria-metrics openssl=openssl \
  systemd-analyze=systemd

help:  ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

run: debian-run .venv/.run  ## watch alertd at work on a simulated AI gateway (options: make run DEMO="--for 90s")
	@$(BIN)/alertd demo $(DEMO)

# The scenarios have windows of wall time, so nothing else runs beside them.
SCENARIOS := tests/acceptance/test_scenarios.py

test: debian-test lint  ## lint, types and every test (options: make test PYTEST="-k demo")
	@if [[ -n "$(PYTEST)" ]]; then exec $(BIN)/python -m pytest -n 2 --dist loadgroup $(PYTEST); fi
	$(BIN)/python -m pytest -n 2 --dist loadgroup --ignore=$(SCENARIOS)
	$(BIN)/python -m pytest $(SCENARIOS)

extras: debian-test .venv/.dev  ## the tests of what is too large for everybody: Parquet, which needs pandas and pyarrow (250 MB)
	@$(BIN)/python -m pip install --quiet $(EXACT) -e '.[analysis]'
	$(BIN)/python -m pytest tests/extras/parquet.py

lint: .venv/.dev  ## ruff and mypy --strict
	@$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

dashboards: .venv/.dev  ## write deploy/grafana/dashboards anew, after rules or panels have changed
	@$(BIN)/python deploy/grafana/generate.py

bench: debian-test .venv/.dev  ## the measurements of tests/bench (over 20 minutes, on a quiet machine)
	@for file in tests/bench/[a-z]*.py; do $(BIN)/python -m "tests.bench.$$(basename "$$file" .py)"; done

debian-run:
	@$(call install,$(PROGRAMS_RUN))

debian-test:
	@$(call install,$(PROGRAMS_TEST))

.venv/.run: pyproject.toml constraints.txt
	@echo "Setting up .venv, once."
	$(virtual_environment)
	$(BIN)/python -m pip install --quiet $(EXACT) -e .
	$(BIN)/python -m compileall -q alertd || true  # a quarter of a start, where PYTHONDONTWRITEBYTECODE is set
	touch $@

.venv/.dev: pyproject.toml constraints.txt | .venv/.run
	@echo "Adding what tests need, once."
	$(BIN)/python -m pip install --quiet $(EXACT) --group dev
	touch $@

# Installs the Debian packages of the programs that are missing. Their services stay off: we start our own.
define install
missing=()
for entry in $(1); do
  type -P "$${entry%=*}" >/dev/null || missing+=("$${entry#*=}")
done
if (( $${#missing[@]} )); then
  missing=($$(printf '%s\n' "$${missing[@]}" | sort -u))
  $(apt_install)
  for service in "$${missing[@]}"; do
    if [[ -d /run/systemd/system ]]; then systemctl disable --now "$$service"; else service "$$service" stop; fi
  done >/dev/null 2>&1 || true
fi
endef

# Installs the packages in the array `missing` when we are root; else says how, and stops.
define apt_install
command="apt-get install -y --no-install-recommends $${missing[*]}"
if (( EUID )) || ! type -P apt-get >/dev/null; then
  printf '%s\n' "Debian packages are missing: $${missing[*]}. Please run, then try again:" \
    "  sudo apt-get update && sudo $$command" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
$$command || { apt-get update && $$command; }
endef

# Creates .venv with the first Python that is new enough, and a pip that knows groups and build constraints.
define virtual_environment
if [[ ! -x $(BIN)/pip ]]; then
  new_enough='import sys; sys.exit(sys.version_info < (3, 11))'
  for python in $(PYTHON) python3 python3.13 python3.12 python3.11 python3.14 none; do
    "$$python" -c "$$new_enough" 2>/dev/null && break || true
  done
  [[ $$python != none ]] || { echo "Python 3.11 or newer is needed; name one: make $@ PYTHON=/path/to/python" >&2; exit 1; }
  if ! "$$python" -c 'import ensurepip' 2>/dev/null; then
    missing=("$$("$$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')")
    $(apt_install)
  fi
  "$$python" -m venv .venv
fi
$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.3'
endef
