"""A real Ganache 7.9 on its newest rules (Shanghai), which users have."""

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from orchestrator.chain.development import MNEMONIC
from orchestrator.config import Settings
from tests.integration.nodes import ROOT, NodeScenarios, settings_for, wait_for
from tests.ports import free_port

pytestmark = pytest.mark.integration

GANACHE = ROOT / "node_modules" / ".bin" / "ganache"
if not (GANACHE.is_file() and shutil.which("node")):
    pytest.skip("Ganache is not installed: npm ci", allow_module_level=True)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    settings = settings_for(tmp_path_factory.mktemp("ganache"), free_port(), chain_id=1337)
    command = [
        str(GANACHE),
        *("--server.host", "127.0.0.1", "--server.port", str(settings.network.url).split(":")[-1]),
        *("--chain.hardfork", "shanghai", "--chain.chainId", "1337"),
        *("--wallet.mnemonic", MNEMONIC, "--wallet.defaultBalance", "10000"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(settings, process)
        yield settings
    finally:
        process.terminate()
        process.wait(timeout=30)


class TestGanache(NodeScenarios):
    pass
