# The few commands that people use. Each runs in the active Python environment.

.PHONY: install test lint gas compile bench contracts

install: ## everything that development needs, Node's part included
	pip install --quiet --editable '.[test,lint]'
	npm ci --silent

test: ## what is not installed is skipped with a reason
	python -m pytest

lint:
	ruff format --check .
	ruff check .
	mypy
	lint-imports
	vulture
	npx solhint --max-warnings 0 'contracts/**/*.sol'

compile: ## the contracts into the package, the tests' mocks beside them
	python -m tests.evm

gas: ## take the gas snapshots anew
	python -m pytest tests/gas --update-gas

bench: ## the figures in docs/benchmarks.md
	python -m benchmarks
