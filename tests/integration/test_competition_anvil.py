"""A competition on a real Anvil."""

import signal
from collections.abc import Iterator

import pytest

from orchestrator.chain import start_node
from orchestrator.chain.node import find_anvil
from orchestrator.config import Settings
from orchestrator.errors import NodeUnavailable
from tests.integration.competing import CompetitionScenarios
from tests.integration.nodes import ROOT, settings_for
from tests.ports import free_port

pytestmark = pytest.mark.integration

try:
    find_anvil(ROOT)
except NodeUnavailable:
    pytest.skip("needs anvil: npm ci", allow_module_level=True)


@pytest.fixture(autouse=True)
def in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)  # where node_modules is


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(ROOT)
        settings = settings_for(tmp_path_factory.mktemp("anvil"), free_port(), chain_id=31337)
        process = start_node(settings)
    yield settings
    process.send_signal(signal.SIGINT)
    process.wait(timeout=30)


class TestAnvil(CompetitionScenarios):
    pass
