"""What strangers put into the factory, its calls and their descriptors ends nobody's command.

├── a call of the factory with dirty padding, a clone of foreign code, of no code: one row each
├── a node that does not know the transaction of a creation: no name, no traceback
└── descriptors with names that cannot be shown, or are mistaken for others: refused
"""

import json
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.cli.dispatch import run
from orchestrator.errors import ModelError
from orchestrator.sum.descriptor import Descriptor, parse_descriptor
from orchestrator.sum.encoders import VocabularyEncoder
from orchestrator.sum.factory import Factory
from orchestrator.sum.opening import models, open_any


def raw(village: Any, to: str, data: bytes) -> Any:
    """Send `data` as it is."""
    chain, stranger = village.connection.chain, village.account("contributor")
    sent = {
        "to": to,
        "data": data,
        "gas": 5_000_000,
        "nonce": chain.web3.eth.get_transaction_count(stranger.address),
        "chainId": chain.chain_id,
        "maxFeePerGas": 10**12,
        "maxPriorityFeePerGas": 0,
        "value": 0,
    }
    return chain.web3.eth.send_raw_transaction(stranger.sign_transaction(sent))


def dirty(village: Any) -> bytes:
    """A call that clones what has no code; behind its arguments, where nobody looks, are no zeros."""
    factory = village.connection.factory.contract
    call = bytes.fromhex(factory.encode_abi("create", ["0x" + "99" * 20, b"\7" * 32, b"\1"])[2:])
    assert call[-31:] == bytes(31)
    return call[:-31] + b"\xff" * 31


def test_models__call_with_dirty_padding__one_row_and_every_name_still_opens(village: Any) -> None:
    connection = village.connection
    raw(village, connection.factory.address, dirty(village))
    found = list(models(connection))
    assert [each.salt for each, _ in found][-1] == b"\7" * 32
    assert found[-1][1] is None
    assert open_any(connection, village.opened.name).shared.address == village.opened.shared.address


def test_created__transaction_that_the_node_does_not_know__no_salt(
    village: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from web3.exceptions import TransactionNotFound

    def missing(*_: Any) -> Any:
        raise TransactionNotFound("null")

    monkeypatch.setattr(village.connection.chain.web3.eth, "get_transaction", missing)
    assert [each.salt for each in Factory.created(village.connection.factory)] == [None]
    with pytest.raises(ModelError, match="no shared model"):
        open_any(village.connection, village.opened.name)


@pytest.mark.parametrize("command", ["list", "show", "predict", "leaderboard", "replay", "refund", "report"])
def test_commands__among_hostile_entries__work(
    village: Any, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = village.connection
    raw(village, connection.factory.address, dirty(village))
    own = next(connection.factory.created(village.opened.shared.address))
    for foreign in (connection.factory.address, "0x" + "99" * 20):  # no model's code, no code at all
        call = connection.factory.contract.encode_abi("create", [foreign, bytes(32), own.arguments])
        raw(village, connection.factory.address, bytes.fromhex(call[2:]))
    words = [] if command == "list" else [village.opened.name]
    words += ["--text", "a tower and a tram"] if command == "predict" else []
    words += ["--json", "--home", str(connection.settings.home)]
    assert run(["sum", command, *words]) == 0
    rows = json.loads(capsys.readouterr().out)
    if command == "list":
        assert sum(row["name"] == village.opened.name for row in rows) == 1
        assert len(rows) == 3


GOOD = Descriptor("walks", "SparsePerceptron", ("city", "nature"), VocabularyEncoder(("ab", "cd")))


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "walks\x1b]0;owned\x1b[2J"},
        {"name": "walks\u202e"},
        {"name": ""},
        {"name": "w" * 101},
        {"labels": ("spam", "spam")},
        {"labels": ("1", "0")},
        {"labels": ("two\nlines", "nature")},
    ],
    ids=str,
)
def test_parse_descriptor__names_that_mislead__refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ModelError) as refused:
        parse_descriptor(replace(GOOD, **changed).to_bytes())
    assert refused.value.message.isprintable()


@pytest.mark.parametrize(
    "quality", [{"rows": "many"}, [1], "good", {"rows": 1, "trained": {}, "quantized": 0}]
)
def test_parse_descriptor__malformed_quality__refused(quality: Any) -> None:
    from orchestrator.provenance.canonical import encode

    content = json.loads(GOOD.to_bytes()) | {"quality": quality}
    with pytest.raises(ModelError, match="malformed"):
        parse_descriptor(encode(content))


def test_parse_descriptor__numbers_that_count_the_labels__taken() -> None:
    numbered = replace(GOOD, labels=("0", "1"))
    assert parse_descriptor(numbered.to_bytes()) == numbered
