"""
Bytes that nobody gives
├── what is demanded of an honest party or claimer is shown, and nothing is lost
├── an update that is withheld: demanded, given up, and the round goes on; one that is shown is read on-chain
├── a false claim whose trace or model is hidden: demanded until it is known where, and refuted
└── a model that stood and that nobody gives: worked out again
"""

import shutil
from dataclasses import replace

import pytest

from orchestrator.bindings.federation import Part, PartyChunk, Phase
from orchestrator.chain import migrate
from orchestrator.config import load_settings
from orchestrator.errors import StorageError
from orchestrator.kernel.keeper import Keeper
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation.chunks import encode, leaves
from orchestrator.learning.aggregation.gram import packed, trace_leaf
from orchestrator.merkle import proof_of, root_of
from orchestrator.systems.federation import aggregating, cranking, demands, party, refuting
from orchestrator.systems.federation.aggregating import current_model
from orchestrator.systems.federation.duties import SYSTEM
from orchestrator.systems.federation.finding import cid_of
from orchestrator.systems.federation.rounds import NOTHING, claims, pending_claim, phase_of, revealed_in
from orchestrator.systems.federation.supplies import GROUP, Sight, groups_of
from tests.unit.systems.federation.stage import begin

PARTIES = ("bob", "carol", "dave")
TERMS = {
    "policy": "trusted",
    "pay": "equal",
    "committee": 0,
    "quorum": 2,
    "rounds": 2,
    "supply": "30m",
    "turn": "2h",
    "challenge": "4h",
}
WIDE = {"hidden": 200}
"""A network of 1,002 parameters: three groups, 32 chunks."""


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("federation") / "home"
    with Session(load_settings(home=folder, environ={})) as opened:
        migrate(opened.settings, opened.chain, opened.account("judy"), ["federation"])
    return folder


@pytest.fixture
def session(migrated, tmp_path):
    shutil.copytree(migrated, tmp_path / "home")
    with Session(load_settings(home=tmp_path / "home", environ={})) as opened:
        yield opened


@pytest.fixture
def hide(session, monkeypatch):
    """Make storage lose a file."""
    lost, read = set(), session.storage.read

    def reading(cid, *args, **options):
        if cid in lost:
            raise StorageError(f"{cid} is nowhere")
        return read(cid, *args, **options)

    monkeypatch.setattr(session.storage, "read", reading)
    return lambda digest: lost.add(cid_of(digest))


@pytest.fixture
def revealed(session, tmp_path):
    def make(**changes):
        federation = begin(session, tmp_path, *PARTIES, **TERMS | changes)
        cranking.crank(session, federation, session.account("erin"))
        round_of(session, federation)
        return federation

    return make


def round_of(session, federation):
    for act in (party.commit, party.reveal):
        for name in PARTIES:
            act(session, federation, session.account(name))


def claim_falsely(session, federation, name, result):
    """As `aggregating.claim` does, but nobody gets the file."""
    stored = replace(result, model=current_model(session, federation))
    account = session.account(name)
    aggregating.claim(session, federation, account, result=stored)
    return pending_claim(federation)


def demand(session, federation, part, name, index=0):
    """A stranger asks."""
    terms, claim = federation.terms, pending_claim(federation) or demands._NO_CLAIM
    call = federation.demand(part, session.account(name).address, index, claim)
    session.send(call, session.account("erin"), value=terms.stake * terms.unit)


def supply(session, federation, part, name, index, data, proof):
    who = session.account(name)
    chunk = PartyChunk(who.address, NOTHING, 0, 0, NOTHING, data, proof)
    session.send(federation.supply(part, index, pending_claim(federation), chunk), who)


def test_answer__what_a_stranger_demands__is_shown_and_costs_nothing(session, revealed):
    federation = revealed(**WIDE)
    bob = session.account("bob")
    for index in range(groups_of(federation.terms.size)):
        demand(session, federation, Part.UPDATE, "bob", index)
    assert len(list(demands.answer(session, federation, bob))) == 2
    aggregating.claim(session, federation, bob)
    for part, index in ((Part.MODEL, 0), (Part.MODEL, 1), (Part.TRACE, 0), (Part.TRACE, 17)):
        demand(session, federation, part, "bob", index)
    said = list(demands.answer(session, federation, bob))
    assert said[-1] == "showed part 17 of its trace, which somebody demanded"
    assert not demands.waiting(federation)
    assert list(demands.answer(session, federation, bob)) == []
    assert federation.balance_of(bob.address) == 6 * federation.terms.stake * federation.terms.unit
    assert phase_of(federation) is Phase.CHALLENGING


def test_keeper__party_that_is_asked_while_another_withholds__does_both(session, revealed, hide):
    """What a stranger withholds ends nobody's look."""
    federation = revealed()
    bob, carol = session.account("bob"), session.account("carol").address
    hide(next(each.cid for each in revealed_in(federation, 1) if each.party == carol))
    demand(session, federation, Part.UPDATE, "bob")
    said = list(Keeper(session, [(SYSTEM, federation)], [bob]).turn())
    assert [each.duty for each in said] == [
        "show what is demanded",
        "demand what nobody gives",
        "claim the aggregate",
    ]
    assert [each.failed for each in said] == [False, False, True]
    session.chain.advance(federation.terms.supply + 60)
    said = list(Keeper(session, [(SYSTEM, federation)], [bob]).turn())
    assert [(each.duty, each.failed) for each in said] == [
        ("close demands that are over", False),
        ("claim the aggregate", False),
    ]


def test_ask__withheld_update__is_demanded_given_up_and_the_round_goes_on(session, revealed, hide):
    federation = revealed()
    bob, carol = session.account("bob"), session.account("carol").address
    hide(next(each.cid for each in revealed_in(federation, 1) if each.party == carol))
    with pytest.raises(StorageError):
        aggregating.claim(session, federation, bob)
    assert list(demands.ask(session, federation, bob)) == [
        f"demanded part 0 of the update of {carol}, which nobody gives"
    ]
    assert demands.wanted(session, federation) == []
    assert list(demands.close(session, federation, bob)) == []
    session.chain.advance(federation.terms.supply + 60)
    assert len(list(demands.close(session, federation, session.account("erin")))) == 1
    aggregating.claim(session, federation, bob)
    assert pending_claim(federation).accepted.bit_count() == 2
    assert refuting.check(session, federation) is None


def test_ask__update_that_is_shown_only_on_chain__is_read_from_there(session, revealed, hide):
    federation = revealed(**WIDE)
    bob, carol = session.account("bob"), session.account("carol")
    hide(next(each.cid for each in revealed_in(federation, 1) if each.party == carol.address))
    for count in (1, 1):
        assert len(list(demands.ask(session, federation, bob))) == count
        assert len(list(demands.answer(session, federation, carol))) == count
    assert demands.wanted(session, federation) == []
    aggregating.claim(session, federation, bob)
    assert pending_claim(federation).accepted.bit_count() == 3


@pytest.mark.parametrize("wrong", [0, 1, 13, 31])
def test_check__hidden_trace__is_demanded_where_it_is_wrong_and_refuted(session, revealed, wrong):
    federation = revealed(**WIDE)
    right = aggregating.expected(session, federation)
    products = [
        [[value + (number >= wrong) for value in row] for row in each]
        for number, each in enumerate(right.products)
    ]
    claim_falsely(session, federation, "bob", replace(right, products=tuple(products)))
    nodes = [trace_leaf(number, each) for number, each in enumerate(products)]
    carol = session.account("carol")
    for _ in range(2):
        fault = refuting.check(session, federation)
        if fault.call:
            break
        list(demands.ask(session, federation, carol))
        for each in demands.waiting(federation):
            data, proof = packed(products[each.index]), proof_of(nodes, each.index)
            supply(session, federation, Part.TRACE, "bob", each.index, data, proof)
    fault = refuting.check(session, federation)
    assert refuting.refute(session, federation, session.account("erin"), fault) > 0
    assert phase_of(federation) is Phase.CLAIMING


def test_check__trace_of_one_chunk__is_refuted_without_asking(session, revealed):
    federation = revealed()
    right = aggregating.expected(session, federation)
    claim_falsely(session, federation, "bob", replace(right, products=([[1] * 3] * 3,)))
    fault = refuting.check(session, federation)
    assert refuting.refute(session, federation, session.account("erin"), fault) > 0


@pytest.mark.parametrize("place", [3, 600, 1001])
def test_check__hidden_model__is_demanded_where_it_is_wrong_and_refuted(session, revealed, place):
    federation = revealed(**WIDE)
    false = aggregating.altered(aggregating.expected(session, federation), place)
    claim_falsely(session, federation, "bob", false)
    carol, stride = session.account("carol"), GROUP * 128
    nodes = leaves(false.model, 4)
    groups = [root_of(nodes[at : at + GROUP]) for at in range(0, len(nodes), GROUP)]
    assert refuting.check(session, federation).wanted is Part.MODEL
    list(demands.ask(session, federation, carol))
    for each in demands.waiting(federation):
        data = encode(false.model, 4)[each.index * stride : (each.index + 1) * stride]
        supply(session, federation, Part.MODEL, "bob", each.index, data, proof_of(groups, each.index))
    fault = refuting.check(session, federation)
    assert fault.sentence.endswith(f"at chunk {place // 32}")
    assert refuting.refute(session, federation, session.account("erin"), fault) > 0


def test_close__hidden_model_and_silence__costs_the_bond(session, revealed):
    federation = revealed()
    false = aggregating.altered(aggregating.expected(session, federation), 3)
    claim_falsely(session, federation, "bob", false)
    carol = session.account("carol")
    assert len(list(demands.ask(session, federation, carol))) == 1
    session.chain.advance(federation.terms.supply + 60)
    assert len(list(demands.close(session, federation, carol))) == 1
    assert phase_of(federation) is Phase.CLAIMING
    bond = federation.terms.bond * federation.terms.unit
    assert federation.balance_of(carol.address) == bond // 2 + federation.terms.stake * federation.terms.unit


def test_current_model__that_stood_and_nobody_gives__is_worked_out(session, revealed, hide):
    """Its claimer alone could train and claim in the next round."""
    federation = revealed()
    made = aggregating.claim(session, federation, session.account("bob"))
    session.chain.advance(federation.terms.challenge + 60)
    cranking.crank(session, federation, session.account("erin"))
    hide(next(each.claim.cid for each in claims(federation)))
    assert (current_model(session, federation) == made.model).all()


@pytest.mark.parametrize("count", [1, 2, 3, 5, 16, 33])
def test_sight__a_few_leaves__lead_to_the_first_that_differs(count):
    right = [bytes([place]) * 32 for place in range(count)]
    for wrong in range(count):
        other = [b"\xff" * 32 if place >= wrong else leaf for place, leaf in enumerate(right)]
        sight = Sight(root_of(other), right)
        for _ in range(count):
            level, place = sight.first_wrong()
            if not level:
                break
            assert sight.learn(0, place << level, other[place << level], proof_of(other, place << level))
        assert (level, place) == (0, wrong)
        assert sight.proof(place) == proof_of(other, place)
        if place:
            assert sight.proof(place - 1) == proof_of(other, place - 1)
        assert not sight.learn(0, 0, b"\xee" * 32, proof_of(other, 0))
