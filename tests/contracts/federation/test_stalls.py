"""Who may stop, and the way out for the others: a test for each row of the table of stalls, by its name.

stop
├── too few join
├── a party does not commit
├── fewer than the quorum commit, reveal or are in
├── committed, not revealed; a scorer or delegate is silent
├── an update cannot be fetched
├── the leader does not claim
├── a wrong claim
├── nobody cranks
├── the organizer is gone
└── a wallet refuses money
"""

from typing import Any

import pytest

from tests.contracts.federation.scenario import BURNT, HOUR, NO_SEAT, PARTIES, TERMS, Phase, Scenario
from tests.evm import Reverted

SHARE = TERMS["reward"] - TERMS["fee"] - TERMS["tip"]
FEE, TIP, FINE, BOND, DEPOSIT = (TERMS[name] for name in ("fee", "tip", "fine", "bond", "deposit"))
REWARD, ROUNDS, STAKE = TERMS["reward"], TERMS["rounds"], TERMS["stake"]
THREE, FOUR, FIVE = PARTIES[:3], PARTIES[:4], PARTIES[:5]
UPDATE = 0
NO_CLAIM = ("0x" + "00" * 20, 0, b"\0" * 32, b"\0" * 32, 0, 0, 0, 0, b"\0" * 32, 0)
QUALITY = {"policy": 1, "judging": HOUR, "committee": 3, "quorum": 3}
WORK = {"policy": 2, "judging": HOUR}
DELEGATES = {"policy": 4, "judging": HOUR, "committee": 4}


def off(draft: Any) -> None:
    draft.model[0] += 1


def test_too_few_join__after_the_deadline_close__budget_and_deposits_back(create):
    s = create("anna", begun=False)
    for name in ("begin", "close"):
        with pytest.raises(Reverted, match="NotEnough"):
            s.send(name)
    s.until()
    with pytest.raises(Reverted, match="NotEnough"):
        s.send("begin")
    s.send("close")
    assert s.balance("organizer") == ROUNDS * REWARD
    s.settle("anna")


def test_a_party_does_not_commit__absent_without_a_fine__three_misses_in_a_row_free_the_seat(create):
    s = create(*THREE, rounds=9)
    for _ in range(3):
        assert s.state["seats"] == 0b111
        s.play("anna", "ben")
    assert s.deposit("cleo") == DEPOSIT
    assert s.state["seats"] == 0b011
    with pytest.raises(Reverted, match="NotAParty"):
        s.commit("cleo")
    s.send("evict", s.evm.role("cleo"))
    assert s.balance("cleo") == DEPOSIT
    assert s.seat("cleo") == NO_SEAT
    s.join("cleo")
    assert s.state["seats"] == 0b111


def test_a_party_does_not_commit__obliged_by_the_terms__the_fine(create):
    s = create(*THREE, obliged=True)
    s.play("anna", "ben")
    assert s.deposit("cleo") == DEPOSIT - FINE
    assert s.earned("ben") == SHARE // 2 + FINE // 2


def stopped(create: Any, where: str) -> Scenario:
    """A round that fewer than its quorum of three commit to, reveal in, or are in."""
    s = create(*FOUR, **(WORK if where == "are in" else {}), quorum=3)
    s.commit(*(FOUR[:2] if where == "commit" else FOUR))
    if where != "commit":
        s.reveal(*(FOUR[:2] if where == "reveal" else FOUR))
    if where == "are in":
        s.vote(*FOUR, of=FOUR[:2])
    return s


@pytest.mark.parametrize("where", ["commit", "reveal", "are in"])
def test_fewer_than_the_quorum__skip__void_and_the_budget_kept(create, where):
    s = stopped(create, where)
    if where != "are in":  # all have voted: nothing is waited for
        s.until()
    s.send("skip")
    assert (s.state["voids"], s.state["done"], s.phase) == (1, 0, Phase.COMMITTING)
    fined = set(FOUR[2:]) if where == "reveal" else set()
    assert {who for who in FOUR if s.deposit(who) < DEPOSIT} == fined
    s.until()
    s.send("skip")
    assert s.phase is Phase.CLOSED
    assert s.balance("organizer") == ROUNDS * REWARD
    s.settle(*FOUR)


def test_committed_and_not_revealed__fine_to_those_who_acted__the_rest_go_on(create):
    s = create(*THREE)
    s.commit(*THREE)
    s.reveal("anna", "ben")
    assert s.phase is Phase.REVEALING
    s.until()
    s.finalize(s.claim("anna"))
    assert s.deposit("cleo") == DEPOSIT - FINE
    assert s.earned("ben") == SHARE // 2 + FINE // 2


def test_fine__that_does_not_divide__the_rest_to_the_lowest_who_acted(create):
    s = create(*FOUR, fine=100_001, quorum=3)
    s.commit(*FOUR)
    s.reveal(*FOUR[:3])
    s.until()
    s.finalize(s.claim(FOUR[2]))
    parts = (REWARD - FEE - TIP) // 3
    assert [s.earned(who) - parts for who in FOUR[:2]] == [33_335, 33_333]


def test_fine__two_would_be_left__the_seat_stays_until_less_than_one_is(create):
    s = create(*FOUR, fine=DEPOSIT // 2, quorum=3)
    for lost in (DEPOSIT // 2, DEPOSIT):
        s.commit(*FOUR)
        s.reveal(*FOUR[:3])
        s.until()
        s.finalize(s.claim(FOUR[0]))
        assert s.deposit(FOUR[3]) == DEPOSIT - lost
        assert s.state["seats"] == (0b1111 if lost < DEPOSIT else 0b0111)


def test_a_scorer_is_silent__fine__the_median_over_the_rest(create):
    s = create(*FIVE, **QUALITY).revealed(*FIVE)
    members = s.members()
    scores = dict.fromkeys(members, s.scores(**dict.fromkeys(FIVE, 10)))
    s.speak(scores, *members)
    s.judge(scores, *members[:2])
    s.until()
    assert s.call("judgement")[0] == 0b11111
    s.finalize(s.claim(FIVE[0]))
    assert {who for who in FIVE if s.deposit(who) < DEPOSIT} == {members[2]}


def test_half_of_the_scorers_are_silent__void__drawn_anew_by_the_next_rounds_seed(create):
    s = create(*FIVE, **QUALITY).revealed(*FIVE)
    members, first = s.members(), s.ballot
    scores = dict.fromkeys(members, s.scores(**dict.fromkeys(FIVE, 10)))
    s.speak(scores, *members)
    s.judge(scores, members[0])
    s.until()
    s.send("skip")
    assert [s.deposit(who) for who in members] == [DEPOSIT, DEPOSIT - FINE, DEPOSIT - FINE]
    s.revealed(*FIVE)
    s.members()
    assert s.ballot["round"] == 2
    assert s.ballot["drawnFrom"] > first["drawnFrom"]


def test_a_delegate_is_silent__fine__the_others_votes_count(create):
    s = create(*FIVE, **DELEGATES).revealed(*FIVE)
    s.vote(*THREE)
    s.until()
    leader = (s.call("judgement")[1] & 255) - 1
    s.finalize(s.claim(next(who for who in FIVE if s.seat(who) == leader)))
    assert {who for who in FIVE if s.deposit(who) < DEPOSIT} == {"dora"}


@pytest.mark.parametrize("posts", [True, False])
def test_an_update_cannot_be_fetched__demand__the_party_posts_it_or_is_fined_and_out(create, posts):
    s = create(*THREE).revealed(*THREE)
    ben = s.evm.role("ben")
    s.send("demand", UPDATE, ben, 0, NO_CLAIM, sender="refuter", value=STAKE * s.terms["unit"])
    if posts:
        s.send("supply", UPDATE, 0, NO_CLAIM, (*s.updates["ben"].chunk(0, 3)[:-1], []))
        assert s.balance("ben") == STAKE  # it pays for the gas
    else:
        s.evm.advance(s.terms["supply"])
        s.send("forfeit", UPDATE, ben, 0, NO_CLAIM)
        assert s.balance("refuter") == STAKE
        assert s.deposit("ben") == DEPOSIT - FINE
    posted = s.claim("anna")
    assert posted.claim[4] == (0b111 if posts else 0b101)
    s.finalize(posted)


@pytest.mark.parametrize(("turns", "who"), [(1, "ben"), (2, "cleo"), (3, "emil")])
def test_the_leader_does_not_claim__fine__the_next_in_order_may_and_then_any_seat(create, turns, who):
    """In order are the three that are in: another turn after theirs is anybody's."""
    s = three_in_order(create)
    s.until(-(5 - turns) * s.terms["turn"] + 1)
    with pytest.raises(Reverted, match="NotYourTurn"):
        s.claim(who)
    s.until(-(4 - turns) * s.terms["turn"])
    s.finalize(s.claim(who))
    assert {each for each in FIVE if s.deposit(each) < DEPOSIT} == {"anna"}
    assert s.deposit("anna") == DEPOSIT - FINE


def test_the_leader_does_not_claim__nor_anybody__skip(create):
    s = three_in_order(create)
    with pytest.raises(Reverted, match="TooEarly"):
        s.send("skip")
    s.until()
    s.send("skip")
    assert s.state["voids"] == 1
    assert {who for who in FIVE if s.deposit(who) < DEPOSIT} == {"anna"}


def three_in_order(create: Any) -> Scenario:
    s = create(*FIVE, **QUALITY).revealed(*FIVE)
    members = s.members()
    scores = dict.fromkeys(members, s.scores(anna=10, ben=11, cleo=12, dora=90, emil=90))
    s.speak(scores, *members)
    s.judge(scores, *members)
    return s


def test_a_wrong_claim__refuted__half_of_the_bond_to_the_refuter_and_claims_anew_for_the_next(create):
    s = create("organizer", *THREE).revealed("organizer", *THREE)
    posted = s.claim("organizer", off)
    s.refute("refuteChunk", *s.evidence(posted, 0))
    assert s.balance("refuter") == BOND // 2
    assert s.balance(BURNT) == BOND - BOND // 2  # of a pot, its friends would get a part back
    assert s.phase is Phase.CLAIMING
    assert s.call("clock")[1] == s.evm.now + s.terms["turn"]
    with pytest.raises(Reverted, match="NotYourTurn"):
        s.claim("organizer")
    s.finalize(s.claim("anna"))
    assert s.earned("anna") == SHARE // 4 + SHARE % 4 + FEE + BOND


def test_nobody_cranks__anyone_may__and_a_round_that_ends_pays_a_tip(create):
    s = create(*THREE, begun=False)
    s.until()
    s.send("begin", sender="stranger")
    s.until()
    s.send("skip", sender="stranger")
    assert s.balance("stranger") == 0  # a void round pays nothing
    s.revealed(*THREE)
    s.finalize(s.claim("anna"), sender="stranger")
    assert s.balance("stranger") == TIP


def test_the_organizer_is_gone__holds_no_power__the_others_play_to_the_end(create):
    """Without a seat, nothing that it could call does anything but for its own balance."""
    s = create(*THREE, rounds=2)
    for name, args in (
        ("commit", (1, b"\1" * 32)),
        ("claim", (1, 7, b"\1" * 32, b"\1" * 32, b"")),
        ("evict", (s.evm.role("anna"),)),
        ("close", ()),
        ("skip", ()),
        ("leave", ()),
    ):
        with pytest.raises(Reverted):
            s.send(name, *args, sender="organizer")
    for _ in range(2):
        s.play(*THREE)
    assert s.phase is Phase.CLOSED
    s.settle(*THREE)


def test_a_wallet_refuses_money__stops_nobody__and_sends_it_to_another(create, evm):
    s = create(*THREE, begun=False, rounds=1)
    wallet = evm.deploy("MarketWallet")  # takes no ether

    def run(name: str, *args: Any, value: int = 0) -> None:
        data = s.contract.functions[name](*args)._encode_transaction_data()
        evm.send(wallet.functions.run(s.contract.address, value, data), "stranger", value)

    run("join", b"", value=DEPOSIT * s.terms["unit"])
    s.begin()
    s.play(*THREE)
    assert s.phase is Phase.CLOSED
    run("leave")
    owed = s.call("balanceOf", wallet.address)
    assert owed == DEPOSIT * s.terms["unit"]
    with pytest.raises(Reverted):
        run("withdraw", wallet.address, owed)
    assert s.call("balanceOf", wallet.address) == owed
    before = evm.web3.eth.get_balance(evm.role("refuter"))
    run("withdraw", evm.role("refuter"), owed)
    assert evm.web3.eth.get_balance(evm.role("refuter")) == before + owed
    s.settle(*THREE)
