"""The committee: drawn, committed, revealed; medians decide.

reveals over
├── all revealed: drawn from that block; else from the block of `draw`
├── seed lost: void, there is no second
├── scores committed by those drawn, once; revealed when all have or the time is over
│   ├── all: claims may begin
│   ├── more than half: the silent are fined
│   └── half or less: void
└── in: at most half again the median of medians; the best claims first
"""

import pytest

from tests.contracts.federation.scenario import PARTIES, Phase
from tests.evm import Reverted

FIVE = PARTIES[:5]
TERMS = {"policy": 1, "judging": 3600, "committee": 3, "quorum": 3, "pay": 1, "fine": 60_000}


@pytest.fixture
def revealed(create):
    def make(*parties, **changes):
        return create(*(parties or FIVE), **TERMS | changes).revealed(*(parties or FIVE))

    return make


def words(s, **scores):
    return {who: s.scores(**scores) for who in s.members()}


def test_round__bad_update__out_and_paid_by_merit(revealed):
    s = revealed(committee=5)
    scores = words(s, anna=100, ben=120, cleo=110, dora=130, emil=900)
    members = s.members()
    s.speak(scores, *members)
    s.judge(scores, *members)
    assert s.phase is Phase.CLAIMING
    accepted, order, merits = s.call("judgement")
    assert accepted == 0b01111
    assert [order >> 8 * k & 255 for k in range(5)] == [1, 3, 2, 4, 0]
    # The median of medians is 120, so up to 180 is in.
    assert [merits >> 16 * k & 0xFFFF for k in range(5)] == [81, 61, 71, 51, 0]
    with pytest.raises(Reverted, match="NotYourTurn"):
        s.claim("cleo")
    s.finalize(s.claim("anna"))
    assert s.earned("ben") == (1_000_000 - 110_000) * 61 // 264


def test_draw__silent_party__from_a_block_that_anyone_fixes(create):
    s = create(*FIVE, **TERMS)
    s.commit(*FIVE)
    s.reveal(*FIVE[:4])
    with pytest.raises(Reverted, match="NotTheCommitteesTime"):
        s.send("draw")
    s.until()
    s.send("draw")
    s.send("draw")
    committee = s.ballot["committee"]
    assert committee.bit_count() == 3
    assert committee & ~0b01111 == 0
    with pytest.raises(Reverted, match="AlreadyDrawn"):
        s.send("draw")


def test_draw__seed_not_used_in_time__no_second(revealed):
    s = revealed()
    s.evm.tester.mine_blocks(8200)
    with pytest.raises(Reverted, match="SeedLost"):
        s.send("draw")


def test_speak__by_others__is_left_out(revealed):
    s = revealed()
    members = s.members()
    other = next(who for who in FIVE if who not in members)
    scores = dict.fromkeys(FIVE, 5)
    with pytest.raises(Reverted, match="NothingDone"):
        s.speak(scores, other)
    with pytest.raises(Reverted, match="NotAParty"):
        s.send("commitScore", b"\x01" * 32, sender=other)
    s.speak(scores, other, *members)
    with pytest.raises(Reverted, match="NothingDone"):
        s.speak(scores, *members)


def test_judge__copied_commitment__opens_nothing(revealed):
    s = revealed()
    members = s.members()
    scores = words(s, anna=1, ben=2, cleo=3, dora=4, emil=5)
    first, second, third = members
    copied = s.scores_commitment(first, scores[first])
    s.speak(scores, first)
    s.send("commitScore", copied, sender=second)
    s.speak(scores, third)
    s.judge(scores, first)
    own = s.updates[second]
    entry = bytes.fromhex(own.party[2:]) + scores[second].to_bytes(32, "big") + s.updates[first].salt
    with pytest.raises(Reverted, match="NothingDone"):
        s.send("revealScores", entry)


def test_judge__before_all_have_committed__too_early(revealed):
    s = revealed()
    members = s.members()
    scores = words(s, anna=1)
    s.speak(scores, *members[:2])
    with pytest.raises(Reverted, match="NotTheCommitteesTime"):
        s.judge(scores, *members[:2])
    s.evm.advance(2 * 3600 + 3600)
    s.judge(scores, *members[:2])


def test_speak__once_others_may_reveal__too_late(revealed):
    """Whoever spoke last would have seen what the others say."""
    s = revealed()
    members = s.members()
    scores = words(s, anna=1)
    s.speak(scores, *members[:2])
    s.evm.advance(2 * 3600 + 3600)
    s.judge(scores, *members[:2])
    with pytest.raises(Reverted, match="NotTheCommitteesTime"):
        s.speak(scores, members[2])


def test_draw__an_even_number__one_fewer_judge(create):
    s = create(*FIVE, **TERMS | {"committee": 5})
    s.commit(*FIVE)
    s.reveal(*FIVE[:4])
    s.until()
    s.send("draw")  # from this block on
    assert len(s.members()) == 3


def test_draw__nobody_does__void_once_the_time_is_over(revealed):
    s = revealed()
    assert s.phase is Phase.JUDGING
    with pytest.raises(Reverted, match="WrongPhase"):
        s.send("skip")
    s.until()
    assert list(s.call("judgement")) == [0, 0, 0]
    s.send("skip")
    assert s.state["voids"] == 1


def test_scorer__silent__fined_and_the_others_decide(revealed):
    s = revealed()
    members = s.members()
    scores = words(s, anna=10, ben=10, cleo=10, dora=10, emil=10)
    s.speak(scores, *members)
    s.judge(scores, *members[:2])
    s.until()
    assert s.call("judgement")[0] == 0b11111
    leader = FIVE[0]
    s.finalize(s.claim(leader))
    assert s.deposit(members[2]) == 440_000
    assert all(s.deposit(who) == 500_000 for who in FIVE if who != members[2])


def test_scorers__half_silent__void_and_they_pay(revealed):
    s = revealed()
    members = s.members()
    scores = words(s, anna=10, ben=10, cleo=10, dora=10, emil=10)
    s.speak(scores, *members)
    s.judge(scores, members[0])
    s.until()
    assert list(s.call("judgement")) == [0, 0, 0]
    bond = s.terms["bond"] * s.terms["unit"]
    with pytest.raises(Reverted, match="NotEnough"):
        s.send("claim", 1, 0, b"\x01" * 32, b"\x01" * 32, b"", sender="anna", value=bond)
    s.send("skip")
    assert [s.deposit(who) for who in members] == [500_000, 440_000, 440_000]


def test_scores__own_update__does_not_count(revealed):
    """Whoever praises only itself gains nothing by it."""
    s = revealed(committee=5)
    members = s.members()
    scores = {who: s.scores(**{each: 0 if each == who else 500 for each in FIVE}) for who in members}
    s.speak(scores, *members)
    s.judge(scores, *members)
    accepted, _, merits = s.call("judgement")
    assert accepted == 0b11111
    assert len({merits >> 16 * seat & 0xFFFF for seat in range(5)}) == 1


def test_scores__all_zero__all_are_in(revealed):
    s = revealed(committee=5)
    members = s.members()
    scores = dict.fromkeys(members, 0)
    s.speak(scores, *members)
    s.judge(scores, *members)
    assert s.call("judgement")[0] == 0b11111
    s.finalize(s.claim("anna"))


def test_committee__draws__are_even(deployed, create):
    """Every party is drawn sometimes, and never more than the terms say."""
    s = create(*FIVE, **TERMS, rounds=30)
    counts = dict.fromkeys(FIVE, 0)
    for _ in range(6):
        s.revealed(*FIVE)
        members = s.members()
        assert len(members) == 3
        for who in members:
            counts[who] += 1
        scores = words(s, anna=10, ben=10, cleo=10, dora=10, emil=10)
        s.speak(scores, *members)
        s.judge(scores, *members)
        s.finalize(s.claim("anna"))
    assert sum(counts.values()) == 18
    assert sum(count > 0 for count in counts.values()) >= 4


@pytest.mark.parametrize("liars", [2, 3])
def test_committee__that_colludes__decides_with_a_majority_and_not_before(revealed, liars):
    """Of five, two can throw nobody out; three can throw out whom they like. That is the documented cliff."""
    s = revealed(committee=5)
    members = s.members()
    honest = s.scores(anna=10, ben=10, cleo=10, dora=10, emil=10)
    lies = s.scores(anna=60_000, ben=60_000, cleo=10, dora=10, emil=10)
    scores = {who: lies if place < liars else honest for place, who in enumerate(reversed(members))}
    s.speak(scores, *members)
    s.judge(scores, *members)
    assert s.call("judgement")[0] == (0b11111 if liars == 2 else 0b11100)


def test_seed__chosen_by_withholding_a_salt__costs_the_fine_and_a_later_block_decides(create):
    """The last to reveal would know the draw, and keeps its salt for itself if it does not like it."""
    s = create(*FIVE, **TERMS)
    s.commit(*FIVE)
    s.reveal(*FIVE[:4])
    known = s.evm.web3.eth.block_number
    s.until()
    s.send("draw")
    members = s.members()
    assert s.ballot["drawnFrom"] > known
    assert "emil" not in members
    scores = words(s, anna=10, ben=10, cleo=10, dora=10)
    s.speak(scores, *members)
    s.judge(scores, *members)
    s.finalize(s.claim("anna"))
    assert s.deposit("emil") == 500_000 - TERMS["fine"]


def test_scores__of_the_round_before__count_for_nothing(create):
    s = create(*FIVE, **TERMS).revealed(*FIVE)
    members = s.members()
    scores = words(s, anna=10, ben=10, cleo=10, dora=10, emil=10)
    s.speak(scores, *members)
    old = {
        who: bytes.fromhex(s.updates[who].party[2:]) + scores[who].to_bytes(32, "big") + s.updates[who].salt
        for who in members
    }
    s.judge(scores, *members)
    s.finalize(s.claim("anna"))
    s.revealed(*FIVE)
    scores = words(s, anna=10, ben=10, cleo=10, dora=10, emil=10)
    s.speak(scores, *s.members())
    assert set(s.members()) & set(old)
    with pytest.raises(Reverted, match="NothingDone"):
        s.send("revealScores", b"".join(old.values()))
    s.judge(scores, *s.members())
