"""What is not evidence, a demand or an answer is refused, and nobody is paid or loses anything by it.

refuteStep, refuteSelection
├── of another claim, or once the challenge is over
├── a leaf or a matrix that the claim does not have, or a matrix before the first step
└── where there is no trace
demand
├── before all have revealed, too late, once all is over
└── of what was not revealed or does not pend
supply
├── of what nobody asked for, or twice
└── other bytes
forfeit
├── of what nobody asked for, too early, twice, after it was supplied
├── with another claim than the one that falls with it
└── of what matters no longer
"""

import pytest

from orchestrator.learning.aggregation.chunks import encode
from orchestrator.learning.aggregation.gram import packed
from tests.contracts.federation.scenario import BURNT, PARTIES, TERMS, Phase
from tests.evm import Reverted

THREE, FOUR = PARTIES[:3], PARTIES[:4]
UPDATE, MODEL, TRACE = range(3)
NO_CLAIM = ("0x" + "00" * 20, 0, b"\0" * 32, b"\0" * 32, 0, 0, 0, 0, b"\0" * 32, 0)
STAKE = TERMS["stake"]


def off(draft):
    draft.model[0] += 1


def other(claim):
    return (*claim[:3], b"\x05" * 32, *claim[4:])


def demand(s, part, who, claim=NO_CLAIM, index=0):
    value = STAKE * s.terms["unit"]
    return s.send("demand", part, s.evm.role(who), index, claim, sender="refuter", value=value)


def forfeit(s, part, who, claim=NO_CLAIM, index=0):
    return s.send("forfeit", part, s.evm.role(who), index, claim)


def own(s, who):
    """All of an update of three chunks."""
    return (*s.updates[who].chunk(0, 3)[:6], [])


def claimed(s, posted):
    return (posted.claim[0], b"\0" * 32, 1, 0, b"\0" * 32, encode(posted.model, 4), [])


def test_refute_step__made_up_or_late__no_evidence(create):
    s = create(*THREE, rule=1).revealed(*THREE)
    posted = s.claim("anna")
    first = s.step(posted, 0)
    claim, parties, index, before, above, leaf, proof = s.step(posted, 1)
    for evidence, error in (
        ((other(claim), parties, index, before, above, leaf, proof), "NotTheClaim"),
        ((claim, parties, index, before, above, b"\x05" * 32, proof), "WrongProof"),
        ((claim, parties, index, bytes(len(before)), above, leaf, proof), "WrongProof"),
        ((claim, parties, index, b"", above, leaf, proof), "WrongProof"),
        ((claim, parties[:2], index, before, above, leaf, proof), "WrongParties"),
        ((claim, parties[::-1], index, before, above, leaf, proof), "NotTheUpdate"),
        ((*first[:3], before, above, *first[5:]), "WrongMatrix"),
    ):
        with pytest.raises(Reverted, match=error):
            s.send("refuteStep", *evidence)
    s.until()
    with pytest.raises(Reverted, match="NotTheClaim"):
        s.send("refuteStep", *first)


def test_refute_selection__made_up_or_late__no_evidence(create):
    s = create(*THREE, rule=1).revealed(*THREE)
    posted = s.claim("anna")
    claim, matrix, proof = s.selection(posted)
    for evidence, error in (
        ((other(claim), matrix, proof), "NotTheClaim"),
        ((claim, bytes(len(matrix)), proof), "WrongProof"),
        ((claim, packed(posted.trace[0]), proof), "WrongProof"),
    ):
        with pytest.raises(Reverted, match=error):
            s.send("refuteSelection", *evidence)
    s.until()
    with pytest.raises(Reverted, match="NotTheClaim"):
        s.send("refuteSelection", claim, matrix, proof)


def test_refute__step_or_selection_where_there_is_no_trace__no_evidence(create):
    s = create(*THREE).revealed(*THREE)
    claim, _, parties, _ = s.evidence(s.claim("anna"), 0)
    with pytest.raises(Reverted, match="UnexpectedTrace"):
        s.send("refuteStep", claim, parties, 0, b"", [], b"\x05" * 32, [])
    with pytest.raises(Reverted, match="UnexpectedTrace"):
        s.send("refuteSelection", claim, bytes(96), [])


def test_refute__other_model_before__no_evidence(create):
    s = create(*THREE).revealed(*THREE)
    claim, link, parties, pair = s.evidence(s.claim("anna"), 0)
    with pytest.raises(Reverted, match="WrongProof"):
        s.send("refuteChunk", claim, link, parties, (pair[0], bytes(128), *pair[2:]))


def test_demand__not_its_time__refused(create):
    s = create(*THREE, rounds=1)
    with pytest.raises(Reverted, match="NotTheTime"):
        demand(s, UPDATE, "ben")
    s.commit(*THREE)
    s.reveal("ben")
    with pytest.raises(Reverted, match="NotTheTime"):  # others do not know yet what it had
        demand(s, UPDATE, "ben")
    s.reveal("anna", "cleo")
    s.until()
    with pytest.raises(Reverted, match="NotTheTime"):
        demand(s, UPDATE, "ben")
    s.finalize(s.claim("anna"))
    assert s.phase is Phase.CLOSED
    with pytest.raises(Reverted, match="NotTheTime"):
        demand(s, UPDATE, "ben")


def test_demand__closed_while_there_would_be_time__refused(create):
    s = create(*THREE, maxVoids=1)
    s.commit(*THREE)
    s.reveal("ben")
    s.until()
    s.send("skip")
    assert s.phase is Phase.CLOSED
    with pytest.raises(Reverted, match="NotTheTime"):
        demand(s, UPDATE, "ben")


def test_demand__of_what_is_not_there__refused(create):
    s = create(*FOUR)
    s.commit(*FOUR)
    s.reveal(*THREE)
    s.until()
    posted = s.claim("anna")
    for part, who, claim, error in (
        (UPDATE, "dora", NO_CLAIM, "NotTheUpdate"),
        (UPDATE, "stranger", NO_CLAIM, "NotTheUpdate"),
        (MODEL, "anna", other(posted.claim), "NotTheClaim"),
        (MODEL, "ben", posted.claim, "NotTheClaim"),
        (TRACE, "anna", posted.claim, "UnexpectedTrace"),
    ):
        with pytest.raises(Reverted, match=error):
            demand(s, part, who, claim)
    with pytest.raises(Reverted, match="Underfunded"):  # who asks pays for the answer
        s.send("demand", UPDATE, s.evm.role("ben"), 0, NO_CLAIM, sender="stranger")


def test_supply__other_bytes_twice_or_unasked__refused(create):
    s = create(*THREE).revealed(*THREE)
    right = own(s, "ben")
    with pytest.raises(Reverted, match="NotDemanded"):
        s.send("supply", UPDATE, 0, NO_CLAIM, right)
    demand(s, UPDATE, "ben")
    for shown, error in (
        ((*right[:5], right[5][:-1], []), "WrongLength"),
        ((*right[:5], bytes(len(right[5])), []), "WrongProof"),
        ((right[0], b"\x05" * 32, *right[2:]), "NotTheUpdate"),
    ):
        with pytest.raises(Reverted, match=error):
            s.send("supply", UPDATE, 0, NO_CLAIM, shown)
    s.send("supply", UPDATE, 0, NO_CLAIM, right)
    with pytest.raises(Reverted, match="NotDemanded"):
        s.send("supply", UPDATE, 0, NO_CLAIM, right)
    s.evm.advance(s.terms["supply"])
    with pytest.raises(Reverted, match="NotDemanded"):
        forfeit(s, UPDATE, "ben")
    assert s.balance("ben") == STAKE
    assert s.balance("refuter") == 0


def test_supply__other_model_than_claimed__refused(create):
    s = create(*THREE).revealed(*THREE)
    posted = s.claim("anna")
    right = claimed(s, posted)
    demand(s, MODEL, "anna", posted.claim)
    for claim, shown, error in (
        (other(posted.claim), right, "NotDemanded"),
        (posted.claim, (*right[:5], right[5][:-1], []), "WrongLength"),
        (posted.claim, (*right[:5], bytes(len(right[5])), []), "WrongProof"),
    ):
        with pytest.raises(Reverted, match=error):
            s.send("supply", MODEL, 0, claim, shown)
    s.send("supply", MODEL, 0, posted.claim, right)
    assert s.balance("anna") == STAKE


def test_forfeit__unasked_early_twice_or_with_another_claim__refused(create):
    s = create(*FOUR).revealed(*FOUR)
    with pytest.raises(Reverted, match="NotDemanded"):
        forfeit(s, UPDATE, "dora")
    demand(s, UPDATE, "dora")
    with pytest.raises(Reverted, match="TooEarly"):
        forfeit(s, UPDATE, "dora")
    posted = s.claim("anna")
    s.evm.advance(s.terms["supply"])
    with pytest.raises(Reverted, match="NotTheClaim"):
        forfeit(s, UPDATE, "dora", other(posted.claim))
    forfeit(s, UPDATE, "dora", posted.claim)
    with pytest.raises(Reverted, match="NotDemanded"):
        forfeit(s, UPDATE, "dora", posted.claim)
    assert s.balance("refuter") == STAKE
    assert s.deposit("dora") == TERMS["deposit"] - TERMS["fine"]


def test_forfeit__made_up_claim_where_there_is_none__pays_nobody_its_bond(create):
    s = create(*FOUR).revealed(*FOUR)
    demand(s, UPDATE, "dora")
    s.evm.advance(s.terms["supply"])
    forfeit(s, UPDATE, "dora", (s.evm.role("stranger"), 3, *NO_CLAIM[2:4], 0b1111, *NO_CLAIM[5:]))
    assert s.balance("stranger") == 0
    assert s.phase is Phase.CLAIMING


def test_forfeit__second_part_of_who_is_out__costs_nothing_more(create):
    s = create(*FOUR, size=1024).revealed(*FOUR)
    for index in range(2):
        demand(s, UPDATE, "dora", index=index)
    s.evm.advance(s.terms["supply"])
    for index in range(2):
        forfeit(s, UPDATE, "dora", index=index)
    assert s.deposit("dora") == TERMS["deposit"] - TERMS["fine"]
    assert s.balance("refuter") == 2 * STAKE
    assert s.state["demanded"] == 0


def test_forfeit__model_of_a_claim_that_fell__leaves_the_next_one_alone(create):
    s = create(*THREE).revealed(*THREE)
    first = s.claim("anna", off)
    demand(s, MODEL, "anna", first.claim)
    s.refute("refuteChunk", *s.evidence(first, 0), announced=False)
    second = s.claim("ben")
    forfeit(s, MODEL, "anna", first.claim)
    assert s.balance("refuter") == STAKE
    assert s.balance(BURNT) == TERMS["bond"]
    assert s.phase is Phase.CHALLENGING
    s.finalize(second)


def test_forfeit__model_of_a_claim_that_fell_and_none_came__pays_its_bond_no_second_time(create):
    s = create(*THREE).revealed(*THREE)
    first = s.claim("anna", off)
    demand(s, MODEL, "anna", first.claim)
    s.refute("refuteChunk", *s.evidence(first, 0), announced=False)
    s.evm.advance(s.terms["supply"])
    forfeit(s, MODEL, "anna", first.claim)
    assert s.balance("refuter") == STAKE
    assert s.balance(BURNT) == TERMS["bond"]
    assert s.phase is Phase.CLAIMING
