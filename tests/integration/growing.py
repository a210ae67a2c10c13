"""A shared model's whole life, from its creation to the last withdrawal, on any chain and store."""

from dataclasses import replace
from pathlib import Path

from orchestrator.chain import migrate
from orchestrator.config import Settings
from orchestrator.kernel.session import Session
from orchestrator.models.online.encoding import encode_row
from orchestrator.models.online.finding import read_test_set
from orchestrator.models.online.planning import plan
from orchestrator.models.online.training import train
from orchestrator.systems.sum.adding import add
from orchestrator.systems.sum.creating import create
from orchestrator.systems.sum.leaderboard import leaderboard
from orchestrator.systems.sum.opening import open_model
from orchestrator.systems.sum.records import DAY
from orchestrator.systems.sum.relaying import read_signed, relay, sign
from orchestrator.systems.sum.replaying import replay
from orchestrator.systems.sum.sealing import reveal, seal
from orchestrator.types import Wei
from tests.evm import EVERYTHING
from tests.unit.sum.conftest import CITY, NATURE, TERMS, Village, review, table
from tests.unit.sum.giving import done_by

COIN = Wei(10**18)
ROLES = ("creator", "contributor", "poisoner", "keeper")
WRONG = review(CITY, 1), "nature"
RIGHT = review(CITY, 1), "city"


def grow_a_model(settings: Settings, folder: Path) -> Village:
    """Three contribute, one badly; a good one ends with what the bad one lost, and nothing stays behind."""
    settings = replace(settings, home=folder / "home")
    with Session(settings) as session:
        alice = session.account("alice")
        migrate(settings, session.chain, alice)
        made = create(session, "walks", plan(train(table(), "perceptron")), alice, TERMS)
        village = Village(session, open_model(session, made.address))
        give_and_hide_and_relay(village, folder)
        settle_until_nothing_is_open(village)
        done = replay(village.opened, read_test_set(session, village.opened.descriptor))
        assert done.reference.words() == village.opened.shared.words()
        assert done.contributions == village.opened.shared.count() > 3
        withdraw_everything(village)
    return village


def give_and_hide_and_relay(village: Village, folder: Path) -> None:
    session, opened = village.session, village.opened
    contributor, poisoner, keeper = (village.account(role) for role in ROLES[1:])
    news = review(NATURE, 2), "city"
    assert seal(session, opened, [encoded(village, news)], contributor, maximum=COIN).made
    session.chain.advance(60)
    [told] = reveal(session, opened, contributor)  # earns reputation: the model had not known it
    assert told.contribution
    teach(village, news, "contributor")
    assert seal(session, opened, [encoded(village, WRONG)], poisoner, maximum=COIN).made
    session.chain.advance(60)
    [outcome] = reveal(session, opened, poisoner)
    assert outcome.contribution
    file = folder / "signed.json"
    file.write_bytes(sign(opened, (encoded(village, RIGHT),), contributor, maximum=COIN).to_bytes())
    [added] = relay(session, opened, read_signed(file), keeper, pay=True).added
    assert added.facts.contributor == contributor.address
    teach(village, RIGHT, "contributor")


def settle_until_nothing_is_open(village: Village) -> None:
    seen = set()
    for _ in range(12):
        village.session.chain.advance(2 * DAY)
        for role in ("contributor", "poisoner", "keeper"):
            outcomes = done_by(village.session, village.opened, village.account(role))
            seen |= {each.verb for each in outcomes if each.receipt}
    assert {"refund", "report", "take"} <= seen
    assert village.opened.ledger.refresh().open() == []
    rows = {row.address: row for row in leaderboard(village.opened)}
    good, bad = (rows[village.account(role).address] for role in ("contributor", "poisoner"))
    assert good.refunded == good.deposited > 0
    assert good.taken == bad.deposited > bad.refunded


def withdraw_everything(village: Village) -> None:
    shared, chain = village.opened.shared, village.session.chain
    for role in ROLES:
        account = village.account(role)
        if village.balance(role):
            chain.send(shared.contract.withdraw(account.address, EVERYTHING), account)
    assert chain.balance(shared.address) == 0


def teach(village: Village, sample: tuple[str, str], role: str) -> None:
    """Give the sample until the model agrees."""
    x, label = encoded(village, sample)
    for _ in range(50):
        add(village.session, village.opened, [(x, label)], village.account(role), maximum=COIN, again=True)
        if village.opened.shared.contract.predict(x) == label:
            return
    raise AssertionError("the model does not learn")


def encoded(village: Village, sample: tuple[str, str]) -> tuple[bytes, int]:
    text, label = sample
    return encode_row(village.opened, text), village.opened.descriptor.label(label)
