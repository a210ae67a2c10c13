"""The page over a slow line, from a static host's subfolder, and from IPFS by a real Kubo gateway.

There it knows no chain, until a node is given; what it reads of a storage the host gives.
"""

import functools
import http.server
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestrator.chain import migrate
from orchestrator.config import Settings
from orchestrator.kernel.session import Session
from orchestrator.models.online.planning import plan
from orchestrator.models.online.training import train
from orchestrator.page.app import STATIC
from orchestrator.storage import digest_bytes
from orchestrator.systems.sum.creating import create
from tests.integration.daemons import Kubo
from tests.integration.page.conftest import Run
from tests.integration.page.world import World
from tests.integration.served import patience
from tests.ports import free_port
from tests.unit.sum.conftest import TERMS, table

pytestmark = pytest.mark.integration

USABLE, BLOCKED, SHIFTED = 2500, 200, 0.1
"""Milliseconds until it can be used, and that it is blocked meanwhile; the score of what moved."""


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@dataclass(frozen=True)
class Published:
    """A model on Anvil, and the block that tells of it."""

    anvil: Settings
    address: str
    block: bytes

    @property
    def cid(self) -> str:
        return digest_bytes(self.block).cid


@pytest.fixture(scope="module")
def published(browse: Run, anvil: Settings) -> Published:
    with Session(anvil) as session:
        alice = session.account("alice")
        migrate(anvil, session.chain, alice, ["registry", "sum"])
        made = create(session, "walks", plan(train(table(), "perceptron")), alice, TERMS)
        return Published(anvil, made.address, made.descriptor.to_bytes())


@pytest.fixture
def static_host(published: Published, tmp_path: Path) -> Iterator[str]:
    """A host that knows nothing of DILN, with the page in a folder of it."""
    shutil.copytree(STATIC, tmp_path / "some" / "folder")
    (tmp_path / "some" / "folder" / "ipfs").mkdir()
    (tmp_path / "some" / "folder" / "ipfs" / published.cid).write_bytes(published.block)
    handler = functools.partial(Silent, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/some/folder/"
        server.shutdown()


@pytest.fixture
def gateway(kubo_installed: None, published: Published, tmp_path: Path) -> Iterator[str]:
    """The page on IPFS, as Kubo's own gateway shows it."""
    (tmp_path / "kubo").mkdir()
    kubo, port = Kubo(tmp_path / "kubo"), free_port()
    kubo.ipfs("config", "Addresses.Gateway", f"/ip4/127.0.0.1/tcp/{port}")
    cid = kubo.ipfs("add", "--recursive", "--quieter", "--cid-version=1", STATIC).decode().strip()
    (tmp_path / "block").write_bytes(published.block)
    kubo.ipfs("add", "--cid-version=1", tmp_path / "block")
    kubo.start()
    yield f"http://127.0.0.1:{port}/ipfs/{cid}/"
    kubo.stop()


def test_page__slow_line_and_other_hosts__is_there(
    browse: Run, url: str, world: World, static_host: str, gateway: str
) -> None:
    told = browse("hosting.mjs", url, static_host, gateway)
    assert told["usable"] <= USABLE * patience()
    assert told["blocked"] <= BLOCKED * patience()
    assert told["shifted"] <= SHIFTED
    assert (told["inline"], told["foreign"], told["reports"]) == (False, "blocked", [])
    for host in (static_host, gateway):
        assert "No chain is reachable" in told["hosts"][host]["alert"]
        assert told["hosts"][host]["form"]


def test_page__from_hosts_without_a_chain__acts_by_the_node_that_it_is_given(
    browse: Run, published: Published, static_host: str, gateway: str
) -> None:
    told = browse("elsewhere.mjs", published.anvil.network.url, published.address, static_host, gateway)
    assert list(told) == [static_host, gateway]
    assert all("done in block" in each for each in told.values()), told
