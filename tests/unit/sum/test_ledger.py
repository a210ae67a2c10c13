"""What the events tell of contributions.

Ledger
├── tells of each contribution what the contract's record holds, and the same to the next command
├── asked for what is due, or somebody's: that alone, and when the next falls due
└── a block that the chain dropped: read again
turn
├── what nobody took: half is swept after the wait
└── what is worth less than its gas: left alone
"""

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.systems.sum.adding import add
from orchestrator.systems.sum.claiming import claims, next_early, waiting
from orchestrator.systems.sum.ledger import Ledger
from orchestrator.systems.sum.records import DAY
from orchestrator.types import Seconds, Wei
from tests.unit.sum.conftest import CITY, TERMS, Village
from tests.unit.sum.giving import done_by, sample


def test_ledger__any_moment__is_what_the_contract_holds(village: Village) -> None:
    session, opened, shared = village.session, village.opened, village.opened.shared

    def check() -> None:
        assert list(Ledger(shared).refresh().all()) == list(opened.ledger.refresh().all())
        told = {
            each.contribution.id: (each.record.left, 2 * each.record.looked_at + each.record.against)
            for each in opened.ledger.refresh().open()
        }
        for contribution in (each.contribution for each in opened.ledger.all()):
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


def test_open__due_or_somebodys__those_alone(village: Village) -> None:
    session, opened = village.session, village.opened
    contributor, poisoner = village.account("contributor"), village.account("poisoner")
    [first] = add(session, opened, [sample(village)], contributor).added
    session.chain.advance(DAY // 4)
    [second] = add(session, opened, [sample(village, CITY, 1)], poisoner).added
    ledger, dues = opened.ledger.refresh(), [opened.shared.due_at(each) for each in (first, second)]
    assert [each.contribution for each in ledger.open()] == [first, second]
    assert [each.contribution for each in ledger.open(due=dues[0])] == [first]
    assert ledger.open(due=Seconds(dues[0] - 1)) == []
    assert [each.contribution for each in ledger.open(contributor=poisoner.address)] == [second]
    assert [ledger.next_due(Seconds(each)) for each in (0, dues[0], dues[1])] == [*dues, None]
    assert (ledger.gave(poisoner.address), ledger.gave(village.account("keeper").address)) == (True, False)


def test_given__again_and_settled__counted_and_what_is_open_told(village: Village) -> None:
    session, opened, contributor = village.session, village.opened, village.account("contributor")
    mine, other = sample(village), sample(village, CITY, 1)
    add(session, opened, [mine], contributor)
    session.chain.advance(2 * DAY)
    assert [each.verb for each in done_by(session, opened, contributor)] == ["refund"]
    [second] = add(session, opened, [mine], contributor).added
    add(session, opened, [mine], village.account("poisoner"))
    times, standing = opened.ledger.refresh().given(contributor.address, [mine, other])
    assert (times, standing) == ({mine: 2}, [second])
    [third] = add(session, opened, [mine], contributor, again=True).added
    times, standing = opened.ledger.refresh().given(contributor.address, [mine, other])
    assert (times, standing) == ({mine: 3}, [third])


def test_claims__not_due_yet__are_not_read_but_waited_for(village: Village) -> None:
    session, opened, contributor = village.session, village.opened, village.account("contributor")
    [made] = add(session, opened, [sample(village)], contributor).added
    assert claims(opened, contributor.address) == []
    early = next_early(opened)
    assert early == opened.shared.due_at(made) - TERMS.take_gap
    [told] = waiting(opened, contributor.address)
    assert (told.verb, told.next_at) == (None, early)
    session.chain.advance(early - session.chain.now() + 60)  # a chain may be ahead of its clock
    assert [each.contribution for each in claims(opened, contributor.address)] == [made]
    assert next_early(opened) is None


def test_ledger__block_that_the_chain_dropped__is_read_anew(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(village.session, village.opened, [sample(village)], village.account("contributor"))
    ledger = village.opened.ledger.refresh()
    asked: list[tuple[int, int]] = []
    genuine = ledger._read

    def read(first: int, last: int) -> Any:
        asked.append((first, last))
        return genuine(first, last)

    monkeypatch.setattr(ledger._index, "_read", read)
    assert len(list(ledger.refresh().all())) == 1
    assert asked == []
    head = village.session.chain.head()
    monkeypatch.setattr(village.session.chain, "head", lambda: replace(head, hash=b"another block"))
    monkeypatch.setattr(village.session.chain, "block_hash", lambda number: b"another block")
    assert len(list(ledger.refresh().all())) == 1
    assert asked == [(opened_in(village), head.number)]


def opened_in(village: Village) -> int:
    """The block in which the model was created."""
    return village.opened.shared.contract.block
