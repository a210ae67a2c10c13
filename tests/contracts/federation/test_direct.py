"""Updates that the contract adds up by itself: nothing is claimed, nothing can be refuted."""

import numpy as np
import pytest
from eth_utils.crypto import keccak

from orchestrator.learning.aggregation.direct import Vector, sums, sums_hash, vector
from tests.contracts.federation.scenario import NO_SEAT, PARTIES, TERMS, Phase
from tests.evm import Reverted

THREE = PARTIES[:3]
DIRECT = {"mode": 1, "width": 1, "maxWeight": 1, "shift": 3}


@pytest.fixture
def revealed(create):
    def make(*parties, **changes):
        return create(*parties, **DIRECT | changes).revealed(*parties)

    return make


@pytest.mark.parametrize("size", [1, 31, 32, 33, 70, 128])
def test_sum__any_size__is_numpys(revealed, size):
    s = revealed(*THREE, size=size)
    receipt = s.sum("anna", *THREE)
    [told] = s.events("Finalized", receipt)
    assert told["modelRoot"] == sums_hash([s.updates[who].update for who in THREE])
    [claimed] = s.events("Claimed", receipt)
    assert claimed["claim"]["accepted"] == 7
    assert s.phase is Phase.COMMITTING
    assert s.state["done"] == 1


def test_sum__extremes__do_not_spill(create):
    s = create(*PARTIES[:5], **DIRECT, size=40)
    for who, value in zip(PARTIES, (-128, 127, -128, -1, 0), strict=False):
        s.commit(who, raw=np.full(40, value))
    s.reveal(*PARTIES[:5])
    told = s.events("Finalized", s.sum("ben", *PARTIES[:5]))[0]
    assert told["modelRoot"] == sums_hash([Vector(np.full(40, v), 1, 3) for v in (-128, 127, -128, -1, 0)])


def test_sums__least_and_greatest__stay_in_their_lanes():
    least, greatest = Vector(np.full(33, -128), 1, 0), Vector(np.full(33, 127), 1, 0)
    words = np.frombuffer(sums([least, greatest, greatest]), ">u2").reshape(-1, 2, 16)
    assert (words[0] == 510).all()
    assert words[1, 0, 0] == 510
    assert (words[1].ravel()[1:] == 3 * 128).all()


def test_vector__too_long__is_cut():
    assert vector(np.array([10_000, -10_000, 12]), 3).raw.tolist() == [127, -127, 2]


def test_sum__pays_as_a_claim_does_without_a_bond(revealed):
    s = revealed("organizer", *THREE)
    held = s.held
    s.sum("organizer", "organizer", *THREE)
    pay = TERMS["reward"] - TERMS["fee"] - TERMS["tip"]
    assert s.earned("ben") == pay // 4
    assert s.earned("organizer") == pay // 4 + TERMS["fee"] + TERMS["tip"]
    assert s.held == held


@pytest.mark.parametrize("shown", [("anna", "ben"), ("anna", "ben", "ben"), ("anna", "ben", "cleo", "cleo")])
def test_sum__not_of_all_who_are_in__refused(revealed, shown):
    s = revealed(*THREE)
    with pytest.raises(Reverted, match=r"WrongParties|NotTheUpdate"):
        s.sum("anna", *shown)


def test_sum__more_or_less_than_whole_entries__refused(revealed):
    s = revealed(*THREE, size=40)
    own = sorted((s.updates[who] for who in THREE), key=lambda each: each.seat)
    entries = b"".join(bytes.fromhex(each.party[2:]) + each.update.data for each in own)
    for wrong in (entries + b"\0", entries[:-1]):
        with pytest.raises(Reverted, match=rf"WrongLength.*{len(wrong)}.*{len(wrong) // 60 * 60}"):
            s.send("sum", wrong, sender="anna")
    s.send("sum", entries, sender="anna")


def test_sum__other_numbers_than_revealed__refused(revealed):
    s = revealed(*THREE)
    own = s.updates["ben"]
    raw = own.update.raw.copy()
    raw[0] ^= 1
    s.updates["ben"] = type(own)(own.party, own.seat, Vector(raw, 1, 3), 1, own.cid, own.salt)
    with pytest.raises(Reverted, match="NotTheUpdate"):
        s.sum("anna", *THREE)


def test_sum__of_a_stranger_or_out_of_turn__refused(revealed):
    s = revealed("organizer", *THREE)
    with pytest.raises(Reverted, match="NotAParty"):
        s.sum("stranger", "organizer", *THREE)
    with pytest.raises(Reverted, match="NotYourTurn"):
        s.sum("anna", "organizer", *THREE)
    s.until(-s.terms["turn"])
    s.sum("anna", "organizer", *THREE)
    assert s.deposit("organizer") == TERMS["deposit"] - TERMS["fine"]


def test_reveal__another_scale_or_a_file__is_left_out(create):
    s = create(*THREE, **DIRECT)
    for who, change in (("anna", {"shift": 2}), ("ben", {})):
        s.train(who, **change)
        own = s.updates[who]
        if who == "ben":
            s.updates[who] = type(own)(own.party, own.seat, own.update, 1, keccak(b"file"), own.salt)
        s.send("commit", 1, s.commitment(who), sender=who)
    s.commit("cleo")
    for who in ("anna", "ben"):
        with pytest.raises(Reverted, match="NothingDone"):
            s.reveal(who)
    s.reveal("cleo")


def test_demand__of_a_vector__is_answered_by_all_of_it(revealed):
    s = revealed(*THREE)
    party, own = s.evm.role("ben"), s.updates["ben"]
    nothing = ("0x" + "00" * 20, 0, b"\0" * 32, b"\0" * 32, 0, 0, 0, 0, b"\0" * 32, 0)
    value = s.terms["stake"] * s.terms["unit"]
    with pytest.raises(Reverted, match="WrongProof"):
        s.send("demand", 0, party, 1, nothing, sender="refuter", value=value)
    s.send("demand", 0, party, 0, nothing, sender="refuter", value=value)
    with pytest.raises(Reverted, match="DemandsOpen"):
        s.sum("anna", *THREE)
    with pytest.raises(Reverted, match="DemandsOpen"):
        s.send("skip")
    head = (party, own.update.root, 1, 3, b"\0" * 32)
    with pytest.raises(Reverted, match="WrongProof"):
        s.send("supply", 0, 0, nothing, (*head, bytes(70), []))
    s.send("supply", 0, 0, nothing, (*head, own.update.data, []))
    s.sum("anna", *THREE)


def test_demand__of_ones_own_vectors_in_turn__leaves_the_leader_time_to_sum(create):
    s = create("organizer", *PARTIES[:4], **DIRECT, supply=TERMS["turn"] // 2, challenge=2 * TERMS["turn"])
    s.commit("organizer", *PARTIES[:4])
    s.reveal("organizer", *THREE)
    s.until(-20)
    s.reveal("dora")  # in the last moment, so that all are still free to be asked for
    claims_from = s.state["since"] + s.terms["committing"] + s.terms["revealing"]
    nothing = ("0x" + "00" * 20, 0, b"\0" * 32, b"\0" * 32, 0, 0, 0, 0, b"\0" * 32, 0)
    value = s.terms["stake"] * s.terms["unit"]
    asked = 0
    for who in ("ben", "cleo", "dora"):  # together: each is asked for once, and answers in the last moment
        own = s.updates[who]
        try:
            s.send("demand", 0, own.party, 0, nothing, sender="refuter", value=value)
        except Reverted as refused:
            if refused.error != "NotTheTime":
                raise
            break
        asked += 1
        with pytest.raises(Reverted, match="DemandsOpen"):
            s.sum("organizer", "organizer", *PARTIES[:4])
        s.evm.advance(s.terms["supply"] - 20)
        s.send("supply", 0, 0, nothing, (own.party, own.update.root, 1, 3, b"\0" * 32, own.update.data, []))
    assert asked
    assert s.evm.now < claims_from + s.terms["turn"]
    with pytest.raises(Reverted, match="NotYourTurn"):
        s.sum("dora", "organizer", *PARTIES[:4])
    s.sum("organizer", "organizer", *PARTIES[:4])
    assert s.deposit("organizer") == TERMS["deposit"]


def test_mode__the_other_one__refused(create, revealed):
    s = revealed(*THREE)
    with pytest.raises(Reverted, match="WrongMode"):
        s.send("claim", 1, 7, b"\1" * 32, b"\1" * 32, b"", sender="anna")
    optimistic = create(*THREE).revealed(*THREE)
    with pytest.raises(Reverted, match="WrongMode"):
        optimistic.send("sum", b"", sender="anna")


def test_rounds__to_the_end__nothing_stays(revealed):
    s = revealed(*THREE)
    s.sum("anna", *THREE)
    for _ in range(2):
        s.revealed(*THREE)
        s.sum("ben", *THREE)
    assert s.call("clock")[0] == Phase.CLOSED
    s.settle("organizer", *THREE)


def test_leader__nobody__is_not_fined(revealed):
    s = revealed(*THREE)
    receipt = s.sum("cleo", *THREE)
    assert s.events("Claimed", receipt)[0]["claim"]["leader"] == NO_SEAT
