# make run     the site with its demo and the background worker on http://127.0.0.1:8000 (PORT=8001: elsewhere)
# make serve   the site as in production, with the settings that the environment gives (docs/operations.md)
# make test    every test: on SQLite, on PostgreSQL, in a browser
# make check   linters, types, templates, migrations, settings of production
# make coverage   which lines no test without a browser reaches (to measure it doubles their time)
# make bench   the benchmarks
# make drill   what must not be lost or wrong while programs are killed: texts, backups, pages, nodes, tasks (about 20 minutes)
# make audit   HTML, JSON-LD, sitemaps and links of the demo, and Lighthouse on a phone (needs node, npm and java)
# make lock    requirements*.txt from pyproject.toml (needs uv; UPGRADE=--upgrade takes newer versions)
# make clean   removes what can be made again; var/, where the data is, stays

PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
# A worker that has nothing left to do takes of the other's tests.
PYTEST := -m pytest -n 2 --dist worksteal
SEARCH := tests/timeline/test_search.py
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.NOTPARALLEL:
.PHONY: run serve test test-sqlite test-postgresql test-browser coverage check bench drill drill-texts drill-nodes audit lock clean

run: export SITE_URL = http://127.0.0.1:$(PORT)
run: .venv/requirements.stamp
	@$(BIN)/python manage.py develop

serve: .venv/requirements.stamp
	@$(BIN)/python manage.py migrate --no-input
	@$(BIN)/python manage.py collectstatic --no-input
	@exec $(BIN)/python manage.py serve

test: .venv/requirements-dev.stamp
	@$(MAKE) --keep-going --no-print-directory test-sqlite test-postgresql test-browser

test-sqlite: .venv/requirements-dev.stamp
	$(BIN)/python $(PYTEST) --ignore=tests/browser

test-postgresql: .venv/requirements-dev.stamp
	$(BIN)/python -m tests.postgres $(BIN)/python $(PYTEST) --ignore=tests/browser

test-browser: .venv/requirements-dev.stamp
	@$(BIN)/python -m tests.browser.chromium
	$(BIN)/python $(PYTEST) tests/browser

# On SQLite, where nearly every line runs, and of PostgreSQL what search does otherwise there.
coverage: .venv/requirements-dev.stamp
	@rm -f .coverage .coverage.*
	$(BIN)/coverage run $(PYTEST) --ignore=tests/browser
	$(BIN)/python -m tests.postgres $(BIN)/coverage run $(PYTEST) $(SEARCH)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

check: export SECRET_KEY = $(shell $(BIN)/python -c "import secrets; print(secrets.token_hex(32))")
check: .venv/requirements-dev.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/djlint --quiet --lint templates
	$(BIN)/python manage.py makemigrations --check --dry-run
	DEBUG=0 SITE_URL=https://example.org ALLOWED_HOSTS=example.org $(BIN)/python manage.py check --deploy --fail-level WARNING

bench: .venv/requirements-dev.stamp
	$(BIN)/python -m benchmarks.markdown
	$(BIN)/python -m benchmarks.pages
	$(BIN)/python -m benchmarks.glossary
	$(BIN)/python -m benchmarks.growth
	$(BIN)/python -m benchmarks.serving

drill: drill-texts drill-nodes

drill-texts: .venv/requirements-dev.stamp
	@$(BIN)/python -m tests.browser.chromium
	@$(BIN)/python -m drills
	@$(BIN)/python -m drills.backup

drill-nodes: .venv/requirements-dev.stamp
	@$(BIN)/python -m drills.load
	@$(BIN)/python -m drills.nodes

audit: .venv/requirements-dev.stamp
	@$(BIN)/python -m tests.browser.chromium
	@$(BIN)/python -m audit

lock:
	$(LOCK) $(UPGRADE) pyproject.toml --output-file requirements.txt
	$(LOCK) $(UPGRADE) pyproject.toml --extra s3 --constraint requirements.txt --output-file requirements-s3.txt
	$(LOCK) $(UPGRADE) pyproject.toml --extra dev --constraint requirements-s3.txt --output-file requirements-dev.txt

clean:
	rm -rf .venv .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache test-results
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/%.stamp: %.txt
	@$(PYTHON) -c "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))" 2>/dev/null || { \
	  echo "The AI Timeline needs Python 3.11 or newer with venv, called $(PYTHON) (or make PYTHON=...); on Debian:" \
	    "apt-get install python3-venv. Found: $$($(PYTHON) --version 2>&1)" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@
