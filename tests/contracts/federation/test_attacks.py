"""Who gains by doing it twice, late, early, with another's data, or with extreme values? Nobody."""

from dataclasses import replace

import numpy as np
import pytest
from eth_utils.crypto import keccak

from orchestrator.learning.aggregation.chunks import leaves
from orchestrator.merkle import root_of
from tests.contracts.federation.scenario import BURNT, HOUR, PARTIES, TERMS, Phase, Scenario, bind
from tests.evm import Reverted

THREE, FIVE = PARTIES[:3], PARTIES[:5]
JUDGED = {"judging": HOUR, "quorum": 3}
QUALITY = {"policy": 1, "committee": 3} | JUDGED
WORK = {"policy": 2} | JUDGED
STAKE = {"policy": 3} | JUDGED
DELEGATES = {"policy": 4} | JUDGED
NO_CLAIM = ("0x" + "00" * 20, 0, b"\0" * 32, b"\0" * 32, 0, 0, 0, 0, b"\0" * 32, 0)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def off(draft):
    draft.model[0] += 1


def test_commit__twice__the_first_stands(create):
    s = create(*THREE)
    s.commit("anna")
    before = s.call("partyOf", s.evm.role("anna"))[1]
    with pytest.raises(Reverted, match="AlreadyCommitted"):
        s.send("commit", 1, b"\x07" * 32, sender="anna")
    s.train("ben")
    s.send("commitSigned", s.signed_commitment("anna") + s.signed_commitment("ben"))
    assert s.call("partyOf", s.evm.role("anna"))[1] == before


def test_commit__by_a_stranger__refused(create):
    s = create(*THREE)
    with pytest.raises(Reverted, match="NotAParty"):
        s.send("commit", 1, b"\x07" * 32, sender="stranger")


def test_commit_signed__for_another_round_chain_or_kind__counts_for_nothing(create):
    s = create(*THREE)
    s.train("anna")
    commitment = s.commitment("anna")
    stale = commitment + s.sign("anna", "Update", 2, commitment)
    other = commitment + s.sign("anna", "Scores", 1, commitment)
    nobody = commitment + bytes(64)
    for entry in (stale, other, nobody):
        with pytest.raises(Reverted, match="NothingDone"):
            s.send("commitSigned", entry)


def test_commit_signed__malleable__counts_once(create):
    """The other signature of the same key and message is the same party's, which has committed."""
    s = create(*THREE)
    s.train("anna")
    entry = s.signed_commitment("anna")
    r, vs = entry[32:64], int.from_bytes(entry[64:], "big")
    high = ORDER - (vs & (2**255 - 1))
    twin = entry[:32] + r + (high | (1 - (vs >> 255)) << 255).to_bytes(32, "big") if high < 2**255 else None
    s.send("commitSigned", entry)
    if twin:
        with pytest.raises(Reverted, match="NothingDone"):
            s.send("commitSigned", twin)


def test_commit_signed__some_do_not_fit__the_others_count(create):
    """Who sends its own first does not stop the relay's batch."""
    s = create(*THREE)
    for who in THREE:
        s.train(who)
    batch = b"".join(map(s.signed_commitment, THREE))
    s.send("commit", 1, s.commitment("ben"), sender="ben")
    s.send("commitSigned", batch)
    assert s.state["committed"] == 0b111


@pytest.mark.parametrize("length", [1, 95, 97])
def test_commit_signed__odd_length__refused(create, length):
    s = create(*THREE)
    with pytest.raises(Reverted, match="NotEntries"):
        s.send("commitSigned", b"\x01" * length)


def test_reveal__copied_commitment__cannot_be_opened(create):
    """A commitment binds its party: whoever copies it can only be fined."""
    s = create(*THREE)
    s.train("anna")
    commitment = s.commitment("anna")
    s.send("commit", 1, commitment, sender="anna")
    s.send("commit", 1, commitment, sender="ben")
    s.commit("cleo")
    s.reveal("anna")
    entry = bytes.fromhex(s.evm.role("ben")[2:]) + s.updates["anna"].entry[20:]
    with pytest.raises(Reverted, match="NothingDone"):
        s.send("reveal", entry)


def test_update__copied_once_it_is_revealed__comes_too_late(create):
    s = create(*THREE)
    s.commit("anna", "ben")
    s.until()
    s.reveal("anna")
    s.updates["cleo"] = replace(s.updates["anna"], party=s.evm.role("cleo"), seat=2)
    with pytest.raises(Reverted, match="WrongPhase"):
        s.send("commit", 1, s.commitment("cleo"), sender="cleo")


@pytest.mark.parametrize("other", ["chain", "contract", "round", "party"])
@pytest.mark.parametrize(
    ("kind", "name", "terms"),
    [("Update", "commitSigned", {}), ("Scores", "commitScores", QUALITY), ("Votes", "voteSigned", WORK)],
)
def test_signature__of_another_chain_contract_round_or_party__counts_for_nothing(
    create, kind, name, terms, other
):
    s = create(*FIVE, **terms)
    if terms:
        s.revealed(*FIVE)
    who = s.members()[0] if kind == "Scores" else "anna"
    domain = {"chain": {"chainId": 5}, "contract": {"verifyingContract": s.evm.role("stranger")}}.get(
        other, {}
    )
    number = 2 if other == "round" else 1
    value = 3 if kind == "Votes" else b"\x03" * 32
    content = (3).to_bytes(32, "big") if kind == "Votes" else b"\x03" * 32
    false = s.sign("stranger" if other == "party" else who, kind, number, value, **domain)
    with pytest.raises(Reverted, match="NothingDone"):
        s.send(name, content + false)
    s.send(name, content + s.sign(who, kind, 1, value))


def test_relay__that_reorders_and_duplicates__changes_nothing(create):
    s = create(*THREE)
    for who in THREE:
        s.train(who)
    entries = [s.signed_commitment(who) for who in (*THREE[::-1], *THREE)]
    s.send("commitSigned", b"".join(entries))
    s.send("reveal", b"".join(s.updates[who].entry for who in (*THREE[::-1], *THREE)))
    assert (s.state["committed"], s.state["revealed"]) == (0b111, 0b111)
    s.finalize(s.claim("anna"))


def test_relay__that_drops_or_delays__is_passed_by(create):
    """Whoever it leaves out sends its own; what it sends late counts for nothing in the next round."""
    s = create(*THREE)
    for who in THREE:
        s.train(who)
    late = s.signed_commitment("cleo")
    s.send("commitSigned", b"".join(map(s.signed_commitment, THREE[:2])))
    s.send("commit", 1, s.commitment("cleo"), sender="cleo")
    with pytest.raises(Reverted, match="WrongPhase"):
        s.send("commitSigned", late)
    s.reveal(*THREE[:2])
    s.reveal("cleo", sender="cleo")
    s.finalize(s.claim("anna"))
    with pytest.raises(Reverted, match="NothingDone"):
        s.send("commitSigned", late)


@pytest.mark.parametrize("length", [1, 118, 120])
def test_reveal__odd_length__refused(create, length):
    s = create(*THREE)
    s.commit(*THREE)
    with pytest.raises(Reverted, match="NotEntries"):
        s.send("reveal", b"\x01" * length)


@pytest.mark.parametrize("place", [20, 52, 54, 55, 87])
def test_reveal__one_bit_off__opens_nothing(create, place):
    s = create(*THREE)
    s.commit(*THREE)
    entry = bytearray(s.updates["anna"].entry)
    entry[place] ^= 1
    with pytest.raises(Reverted, match="NothingDone"):
        s.send("reveal", bytes(entry))


@pytest.mark.parametrize("given", [{"weight": 4}, {"shift": 17}])
def test_reveal__weight_or_shift_beyond_the_terms__is_left_out(create, given):
    s = create(*THREE, width=2, maxWeight=3)
    own = s.train("anna")
    head = own.entry[:52]
    weight, shift = given.get("weight", 1), given.get("shift", 0)
    tail = weight.to_bytes(2, "big") + bytes([shift]) + own.cid
    digest = keccak(own.update.root + tail)
    s.send("commit", 1, s.call("commitmentOf", 1, own.party, digest, own.salt), sender="anna")
    s.commit("ben", "cleo")
    with pytest.raises(Reverted, match="NothingDone"):
        s.send("reveal", head + tail + own.salt)


def test_commitment__another_federation__is_another(create, evm):
    s = create(*THREE)
    other = Scenario.create(evm, s.factory, *THREE, descriptor=b"\x09" * 32)
    other.begin()
    own = s.train("anna")
    mine = s.commitment("anna")
    assert mine != other.call("commitmentOf", 1, own.party, own.digest, own.salt)
    assert mine != s.call("commitmentOf", 2, own.party, own.digest, own.salt)


def test_refute__without_announcement__refutes_and_pays_nobody(create):
    s = create(*THREE)
    s.revealed(*THREE)
    s.refute("refuteChunk", *s.evidence(s.claim("anna", off), 0), announced=False)
    assert s.balance("refuter") == 0
    assert s.balance(BURNT) == TERMS["bond"]


def test_refute__copied_evidence__pays_nobody_but_who_announced(create):
    s = create(*THREE)
    s.revealed(*THREE)
    evidence = s.evidence(s.claim("anna", off), 0)
    call = s.contract.functions.refuteChunk(*evidence)
    data = keccak(hexstr=call._encode_transaction_data())
    mark = keccak(bytes.fromhex(s.evm.role("refuter")[2:]).rjust(32, b"\0") + data)
    s.send("announce", mark, sender="refuter")
    s.send("announce", mark, sender="stranger")
    s.evm.send(call, "stranger")
    assert s.balance("stranger") == 0
    assert s.phase is Phase.CLAIMING


def test_refute__announced_in_the_same_block__pays_nobody(create, evm):
    """Whoever sees evidence before it is mined would announce it as its own, and send it first."""
    s, copier = create(*THREE), evm.deploy("SumAttacker")
    s.revealed(*THREE)
    call = s.contract.functions.refuteChunk(*s.evidence(s.claim("anna", off), 0))
    data = bytes.fromhex(call._encode_transaction_data()[2:])
    mark = keccak(bytes.fromhex(copier.address[2:]).rjust(32, b"\0") + keccak(data))
    announce = s.contract.functions.announce(mark)._encode_transaction_data()
    evm.send(copier.functions.run(s.contract.address, [announce, data], [0, 0]), "stranger")
    assert s.phase is Phase.CLAIMING
    assert s.call("balanceOf", copier.address) == 0
    assert s.balance(BURNT) == TERMS["bond"]


def test_refute__oneself__costs_half_of_the_bond(create):
    s = create(*THREE)
    s.revealed(*THREE)
    s.refute("refuteChunk", *s.evidence(s.claim("anna", off), 0), sender="anna")
    assert s.balance("anna") == TERMS["bond"] // 2


def test_refute__duplicate_missing_or_other_party__no_evidence(create):
    s = create(*PARTIES[:4])
    s.commit(*PARTIES[:4])
    s.reveal(*THREE)
    s.until()
    claim, link, parties, pair = s.evidence(s.claim("anna", off), 0)
    for wrong, error in (
        (parties[:2], "WrongParties"),
        ([parties[0], parties[0], parties[2]], "NotTheUpdate"),
        ([*parties, parties[2]], "NotTheUpdate"),
        (parties[::-1], "NotTheUpdate"),
        ([(s.evm.role("dora"), *parties[0][1:]), *parties[1:]], "NotTheUpdate"),
        ([(*parties[0][:2], parties[0][2] ^ 1, *parties[0][3:]), *parties[1:]], "NotTheUpdate"),
        ([(*parties[0][:5], parties[0][5][:-1], parties[0][6]), *parties[1:]], "WrongLength"),
        ([(*parties[0][:5], bytes(128), parties[0][6]), *parties[1:]], "WrongProof"),
        ([(*parties[0][:6], parties[0][6][:-1]), *parties[1:]], "WrongProof"),
    ):
        with pytest.raises(Reverted, match=error):
            s.send("refuteChunk", claim, link, wrong, pair)


def test_refute__other_model_claim_or_round__no_evidence(create):
    s = create(*THREE)
    s.play(*THREE)
    s.revealed(*THREE)
    claim, link, parties, pair = s.evidence(s.claim("anna", off), 1)
    first = (b"\0" * 32, 0, s.terms["genesis"], b"\0" * 32)
    with pytest.raises(Reverted, match="NotTheRecord"):
        s.send("refuteChunk", claim, first, parties, pair)
    with pytest.raises(Reverted, match="NotTheClaim"):
        s.send("refuteChunk", (*claim[:2], b"\x05" * 32, *claim[3:]), link, parties, pair)
    with pytest.raises(Reverted, match="WrongProof"):
        s.send("refuteChunk", claim, link, parties, (0, *pair[1:]))
    with pytest.raises(Reverted, match="WrongProof"):
        s.send("refuteChunk", claim, link, parties, (*pair[:3], bytes(128), pair[4]))


def test_refute__after_the_challenge__too_late(create):
    s = create(*THREE)
    s.revealed(*THREE)
    evidence = s.evidence(s.claim("anna", off), 0)
    s.until()
    with pytest.raises(Reverted, match="NotTheClaim"):
        s.refute("refuteChunk", *evidence, announced=False)


def test_finalize__before_the_end_or_another_claim__refused(create):
    s = create(*THREE)
    s.revealed(*THREE)
    posted = s.claim("anna")
    with pytest.raises(Reverted, match="TooEarly"):
        s.send("finalize", posted.claim)
    s.until()
    with pytest.raises(Reverted, match="NotTheClaim"):
        s.send("finalize", (*posted.claim[:7], 1, *posted.claim[8:]))
    s.finalize(posted)
    with pytest.raises(Reverted, match="WrongPhase"):
        s.send("finalize", posted.claim)


def test_claim__bond__neither_less_nor_more(create):
    s = create(*THREE)
    s.revealed(*THREE)
    with pytest.raises(Reverted, match="Underfunded"):
        s.claim("anna", value=1)
    s.claim("anna", value=(TERMS["bond"] + 7) * TERMS["unit"])
    assert s.balance("anna") == 7


@pytest.fixture
def with_earnings(create):
    """anna has earned less than a bond, and is given so much that she has a bond and `more` units."""

    def make(more):
        s = create(*THREE)
        share = (TERMS["reward"] - TERMS["fee"] - TERMS["tip"]) // 3
        missing = TERMS["bond"] - share + more
        s.send("fund", s.evm.role("anna"), missing * TERMS["unit"], value=missing * TERMS["unit"])
        s.play(*THREE, claimer="ben")
        s.revealed(*THREE)
        assert s.balance("anna") - s.earned("anna") == missing > 0 < s.earned("anna") == share
        return s

    return make


@pytest.mark.parametrize("more", [0, 7])
def test_claim__bond_out_of_what_one_has_and_earned__takes_just_that(with_earnings, more):
    s = with_earnings(more)
    s.claim("anna", value=0)
    assert (s.balance("anna"), s.earned("anna")) == (more, 0)


def test_claim__bond_one_short_of_what_one_has__refused(with_earnings):
    s = with_earnings(-1)
    with pytest.raises(Reverted, match="Underfunded"):
        s.claim("anna", value=0)
    s.claim("anna", value=TERMS["unit"])
    assert s.balance("anna") == 0


def test_claim__by_a_stranger_or_twice__refused(create):
    s = create(*THREE)
    s.revealed(*THREE)
    with pytest.raises(Reverted, match="NotAParty"):
        s.send("claim", 1, 7, b"\x01" * 32, b"\x01" * 32, b"", sender="stranger")
    s.claim("anna")
    with pytest.raises(Reverted, match="WrongPhase"):
        s.send("claim", 1, 7, b"\x01" * 32, b"\x01" * 32, b"", sender="ben")


def test_values__as_large_as_they_can_be__stay_within_int32(create):
    model = np.array([2**31 - 1, -(2**31)] * 35)
    s = create(*THREE, model=model)
    for who, sign in (("anna", 1), ("ben", 1), ("cleo", -1)):
        raw = np.full(70, sign * (2**31 - 1))
        s.commit(who, raw=raw, weight=65535)
    s.reveal(*THREE)
    posted = s.claim("anna")
    with pytest.raises(Reverted, match="NotRefuted"):
        s.refute("refuteChunk", *s.evidence(posted, 0), announced=False)
    assert posted.model.max() == 2**31 - 1
    s.finalize(posted)


def test_join__twice_full_or_too_little__refused(create):
    s = create("anna", begun=False, seats=2)
    with pytest.raises(Reverted, match="AlreadyJoined"):
        s.join("anna")
    with pytest.raises(Reverted, match="Underfunded"):
        s.join("ben", value=1)
    s.join("ben")
    with pytest.raises(Reverted, match="NoFreeSeat"):
        s.join("cleo")


def test_join__invited_only__needs_the_inviters_word(create, evm):
    s = create(begun=False, inviter=evm.role("organizer"))
    until = evm.now + 60
    admission = until.to_bytes(32, "big") + s.sign("organizer", "Admission", evm.role("anna"), until)
    with pytest.raises(Reverted, match="BadSignature"):
        s.join("ben", admission)
    with pytest.raises(Reverted, match="BadSignature"):
        s.join("anna", until.to_bytes(32, "big") + s.sign("anna", "Admission", evm.role("anna"), until))
    s.join("anna", admission)


def test_seat__taken_again__owes_nothing_of_the_one_before(create):
    s = create(*THREE, rounds=9)
    s.commit(*THREE)
    s.reveal("anna", "ben")
    s.until()
    s.finalize(s.claim("anna"))
    s.send("leave", sender="cleo")
    s.join("dora")
    assert s.seat("dora") == 2
    assert s.deposit("dora") == TERMS["deposit"]
    assert s.earned("dora") == 0


def test_seat__taken_again__earns_nothing_of_the_one_before(create):
    """It was paid with the deposit, and would be paid again."""
    s = create(*THREE, rounds=9)
    s.play(*THREE)
    earned = s.earned("cleo")
    assert earned > 0
    s.send("leave", sender="cleo")
    assert s.balance("cleo") == TERMS["deposit"] + earned
    s.join("dora")
    assert s.seat("dora") == 2
    assert s.earned("dora") == s.balance("dora") == 0


def test_leave__by_a_stranger__refused(create):
    s = create(*THREE)
    with pytest.raises(Reverted, match="NotAParty"):
        s.send("leave", sender="stranger")


def test_demand__as_griefing__pays_whom_it_bothers_and_no_longer_than_there_is_time(create):
    s = create(*THREE, size=1024).revealed(*THREE)
    party, own = s.evm.role("ben"), s.updates["ben"]
    value = s.terms["stake"] * s.terms["unit"]
    for index in range(2):
        s.send("demand", 0, party, index, NO_CLAIM, sender="stranger", value=value)
        with pytest.raises(Reverted, match="AlreadyDemanded"):
            s.send("demand", 0, party, index, NO_CLAIM, sender="refuter", value=value)
    with pytest.raises(Reverted, match="WrongProof"):  # there are no more parts
        s.send("demand", 0, party, 2, NO_CLAIM, sender="stranger", value=value)
    halves = [own.update.data[:2048], own.update.data[2048:]]
    nodes = leaves(own.update.raw, 4)
    roots = [root_of(nodes[:16]), root_of(nodes[16:])]
    head = (party, own.update.root, own.weight, own.update.shift, own.cid)
    for index in range(2):
        s.send("supply", 0, index, NO_CLAIM, (*head, halves[index], [roots[1 - index]]))
        with pytest.raises(Reverted, match="AlreadyDemanded"):  # what was shown is there for everybody
            s.send("demand", 0, party, index, NO_CLAIM, sender="stranger", value=value)
    assert s.balance("ben") == 2 * s.terms["stake"] == s.terms["fine"]
    s.finalize(s.claim("anna"))


@pytest.mark.parametrize("what", ["leave", "undelegate", "delegate", "evict"])
def test_stake__that_would_go_or_come_during_a_challenge__stays(create, what):
    s = create(*FIVE, **STAKE)
    anna, value = s.evm.role("anna"), 70 * s.terms["unit"]
    s.send("delegate", anna, 70, sender="refuter", value=value)
    s.revealed(*FIVE)
    s.vote(*FIVE)
    leader = (s.call("judgement")[1] & 255) - 1
    posted = s.claim(next(who for who in FIVE if s.seat(who) == leader))
    args = {"undelegate": (anna, 70), "delegate": (anna, 70), "evict": (anna,)}.get(what, ())
    sender = "anna" if what == "leave" else "refuter"
    with pytest.raises(Reverted, match=r"InRound|StillActive"):
        s.send(what, *args, sender=sender, value=value if what == "delegate" else 0)
    s.finalize(posted)
    s.send("undelegate", anna, 70, sender="refuter")
    assert s.balance("refuter") == 70


def test_delegates__a_cartel__keeps_out_what_it_likes_until_its_backers_leave(create):
    s = create(*FIVE, **DELEGATES, committee=3)
    for who in ("anna", "ben", "cleo"):
        s.send("delegate", s.evm.role(who), 9, sender="refuter", value=9 * s.terms["unit"])
    s.revealed(*FIVE)
    s.vote("anna", of=("anna", "ben", "cleo"))
    s.vote("ben", "cleo", of=FIVE)
    assert s.call("judgement")[0] == 0b00111  # one of three is a third of the elected
    leader = (s.call("judgement")[1] & 255) - 1
    s.finalize(s.claim(FIVE[leader]))
    for who in ("dora", "emil"):
        s.send("delegate", s.evm.role(who), 99, sender="stranger", value=99 * s.terms["unit"])
    s.revealed(*FIVE)
    assert s.call("votes")[1] == 0b11001  # anna still, by the lowest seat of equals


@pytest.mark.parametrize(
    ("terms", "few"),
    [(WORK, 2), (STAKE, 3), (DELEGATES | {"committee": 5}, 3)],
    ids=["work", "stake", "delegates"],
)
def test_sybils__of_five_seats__decide_at_the_documented_majority_and_not_before(create, terms, few):
    """Half of all seats, two thirds of what is behind them or of the elected; test_quality has committees."""
    s = create(*FIVE, **terms).revealed(*FIVE)
    before = s.evm.snapshot()
    for sybils, into in ((few, 0), (few + 1, 0b10000)):
        s.vote(*FIVE[:sybils], of=("emil",))
        s.vote(*FIVE[sybils:], of=FIVE[:4])
        assert s.call("judgement")[0] & 0b10000 == into
        s.evm.revert(before)
        before = s.evm.snapshot()


def test_withdraw__called_again_while_it_pays__pays_once(create, evm):
    s, wallet = create(*THREE), evm.deploy("MarketWallet")
    unit = s.terms["unit"]
    s.send("fund", wallet.address, 10 * unit, value=10 * unit)
    again = s.contract.functions.withdraw(wallet.address, 5 * unit)._encode_transaction_data()
    evm.send(wallet.functions.attack(s.contract.address, again), "stranger")
    evm.send(wallet.functions.run(s.contract.address, 0, again), "stranger")  # reverts, if it is paid twice
    assert s.call("balanceOf", wallet.address) == 5 * unit
    assert evm.web3.eth.get_balance(wallet.address) == 5 * unit


def test_evict__who_takes_part__refused(create):
    s = create(*THREE)
    with pytest.raises(Reverted, match="StillActive"):
        s.send("evict", s.evm.role("anna"))
    with pytest.raises(Reverted, match="NotAParty"):
        s.send("evict", s.evm.role("stranger"))


@pytest.mark.filterwarnings("ignore:SELFDESTRUCT")
def test_ether__forced_in_or_sent_plain__changes_nothing(create, evm):
    s = create(*THREE)
    sent = {"from": evm.role("stranger"), "to": s.contract.address, "value": 1, "gas": 100_000}
    before = s.held
    receipt = evm.web3.eth.get_transaction_receipt(evm.web3.eth.send_transaction(sent))
    assert receipt["status"] == 0
    assert s.held == before
    destroy = "0x73" + s.contract.address[2:] + "ff"  # of what is created with a value, all goes there
    forced = {"from": evm.role("stranger"), "data": destroy, "value": 7 * s.terms["unit"], "gas": 100_000}
    evm.web3.eth.send_transaction(forced)
    assert s.held == before + 7
    for _ in range(3):
        s.play(*THREE)
    for who in THREE:
        s.send("leave", sender=who)
    for who in (*THREE, "organizer", "stranger"):
        if owed := s.call("balanceOf", evm.role(who)):
            s.send("withdraw", evm.role(who), owed, sender=who)
    assert s.held == 7  # it is nobody's


def test_implementation__itself__is_no_federation(create, evm):
    s = create(begun=False)
    bare = bind(evm, "TrustedFederation", evm.call(s.factory.functions.TRUSTED()))
    with pytest.raises(Reverted, match="NotAClone"):
        evm.send(bare.functions.skip(), "stranger")


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("size", {"size": 0, "model": np.zeros(1, np.int64)}),
        ("size", {"size": 2**19 + 1}),
        ("width", {"width": 3}),
        ("maxWeight", {"maxWeight": 0}),
        ("maxWeight", {"maxWeight": 65536}),
        ("seats", {"seats": 17}),
        ("quorum", {"quorum": 0}),
        ("quorum", {"quorum": 17}),
        ("rounds", {"rounds": 0}),
        ("maxVoids", {"maxVoids": 11}),
        ("trim", {"rule": 3}),
        ("trim", {"rule": 3, "trim": 1, "quorum": 2}),
        ("trim", {"trim": 1}),
        ("faulty", {"rule": 4, "keep": 1, "faulty": 1, "quorum": 4}),
        ("keep", {"rule": 5}),
        ("keep", {"keep": 1}),
        ("bound", {"bound": 1}),
        ("pay", {"pay": 1}),
        ("pay", {"pay": 2}),
        ("rule", {"mode": 1, "rule": 2}),
        ("width", {"mode": 1}),
        ("maxWeight", {"mode": 1, "width": 1}),
        ("size", {"mode": 1, "width": 1, "maxWeight": 1, "size": 2**14 + 1, "stake": 1}),
        ("shift", {"mode": 1, "width": 1, "maxWeight": 1, "shift": 25}),
        ("shift", {"shift": 1}),
        ("pay", {"mode": 1, "width": 1, "maxWeight": 1, "pay": 2}),
        ("policy", {"mode": 1, "width": 1, "maxWeight": 1, "policy": 2, "judging": 60}),
        ("committee", {"policy": 4, "judging": 60}),
        ("committee", {"policy": 3, "judging": 60, "committee": 3}),
        ("judging", {"policy": 2}),
        ("committee", {"committee": 3}),
        ("committee", {"policy": 1, "judging": 60, "committee": 2, "quorum": 3}),
        ("quorum", {"policy": 1, "judging": 60, "committee": 3}),
        ("difficulty", {"difficulty": 1}),
        ("unit", {"unit": 0}),
        ("reward", {"reward": 1, "fee": 1, "tip": 1}),
        ("reward", {"reward": 2**44}),
        ("fine", {"fine": 0}),
        ("fine", {"fine": 500_001}),
        ("bond", {"bond": 1}),
        ("stake", {"stake": 0}),
        ("stake", {"stake": 100_001}),
        ("stake", {"size": 1024, "stake": 50_001}),
        ("committing", {"committing": 59}),
        ("judging", {"judging": 60}),
        ("turn", {"turn": 31 * 86_400}),
        ("challenge", {"supply": 901}),
        ("turn", {"turn": 1799}),
        ("supply", {"size": 2**19, "stake": 1}),
        ("start", {"start": 1}),
    ],
)
def test_create__terms_that_nobody_could_bear__refused(deployed, field, changes):
    evm, factory = deployed
    with pytest.raises(Reverted, match="InvalidTerms") as refused:
        Scenario.create(evm, factory, **changes)
    assert refused.value.values[0].rstrip(b"\0").decode() == field


def test_create__other_value_than_the_budget__refused(deployed):
    evm, factory = deployed
    terms = TERMS | {"start": evm.now + 3600, "genesis": b"\x01" * 32}
    with pytest.raises(Reverted, match="WrongPayment"):
        evm.send(factory.functions.create(terms, b"\x01" * 32), "organizer", 1)
