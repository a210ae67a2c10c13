# The few commands that people use. Each runs in the active Python environment.

.PHONY: install test lint slither compile npm page page-bench gas bench fuzz faults mechanisms mutate docs

install: # everything that development needs, Node's part included
	pip install --quiet --editable '.[test,lint]'
	npm ci --silent
	cd page && npm ci --silent

test: # what is not installed is skipped with a reason
	python -m pytest

lint:
	ruff format --check .
	ruff check .
	mypy
	lint-imports
	vulture
	npx solhint --max-warnings 0 'contracts/**/*.sol' 'page/contracts/*.sol'

slither: # needs slither-analyzer, in an environment of its own
	python -m tests.slither

fuzz: # a million random actions against each contract that holds money: long
	python -m tests.forge --actions 1000000

mutate: # break what moves money, one place after the other, and see whether the handlers notice: long
	python -m tests.mutation

page: # build the page into the package, and try it (Node; Chromium for its browser tests)
	python page/generate.py
	cd page && npm ci --silent && npm run --silent build
	python -m pytest tests/unit/page tests/integration/page

page-bench: # how fast the page is, with a file of 2 GiB, and JSON-RPC; alone on the machine
	python -m benchmarks.page
	python -m benchmarks.rpc

compile: # the contracts into the package, the tests' mocks beside them
	python -m tests.evm

docs: # the pages and the API reference as a site, in .build/site; needs the extra `docs`
	NO_MKDOCS_2_WARNING=1 mkdocs build --strict

npm: # the package of sources, ABIs and addresses, in dist/npm
	python contracts/npm.py

gas: # take the gas snapshots again
	python -m pytest tests/gas --update-gas
	python -m benchmarks --gas-only

bench: # the figures in docs/measurements.md
	python -m benchmarks

faults: # every command that sends, under faulty nodes and kills at every point: hours
	python -m tests.integration.paidonce

mechanisms: # who gains by which strategy, at default terms, over ten seeds
	python -m tests.mechanisms
