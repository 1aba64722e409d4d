# What a contributor runs. `make` alone lists it; VENV=DIR takes another environment than .venv.
VENV ?= .venv
PYTHON := $(VENV)/bin/python
WEEKS := "" "--lang ja" inzai kyushu

.PHONY: help env check test refresh goldens docs web types pictures lock release

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

env: ## make the environment: kiban as it stands here, everything else as requirements.lock names it
	python3 -m venv $(VENV)
	$(PYTHON) -m pip install --require-hashes -r requirements.lock
	$(PYTHON) -m pip install --no-deps --no-build-isolation -e .

check: ## lint, format, types and the quick tests: under two minutes on two cores
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(PYTHON) -m pytest -n 2 -m quick

test: ## every test, as README.md says
	$(PYTHON) -m pytest -n 2

refresh: goldens docs web pictures ## everything that is made from something else; review the diff (about an hour)

goldens: ## the golden results of every example
	$(PYTHON) scripts/update_goldens.py
	$(PYTHON) scripts/national_pay_golden.py

docs: ## the references, the figures in the pages, the drawn weeks
	$(PYTHON) scripts/write_scenario_reference.py
	$(PYTHON) scripts/refresh_docs.py
	for week in $(WEEKS); do $(PYTHON) scripts/draw_week.py $$week || exit 1; done

web: types ## the web pages, as they stand in src/kiban (needs Node 20)
	cd web && npm run check && npm run build

types: ## the front end's types and its map
	cd web && npm ci --no-audit --no-fund
	$(VENV)/bin/kiban schema | (cd web && npm run types -- /dev/stdin)
	cd web && npm run map

pictures: ## the pictures of the web pages (needs Chromium)
	$(PYTHON) scripts/take_screenshots.py

lock: ## requirements.lock anew, with the newest versions that pyproject.toml admits
	$(VENV)/bin/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" -o requirements.lock

release: ## check, tag and pack a release: sdist, wheel and SBOM in dist/
	$(PYTHON) scripts/make_release.py
