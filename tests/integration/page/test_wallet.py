"""A wallet's whole behaviour, on Anvil: what it declines, speeds up, cancels; other chains and accounts."""

from collections.abc import Iterator

import pytest

from orchestrator.chain import migrate
from orchestrator.config import Settings
from orchestrator.kernel.session import Session
from orchestrator.models.online.planning import plan
from orchestrator.models.online.training import train
from orchestrator.systems.sum.creating import create
from tests.integration.page.conftest import Run
from tests.integration.served import serving
from tests.unit.sum.conftest import TERMS, table

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def model(browse: Run, anvil: Settings) -> str:
    with Session(anvil) as session:
        alice = session.account("alice")
        migrate(anvil, session.chain, alice, ["registry", "sum"])
        return str(create(session, "walks", plan(train(table(), "perceptron")), alice, TERMS).address)


@pytest.fixture(scope="module")
def url(anvil: Settings, model: str) -> Iterator[str]:
    with serving("page", "--home", anvil.home, "--rpc-url", str(anvil.network.url)) as served:
        yield served + "/"


def test_wallet__on_anvil__every_turn_is_told(browse: Run, url: str, anvil: Settings, model: str) -> None:
    found = browse("wallet.mjs", url, str(anvil.network.url), model)
    told = found["told"]
    strangers, known = told["offered"]
    assert strangers == ["wallet:test.wallet", "wallet:developmentalice"]
    assert (known[0], len(known)) == ("development:alice", 10)
    assert told["unconnected"] == ["Connecting: You declined it. Nothing was sent.", ""]
    assert told["addedChain"]["rpcUrls"] == [f"{url}rpc"]
    assert told["addedChain"]["chainId"] == "0x7a69"
    assert "another chain" in told["wrongChain"]
    assert told["disabledThere"]
    assert told["rejected"] == "Adding: You declined it. Nothing was sent."
    assert "sent before" in told["reloaded"]
    assert "sped up, and done" in told["spedUp"]
    assert "it was cancelled" in told["cancelled"]
    assert "the transaction failed: There is nothing to pay out." in told["failed"]
    assert told["otherAccount"]
    assert told["chainChanged"]
    assert told["disconnected"]
    assert found["wrong"] == []
    assert not {"eth_sign", "personal_sign", "eth_signTransaction"} & set(found["asked"])
