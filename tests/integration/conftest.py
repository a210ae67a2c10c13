"""What integration tests need. Where that is missing they are skipped; the reason begins with "needs"."""

import shutil
import signal
from collections.abc import Iterator

import pytest

from orchestrator.chain import start_node
from orchestrator.chain.node import find_anvil
from orchestrator.config import Settings
from orchestrator.errors import NodeUnavailable
from tests.integration.daemons import GANACHE, IPFS, Kubo, running_ganache
from tests.integration.nodes import ROOT, settings_for
from tests.ports import free_port


@pytest.fixture(scope="session")
def anvil_installed() -> None:
    try:
        find_anvil(ROOT)
    except NodeUnavailable:
        pytest.skip("needs anvil: npm ci")


@pytest.fixture(scope="session")
def ganache_installed() -> None:
    if not (GANACHE.is_file() and shutil.which("node")):
        pytest.skip("needs ganache: npm ci")


@pytest.fixture(scope="session")
def kubo_installed() -> None:
    if not IPFS:
        pytest.skip("needs kubo: put `ipfs` on the PATH, or its path in DILN_IPFS")


@pytest.fixture(scope="module")
def anvil(anvil_installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of a running Anvil, started the way `diln node` starts it."""
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(ROOT)  # where node_modules is
        settings = settings_for(tmp_path_factory.mktemp("anvil"), free_port(), chain_id=31337)
        process = start_node(settings)
    yield settings
    process.send_signal(signal.SIGINT)
    process.wait(timeout=30)


@pytest.fixture(scope="module")
def ganache(ganache_installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of a running Ganache."""
    with running_ganache(tmp_path_factory.mktemp("ganache")) as settings:
        yield settings


@pytest.fixture(scope="module")
def kubo_daemon(kubo_installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubo]:
    """A running Kubo, offline."""
    daemon = Kubo(tmp_path_factory.mktemp("kubo"), "unixfs-v1-2025")
    daemon.start()
    yield daemon
    daemon.stop()
