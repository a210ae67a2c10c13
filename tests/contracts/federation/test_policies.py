"""
Policies that vote
├── work: more than half of all seats; a nonce that binds sender and result; the target follows the time
├── stake: more than two thirds of what is behind seats; leaders drawn by the same
├── delegates: elected by what is behind them; they vote and claim in turn
└── backing: free between rounds, held within, never lost
"""

from itertools import accumulate

import pytest
from eth_utils.crypto import keccak

from tests.contracts.federation.scenario import HOUR, NO_SEAT, PARTIES, TERMS, Phase
from tests.evm import Reverted

FOUR = PARTIES[:4]
ALL = {"judging": HOUR, "rounds": 9, "maxVoids": 9}
WORK = {"policy": 2, "difficulty": 4} | ALL
STAKE = {"policy": 3} | ALL
DELEGATES = {"policy": 4, "committee": 3} | ALL
UNIT = 10**9


def mask(s, *who):
    return sum(1 << s.seat(each) for each in who)


def accepted(s):
    return s.call("judgement")[0]


def order(s):
    word = s.call("judgement")[1]
    return [byte - 1 for byte in word.to_bytes(32, "little") if byte]


def put(s, who, party, units):
    return s.send("delegate", s.evm.role(party), units, sender=who, value=units * UNIT)


# ── votes ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("terms", [WORK, STAKE])
def test_vote__by_message_and_by_itself__counts_the_same(create, terms):
    s = create(*FOUR, **terms).revealed(*FOUR)
    own = mask(s, "anna", "ben")
    s.vote_signed(own, "anna", "ben")
    s.vote("cleo", of=("anna", "ben"))
    assert s.phase is Phase.JUDGING
    assert accepted(s) == own
    s.vote("dora")
    assert s.phase is Phase.CLAIMING
    assert accepted(s) == own
    assert tuple(s.call("votes")[:3]) == (1, 15, 15)


def test_vote__twice_late_or_of_another_round__counts_for_nothing(create):
    s = create(*FOUR, **WORK).revealed(*FOUR)
    s.vote("anna", of=("anna",))
    with pytest.raises(Reverted, match="NotAParty"):
        s.vote("anna")
    with pytest.raises(Reverted, match="NothingDone"):
        s.vote_signed(15, "anna")
    with pytest.raises(Reverted, match="WrongRound"):
        s.send("vote", 2, 15, sender="ben")
    with pytest.raises(Reverted, match="NothingDone"):
        s.send("voteSigned", (15).to_bytes(32, "big") + s.sign("ben", "Votes", 2, 15))
    with pytest.raises(Reverted, match="NotEntries"):
        s.send("voteSigned", bytes(95))
    with pytest.raises(Reverted, match="NotAParty"):
        s.send("vote", 1, 15, sender="stranger")
    s.until()
    with pytest.raises(Reverted, match="WrongPhase"):
        s.vote("ben")
    with pytest.raises(Reverted, match="WrongPhase"):
        s.vote_signed(15, "ben")


def test_vote__for_seats_that_revealed_nothing__is_none(create):
    s = create(*FOUR, **WORK)
    s.revealed("anna", "ben")
    for who in FOUR:
        s.send("vote", 1, 2**256 - 1, sender=who)
    assert accepted(s) == mask(s, "anna", "ben")


@pytest.mark.parametrize(("votes", "into"), [(2, False), (3, True)])
def test_work__half_of_all_seats__is_not_enough(create, votes, into):
    s = create(*FOUR, **WORK).revealed(*FOUR)
    s.vote(*FOUR[:votes], of=("cleo",))
    s.until()
    assert bool(accepted(s)) is into


def test_silent_voter__pays_the_fine_to_the_others(create):
    s = create(*FOUR, **WORK, quorum=2).revealed(*FOUR)
    s.vote(*FOUR[:3])
    s.until()
    s.finalize(s.mine("anna"))
    assert s.deposit("dora") == TERMS["deposit"] - TERMS["fine"]
    assert s.deposit("anna") == TERMS["deposit"]


def test_votes__nobody_votes__void(create):
    s = create(*FOUR, **WORK).revealed(*FOUR)
    with pytest.raises(Reverted, match="WrongPhase"):
        s.send("skip")
    s.until()
    s.send("skip")
    assert s.state["voids"] == 1
    assert s.deposit("anna") == TERMS["deposit"] - TERMS["fine"]


# ── work ────────────────────────────────────────────────────────────────────────────────────────────────────


def voted(create, **changes):
    s = create(*FOUR, **WORK | changes).revealed(*FOUR)
    s.vote(*FOUR)
    return s


def test_mine__without_a_nonce__refused(create):
    s = voted(create, difficulty=200)
    with pytest.raises(Reverted, match="NoWork"):
        s.mine("anna", nonce=b"\7" * 32)
    with pytest.raises(Reverted, match="NoWork"):
        s.claim("anna")


def test_mine__anothers_nonce_or_another_result__is_worth_nothing(create):
    s = voted(create, difficulty=10)
    posted, _ = s.prepare("anna")
    nonce = s.mined("anna", posted)
    with pytest.raises(Reverted, match="NoWork"):
        s.mine("ben", nonce=nonce)

    def lie(draft):
        draft.model[3] += 1

    with pytest.raises(Reverted, match="NoWork"):
        s.mine("anna", lie, nonce=nonce)
    s.finalize(s.mine("anna", nonce=nonce))
    assert s.state["done"] == 1


def test_mine__false__is_refuted_and_others_mine_on(create):
    s = voted(create, difficulty=2)

    def lie(draft):
        draft.model[3] += 1

    s.refute("refuteChunk", *s.evidence(s.mine("anna", lie), 0))
    with pytest.raises(Reverted, match="NotYourTurn"):
        s.mine("anna")
    s.finalize(s.mine("ben"))
    assert s.state["done"] == 1


def test_target__found_at_once__is_a_quarter_and_after_a_turn_four_times(create):
    s = voted(create, difficulty=8)
    first = s.call("target")
    assert first == 2**248 - 1
    s.finalize(s.mine("anna"))
    quarter = s.call("target")
    assert quarter == first // 4 + 1
    s.revealed(*FOUR)
    s.vote(*FOUR)
    s.until(-2)
    s.mine("ben")
    assert 3 * quarter < s.call("target") <= 4 * quarter + 1


def test_target__nobody_finds_one__is_four_times_as_large(create):
    s = voted(create, difficulty=250)
    first = s.call("target")
    with pytest.raises(Reverted, match="TooEarly"):
        s.send("skip")
    s.until()
    s.send("skip")
    assert s.call("target") == 4 * first
    assert s.state["voids"] == 1
    assert s.deposit("anna") == TERMS["deposit"]


def test_target__largest__does_not_overflow(create):
    s = voted(create, difficulty=0)
    s.until()
    s.send("skip")
    assert s.call("target") == 2**256 - 1


# ── stake ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_stake__votes_weigh_what_is_behind_them(create):
    s = create(*FOUR, **STAKE)
    put(s, "stranger", "anna", 5 * TERMS["deposit"])
    s.revealed(*FOUR)
    s.vote("anna", of=("cleo",))
    s.vote("ben", of=("cleo", "dora"))
    s.vote("cleo", "dora", of=("dora",))
    assert accepted(s) == mask(s, "cleo")  # 7 of 9; dora's has 3


def test_stake__two_thirds__are_not_enough(create):
    s = create(*PARTIES[:3], **STAKE, quorum=1).revealed(*PARTIES[:3])
    s.vote("anna", "ben", of=("anna",))
    s.vote("cleo", of=())
    assert accepted(s) == 0


def test_stake__leaders__are_drawn_once_and_claim_in_order(create):
    s = create(*PARTIES[:6], **STAKE).revealed(*PARTIES[:6])
    s.vote("anna")
    first = order(s)
    assert len(first) == len(set(first)) == 4
    s.vote(*PARTIES[1:6])
    assert order(s) == first
    names = {s.seat(who): who for who in PARTIES[:6]}
    with pytest.raises(Reverted, match="NotYourTurn"):
        s.claim(names[first[1]])
    s.finalize(s.claim(names[first[0]]))
    assert s.state["done"] == 1


def test_stake__leaders__are_those_whom_the_block_of_the_last_reveal_draws(create, evm):
    """Ticket for ticket, of those who revealed alone, whatever is behind another seat."""
    s = create(*PARTIES[:7], **STAKE)
    behind = {"anna": 150_000, "dora": 2_000_000, "finn": 1, "gina": 9_000_000}
    for who, units in behind.items():
        put(s, "stranger", who, units)
    s.revealed(*PARTIES[:6])
    seed = bytes(evm.web3.eth.get_block("latest")["hash"])
    s.vote("anna")
    left = {s.seat(who): TERMS["deposit"] + behind.get(who, 0) for who in PARTIES[:6]}
    drawn = []
    for place in range(4):
        types = ["bytes32", "address", "uint256", "uint256"]
        ticket = keccak(evm.web3.codec.encode(types, [seed, s.contract.address, 1, place]))
        number = int.from_bytes(ticket, "big") % sum(left.values())
        ends = accumulate(left[seat] for seat in sorted(left))
        drawn.append(next(seat for seat, end in zip(sorted(left), ends, strict=True) if number < end))
        del left[drawn[-1]]
    assert order(s) == drawn


def test_stake__leader_that_is_silent__is_fined_and_the_next_claims(create):
    s = create(*PARTIES[:6], **STAKE).revealed(*PARTIES[:6])
    s.vote(*PARTIES[:6])
    leaders = order(s)
    names = {s.seat(who): who for who in PARTIES[:6]}
    s.until(-4 * s.terms["turn"] + 1)
    s.finalize(s.claim(names[leaders[1]]))
    assert s.deposit(names[leaders[0]]) == TERMS["deposit"] - TERMS["fine"]


def test_stake__more_behind_a_seat__leads_more_often(create):
    s = create(*FOUR, **STAKE)
    put(s, "stranger", "dora", 30 * TERMS["deposit"])
    first = []
    for _ in range(6):
        s.revealed(*FOUR)
        s.vote(*FOUR)
        first.append(order(s)[0])
        names = {s.seat(who): who for who in FOUR}
        s.finalize(s.claim(names[first[-1]]))
    assert first.count(s.seat("dora")) >= 4


# ── delegates ───────────────────────────────────────────────────────────────────────────────────────────────


def test_delegates__those_with_the_most_behind_them__vote_and_nobody_else(create):
    s = create(*PARTIES[:5], **DELEGATES)
    for who, units in (("emil", 30), ("cleo", 20), ("ben", 10)):
        put(s, "stranger", who, units)
    s.revealed(*PARTIES[:5])
    assert s.call("votes")[1] == mask(s, "ben", "cleo", "emil")
    with pytest.raises(Reverted, match="NotAParty"):
        s.vote("anna")
    s.vote("ben", "cleo", of=("anna", "dora"))
    assert s.phase is Phase.JUDGING
    s.vote("emil", of=("anna", "ben"))
    assert s.phase is Phase.CLAIMING
    assert accepted(s) == mask(s, "anna")  # all three; two of three are no more than two thirds


def test_delegates__equal__are_the_lower_seats_and_take_turns(create):
    s = create(*PARTIES[:5], **DELEGATES)
    seen = []
    for _ in range(4):
        s.revealed(*PARTIES[:5])
        s.vote("anna", "ben", "cleo")
        seen.append(order(s)[0])
        names = {s.seat(who): who for who in PARTIES[:5]}
        s.finalize(s.claim(names[seen[-1]]))
    assert seen == [1, 2, 0, 1]


def test_delegates__one_excluded_since__nobody_is_elected_in_its_place(create):
    """Or who comes after it would vote on what the others have seen."""
    s = create(*PARTIES[:5], **DELEGATES).revealed(*PARTIES[:5])
    s.vote("anna")
    nothing = ("0x" + "00" * 20, 0, b"\0" * 32, b"\0" * 32, 0, 0, 0, 0, b"\0" * 32, 0)
    ben = s.evm.role("ben")
    s.send("demand", 0, ben, 0, nothing, sender="refuter", value=s.terms["stake"] * UNIT)
    s.evm.advance(s.terms["supply"])
    s.send("forfeit", 0, ben, 0, nothing)
    assert s.call("votes")[1] == 0b00111
    with pytest.raises(Reverted, match="NotAParty"):
        s.vote("dora")
    s.vote("cleo")
    assert s.phase is Phase.CLAIMING


def test_delegates__silent_one__is_fined(create):
    s = create(*PARTIES[:5], **DELEGATES | {"committee": 4}).revealed(*PARTIES[:5])
    s.vote("anna", "ben", "cleo")
    s.until()
    names = {s.seat(who): who for who in PARTIES[:5]}
    s.finalize(s.claim(names[order(s)[0]]))
    assert s.deposit("dora") == TERMS["deposit"] - TERMS["fine"]
    assert s.deposit("emil") == TERMS["deposit"]


# ── backing ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_delegate__comes_back_whole(create):
    s = create(*FOUR, **STAKE)
    put(s, "stranger", "anna", 70)
    put(s, "ben", "anna", 30)
    assert s.call("backingOf", s.evm.role("anna")) == 100 * UNIT
    assert s.call("delegatedBy", s.evm.role("ben"), s.evm.role("anna")) == 30 * UNIT
    with pytest.raises(Reverted, match="WrongAmount"):
        s.send("undelegate", s.evm.role("anna"), 71, sender="stranger")
    with pytest.raises(Reverted, match="WrongAmount"):
        s.send("undelegate", s.evm.role("anna"), 1, sender="cleo")
    s.send("undelegate", s.evm.role("anna"), 70, sender="stranger")
    assert s.balance("stranger") == 70
    assert s.call("backingOf", s.evm.role("anna")) == 30 * UNIT


def test_delegate__within_a_round__refused(create):
    s = create(*FOUR, **STAKE)
    put(s, "stranger", "anna", 70)
    s.revealed(*FOUR)
    with pytest.raises(Reverted, match="InRound"):
        put(s, "stranger", "anna", 1)
    with pytest.raises(Reverted, match="InRound"):
        s.send("undelegate", s.evm.role("anna"), 1, sender="stranger")


@pytest.mark.parametrize(("who", "units"), [("stranger", 1), ("anna", 0), ("anna", 2**60), ("anna", 2**255)])
def test_delegate__to_nobody_or_not_possible__refused(create, who, units):
    s = create(*FOUR, **STAKE)
    with pytest.raises(Reverted, match=r"NotAParty|WrongAmount"):
        s.send("delegate", s.evm.role(who), units, sender="refuter", value=min(units, 5) * UNIT)


def test_delegate__without_the_money__refused(create):
    """Or what others put behind seats could be taken out."""
    s = create(*FOUR, **STAKE)
    put(s, "stranger", "anna", 70)
    for value in (0, 70 * UNIT - 1):
        with pytest.raises(Reverted, match="Underfunded"):
            s.send("delegate", s.evm.role("anna"), 70, sender="refuter", value=value)


def test_undelegate__again__refused(create):
    """Or one could take out what another put behind the same seat."""
    s = create(*FOUR, **STAKE)
    put(s, "stranger", "anna", 70)
    put(s, "ben", "anna", 70)
    s.send("undelegate", s.evm.role("anna"), 50, sender="stranger")
    with pytest.raises(Reverted, match="WrongAmount"):
        s.send("undelegate", s.evm.role("anna"), 21, sender="stranger")
    s.send("undelegate", s.evm.role("anna"), 20, sender="stranger")
    assert s.balance("stranger") == 70
    assert s.call("delegatedBy", s.evm.role("stranger"), s.evm.role("anna")) == 0


def test_delegate__where_it_does_not_weigh__refused(create):
    s = create(*FOUR)
    with pytest.raises(Reverted, match="NotAParty"):
        put(s, "stranger", "anna", 1)


def test_delegate__party_leaves_and_comes_back__is_behind_it_again(create):
    s = create(*FOUR, **STAKE)
    put(s, "stranger", "anna", 70)
    s.send("leave", sender="anna")
    assert s.call("backingOf", s.evm.role("anna")) == 70 * UNIT
    s.send("undelegate", s.evm.role("anna"), 20, sender="stranger")
    s.join("emil")
    assert s.seat("emil") == 0
    assert s.call("backingOf", s.evm.role("emil")) == 0
    s.join("anna")
    assert s.call("backingOf", s.evm.role("anna")) == 50 * UNIT
    s.send("undelegate", s.evm.role("anna"), 50, sender="stranger")
    assert s.call("backingOf", s.evm.role("anna")) == 0


def test_evict__within_a_round_that_weighs__refused(create):
    """Who knows the seed must not change what weighs."""
    s = create(*FOUR, **STAKE, fine=TERMS["deposit"])
    s.revealed(*FOUR[:3])
    nothing = ("0x" + "00" * 20, 0, b"\0" * 32, b"\0" * 32, 0, 0, 0, 0, b"\0" * 32, 0)
    party = s.evm.role("cleo")
    s.send("demand", 0, party, 0, nothing, sender="refuter", value=s.terms["stake"] * UNIT)
    s.evm.advance(s.terms["supply"])
    s.send("forfeit", 0, party, 0, nothing)
    with pytest.raises(Reverted, match="InRound"):
        s.send("evict", party)
    with pytest.raises(Reverted, match="InRound"):
        s.send("leave", sender="cleo")


@pytest.mark.parametrize(("terms", "votes"), [(WORK, 2), (STAKE, 3)])
def test_judgement__voter_excluded_since__has_no_vote(create, terms, votes):
    """Else two who withhold their updates lower what is wanted, and their votes stay."""
    five = PARTIES[:5]
    s = create(*five, **terms | {"fine": TERMS["deposit"]}).revealed(*five)
    s.vote(*five[:votes], of=("anna",))
    s.vote(*five[votes:], of=())
    nothing = ("0x" + "00" * 20, 0, b"\0" * 32, b"\0" * 32, 0, 0, 0, 0, b"\0" * 32, 0)
    for who in ("ben", "cleo"):
        s.send("demand", 0, s.evm.role(who), 0, nothing, sender="refuter", value=s.terms["stake"] * UNIT)
    s.evm.advance(s.terms["supply"])
    for who in ("ben", "cleo"):
        s.send("forfeit", 0, s.evm.role(who), 0, nothing)
    assert s.state["seats"].bit_count() == 3
    assert accepted(s) == 0


def test_undelegate__all_have_committed__still_possible(create):
    """A cartel of all seats must not keep what others put behind one of them."""
    s = create(*FOUR, **STAKE)
    put(s, "stranger", "anna", 70)
    s.commit(*FOUR)
    assert s.phase is Phase.COMMITTING
    s.send("undelegate", s.evm.role("anna"), 70, sender="stranger")
    assert s.balance("stranger") == 70


def test_all_over__everybody_gets_everything(create):
    s = create(*FOUR, **DELEGATES | {"rounds": 1})
    put(s, "stranger", "anna", 70)
    put(s, "ben", "ben", 30)
    s.revealed(*FOUR)
    s.vote("anna", "ben", "cleo")
    names = {s.seat(who): who for who in FOUR}
    s.finalize(s.claim(names[order(s)[0]]))
    s.send("undelegate", s.evm.role("anna"), 70, sender="stranger")
    s.send("leave", sender="ben")
    s.send("undelegate", s.evm.role("ben"), 30, sender="ben")
    s.settle("organizer", *FOUR)
    assert s.seat("anna") == NO_SEAT
