"""What an attacker gains who reads the contract more closely than its users do: each once succeeded."""

from dataclasses import replace

import pytest

from orchestrator.learning.aggregation.chunks import encode
from orchestrator.learning.aggregation.gram import packed, trace_leaf
from orchestrator.systems.federation.supplied import LEAVES, leaf_group
from tests.contracts.federation.scenario import HOUR, PARTIES, TERMS, Phase, Posted
from tests.evm import Reverted

THREE = PARTIES[:3]
UPDATE, MODEL, TRACE = range(3)
JUNK = [b"\x01" * 32] * 9
NO_CLAIM = ("0x" + "00" * 20, 0, b"\0" * 32, b"\0" * 32, 0, 0, 0, 0, b"\0" * 32, 0)


def off(draft):
    draft.model[0] += 1


def stake(s):
    return s.terms["stake"] * s.terms["unit"]


def posted_as(s, who, root, extra=b""):
    """Claim `root` in the place of what is right."""
    right, _ = s.prepare(who)
    claim = (*right.claim[:2], root, b"\x03" * 32, *right.claim[4:])
    s.send(
        "claim",
        1,
        right.claim[4],
        root,
        b"\x03" * 32,
        extra,
        sender=who,
        value=s.terms["bond"] * s.terms["unit"],
    )
    return Posted(claim, right.model, right.trace)


def silent(s, who, index=0, claim=NO_CLAIM):
    """A part of `who`'s update is demanded, and not supplied."""
    s.send("demand", UPDATE, s.evm.role(who), index, claim, sender="refuter", value=stake(s))
    s.evm.advance(s.terms["supply"])
    s.send("forfeit", UPDATE, s.evm.role(who), index, claim)


def test_claim__root_zero__is_refused_or_its_bytes_cannot_be_supplied(create):
    """No bytes have the root zero, and a proof that is too long leads there: anything would be supplied."""
    s = create(*THREE)
    s.revealed(*THREE)
    try:
        posted = posted_as(s, "anna", b"\0" * 32)
    except Reverted:
        return
    s.send("demand", MODEL, s.evm.role("anna"), 0, posted.claim, sender="refuter", value=stake(s))
    junk = (s.evm.role("anna"), b"\0" * 32, 1, 0, b"\0" * 32, bytes(3 * 128), JUNK)
    with pytest.raises(Reverted):
        s.send("supply", MODEL, 0, posted.claim, junk)


def test_reveal__root_zero__is_left_out_or_its_bytes_cannot_be_supplied(create):
    """Such an update can be shown to no refutation, so every claim of its round would stand."""
    s = create(*THREE)
    s.commit("anna", "ben")
    own = s.train("cleo")
    zero = replace(own.update)
    zero.__dict__["root"] = b"\0" * 32
    s.updates["cleo"] = replace(own, update=zero)
    s.send("commit", 1, s.commitment("cleo"), sender="cleo")
    try:
        s.reveal("cleo")
    except Reverted:
        return
    s.reveal("anna", "ben")
    party = s.evm.role("cleo")
    s.send("demand", UPDATE, party, 0, NO_CLAIM, sender="refuter", value=stake(s))
    junk = (party, b"\0" * 32, s.updates["cleo"].weight, 0, s.updates["cleo"].cid, bytes(3 * 128), JUNK)
    with pytest.raises(Reverted):
        s.send("supply", UPDATE, 0, NO_CLAIM, junk)


def test_demand__second_claim_of_the_same_claimer__can_be_asked_again(create):
    """Its accomplice's silence ends the first claim, of which the part was shown; the second lies there."""
    s = create(*PARTIES[:4])
    s.revealed(*PARTIES[:4])
    first = s.claim("anna")
    party = s.evm.role("anna")
    s.send("demand", UPDATE, s.evm.role("dora"), 0, first.claim, sender="refuter", value=stake(s))
    s.send("demand", MODEL, party, 0, first.claim, sender="refuter", value=stake(s))
    shown = (party, b"\0" * 32, 1, 0, b"\0" * 32, encode(first.model, 4), [])
    s.send("supply", MODEL, 0, first.claim, shown)
    s.evm.advance(s.terms["supply"])
    s.send("forfeit", UPDATE, s.evm.role("dora"), 0, first.claim)
    lie = s.claim("anna", off)
    s.send("demand", MODEL, party, 0, lie.claim, sender="refuter", value=stake(s))


def test_create__no_time_to_demand__refused(create):
    """A demand comes before the last two times of `supply`: with a challenge as short, there is none."""
    try:
        s = create(*THREE, challenge=HOUR, supply=HOUR // 2)
    except Reverted:
        return
    s.revealed(*THREE)
    posted = s.claim("anna", off)
    s.send("demand", MODEL, s.evm.role("anna"), 0, posted.claim, sender="refuter", value=stake(s))


def test_leader__waits_for_what_it_demanded__is_not_fined(create):
    """An accomplice that has the bytes must not pass it in the meantime and earn its fine."""
    try:
        s = create("organizer", *THREE, turn=60)
    except Reverted:
        return
    s.revealed("organizer", *THREE)
    s.until(-2 * s.terms["turn"])
    s.send("demand", UPDATE, s.evm.role("cleo"), 0, NO_CLAIM, sender="organizer", value=stake(s))
    s.evm.advance(s.terms["turn"])
    own = s.updates["cleo"]
    try:
        posted = s.claim("ben")
    except Reverted:
        return
    s.send("supply", UPDATE, 0, NO_CLAIM, (*own.chunk(0, 3)[:6], []))
    s.finalize(posted)
    assert s.deposit("organizer") == TERMS["deposit"]


def test_claim__update_excluded_the_moment_before__takes_nobodys_bond(create):
    """Whoever withholds its update lets it fall just before the claim, which says another aggregate then."""
    s = create(*PARTIES[:4])
    s.revealed(*PARTIES[:4])
    party = s.evm.role("dora")
    s.send("demand", UPDATE, party, 0, NO_CLAIM, sender="refuter", value=stake(s))
    s.evm.advance(s.terms["supply"])
    value = s.terms["bond"] * s.terms["unit"]
    prepared, extra = s.prepare("anna")
    arguments = [1, prepared.claim[4], prepared.claim[2], prepared.claim[3], extra]
    s.send("forfeit", UPDATE, party, 0, NO_CLAIM)
    with pytest.raises(Reverted, match="WrongUpdates"):
        s.send("claim", *arguments, sender="anna", value=value)


def test_draw__an_update_excluded_after_the_seed_is_known__changes_nothing(create):
    """Who knows the seed must not choose among whom is drawn."""
    five = PARTIES[:5]
    terms = {"policy": 1, "judging": 3600, "committee": 3, "quorum": 3}
    s = create(*five, **terms)
    s.revealed(*five)
    seen = s.evm.snapshot()
    s.send("draw")
    before = s.ballot["committee"]
    s.evm.revert(seen)
    drawn = set()
    for who in five:
        seen = s.evm.snapshot()
        silent(s, who)
        s.send("draw")
        drawn.add(s.ballot["committee"])
        s.evm.revert(seen)
    assert drawn <= {before}


def test_judgement__half_of_the_updates_bad__are_out_where_the_committee_says_so(create):
    """Of four updates two are bad, and the three honest scorers say so."""
    four = PARTIES[:4]
    s = create(*four, policy=1, judging=3600, committee=3, quorum=3, pay=1)
    s.revealed(*four)
    members = s.members()
    bad = four[2:]
    word = s.scores(anna=100, ben=100, cleo=60_000, dora=60_000)
    s.speak(dict.fromkeys(members, word), *members)
    s.judge(dict.fromkeys(members, word), *members)
    accepted = s.call("judgement")[0]
    assert not any(accepted >> s.seat(who) & 1 for who in bad)


def test_skip__the_moment_reveals_begin__leaves_the_fines_to_all_who_committed(create):
    """Too few committed: whoever reveals first and skips must not take what the others would share."""
    s = create(*PARTIES[:5], quorum=5, obliged=True)
    s.commit(*PARTIES[:4])
    s.until()
    s.reveal("anna")
    s.send("skip")
    assert s.earned("anna") <= TERMS["fine"] // 2


def test_supply__demand_of_a_claim_that_fell__is_not_answered_by_another(create):
    s = create(*PARTIES[:4])
    s.revealed(*PARTIES[:4])
    first = s.claim("anna")
    party = s.evm.role("anna")
    s.send("demand", UPDATE, s.evm.role("dora"), 0, first.claim, sender="refuter", value=stake(s))
    s.evm.advance(s.terms["supply"] // 2)
    s.send("demand", MODEL, party, 0, first.claim, sender="stranger", value=stake(s))
    s.evm.advance(s.terms["supply"] // 2)
    s.send("forfeit", UPDATE, s.evm.role("dora"), 0, first.claim)
    second = s.claim("anna")
    shown = (party, b"\0" * 32, 1, 0, b"\0" * 32, encode(second.model, 4), [])
    with pytest.raises(Reverted):
        s.send("supply", MODEL, 0, second.claim, shown)


def test_leave__at_the_end_of_commitments__costs_who_is_obliged_to_commit(create):
    """Whoever has no update leaves in the last second, and comes back in the next round, for nothing."""
    s = create(*PARTIES[:4], obliged=True, rounds=9, maxVoids=9)
    s.commit(*THREE)
    s.until(-5)
    s.send("leave", sender="dora")
    assert s.balance("dora") == TERMS["deposit"] - TERMS["fine"]


def test_leave__before_enough_have_committed__its_fine_is_theirs_who_have(create):
    s = create(*PARTIES[:4], obliged=True, quorum=4)
    s.commit(*THREE)
    s.send("leave", sender="dora")
    assert sum(map(s.earned, THREE)) == TERMS["fine"]


def test_leave__where_no_update_is_owed__costs_nothing(create):
    """Before the first round, when all is over, and where nobody is obliged to commit."""
    s = create(*THREE, obliged=True, begun=False)
    s.send("leave", sender="anna")
    assert s.balance("anna") == TERMS["deposit"]
    s = create(*THREE, obliged=True, rounds=1)
    s.play(*THREE)
    assert s.phase is Phase.CLOSED
    earned = s.earned("cleo")
    s.send("leave", sender="cleo")
    assert s.balance("cleo") == TERMS["deposit"] + earned
    s = create(*THREE)
    s.send("leave", sender="ben")
    assert s.balance("ben") == TERMS["deposit"]


def test_supply__by_a_contract__is_in_an_event_for_everybody(create):
    s = create(*THREE)
    s.revealed(*THREE)
    party, own = s.evm.role("ben"), s.updates["ben"]
    s.send("demand", UPDATE, party, 0, NO_CLAIM, sender="refuter", value=stake(s))
    receipt = s.send("supply", UPDATE, 0, NO_CLAIM, (*own.chunk(0, 3)[:6], []))
    [told] = s.events("Supplied", receipt)
    assert told["data"] == own.update.data


def test_join__admission_that_is_over__refused(create):
    s = create(begun=False, inviter="0x" + "11" * 20)
    with pytest.raises(Reverted, match="TooLate"):
        s.join("anna", (s.evm.now - 1).to_bytes(32, "big") + bytes(64))
    with pytest.raises(Reverted, match="TooLate"):
        s.join("anna", b"")


def test_claim__in_the_second_in_which_the_round_began__takes_no_bond(create, evm):
    """No time at all would mean that there is no claim; blocks of some chains share their seconds."""
    s = create("anna", "ben", begun=False, seats=3)
    actor = evm.deploy("SumAttacker")

    def run(*calls, value=0):
        data = [s.contract.functions[name](*args)._encode_transaction_data() for name, *args in calls]
        values = [0] * (len(calls) - 1) + [value]
        return evm.send(actor.functions.run(s.contract.address, data, values), "stranger", value)

    run(("join", b""), value=s.terms["deposit"] * s.terms["unit"])
    entries = []
    for who in ("anna", "ben"):
        own = s.train(who)
        commitment = s.call("commitmentOf", 1, own.party, own.digest, own.salt)
        entries.append(commitment + s.sign(who, "Update", 1, commitment))
    own = replace(s.updates["ben"], party=actor.address, seat=2)
    s.updates["actor"] = own
    commitment = s.call("commitmentOf", 1, actor.address, own.digest, own.salt)
    reveals = b"".join(each.entry for each in s.updates.values())
    round_ = [("begin",), ("commitSigned", b"".join(entries)), ("commit", 1, commitment), ("reveal", reveals)]
    claim = ("claim", 1, 0b111, b"\x05" * 32, b"\x06" * 32, b"")
    bond = s.terms["bond"] * s.terms["unit"]
    with pytest.raises(Reverted, match="TooEarly"):
        run(*round_, claim, value=bond)
    run(*round_)
    assert s.phase is Phase.CLAIMING
    run(claim, value=bond)
    assert s.state["claimedAfter"] > 0


def test_create__token_with_a_fee_that_calls_back__has_no_budget(deployed):
    """What the organizer credits to itself meanwhile must not pass for the budget."""
    evm, factory = deployed
    seen = evm.snapshot()
    token = evm.deploy("FederationToken", sender="organizer")
    terms = TERMS | {"start": evm.now + HOUR, "genesis": b"\x01" * 32, "currency": token.address}
    budget = terms["rounds"] * terms["reward"] * terms["unit"]
    where = evm.call(factory.functions.addressOf(terms, evm.role("organizer"), b"\x02" * 32))
    fund = evm.at("FederationCommons", where).functions.fund(evm.role("organizer"), budget)
    evm.send(token.functions.approve(factory.address, 2**255), "organizer")
    evm.send(token.functions.meanwhile(where, fund._encode_transaction_data()), "organizer")
    with pytest.raises(Reverted, match="WrongPayment"):
        evm.send(factory.functions.create(terms, b"\x02" * 32), "organizer")
    assert evm.web3.eth.get_code(where) == b""
    evm.revert(seen)


def test_demand__trace_of_many_leaves__is_asked_for_in_few_parts__a_withheld_one_falls(create):
    """Of a model of 2^19 there are 16,384: whoever has to answer for each loses its bond to anybody."""
    size = 32 * (LEAVES + 2)
    s = create(*THREE, rule=1, width=1, size=size, stake=1000, challenge=4 * HOUR).revealed(*THREE)
    posted, party = s.claim("anna"), s.evm.role("anna")
    for index in range(2):
        s.send("demand", TRACE, party, index, posted.claim, sender="refuter", value=stake(s))
    with pytest.raises(Reverted, match="WrongProof"):
        s.send("demand", TRACE, party, 2, posted.claim, sender="refuter", value=stake(s))
    leaves = [trace_leaf(number, each) for number, each in enumerate(posted.trace)]
    head = (party, b"\0" * 32, 0, 0, b"\0" * 32)
    for index in range(2):
        shown = leaf_group(leaves, index)
        for data, error in ((shown.data[:-32], "WrongLength"), (bytes(len(shown.data)), "WrongProof")):
            with pytest.raises(Reverted, match=error):
                s.send("supply", TRACE, index, posted.claim, (*head, data, shown.proof))
        if index == 0:
            receipt = s.send("supply", TRACE, index, posted.claim, (*head, shown.data, shown.proof))
            assert s.events("Supplied", receipt)[0]["data"] == shown.data
            assert receipt["gasUsed"] < 500_000
    assert s.balance("anna") == s.terms["stake"]
    s.evm.advance(s.terms["supply"])
    s.send("forfeit", TRACE, party, 1, posted.claim)
    assert s.phase is Phase.CLAIMING
    assert s.balance("refuter") == s.terms["stake"] + TERMS["bond"] // 2


def test_refute__step_of_a_trace_of_which_only_leaves_were_shown__falls(create):
    """Hashes are enough: up to the first wrong one, whoever refutes has the matrices itself."""
    s = create(*THREE, rule=1).revealed(*THREE)

    def lie(draft):
        for products in draft.products[1:]:
            products[0][0] += 1

    right, _ = s.prepare("anna")
    posted = s.claim("anna", lie)
    shown = leaf_group([trace_leaf(number, each) for number, each in enumerate(posted.trace)], 0)
    s.send("demand", TRACE, s.evm.role("anna"), 0, posted.claim, sender="refuter", value=stake(s))
    head = (s.evm.role("anna"), b"\0" * 32, 0, 0, b"\0" * 32)
    with pytest.raises(Reverted, match="WrongProof"):
        s.send("supply", TRACE, 0, posted.claim, (*head, bytes(len(shown.data)), ()))
    s.send("supply", TRACE, 0, posted.claim, (*head, shown.data, ()))
    learned = [shown.data[at : at + 32] for at in range(0, len(shown.data), 32)]
    wrong = next(k for k, leaf in enumerate(learned) if leaf != trace_leaf(k, right.trace[k]))
    evidence = list(s.step(posted, wrong))
    assert evidence[3] == packed(right.trace[wrong - 1])
    s.refute("refuteStep", *evidence)
    assert s.phase is Phase.CLAIMING
