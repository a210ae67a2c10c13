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
    copy = s.opening(first, scores[first], s.seat(second))
    with pytest.raises(Reverted, match="NothingDone"):
        s.send("revealScores", copy)
    s.send("revealScores", copy + s.opening(first, scores[first]))
    assert s.ballot["judged"] == 1 << s.seat(first)


@pytest.mark.parametrize("seat", ["another member's", "no member's", "nobody's", "none", 16, 255])
def test_judge__another_seat_is_named__opens_nothing(revealed, seat):
    s = revealed()
    members = s.members()
    scores = words(s, anna=1, ben=2, cleo=3, dora=4, emil=5)
    s.speak(scores, *members)
    member, other = members[:2]
    outside = next(who for who in FIVE if who not in members)
    named = {"another member's": s.seat(other), "no member's": s.seat(outside), "nobody's": 5, "none": 15}
    attack = s.opening(member, scores[member], named.get(seat, seat))
    with pytest.raises(Reverted, match="NothingDone"):
        s.send("revealScores", attack)
    s.send("revealScores", attack + s.opening(member, scores[member]))
    assert s.ballot["judged"] == 1 << s.seat(member)
    assert s.call("scoresOf", s.seat(other)) == s.scores_commitment(other, scores[other])


def test_judge__one_seat_twice__counts_once(revealed):
    s = revealed()
    members = s.members()
    scores = words(s, anna=1, ben=2, cleo=3, dora=4, emil=5)
    s.speak(scores, *members)
    member = members[0]
    entry = s.opening(member, scores[member])
    receipt = s.send("revealScores", entry + s.opening(member, 0) + entry)
    assert len(s.events("ScoresRevealed", receipt)) == 1
    assert int.from_bytes(s.call("scoresOf", s.seat(member)), "big") == scores[member]
    with pytest.raises(Reverted, match="NothingDone"):
        s.send("revealScores", entry)


@pytest.mark.parametrize("length", [1, 64, 66, 84])
def test_judge__not_whole_entries__refused(revealed, length):
    s = revealed()
    members = s.members()
    s.speak(words(s, anna=1), *members)
    with pytest.raises(Reverted, match="NotEntries"):
        s.send("revealScores", b"\1" * length)


@pytest.mark.parametrize("length", [1, 95, 97])
def test_speak__not_whole_entries__refused(revealed, length):
    s = revealed()
    member = s.members()[0]
    commitment = s.scores_commitment(member, 1)
    entry = commitment + s.sign(member, "Scores", 1, commitment)
    with pytest.raises(Reverted, match="NotEntries"):
        s.send("commitScores", (entry + entry)[:length])


def test_speak__twice_in_one_batch__the_first_counts(revealed):
    s = revealed()
    member, other = s.members()[:2]
    entries = b""
    for score in (1, 2):
        commitment = s.scores_commitment(member, score)
        entries += commitment + s.sign(member, "Scores", 1, commitment)
    commitment = s.scores_commitment(other, 3)
    entries += commitment + s.sign(other, "Scores", 1, commitment)
    receipt = s.send("commitScores", entries)
    both = 1 << s.seat(member) | 1 << s.seat(other)
    assert [each["seats"] for each in s.events("ScoresCommitted", receipt)] == [both]
    assert s.call("scoresOf", s.seat(member)) == s.scores_commitment(member, 1)


def test_speak__not_drawn_yet__draws_those_whom_the_block_says(revealed):
    s = revealed()
    assert s.ballot["committee"] == 0
    members = s.awaited()
    mask = sum(1 << s.seat(who) for who in members)
    receipt = s.send("commitScore", s.scores_commitment(members[0], 7), sender=members[0])
    assert [each["committee"] for each in s.events("Drawn", receipt)] == [mask]
    assert s.members() == members
    assert s.call("scoresOf", s.seat(members[0])) == s.scores_commitment(members[0], 7)
    with pytest.raises(Reverted, match="AlreadyDrawn"):
        s.send("draw")


def test_speak__not_drawn_yet_by_who_will_not_be__draws_nobody(revealed):
    s = revealed()
    members = s.awaited()
    outside = next(who for who in FIVE if who not in members)
    scores = dict.fromkeys(FIVE, 7)
    with pytest.raises(Reverted, match="NothingDone"):
        s.speak(scores, outside)
    with pytest.raises(Reverted, match="NotAParty"):
        s.send("commitScore", b"\1" * 32, sender=outside)
    assert s.ballot["committee"] == 0
    s.speak(scores, members[0], outside)
    assert s.ballot["spoke"] == 1 << s.seat(members[0])


def test_committee_from__any_hash__as_many_of_those_who_revealed(create):
    s = create(*FIVE, **TERMS)
    assert s.call("committeeFrom", b"\1" * 32) == 0  # no block is fixed
    s.commit(*FIVE)
    s.reveal(*FIVE[:4])
    s.until()
    assert s.call("committeeFrom", b"\1" * 32) == 0
    s.send("draw")
    found = {s.call("committeeFrom", bytes([number]) * 32) for number in range(64)}
    assert {mask.bit_count() for mask in found} == {3}
    assert found == {0b0111, 0b1011, 0b1101, 0b1110}


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


def test_speak__second_in_which_others_may_reveal__too_late_to_speak(revealed):
    s = revealed()
    members = s.members()
    scores = words(s, anna=1)
    s.speak(scores, *members[:2])
    s.at(s.state["since"] + 2 * 3600 + 3600)
    with pytest.raises(Reverted, match="NotTheCommitteesTime"):
        s.speak(scores, members[2])


def test_judge__second_in_which_the_time_to_speak_ends__is_taken(revealed):
    s = revealed()
    members = s.members()
    scores = words(s, anna=1)
    s.speak(scores, *members[:2])
    s.at(s.state["since"] + 2 * 3600 + 3600)
    s.judge(scores, *members[:2])


@pytest.mark.parametrize("later", [0, 1])
def test_judge__once_claims_may_begin__too_late(revealed, later):
    """Whoever waits would choose what is in with the claims in view."""
    s = revealed()
    members = s.members()
    scores = words(s, anna=1)
    s.speak(scores, *members)
    s.judge(scores, *members[:2])
    judged = list(s.call("judgement"))
    s.at(s.call("clock")[1] + later)
    with pytest.raises(Reverted, match="NotTheCommitteesTime"):
        s.judge(scores, members[2])
    assert list(s.call("judgement")) == judged


@pytest.mark.parametrize("act", ["draw", "speak", "judge"])
def test_committee__once_a_claim_is_posted__can_do_nothing(revealed, act):
    s = revealed()
    members = s.members()
    scores = words(s, anna=10, ben=10, cleo=10, dora=10, emil=10)
    s.speak(scores, *members)
    s.judge(scores, *members)
    s.claim("anna")
    acts = {
        "draw": lambda: s.send("draw"),
        "speak": lambda: s.speak(scores, *members),
        "judge": lambda: s.judge(scores, *members),
    }
    with pytest.raises(Reverted, match="NotTheCommitteesTime"):
        acts[act]()


def test_draw__before_the_first_round_while_committing_or_in_the_end__refused(create):
    s = create(*FIVE, **TERMS, begun=False, rounds=1)
    with pytest.raises(Reverted, match="NotTheCommitteesTime"):
        s.send("draw")
    s.begin()
    s.commit(*FIVE[:4])
    with pytest.raises(Reverted, match="NotTheCommitteesTime"):
        s.send("draw")
    s.commit("emil")
    s.reveal(*FIVE)
    members = s.members()
    scores = words(s, anna=10, ben=10, cleo=10, dora=10, emil=10)
    s.speak(scores, *members)
    s.judge(scores, *members)
    s.finalize(s.claim("anna"))
    s.evm.advance(3 * 3600)
    assert s.phase is Phase.CLOSED
    with pytest.raises(Reverted, match="NotTheCommitteesTime"):
        s.send("draw")


def test_committee__of_the_round_before__has_no_say(revealed):
    """Where somebody is silent no block is fixed until `draw`, and the old committee is still there."""
    s = revealed()
    members = s.members()
    scores = words(s, anna=10, ben=10, cleo=10, dora=10, emil=10)
    s.speak(scores, *members)
    s.judge(scores, *members)
    s.finalize(s.claim("anna"))
    s.commit(*FIVE)
    s.reveal(*FIVE[:4])
    s.until(2)
    assert s.phase is Phase.JUDGING
    assert list(s.call("judgement")) == [0, 0, 0]
    with pytest.raises(Reverted, match="NotTheCommitteesTime"):
        s.speak(scores, *members)
    with pytest.raises(Reverted, match="NotTheCommitteesTime"):
        s.judge(scores, *members)


def test_scores__half_again_the_median__is_in_and_one_more_is_not(revealed):
    s = revealed(committee=5)
    members = s.members()
    scores = words(s, anna=100, ben=120, cleo=110, dora=180, emil=181)
    s.speak(scores, *members)
    s.judge(scores, *members)
    accepted, _, merits = s.call("judgement")
    assert accepted == 0b01111
    assert merits >> 16 * 3 & 0xFFFF == 1


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


def test_leader__that_was_a_silent_judge_too__loses_both_fines_and_no_more_than_its_deposit(revealed):
    s = revealed(fine=300_000, committee=5, pay=0)
    members = s.members()
    scores = words(s, anna=1, ben=10, cleo=10, dora=10, emil=10)
    s.speak(scores, *members)
    s.judge(scores, *(who for who in members if who != "anna"))
    s.until(2)
    assert s.call("judgement")[1] & 255 == 1 + s.seat("anna")
    s.evm.advance(16 * 3600)
    s.send("skip")
    assert s.deposit("anna") == 0
    assert [s.earned(who) for who in FIVE[1:]] == [125_000] * 4


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
    old = {who: s.opening(who, scores[who]) for who in members}
    s.judge(scores, *members)
    s.finalize(s.claim("anna"))
    s.revealed(*FIVE)
    scores = words(s, anna=20, ben=10, cleo=10, dora=10, emil=10)
    s.speak(scores, *s.members())
    assert set(s.members()) & set(old)
    with pytest.raises(Reverted, match="NothingDone"):
        s.send("revealScores", b"".join(old.values()))
    s.judge(scores, *s.members())
