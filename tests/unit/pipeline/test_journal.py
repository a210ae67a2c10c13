"""The journal before a node that is slow, forgetful or refuses: what the embedded chain never is."""

import json

import pytest

from orchestrator.chain import Receipt
from orchestrator.chain.journal import Journal
from orchestrator.errors import ContractReverted, NodeUnavailable

RECEIPT = Receipt("0x" + "11" * 32, 5, 21_000, 42)


class SlowChain:
    """Takes a transaction, then answers about it as `known` says."""

    chain_id = 5
    genesis_hash = "0x" + "ab" * 32

    def __init__(self):
        self.sent = 0
        self.known = RECEIPT

    def send(self, function, sender, *, value=0, dry_run=False, before_send=None):
        if before_send:
            before_send(RECEIPT.tx_hash)
        self.sent += not dry_run
        if function == "dies":
            raise NodeUnavailable("gone")
        return RECEIPT

    def receipt(self, tx_hash):
        assert tx_hash == RECEIPT.tx_hash
        if isinstance(self.known, Exception):
            raise self.known
        return self.known


@pytest.fixture
def chain():
    return SlowChain()


@pytest.fixture
def journal(chain, tmp_path):
    return Journal(tmp_path / "journal", chain)


def test_send__sent_before_and_still_on_its_way__waits_instead_of_sending(journal, chain):
    with pytest.raises(NodeUnavailable):
        journal.send("publish-1", "dies", "alice")
    assert journal.send("publish-1", "works", "alice") == RECEIPT
    assert chain.sent == 1


def test_send__sent_before_but_lost__sends_again(journal, chain):
    with pytest.raises(NodeUnavailable):
        journal.send("publish-1", "dies", "alice")
    chain.known = None
    journal.send("publish-1", "works", "alice")
    assert chain.sent == 2


def test_send__sent_before_and_refused__sends_again(journal, chain):
    with pytest.raises(NodeUnavailable):
        journal.send("publish-1", "dies", "alice")
    chain.known = ContractReverted("refused")
    journal.send("publish-1", "works", "alice")
    assert chain.sent == 2


def test_send__node_down_when_asked_about_it__does_not_send(journal, chain):
    with pytest.raises(NodeUnavailable):
        journal.send("publish-1", "dies", "alice")
    chain.known = NodeUnavailable("down")
    with pytest.raises(NodeUnavailable, match="down"):
        journal.send("publish-1", "works", "alice")
    assert chain.sent == 1


def test_send__another_purpose_or_another_chain__is_sent(journal, chain, tmp_path):
    journal.send("publish-1", "works", "alice")
    journal.send("publish-2", "works", "alice")
    chain.genesis_hash = "0x" + "cd" * 32
    journal.send("publish-1", "works", "alice")
    assert chain.sent == 3


def test_send__dry_run__writes_nothing(journal, chain, tmp_path):
    journal.send("publish-1", "works", "alice", dry_run=True)
    assert not (tmp_path / "journal").exists()


def test_send__entry_torn_by_a_power_cut__counts_as_none(journal, chain, tmp_path):
    journal.send("publish-1", "works", "alice")
    [entry] = (tmp_path / "journal").iterdir()
    for content in ("", "{", "[]", json.dumps({"transaction": None})):
        entry.write_text(content)
        journal.send("publish-1", "works", "alice")
    assert chain.sent == 5
