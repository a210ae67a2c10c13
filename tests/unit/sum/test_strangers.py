"""What strangers put into the factory, its calls and their descriptors ends nobody's command.

├── a call of the factory with dirty padding, clones of foreign code, of no code, with other arguments: one
│   row each, and every command of a model goes on
├── models of others with the same name: the own and the known one is meant
├── a node that does not know the transaction of a creation: no name, no traceback
└── descriptors with names that cannot be shown, or are mistaken for others: refused
"""

import json
import shutil
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.chain import Account, Chain
from orchestrator.cli.dispatch import run
from orchestrator.errors import ModelError
from orchestrator.kernel.session import Session
from orchestrator.models.online.descriptor import Descriptor, parse_descriptor
from orchestrator.models.online.encoders import VocabularyEncoder
from orchestrator.models.online.factory import Factory, factory_of
from orchestrator.models.online.finding import Instance, models
from orchestrator.systems.sum.opening import open_model


def raw(chain: Chain, stranger: Account, to: str, data: bytes) -> Any:
    """Send `data` as it is."""
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
    return chain.web3.eth.send_raw_transaction(stranger.sign_transaction(sent))  # type: ignore[arg-type]


def dirty(factory: Factory) -> bytes:
    """A call that clones what has no code; behind its arguments, where nobody looks, are no zeros."""
    call = bytes.fromhex(factory.contract.encode_abi("create", ["0x" + "99" * 20, b"\7" * 32, b"\1"])[2:])
    assert call[-31:] == bytes(31)
    return call[:-31] + b"\xff" * 31


def test_models__call_with_dirty_padding__one_row_and_every_name_still_opens(village: Any) -> None:
    session = village.session
    raw(
        session.chain,
        village.account("contributor"),
        factory_of(session).address,
        dirty(factory_of(session)),
    )
    found = list(models(session))
    assert [each.salt for each, _ in found][-1] == b"\7" * 32
    assert found[-1][1] is None
    assert open_model(session, village.opened.name).shared.address == village.opened.shared.address


def test_created__transaction_that_the_node_does_not_know__no_salt(
    village: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from web3.exceptions import TransactionNotFound

    def missing(*_: Any) -> Any:
        raise TransactionNotFound("null")

    for index in village.session.chain._indexes:
        index.close()
    shutil.rmtree(village.session.settings.home / "logs")  # what the node told before
    [known] = Factory.created(factory_of(village.session), village.opened.shared.address)
    with monkeypatch.context() as away:
        away.setattr(village.session.chain.web3.eth, "get_transaction", missing)
        assert [each.salt for each in Factory.created(factory_of(village.session))] == [None]
        with pytest.raises(ModelError, match="no shared model"):
            open_model(village.session, village.opened.name)
    assert list(Factory.created(factory_of(village.session))) == [known]  # it is asked again
    assert known.salt


def hostile(session: Session, account: Account, arguments: bytes) -> None:
    """What nobody can use: dirty padding, no model's code, no code, arguments cut off or nonsense."""
    factory = factory_of(session)
    implementation = session.deployments.get("SparsePerceptronStake")
    calls = [dirty(factory)]
    for foreign, given in (
        (factory.address, arguments),  # no model's code
        ("0x" + "99" * 20, arguments),  # no code at all
        (implementation, arguments[:40]),
        (implementation, b"\xff" * len(arguments)),
    ):
        calls.append(bytes.fromhex(factory.contract.encode_abi("create", [foreign, bytes(32), given])[2:]))
    before = len(list(factory.created()))
    for call in calls:
        raw(session.chain, account, factory.address, call)
    assert len(list(factory.created())) > before + 1


SHARED = [
    ["list"],
    ["show", "walks"],
    ["predict", "walks", "--text", "a tower and a tram"],
    ["leaderboard", "walks"],
    ["replay", "walks"],
    ["refund", "walks"],
    ["refund", "walks", "--everyone"],
    ["report", "walks"],
    ["reveal", "walks"],
    ["withdraw", "walks"],
    ["keep", "walks", "--once"],
    ["keep", "walks", "--once", "--everyone"],
    ["fund", "walks", "0.001"],
    ["add", "walks", "--text", "river deer", "--label", "nature"],
]


@pytest.mark.parametrize("words", SHARED, ids=" ".join)
def test_commands__among_hostile_entries__work(
    village: Any, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    session = village.session
    own = next(factory_of(session).created(village.opened.shared.address))
    hostile(session, village.account("contributor"), own.arguments)
    assert run(["sum", *words, "--json", "--home", str(session.settings.home)]) == 0
    assert json.loads(capsys.readouterr().out) is not None


def test_list__hostile_entries__a_row_for_each(village: Any, capsys: pytest.CaptureFixture[str]) -> None:
    session = village.session
    own = next(factory_of(session).created(village.opened.shared.address))
    hostile(session, village.account("contributor"), own.arguments)
    assert run(["sum", "list", "--json", "--home", str(session.settings.home)]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == len(list(factory_of(session).created()))
    assert sum(row["name"] == "walks" for row in rows) == 1


# -- of the same name ------------------------------------------------------------------------------------


def namesake(session: Session, opened: Instance, account: str = "bob") -> None:
    """Create what `opened` is a second time, with the very descriptor, so that it has the same name."""
    created = opened.created
    assert created is not None
    assert created.salt is not None
    implementation = session.deployments.get(opened.shared.composition.name)
    creating = factory_of(session).create(implementation, created.salt, created.arguments)
    session.chain.send(creating, session.account(account))
    same = [found for found, descriptor in models(session) if descriptor and descriptor.name == opened.name]
    assert len(same) > 1


@pytest.mark.parametrize("command", ["show", "refund", "report", "keep", "replay", "withdraw"])
def test_commands__model_of_the_same_name__the_one_that_this_folder_made(
    village: Any, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    namesake(village.session, village.opened)
    words = ["--once"] if command == "keep" else []
    assert run(["sum", command, "walks", *words, "--home", str(village.session.settings.home)]) == 0
    assert "several" not in capsys.readouterr().err


def test_open_model__all_are_strangers__the_one_that_this_folder_used(
    village: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, address = village.session, village.opened.shared.address
    namesake(session, village.opened)
    monkeypatch.setattr(session, "names", {})
    assert open_model(session, "walks").shared.address == address


def test_open_model__used_by_this_folder_but_another_is_own__the_own(
    village: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, account = village.session, village.account("contributor")
    namesake(session, village.opened)
    monkeypatch.setattr(session, "names", {account.address: account.name})
    assert open_model(session, "walks").shared.creator == account.address


def test_open_model__strangers_and_none_is_known__asks_for_an_address(
    village: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = village.session
    namesake(session, village.opened)
    monkeypatch.setattr(session, "names", {})
    monkeypatch.setattr(type(session.known), "knows", lambda *_: False)
    monkeypatch.setattr(type(session.known), "all", lambda *_: [])
    with pytest.raises(ModelError, match="several shared models are called `walks`"):
        open_model(session, "walks")


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
