"""A federation's course, and the way out of every stop.

federation
├── joined: begun when full, or from the start on with a quorum
│   ├── committed, revealed, claimed, unchallenged: finalized, paid, the next round
│   │   ├── not committed: absent, three in a row cost the seat
│   │   ├── not revealed: the fine, which those who acted share
│   │   ├── leader silent: the fine, the next may
│   │   ├── claim wrong: refuted; the time for claims begins again
│   │   └── no claim: void
│   ├── too few commit or reveal: void
│   └── as many void rounds as the terms bear, or all rounds done: closed
└── too few joined: closed
"""

import numpy as np
import pytest

from orchestrator.learning.aggregation.chunks import encode
from tests.contracts.federation.scenario import BURNT, TERMS, Phase
from tests.evm import Reverted

SHARE = TERMS["reward"] - TERMS["fee"] - TERMS["tip"]
FEE, TIP, FINE, BOND, DEPOSIT = (TERMS[name] for name in ("fee", "tip", "fine", "bond", "deposit"))
THREE = ("anna", "ben", "cleo")


def test_round__all_act__pays_exactly_the_reward(create):
    s = create("organizer", *THREE)
    posted = s.play("organizer", *THREE)
    part, rest = divmod(SHARE, 4)
    assert s.earned("anna") == s.earned("ben") == s.earned("cleo") == part
    assert s.earned("organizer") == part + rest + FEE + BOND
    assert s.balance("stranger") == TIP
    assert s.state["round"] == 2
    assert s.state["done"] == 1
    assert s.phase is Phase.COMMITTING
    assert s.call("heads")[0] == s.record
    assert not np.array_equal(posted.model, np.zeros_like(posted.model))


def test_rounds__all_done__closes_and_everything_leaves(create):
    s = create("organizer", *THREE)
    for _ in range(3):
        s.play("organizer", *THREE)
    assert s.phase is Phase.CLOSED
    s.settle("organizer", *THREE)


def test_close__enough_joined__refused(create):
    s = create("anna", "ben", begun=False)
    s.until()
    with pytest.raises(Reverted, match="NotEnough"):
        s.send("close")


def test_close__again_or_in_a_round__refused(create):
    """Or the budget would be returned twice, or while it is earned."""
    s = create("anna", begun=False)
    s.until()
    s.send("close")
    budget = s.balance("organizer")
    with pytest.raises(Reverted, match="NotTheTime"):
        s.send("close")
    assert s.balance("organizer") == budget
    s = create("anna", "ben", "cleo", quorum=3)
    s.send("leave", sender="cleo")
    with pytest.raises(Reverted, match="NotTheTime"):
        s.send("close")


def test_begin__before_the_start__waits_for_all_seats(create):
    s = create("anna", "ben", begun=False, seats=3)
    with pytest.raises(Reverted, match="NotEnough"):
        s.send("begin")


def test_begin__all_seats_taken__before_the_start(create):
    s = create("anna", "ben", begun=False, seats=2)
    s.send("begin")
    assert s.phase is Phase.COMMITTING
    with pytest.raises(Reverted, match="NotTheTime"):
        s.send("begin")


def test_join__while_commitments_are_taken__takes_part_at_once(create):
    s = create("anna", "ben")
    s.commit("anna")
    s.join("cleo")
    s.commit("ben", "cleo")
    assert s.phase is Phase.REVEALING
    with pytest.raises(Reverted, match="NotTheTime"):
        s.join("dora")


def test_commit__all_did__ends_the_phase_early(create):
    s = create(*THREE)
    s.commit("anna", "ben")
    assert s.phase is Phase.COMMITTING
    s.commit("cleo")
    assert s.phase is Phase.REVEALING
    s.reveal("anna", "cleo", "ben")
    assert s.phase is Phase.CLAIMING


def test_commit__absent_twice_and_back__begins_to_count_again(create):
    s = create(*THREE, rounds=9)
    for parties in (("anna", "ben"), ("anna", "ben"), THREE, ("anna", "ben"), ("anna", "ben")):
        s.play(*parties)
    assert s.state["seats"] == 0b111


def test_reveal__silent_until_the_deposit_is_gone__loses_the_seat(create):
    s = create(*THREE, rounds=9, deposit=250_000)
    for round_ in range(2):
        assert s.state["seats"] == 0b111, round_
        s.commit(*THREE)
        s.reveal("anna", "ben")
        s.until()
        s.finalize(s.claim("anna"))
    assert s.deposit("cleo") == 50_000
    assert s.state["seats"] == 0b011


def test_skip__too_few_commit__void_without_fines(create):
    s = create(*THREE)
    s.commit("anna")
    with pytest.raises(Reverted, match="WrongPhase"):
        s.send("skip")
    s.until()
    s.send("skip")
    assert s.state["voids"] == 1
    assert s.state["round"] == 2
    assert s.state["done"] == 0
    assert s.deposit("anna") == DEPOSIT


def test_skip__too_few_reveal__fines_the_silent(create):
    s = create(*THREE)
    s.commit(*THREE)
    s.reveal("anna")
    with pytest.raises(Reverted, match="WrongPhase"):
        s.send("skip")
    s.until()
    s.send("skip")
    assert s.deposit("ben") == s.deposit("cleo") == DEPOSIT - FINE
    assert s.earned("anna") == 2 * FINE


def test_skip__just_the_quorum__no_sooner_than_of_any_other_round(create):
    s = create(*THREE)
    s.commit("anna", "ben")
    s.until()
    with pytest.raises(Reverted, match="WrongPhase"):
        s.send("skip")  # while they reveal
    s.reveal("anna", "ben")
    with pytest.raises(Reverted, match="TooEarly"):
        s.send("skip")  # while claims are taken
    s.until()
    s.send("skip")
    assert [s.deposit(who) for who in THREE] == [DEPOSIT] * 3  # nobody was in turn, so nobody is fined


@pytest.mark.parametrize(("deposit", "left"), [(DEPOSIT, DEPOSIT - 2 * FINE), (FINE + FINE // 2, 0)])
def test_skip__leader_did_not_reveal_either__fined_twice_or_all_it_has(create, deposit, left):
    s = create("organizer", *THREE, deposit=deposit)
    s.commit("organizer", *THREE)
    s.reveal(*THREE)
    s.until()
    s.evm.advance(TERMS["turn"])
    s.until()
    s.send("skip")
    assert s.deposit("organizer") == left
    assert sum(s.earned(who) for who in THREE) == deposit - left


def test_skip__nobody_reveals__fines_are_burnt(create):
    s = create(*THREE)
    s.commit(*THREE)
    s.until()
    s.send("skip")
    assert s.balance(BURNT) == 3 * FINE


def test_skip__as_often_as_the_terms_bear__closes(create):
    s = create(*THREE)
    for _ in range(2):
        s.until()
        s.send("skip")
    assert s.phase is Phase.CLOSED
    assert s.balance("organizer") == 3 * TERMS["reward"]
    with pytest.raises(Reverted, match="WrongPhase"):
        s.send("skip")
    s.settle(*THREE)


def test_claim__leader_silent__pays_the_fine_and_the_next_claims(create):
    s = create("organizer", *THREE)
    s.revealed("organizer", *THREE)
    with pytest.raises(Reverted, match="NotYourTurn"):
        s.claim("ben")
    s.until(-TERMS["turn"])
    s.finalize(s.claim("ben"))
    assert s.deposit("organizer") == DEPOSIT - FINE
    assert s.earned("cleo") == SHARE // 4 + FINE // 3


def test_claim__nobody__void_and_the_leader_fined(create):
    s = create("organizer", *THREE)
    s.revealed("organizer", *THREE)
    with pytest.raises(Reverted, match="TooEarly"):
        s.send("skip")
    s.until()
    s.send("skip")
    assert s.state["voids"] == 1
    assert s.deposit("organizer") == DEPOSIT - FINE
    assert s.deposit("anna") == DEPOSIT


def test_claim__organizer_has_no_seat__anyone_at_once(create):
    s = create(*THREE)
    s.revealed(*THREE)
    s.finalize(s.claim("cleo"))
    assert s.earned("cleo") > s.earned("anna")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"round": 2}, "WrongRound"),
        ({"modelRoot": b"\0" * 32}, "NoModel"),
        ({"trace": b"\1" * 128}, "UnexpectedTrace"),
        ({"trace": b"\0" * 32 + b"\1" * 96}, "UnexpectedTrace"),  # of no products, and yet of who is selected
        ({"accepted": 3}, "WrongUpdates"),
    ],
)
def test_claim__of_another_round_or_of_nothing__refused(create, changed, error):
    s = create(*THREE).revealed(*THREE)
    about = {"round": 1, "accepted": 7, "modelRoot": b"\1" * 32, "cid": b"\1" * 32, "trace": b""} | changed
    value = BOND * TERMS["unit"]
    with pytest.raises(Reverted, match=error):
        s.send("claim", *about.values(), sender="anna", value=value)
    s.finalize(s.claim("anna"))


def test_claim__fewer_than_the_quorum_revealed__refused(create):
    s = create(*THREE)
    s.commit(*THREE)
    s.reveal("anna")
    s.until()
    with pytest.raises(Reverted, match="NotEnough"):
        s.claim("anna")


def test_leave__before_committing__at_once(create):
    s = create(*THREE)
    s.commit("anna")
    with pytest.raises(Reverted, match="InRound"):
        s.send("leave", sender="anna")
    s.send("leave", sender="cleo")
    assert s.balance("cleo") == DEPOSIT
    s.commit("ben")
    assert s.phase is Phase.REVEALING


def test_leave__in_a_round__waits_for_its_end(create):
    s = create(*THREE)
    s.commit("anna", "ben")
    s.until()
    with pytest.raises(Reverted, match="InRound"):
        s.send("leave", sender="cleo")
    s.reveal("anna", "ben")
    posted = s.claim("anna")
    with pytest.raises(Reverted, match="InRound"):
        s.send("leave", sender="cleo")
    s.finalize(posted)
    s.send("leave", sender="cleo")
    assert s.balance("cleo") == DEPOSIT


def test_withdraw__earnings_of_a_seat__while_it_goes_on(create):
    s = create(*THREE)
    s.play(*THREE)
    earned = s.earned("ben")
    s.send("withdraw", s.evm.role("stranger"), earned * s.terms["unit"], sender="ben")
    assert s.earned("ben") == 0
    assert s.balance("ben") == 0
    s.play(*THREE)
    assert s.earned("ben") == earned


def test_forfeit__update_not_supplied__out_with_the_fine_and_the_claim_falls(create):
    s = create(*THREE, size=70)
    s.revealed(*THREE)
    posted = s.claim("anna")
    stake = s.terms["stake"] * s.terms["unit"]
    ben = s.evm.role("ben")
    s.send("demand", 0, ben, 0, posted.claim, sender="refuter", value=stake)
    with pytest.raises(Reverted, match="TooEarly"):
        s.send("forfeit", 0, ben, 0, posted.claim)
    s.evm.advance(s.terms["supply"])
    s.send("forfeit", 0, ben, 0, posted.claim)
    assert s.balance("refuter") == TERMS["stake"]
    assert s.deposit("ben") == DEPOSIT - FINE
    assert s.balance("anna") == BOND + FINE // 2
    assert s.phase is Phase.CLAIMING
    assert s.state["seats"] == 0b101
    s.finalize(s.claim("anna"))
    assert s.earned("cleo") == FINE // 2 + SHARE // 2


@pytest.mark.parametrize("silent", [False, True])
def test_demand__claimed_model__shown_or_lost(create, silent):
    s = create(*THREE, size=70)
    s.revealed(*THREE)
    posted = s.claim("anna")
    stake = s.terms["stake"] * s.terms["unit"]
    anna = s.evm.role("anna")
    s.send("demand", 1, anna, 0, posted.claim, sender="refuter", value=stake)
    if silent:
        s.until()
        with pytest.raises(Reverted, match="DemandsOpen"):
            s.send("finalize", posted.claim)
        with pytest.raises(Reverted, match="TooLate"):
            s.send("supply", 1, 0, posted.claim, (anna, b"\0" * 32, 0, 0, b"\0" * 32, b"", []))
        s.send("forfeit", 1, anna, 0, posted.claim)
        assert s.balance("refuter") == TERMS["stake"] + BOND // 2
        assert s.state["tried"] == 1
        assert s.phase is Phase.CLAIMING
        return
    head = (anna, b"\0" * 32, 0, 0, b"\0" * 32)
    s.send("supply", 1, 0, posted.claim, (*head, encode(posted.model, 4), []))
    s.finalize(posted)


def test_demand__too_late_to_answer_and_refute__refused(create):
    """Nobody delays a round by asking for its own parts one after the other."""
    s = create(*THREE, size=70)
    s.revealed(*THREE)
    posted = s.claim("anna")
    stake = s.terms["stake"] * s.terms["unit"]
    s.evm.advance(s.terms["challenge"] - 2 * s.terms["supply"] + 1)
    with pytest.raises(Reverted, match="NotTheTime"):
        s.send("demand", 0, s.evm.role("ben"), 0, posted.claim, sender="ben", value=stake)


def test_commit__for_another_round__refused(create):
    """What was signed for the next one, or is mined a round too late, binds nobody."""
    s = create("anna", "ben", "cleo")
    s.train("anna")
    for number in (0, 2):
        with pytest.raises(Reverted, match="WrongRound"):
            s.send("commit", number, s.commitment("anna"), sender="anna")
    assert s.state["committed"] == 0


def test_reveal__before_or_after_its_time__refused(create):
    s = create("anna", "ben", "cleo")
    s.commit("anna", "ben")
    with pytest.raises(Reverted, match="WrongPhase"):
        s.reveal("anna")
    s.until()
    s.reveal("anna")
    s.until()
    with pytest.raises(Reverted, match="WrongPhase"):
        s.reveal("ben")
    assert s.state["revealed"] == 1
