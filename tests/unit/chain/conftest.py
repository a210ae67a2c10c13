"""A chain in a temporary folder, and people on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from web3.contract import Contract

from orchestrator.chain import Account, Accounts, Chain, connect
from orchestrator.config import Settings, load_settings
from tests.unit.chain.faults import Line
from tests.unit.chain.probe import deploy_probe


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "state", environ={})


@pytest.fixture
def chain(settings: Settings) -> Iterator[Chain]:
    with connect(settings) as connected:
        yield connected


@pytest.fixture
def alice(settings: Settings) -> Account:
    return Accounts(settings).get("alice")


@pytest.fixture
def bob(settings: Settings) -> Account:
    return Accounts(settings).get("bob")


@pytest.fixture
def probe(chain: Chain, alice: Account) -> Contract:
    return deploy_probe(chain, alice)


@pytest.fixture
def line(settings: Settings) -> Iterator[Line]:
    line = Line(settings.chain_file)
    yield line
    line.chain.close()
