"""For each rule: what is wrong by one unit anywhere is refuted in one transaction, what is right never.

claim
├── one coordinate off, at either end or in the padding: refuteChunk
├── right: no chunk, no step and no selection refutes it
└── with a trace
    ├── a step off: refuteStep, at that step and no other
    ├── another selection, other factors or merits: refuteSelection
    └── no trace where one is needed, or one where none is: not taken
"""

import numpy as np
import pytest

from tests.contracts.federation.scenario import PARTIES, RULES
from tests.evm import Reverted

FIVE = PARTIES[:5]
SIZE, CHUNKS = 70, 3
TERMS = {
    "mean": {},
    "clipped-mean": {},
    "median": {"width": 1},
    "trimmed-mean": {"trim": 1, "quorum": 3},
    "multi-krum": {"faulty": 1, "keep": 2, "quorum": 5, "width": 2},
    "nearest-literal": {"keep": 2},
    "nearest-unit": {"keep": 2, "pay": 2, "maxWeight": 1},
    "nearest-clipped": {"keep": 2, "width": 2},
}
TRACED = [rule for rule in RULES if rule.needs_gram]


@pytest.fixture
def revealed(create):
    def make(rule, **changes):
        terms = {"rule": RULES.index(rule), "size": SIZE, "challenge": 30 * 86_400} | TERMS[rule] | changes
        return create(*FIVE, **terms).revealed(*FIVE)

    return make


def off(place):
    def lie(draft):
        draft.model[place] += 1 if draft.model[place] < 0 else -1

    return lie


@pytest.mark.parametrize("rule", RULES)
def test_refute__off_by_one_anywhere__falls(revealed, rule):
    s = revealed(rule)
    for who, place in zip(FIVE, (0, 31, 32, SIZE - 1), strict=False):
        posted = s.claim(who, off(place))
        for other in set(range(CHUNKS)) - {place // 32}:
            with pytest.raises(Reverted, match="NotRefuted"):
                s.refute("refuteChunk", *s.evidence(posted, other), announced=False)
        s.refute("refuteChunk", *s.evidence(posted, place // 32), announced=False)
    assert s.state["tried"] == 0b01111


@pytest.mark.parametrize("rule", RULES)
def test_refute__right_claim__stands(revealed, rule):
    s = revealed(rule)
    posted = s.claim("anna")
    for index in range(CHUNKS):
        with pytest.raises(Reverted, match="NotRefuted"):
            s.refute("refuteChunk", *s.evidence(posted, index), announced=False)
        if rule.needs_gram:
            with pytest.raises(Reverted, match="NotRefuted"):
                s.refute("refuteStep", *s.step(posted, index), announced=False)
    if rule.needs_gram:
        with pytest.raises(Reverted, match="NotRefuted"):
            s.refute("refuteSelection", *s.selection(posted), announced=False)
    s.finalize(posted)


@pytest.mark.parametrize("rule", TRACED)
def test_refute__wrong_step__falls_there_alone(revealed, rule):
    s = revealed(rule)
    for who, index in zip(FIVE, range(CHUNKS), strict=False):

        def lie(draft, index=index):
            for products in draft.products[index:]:
                products[1][2] += 1
                products[2][1] += 1

        posted = s.claim(who, lie)
        for other in set(range(CHUNKS)) - {index}:
            with pytest.raises(Reverted, match="NotRefuted"):
                s.refute("refuteStep", *s.step(posted, other), announced=False)
        s.refute("refuteStep", *s.step(posted, index), announced=False)


@pytest.mark.parametrize("rule", TRACED)
def test_refute__steps_in_another_order__fall(revealed, rule):
    s = revealed(rule)

    def lie(draft):
        draft.products[:2] = draft.products[1::-1]

    s.refute("refuteStep", *s.step(s.claim("anna", lie), 0), announced=False)


@pytest.mark.parametrize("rule", RULES)
def test_refute__padding_off_by_one__falls(revealed, rule):
    s = revealed(rule)

    def lie(draft):
        draft.model = np.pad(draft.model, (0, 32 * CHUNKS - SIZE))
        draft.model[-1] = 1

    posted = s.claim("anna", lie)
    with pytest.raises(Reverted, match="NotRefuted"):
        s.refute("refuteChunk", *s.evidence(posted, 0), announced=False)
    s.refute("refuteChunk", *s.evidence(posted, CHUNKS - 1), announced=False)


@pytest.mark.parametrize("rule", TRACED)
def test_refute__wrong_selection_or_factors__falls(revealed, rule):
    s = revealed(rule)

    def choose(draft):
        draft.selected = draft.selected ^ 1 or 2

    def clip(draft):
        draft.factors ^= 1

    for who, lie in (("anna", choose), ("ben", clip)):
        posted = s.claim(who, lie)
        s.refute("refuteSelection", *s.selection(posted), announced=False)
    s.finalize(s.claim("cleo"))


def test_refute__wrong_merits__fall_where_pay_follows_from_alignment(revealed):
    s = revealed(RULES[6])

    def lie(draft):
        draft.merits ^= 1

    s.refute("refuteSelection", *s.selection(s.claim("anna", lie)), announced=False)
    posted = s.claim("ben")
    s.finalize(posted)
    merits = [posted.claim[7] >> 16 * seat & 0xFFFF for seat in range(5)]
    share = s.terms["reward"] - s.terms["fee"] - s.terms["tip"]
    assert s.earned("anna") == share * merits[0] // sum(merits)


def test_claim__trace_where_none_is_needed__refused(revealed):
    s = revealed(RULES[0])
    bond = s.terms["bond"] * s.terms["unit"]
    with pytest.raises(Reverted, match="UnexpectedTrace"):
        s.send(
            "claim",
            1,
            s.call("judgement")[0],
            b"\x01" * 32,
            b"\x01" * 32,
            b"\x01" * 128,
            sender="anna",
            value=bond,
        )


def test_claim__no_trace_where_one_is_needed__refused(revealed):
    s = revealed(RULES[4])
    bond = s.terms["bond"] * s.terms["unit"]
    with pytest.raises(Reverted, match="UnexpectedTrace"):
        s.send("claim", 1, s.call("judgement")[0], b"\x01" * 32, b"\x01" * 32, b"", sender="anna", value=bond)
