# What a contributor runs. `make` alone lists it; VENV=DIR takes another environment than .venv.
VENV ?= .venv
PYTHON := $(VENV)/bin/python
WEEKS := tomakomai "tomakomai --lang ja" inzai kyushu

.PHONY: help env native sanitize check lint test refresh goldens references docs web pictures lock release

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

env: ## make the environment: kiban as it stands here, everything else as requirements.lock names it
	python3 -m venv $(VENV)
	$(PYTHON) -m pip install --require-hashes -r requirements.lock
	$(PYTHON) -m pip install --no-deps --no-build-isolation -e .

native: ## compile the kernel's C++ anew, into the source tree (`make env` does it too)
	$(PYTHON) hatch_build.py

sanitize: ## the kernel's C++ under the sanitizers of addresses and of undefined behaviour (g++; minutes)
	$(PYTHON) scripts/sanitize_native.py

check: lint ## lint, format, types and the quick tests: under two minutes on two cores
	$(PYTHON) -m pytest -n 2 -m quick

lint: ## lint, format and types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

test: ## every test, as README.md says
	$(PYTHON) -m pytest -n 2

refresh: goldens docs web pictures ## whatever is made from something else (an hour); review the diff

goldens: ## golden results of every example and block of the programme (minutes)
	$(PYTHON) scripts/update_goldens.py
	$(PYTHON) scripts/update_blocks.py
	$(PYTHON) scripts/national_pay_golden.py

references: ## the references of scenario files
	$(PYTHON) scripts/write_scenario_reference.py

docs: references ## figures, tables and output in the pages, and the drawn weeks
	$(PYTHON) scripts/refresh_docs.py
	for week in $(WEEKS); do $(PYTHON) scripts/draw_week.py $$week || exit 1; done

web: ## types, map and pages of the web, as they stand in src/kiban (needs Node 20)
	cd web && npm ci --no-audit --no-fund
	$(PYTHON) scripts/write_web_types.py
	cd web && npm run map && npm run check && npm run build

pictures: ## pictures of the web pages (needs Chromium)
	$(PYTHON) scripts/take_screenshots.py

lock: ## requirements.lock anew, with the newest versions that pyproject.toml admits
	$(VENV)/bin/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" -o requirements.lock

release: ## check, tag and pack a release: sdist, wheel and SBOM in dist/
	$(PYTHON) scripts/make_release.py
