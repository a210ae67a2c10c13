"""
What was sent and does not arrive
├── pending: listed, with the block that it is in
├── cancel: its nonce is used up, and the command that comes back sends again
├── speed_up: more is offered; what needs no help is not found
├── doctor: names it
└── left-overs of killed processes are swept
"""

import os
from typing import Any

import pytest
from web3.contract import Contract

from orchestrator.chain import Account, Chain, cancel, delivery, sent, speed_up
from orchestrator.chain.health import _sent
from orchestrator.config import Settings
from orchestrator.errors import ChainError
from tests.unit.chain.faults import Line, chain_behind
from tests.unit.chain.probe import deploy_probe

SEND = "eth_sendRawTransaction"


class Killed(BaseException):
    """Like SIGKILL, nothing catches it."""


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "PAUSE", 0.001)


@pytest.fixture
def remote(line: Line, settings: Settings) -> Chain:
    return chain_behind(line, settings.home)


@pytest.fixture
def probe(remote: Chain, alice: Account) -> Contract:
    return deploy_probe(remote, alice)


@pytest.fixture
def waiting(remote: Chain, line: Line, alice: Account, probe: Contract) -> str:
    """The hash of a payment that a killed command signed and the node never got."""

    def die(ask: Any, method: str, params: Any) -> Any:
        if method == SEND:
            raise Killed
        return ask(method, params)

    hashes: list[str] = []
    line.fault = die
    with pytest.raises(Killed):
        remote.send(probe.functions.set(1), alice, once="pay", before_send=hashes.append)
    line.fault = None
    return hashes[0]


def test_sent__killed_before_it_left__is_in_no_block(remote: Chain, waiting: str) -> None:
    [lost] = [each for each in sent(remote) if each.block is None]
    assert (lost.entry.last.hash, lost.entry.taken, lost.vanished) == (waiting, False, False)
    [finding] = [each for each in _sent(remote) if not each.ok]
    assert waiting in finding.message
    assert "is in no block" in finding.message
    assert "diln chain cancel" in finding.hint


@pytest.mark.parametrize("named", ["hash", "nonce", "first"])
def test_cancel__killed_before_it_left__uses_up_its_nonce(
    remote: Chain, alice: Account, probe: Contract, waiting: str, named: str
) -> None:
    which = {"hash": waiting, "nonce": "1", "first": None}[named]
    assert cancel(remote, alice, which) is None
    assert (remote.count(alice.address), remote.call(probe.functions.round())) == (2, 0)
    remote.send(probe.functions.set(1), alice, once="pay")
    assert (remote.count(alice.address), remote.call(probe.functions.round())) == (3, 1)


def test_speed_up__killed_before_it_left__is_sent_for_more(
    remote: Chain, alice: Account, probe: Contract, waiting: str
) -> None:
    receipt = speed_up(remote, alice)
    assert receipt.tx_hash != waiting
    assert remote.send(probe.functions.set(1), alice, once="pay") == receipt
    assert (remote.count(alice.address), remote.call(probe.functions.round())) == (2, 1)


@pytest.mark.parametrize("rescue", [cancel, speed_up])
def test_rescue__nothing_waits__says_so(remote: Chain, alice: Account, probe: Contract, rescue: Any) -> None:
    remote.send(probe.functions.set(1), alice)
    with pytest.raises(ChainError, match="alice has no such pending transaction"):
        rescue(remote, alice)


def test_doctor__damaged_note__is_named(
    remote: Chain, probe: Contract, waiting: str, settings: Settings
) -> None:
    [note] = (settings.home / "journal").rglob("open/pay.json")
    note.write_text("{")
    assert [str(note) in each.message for each in _sent(remote) if not each.ok] == [True]


def test_send__half_written_notes_of_the_dead__are_swept(
    remote: Chain, alice: Account, probe: Contract, waiting: str, settings: Settings
) -> None:
    [folder] = (settings.home / "journal").rglob("open")
    old, young = folder / ".x.json.1-1.part", folder / ".y.json.2-2.part"
    for path in (old, young):
        path.write_text("")
    os.utime(old, (1, 1))
    remote.send(probe.functions.set(2), alice)
    assert (old.exists(), young.exists()) == (False, True)


def test_commands__pending_and_cancel__run(
    remote: Chain, waiting: str, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    from orchestrator.cli.dispatch import run

    # The command sees the embedded chain in the same file, under the same id and genesis.
    home = ["--home", str(settings.home)]
    assert run(["chain", "pending", *home]) == 0
    assert waiting in capsys.readouterr().out
    assert run(["chain", "cancel", "--from", "alice", "--json", *home]) == 0
    assert '"cancelled": true' in capsys.readouterr().out
    assert run(["chain", "speed-up", "--from", "alice", "--max-fee", "5", *home]) == 1
