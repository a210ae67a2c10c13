"""Proof-of-Learning: each round is a task, whose best model wins.

models are in
├── late: not committed to, or not revealed, in time: it does not count, and the second costs the fine
├── the committee: of those who sent none, by a block after the last model
├── ranking: the least median; of equals the lower seat; liars up to half of it change nothing
│   ├── the winner's model is the round's; it claims first and gets four fifths
│   └── validators near the median share a fifth, others get nothing
├── no test set: all models are in, and share the reward
└── no majority of the committee, or fewer models than the quorum: void, the reward is the supplier's again
"""

import numpy as np
import pytest

from orchestrator.systems.federation.experiments.pol import TOP, ranking
from tests.contracts.federation.scenario import HOUR, NO_SEAT, PARTIES, Phase
from tests.evm import Reverted

TRAINERS, VALIDATORS = PARTIES[:3], PARTIES[3:8]
ALL = TRAINERS + VALIDATORS
NOTHING = 65_535
TERMS = {
    "policy": 5,
    "judging": HOUR,
    "committee": 5,
    "quorum": 2,
    "seats": 8,
    "maxWeight": 1,
    "rounds": 1,
    "maxVoids": 1,
}
SHARED = 1_000_000 - 110_000


@pytest.fixture
def task(create):
    """A task whose models are revealed."""

    def make(*trainers, **changes):
        s = create(*ALL, **TERMS | changes)
        s.commit(*(trainers or TRAINERS))
        s.until()
        s.reveal(*(trainers or TRAINERS))
        return s

    return make


def judged(s, *words):
    """The committee of five commits and reveals: a word of scores each, the last one for the rest."""
    members = s.members()
    scores = dict(zip(members, [*words, *[words[-1]] * len(members)], strict=False))
    s.speak(scores, *members)
    s.judge(scores, *members)
    return s


def test_round__best_model__wins_and_validators_are_paid(task):
    s = task()
    judged(s, s.scores(anna=300, ben=100, cleo=200))
    assert s.phase is Phase.CLAIMING
    accepted, order, merits = s.call("judgement")
    assert accepted == 0b010
    assert [order >> 8 * k & 255 for k in range(4)] == [2, 3, 1, 0]
    assert [merits >> 16 * k & 0xFFFF for k in range(8)] == [0, 20, 0, 1, 1, 1, 1, 1]
    with pytest.raises(Reverted, match="NotYourTurn"):
        s.claim("cleo")
    before = s.model
    posted = s.claim("ben")
    s.finalize(posted)
    own = s.updates["ben"].update.values[: s.terms["size"]]
    right = np.clip(before + own, -(2**31), 2**31 - 1)
    assert (s.model[: s.terms["size"]] == right).all()
    part = SHARED // 25
    assert [s.earned(who) for who in VALIDATORS] == [part] * 5
    assert s.earned("ben") == s.terms["bond"] + s.terms["fee"] + SHARED - 5 * part
    assert s.earned("anna") == s.earned("cleo") == 0
    s.settle(*ALL)


def test_validators__a_thousandth_from_the_median__are_paid_and_one_more_is_not(task):
    s = task()
    members = s.members()
    judged(s, *(s.scores(anna=300, ben=100 + off, cleo=300) for off in (0, 65, 66, -65, -66)))
    accepted, _, merits = s.call("judgement")
    assert accepted == 0b010
    near = sum(1 << 16 * s.seat(members[place]) for place in (0, 1, 3))
    assert merits == near | 4 * 3 << 16 * s.seat("ben")


def test_winner__other_model_claimed__is_refuted(task):
    s = task()
    judged(s, s.scores(anna=300, ben=100, cleo=200))

    def own(draft):
        draft.model = draft.model + 1

    posted = s.claim("ben", own)
    s.refute("refuteChunk", *s.evidence(posted, 0))
    assert s.phase is Phase.CLAIMING


def test_draw__who_sent_a_model__judges_nobody(task):
    s = task(committee=3)
    s.send("draw")
    with pytest.raises(Reverted, match="NothingDone"):
        s.speak(dict.fromkeys(TRAINERS, 1), *TRAINERS)
    assert s.ballot["committee"] & 0b111 == 0
    assert s.ballot["committee"].bit_count() == 3


def test_draw__before_the_last_model__is_refused(create):
    s = create(*ALL, **TERMS)
    s.commit(*TRAINERS)
    s.until()
    s.reveal("anna", "ben")
    with pytest.raises(Reverted, match="NotTheCommitteesTime"):
        s.send("draw")
    s.reveal("cleo")
    assert s.ballot["drawnFrom"] == s.evm.web3.eth.block_number  # whose hash nobody knew
    assert s.ballot["committee"] == 0


def test_late__not_revealed__does_not_count_and_costs_the_fine(create):
    s = create(*ALL, **TERMS)
    s.commit(*TRAINERS)
    s.until()
    with pytest.raises(Reverted, match="WrongPhase"):
        s.commit("dora")
    s.reveal("anna", "ben")
    s.until()
    s.send("draw")
    judged(s, s.scores(anna=300, ben=100, cleo=1))
    s.finalize(s.claim("ben"))
    assert s.deposit("cleo") == s.terms["deposit"] - s.terms["fine"]
    assert s.deposit("dora") == s.terms["deposit"]


def test_ties__lower_seat(task):
    s = task("cleo", "anna", "ben")
    judged(s, s.scores(anna=100, ben=100, cleo=100))
    assert s.call("judgement")[0] == 0b001


def test_test_set__never_released__all_are_in_and_the_reward_is_paid(task):
    s = task()
    judged(s, s.scores(anna=NOTHING, ben=NOTHING, cleo=NOTHING))
    accepted, _, merits = s.call("judgement")
    assert accepted == 0b111
    assert merits == 1 | 1 << 16 | 1 << 32
    held = s.balance("organizer")
    s.finalize(s.claim("anna"))
    assert s.balance("organizer") == held
    assert [s.earned(who) for who in ("ben", "cleo")] == [SHARED // 3] * 2
    assert not any(s.earned(who) for who in VALIDATORS)
    s.settle(*ALL)


def test_one_model__not_to_be_had__loses(task):
    s = task()
    judged(s, s.scores(anna=NOTHING, ben=65_534, cleo=NOTHING))
    assert s.call("judgement")[0] == 0b010


def test_silence__of_half__void_and_the_fine_is_the_trainers(task):
    s = task()
    members = s.members()
    scores = {who: s.scores(anna=1, ben=2, cleo=3) for who in members}
    s.speak(scores, *members[:2])
    s.evm.advance(2 * HOUR)
    s.judge(scores, *members[:2])
    s.until()
    assert s.call("judgement")[0] == 0
    s.send("skip")
    assert s.balance("organizer") == s.terms["reward"]
    assert [s.deposit(who) for who in members[2:]] == [s.terms["deposit"] - s.terms["fine"]] * 3
    assert [s.earned(who) for who in TRAINERS] == [s.terms["fine"]] * 3
    s.settle(*ALL)


def test_seats__filled_with_models_so_that_nobody_judges__earns_nothing(create):
    """Sharing the reward instead would pay whoever drives the judges out."""
    s = create(*ALL, **TERMS)
    s.commit(*ALL)
    s.reveal(*ALL)
    s.send("draw")
    assert s.ballot["committee"] == 0
    s.until()
    assert s.call("judgement")[0] == 0
    s.send("skip")
    assert not any(s.earned(who) for who in ALL)
    assert s.balance("organizer") == s.terms["reward"]
    s.settle(*ALL)


def test_seed__not_used_in_time__void_and_no_second_draw(task):
    s = task()
    s.evm.tester.mine_blocks(8200)
    with pytest.raises(Reverted, match="SeedLost"):
        s.send("draw")
    s.until()
    assert s.call("judgement")[0] == 0
    s.send("skip")
    assert s.phase is Phase.CLOSED


def test_too_few_models__void_and_the_reward_returns(create):
    s = create(*ALL, **TERMS)
    s.commit("anna")
    s.until()
    s.send("skip")
    assert s.phase is Phase.CLOSED
    assert s.balance("organizer") == s.terms["reward"]
    assert all(s.deposit(who) == s.terms["deposit"] for who in ALL)
    s.settle(*ALL)


@pytest.mark.parametrize("revealed", [("anna",), ("anna", "ben")])
def test_too_few_models__judged_at_once__cannot_be_claimed(create, revealed):
    """A trainer and its validators must not have the reward before somebody ends the round."""
    s = create(*ALL, **TERMS | {"quorum": 3})
    s.commit(*revealed)
    s.until()
    s.reveal(*revealed)
    s.send("draw")
    judged(s, s.scores(anna=1, ben=2))
    assert s.phase is Phase.CLAIMING
    assert s.call("judgement") == [0, 0, 0]
    with pytest.raises(Reverted, match="NotEnough"):
        s.send("claim", 1, 1, b"\1" * 32, b"\1" * 32, b"", sender="anna", value=s.terms["bond"] * 10**9)
    s.send("skip")
    assert s.balance("organizer") == s.terms["reward"]


def test_lying_validators__two_of_five__change_nothing_and_get_nothing(task):
    s = task()
    lie = s.scores(anna=0, ben=60_000, cleo=0)
    judged(s, lie, lie, s.scores(anna=300, ben=100, cleo=200))
    _, order, merits = s.call("judgement")
    assert [order >> 8 * k & 255 for k in range(3)] == [2, 3, 1]
    paid = [merits >> 16 * s.seat(who) & 0xFFFF for who in s.members()]
    assert paid == [0, 0, 1, 1, 1]
    assert merits >> 16 & 0xFFFF == 12


def test_excluded_winner__silent_to_a_demand__the_next_one_wins(task):
    s = task()
    judged(s, s.scores(anna=300, ben=100, cleo=200))
    no_claim = ("0x" + "00" * 20, 0, b"\0" * 32, b"\0" * 32, 0, 0, 0, 0, b"\0" * 32, 0)
    value = s.terms["stake"] * s.terms["unit"]
    s.send("demand", 0, s.evm.role("ben"), 0, no_claim, sender="refuter", value=value)
    s.evm.advance(s.terms["supply"])
    s.send("forfeit", 0, s.evm.role("ben"), 0, no_claim)
    assert s.call("judgement")[0] == 0b100
    s.finalize(s.claim("cleo"))


def test_rounds__validators_wait__keep_their_seats(create):
    """Who commits to nothing, round after round, is not idle: it may be drawn."""
    s = create(*ALL, **TERMS | {"rounds": 5})
    for _ in range(5):
        s.commit(*TRAINERS)
        s.until()
        s.reveal(*TRAINERS)
        judged(s, s.scores(anna=300, ben=100, cleo=200))
        s.finalize(s.claim("ben"))
    assert all(s.seat(who) != NO_SEAT for who in VALIDATORS)
    s.settle(*ALL)


@pytest.mark.parametrize("liars", [0, 1, 2])
@pytest.mark.parametrize("collude", [True, False])
def test_ranking__of_the_experiment__is_the_contracts(create, liars, collude):
    """Five models, five validators: the ranking that more than half agree on."""
    trainers, truth = PARTIES[:5], [8_100, 9_000, 9_300, 9_450, 9_600]
    s = create(*PARTIES, **TERMS | {"seats": 10, "quorum": 5})
    s.commit(*trainers)
    s.until()
    s.reveal(*trainers)
    rng = np.random.default_rng(liars)
    false = [TOP - 1, *truth[1:-1], 1]
    reports = [false if collude else rng.integers(1, TOP, 5).tolist() for _ in range(liars)]
    reports += [truth] * (5 - liars)
    judged(
        s, *[s.scores(**dict(zip(trainers, (TOP - each for each in row), strict=True))) for row in reports]
    )
    _, order, _ = s.call("judgement")
    assert [(order >> 8 * k & 255) - 1 for k in range(5)] == ranking(reports)
    assert ranking(reports) == [4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"committee": 4}, "committee"),
        ({"committee": 1}, "committee"),
        ({"committee": 7}, "seats"),
        ({"rule": 1}, "rule"),
        ({"pay": 2}, "pay"),
        ({"mode": 1, "width": 1}, "mode"),
        ({"maxWeight": 2}, "maxWeight"),
        ({"obliged": True}, "obliged"),
        ({"judging": 0}, "judging"),
        ({"difficulty": 1}, "difficulty"),
    ],
)
def test_create__terms_that_no_task_has__are_refused(create, changes, field):
    with pytest.raises(Reverted, match="InvalidTerms") as refused:
        create(*ALL, begun=False, **TERMS | changes)
    assert field.encode().hex() in str(refused.value) or field in str(refused.value)
