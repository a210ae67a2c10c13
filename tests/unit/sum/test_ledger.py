"""What the events tell of contributions.

Ledger
├── tells of each contribution what the contract's record holds
└── a block that the chain dropped: read anew
turn
├── what nobody took: half is swept after the wait
└── what is worth less than its gas: left alone
"""

import pytest

from orchestrator.sum.adding import add
from orchestrator.sum.keeping import turn
from orchestrator.sum.records import DAY
from tests.unit.sum.conftest import CITY, TERMS, Village
from tests.unit.sum.giving import sample


def test_ledger__any_moment__is_what_the_contract_holds(village: Village) -> None:
    connection, opened, shared = village.connection, village.opened, village.opened.shared

    def check() -> None:
        told = {
            each.contribution.id: (each.record.left, 2 * each.record.looked_at + each.record.against)
            for each in opened.ledger.refresh().open()
        }
        for contribution in opened.ledger.contributions:
            digest, left, look = shared.contract.functions.record(contribution.slot).call()
            held = (left, look) if digest == contribution.digest else None
            assert told.get(contribution.id) == held

    people = [village.account(role) for role in ("contributor", "poisoner", "keeper")]
    for step in range(12):
        who = people[step % 3]
        label = "city" if step % 3 != 1 else "nature"
        add(connection, opened, [sample(village, CITY, step, label)], who, again=True)
        check()
    seen = set()
    for _ in range(11):
        connection.chain.advance(2 * DAY)
        for who in people:
            seen |= {each.verb for each in turn(connection, opened, who).outcomes if each.receipt}
        check()
    assert opened.ledger.open() == []
    assert seen == {"refund", "report", "take"}


@pytest.mark.parametrize(("role", "wait"), [("creator", TERMS.creator_wait), ("keeper", TERMS.any_wait)])
def test_turn__deposit_that_nobody_took__half_is_swept_after_the_wait(
    village: Village, role: str, wait: int
) -> None:
    connection, opened, shared = village.connection, village.opened, village.opened.shared
    wrong = sample(village, CITY, 0, "nature")
    [made] = add(connection, opened, [wrong], village.account("poisoner")).added
    while shared.predict(made.x) == made.facts.label:
        add(connection, opened, [sample(village)], village.account("contributor"), again=True)
    who = village.account(role)
    connection.chain.advance(shared.due_at(made) - connection.chain.now() + wait - 60)
    assert turn(connection, opened, who).outcomes == ()
    connection.chain.advance(120)
    [look] = turn(connection, opened, who).outcomes
    assert (look.verb, look.looked, look.amount) == ("sweep", True, 0)
    assert turn(connection, opened, who).outcomes == ()
    connection.chain.advance(TERMS.take_gap)
    [outcome] = turn(connection, opened, who).outcomes
    assert outcome.amount == village.balance(role) == made.facts.deposit // 2 * shared.unit
    assert made.id not in {each.contribution.id for each in opened.ledger.refresh().open()}


def test_turn__worth_less_than_its_gas__left_alone_and_told(village: Village) -> None:
    connection, opened = village.connection, village.opened
    contributor = village.account("contributor")
    [made] = add(connection, opened, [sample(village)], contributor).added
    connection.chain.advance(opened.shared.due_at(made) - connection.chain.now() + 60)
    done = turn(connection, opened, contributor, gas_price=10**12)
    assert done.outcomes == ()
    [why] = done.skipped
    assert "ether of gas" in why
    [outcome] = turn(connection, opened, contributor, gas_price=1).outcomes
    assert outcome.verb == "refund"


def test_ledger__block_that_the_chain_dropped__is_read_anew(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(village.connection, village.opened, [sample(village)], village.account("contributor"))
    ledger = village.opened.ledger.refresh()
    ledger.contributions[0]
    ledger._contributions.clear()  # as if the block it knows had held nothing
    assert ledger.refresh().contributions == []
    monkeypatch.setattr(ledger, "_hash", b"dropped")
    assert len(ledger.refresh().contributions) == 1
