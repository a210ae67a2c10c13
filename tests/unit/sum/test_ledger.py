"""What the events tell of contributions.

Ledger
├── tells of each contribution what the contract's record holds
└── a block that the chain dropped: read anew
turn
└── abandoned deposits: swept after the wait, if asked
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
            each.contribution.id: (each.record.left, each.record.open)
            for each in opened.ledger.refresh().open()
        }
        for contribution in opened.ledger.contributions:
            digest, left, unpromised = shared.contract.functions.record(contribution.slot).call()
            held = (left, unpromised) if digest == contribution.digest else None
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
def test_turn__abandoned_deposit__is_swept_after_the_wait_if_asked(
    village: Village, role: str, wait: int
) -> None:
    [made] = add(village.connection, village.opened, [sample(village)], village.account("contributor")).added
    who, shared = village.account(role), village.opened.shared
    due_in = shared.due_at(made) - village.connection.chain.now()
    village.connection.chain.advance(due_in + wait - 60)
    assert turn(village.connection, village.opened, who, abandoned=True).outcomes == ()
    village.connection.chain.advance(120)
    assert turn(village.connection, village.opened, who).outcomes == ()
    [outcome] = turn(village.connection, village.opened, who, abandoned=True).outcomes
    assert (outcome.verb, village.balance(role)) == ("sweep", made.facts.deposit * shared.unit)
    assert village.opened.ledger.refresh().open() == []


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
