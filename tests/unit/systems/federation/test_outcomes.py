"""Who did not count in a round, and why.

left_out
├── of a committee: with its medians, unless they are not why
├── committed to and not revealed
└── of a rule that selects: not selected
about
└── scores and masks are words
"""

import re

import pytest

from orchestrator.bindings.federation import ScoresRevealed
from orchestrator.systems.federation import aggregating, cranking, outcomes, overview, party, scoring
from orchestrator.systems.federation.joining import join
from orchestrator.systems.federation.rounds import finished
from orchestrator.systems.federation.verifying import verify
from tests.unit.systems.federation.stage import begin, later, rows

PARTIES = ("alice", "bob", "carol", "dave")
OPEN = {"policy": "trusted", "pay": "equal", "committee": 0, "seats": 4}


def commit(session, federation):
    cranking.crank(session, federation, session.account("bob"))
    for name in PARTIES:
        party.commit(session, federation, session.account(name))


def finish(session, federation):
    """From the last reveal or score to the end of the round."""
    seat = (federation.judgement().order & 255) - 1
    accounts = map(session.account, PARTIES)
    first = next(each for each in accounts if federation.party_of(each.address).seat == seat)
    aggregating.claim(session, federation, first)
    later(session, federation)
    cranking.crank(session, federation, first)


def test_left_out__label_flipper__is_named_with_the_medians(session, tmp_path, monkeypatch):
    federation, flipper = begin(session, tmp_path, *PARTIES[:3], seats=4, epochs=10), session.account("dave")
    file = rows(tmp_path, "dave")
    text = file.read_text(encoding="utf-8").replace("yes", "x").replace("no", "yes").replace("x", "no")
    file.write_text(text, encoding="utf-8")
    join(session, federation, flipper, file)
    commit(session, federation)
    for act in (party.reveal, scoring.commit_scores, scoring.reveal_scores):
        for name in PARTIES:
            act(session, federation, session.account(name))
    assert not federation.judgement().accepted & 8
    finish(session, federation)
    [found] = outcomes.left_out(federation)
    assert (found.round, found.party) == (1, flipper.address)
    of_it, of_all, limit = map(float, re.findall(r"0\.\d{3}", found.why))
    assert of_all <= limit < of_it
    assert found.why.startswith("the committee's median error of it is 0.")
    [checked] = verify(session, federation)
    assert checked.ok
    assert checked.out == (found,)
    monkeypatch.setattr(outcomes, "accepted", lambda middles: [])  # another rule than the contract's
    assert [each.why for each in outcomes.left_out(federation)] == ["its policy did not take it"]
    told = [outcomes.about(each) for each in overview.history(federation) if isinstance(each, ScoresRevealed)]
    assert all(re.match(r"errors it measured: seat \d 0\.\d{3}, seat", each) for each in told)


def test_left_out__committed_and_not_revealed__is_named(session, tmp_path):
    federation = begin(session, tmp_path, *PARTIES, **OPEN)
    commit(session, federation)
    for name in PARTIES[1:]:
        party.reveal(session, federation, session.account(name))
    later(session, federation)
    finish(session, federation)
    [found] = outcomes.left_out(federation)
    assert found.party == session.account("alice").address
    assert found.why == "committed to, and not revealed in time"


def test_left_out__rule_that_selects__is_named(session, tmp_path):
    federation = begin(session, tmp_path, *PARTIES, **OPEN, rule="nearest-unit", keep=1)
    commit(session, federation)
    for name in PARTIES:
        party.reveal(session, federation, session.account(name))
    finish(session, federation)
    found = outcomes.left_out(federation)
    assert [each.why for each in found] == ["the rule nearest unit did not select it"] * 3
    [end] = finished(federation)
    assert outcomes.left_out(federation, []) == []
    assert outcomes.about(end.finalized) == "in: seats 0, 1, 2, 3"


@pytest.mark.parametrize(
    ("word", "told"), [(0, "all 0"), (0xFFFF << 32 | 0x8000, "seat 0 0.500, seat 2 1.000")]
)
def test_scores_in_words__lanes__are_shares(word, told):
    assert outcomes.scores_in_words(word) == told
