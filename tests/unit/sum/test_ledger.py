"""What the events tell of contributions.

Ledger
├── tells of each contribution what the contract's record holds
└── a block that the chain dropped: read anew
turn
├── what nobody took: half is swept after the wait
└── what is worth less than its gas: left alone
"""

import pytest

from orchestrator.systems.sum.adding import add
from orchestrator.systems.sum.records import DAY
from orchestrator.types import Wei
from tests.unit.sum.conftest import CITY, TERMS, Village
from tests.unit.sum.giving import done_by, sample


def test_ledger__any_moment__is_what_the_contract_holds(village: Village) -> None:
    session, opened, shared = village.session, village.opened, village.opened.shared

    def check() -> None:
        told = {
            each.contribution.id: (each.record.left, 2 * each.record.looked_at + each.record.against)
            for each in opened.ledger.refresh().open()
        }
        for contribution in opened.ledger.contributions:
            held = shared.contract.record(contribution.slot)
            digest, left, look = held.digest, held.left, held.look
            held = (left, look) if digest == contribution.digest else None
            assert told.get(contribution.id) == held

    people = [village.account(role) for role in ("contributor", "poisoner", "keeper")]
    for step in range(12):
        who = people[step % 3]
        label = "city" if step % 3 != 1 else "nature"
        add(session, opened, [sample(village, CITY, step, label)], who, again=True)
        check()
    seen = set()
    for _ in range(11):
        session.chain.advance(2 * DAY)
        for who in people:
            seen |= {each.verb for each in done_by(session, opened, who) if each.receipt}
        check()
    assert opened.ledger.open() == []
    assert seen == {"refund", "report", "take"}


@pytest.mark.parametrize(("role", "wait"), [("creator", TERMS.creator_wait), ("keeper", TERMS.any_wait)])
def test_turn__deposit_that_nobody_took__half_is_swept_after_the_wait(
    village: Village, role: str, wait: int
) -> None:
    session, opened, shared = village.session, village.opened, village.opened.shared
    wrong = sample(village, CITY, 0, "nature")
    [made] = add(session, opened, [wrong], village.account("poisoner")).added
    while shared.contract.predict(made.x) == made.facts.label:
        add(session, opened, [sample(village)], village.account("contributor"), again=True)
    who = village.account(role)
    session.chain.advance(shared.due_at(made) - session.chain.now() + wait - 60)
    assert done_by(session, opened, who) == []
    session.chain.advance(120)
    [look] = done_by(session, opened, who)
    assert (look.verb, look.looked, look.amount) == ("sweep", True, 0)
    assert done_by(session, opened, who) == []
    session.chain.advance(TERMS.take_gap)
    [outcome] = done_by(session, opened, who)
    assert outcome.amount == village.balance(role) == made.facts.deposit // 2 * shared.unit
    assert made.id not in {each.contribution.id for each in opened.ledger.refresh().open()}


def test_turn__worth_less_than_its_gas__left_alone_and_told(village: Village) -> None:
    session, opened = village.session, village.opened
    contributor = village.account("contributor")
    [made] = add(session, opened, [sample(village)], contributor).added
    session.chain.advance(opened.shared.due_at(made) - session.chain.now() + 60)
    [left] = done_by(session, opened, contributor, least=Wei(10**18))
    assert "ether of gas" in left.refusal
    assert left.receipt is None
    [outcome] = done_by(session, opened, contributor, least=Wei(1))
    assert outcome.verb == "refund"
    assert outcome.receipt


def test_ledger__block_that_the_chain_dropped__is_read_anew(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(village.session, village.opened, [sample(village)], village.account("contributor"))
    ledger = village.opened.ledger.refresh()
    ledger.contributions[0]
    ledger._contributions.clear()  # as if the block it knows had held nothing
    assert ledger.refresh().contributions == []
    monkeypatch.setattr(ledger, "_hash", b"dropped")
    assert len(ledger.refresh().contributions) == 1
