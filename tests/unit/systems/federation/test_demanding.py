"""Bytes that nobody provides are asked for on-chain, shown there, and read from there."""

from dataclasses import replace

import numpy as np
import pytest
from eth_utils.crypto import keccak

from orchestrator.bindings.federation import Part, PartyChunk, Phase
from orchestrator.chain.delivery import Delivery
from orchestrator.errors import IntegrityError, StorageError
from orchestrator.learning.aggregation.gram import trace_leaf
from orchestrator.merkle import climb, proof_of, root_of
from orchestrator.systems.federation import (
    aggregating,
    cranking,
    demanding,
    party,
    refuting,
    rounds,
    supplied,
)
from orchestrator.systems.federation.claimedtree import ClaimedTree
from orchestrator.systems.federation.duties import SYSTEM
from orchestrator.systems.federation.rounds import (
    NOTHING,
    current_model,
    judged_at,
    phase_of,
    read_update,
    revealed_in,
)
from orchestrator.times import show_time
from orchestrator.types import Digest
from tests.unit.systems.federation.stage import begin, lost

PARTIES = ("alice", "bob", "carol")
TRUSTED = {"policy": "trusted", "pay": "equal", "committee": 0}


@pytest.fixture
def revealed(session, tmp_path):
    """Three have revealed, and anybody may claim soon."""
    federation = begin(session, tmp_path, *PARTIES, **TRUSTED)
    cranking.crank(session, federation, session.account("dave"))
    for act in (party.commit, party.reveal):
        for name in PARTIES:
            act(session, federation, session.account(name))
    return federation


def file_of(federation, each, width):
    return rounds.cid_of(each.cid, 32 * width)


def test_show__update_that_is_demanded__is_read_from_the_chain_and_earns_the_stake(session, revealed):
    each = next(one for one in revealed_in(revealed, 1) if one.party == session.account("bob").address)
    before = read_update(session, revealed, each)
    lost(session, file_of(revealed, each, 1))
    asks = demanding.missing(session, revealed, 7)
    assert asks == [demanding.Ask(Part.UPDATE, each.party, (0,))]
    assert demanding.ask(session, revealed, session.account("dave"), asks) == 1
    assert (
        demanding.ask(session, revealed, session.account("dave"), demanding.missing(session, revealed, 7))
        == 0
    )
    assert demanding.show(session, revealed, session.account("alice")) == 0
    assert demanding.show(session, revealed, session.account("bob")) == 1
    assert demanding.show(session, revealed, session.account("bob")) == 0
    assert read_update(session, revealed, each).root == before.root
    stake = revealed.terms.stake * revealed.terms.unit
    assert revealed.balance_of(session.account("bob").address) == stake
    aggregating.claim(session, revealed, session.account("alice"))
    assert refuting.check(session, revealed) is None


def test_close__update_that_nobody_shows__is_out_and_the_rest_go_on(session, revealed):
    each = next(one for one in revealed_in(revealed, 1) if one.party == session.account("bob").address)
    demanding.ask(session, revealed, session.account("dave"), [demanding.Ask(Part.UPDATE, each.party, (0,))])
    assert demanding.close(session, revealed, session.account("carol")) == 0
    session.chain.advance(revealed.terms.supply + 60)
    assert demanding.close(session, revealed, session.account("carol")) == 1
    assert not demanding.open_demands(revealed)
    assert revealed.state().revealed.bit_count() == 2
    assert revealed.balance_of(session.account("dave").address) == revealed.terms.stake * revealed.terms.unit


def test_check__claimed_model_that_nobody_gives__is_demanded_shown_and_refuted(session, revealed):
    false = aggregating.altered(aggregating.expected(session, revealed), 3)
    alice, dave = session.account("alice"), session.account("dave")
    aggregating.claim(session, revealed, alice, result=false)
    claim = rounds.pending_claim(revealed)
    lost(session, rounds.cid_of(claim.cid, 128))
    fault = refuting.check(session, revealed)
    assert fault.call is None
    assert fault.asks == (demanding.Ask(Part.MODEL, alice.address, (0,)),)
    demanding.ask(session, revealed, dave, fault.asks)
    session.storage.read = type(session.storage).read.__get__(session.storage)
    assert demanding.show(session, revealed, alice) == 1
    lost(session, rounds.cid_of(claim.cid, 128))
    fault = refuting.check(session, revealed)
    assert fault.sentence.endswith("at chunk 0")
    assert refuting.refute(session, revealed, dave, fault) > 0
    assert phase_of(revealed) is Phase.CLAIMING


@pytest.fixture
def wide(session, tmp_path):
    """A network of 1,002 parameters: two parts of sixteen chunks."""
    federation = begin(session, tmp_path, *PARTIES, **TRUSTED, hidden=200)
    cranking.crank(session, federation, session.account("dave"))
    for act in (party.commit, party.reveal):
        for name in PARTIES:
            act(session, federation, session.account(name))
    return federation


def test_missing__update_of_several_parts__one_first_and_the_rest_once_it_was_shown(session, wide):
    bob, dave = session.account("bob"), session.account("dave")
    each = next(one for one in revealed_in(wide, 1) if one.party == bob.address)
    lost(session, rounds.cid_of(each.cid, 1024))
    [first] = demanding.missing(session, wide, 7)
    assert len(first.indices) == 1
    demanding.ask(session, wide, dave, [first])
    assert demanding.missing(session, wide, 7) == []
    demanding.show(session, wide, bob)
    [rest] = demanding.missing(session, wide, 7)
    assert {*first.indices, *rest.indices} == {0, 1}
    demanding.ask(session, wide, dave, [rest])
    demanding.show(session, wide, bob)
    assert read_update(session, wide, each).root == each.root


@pytest.fixture
def ways(monkeypatch):
    """In which order transactions leave and are waited for."""
    noted = []
    for name in ("hand_over", "complete"):
        real = getattr(Delivery, name)

        def noting(self, *args, name=name, real=real, **options):
            noted.append(name)
            return real(self, *args, **options)

        monkeypatch.setattr(Delivery, name, noting)
    return noted


def test_show__many_parts__are_on_their_way_together(session, wide, ways):
    """A block each, a thousand parts would take hours, and silence costs the bond."""
    alice, dave = session.account("alice"), session.account("dave")
    aggregating.claim(session, wide, alice)
    ways.clear()
    demanding.ask(session, wide, dave, [demanding.Ask(Part.MODEL, alice.address, (0, 1))])
    demanding.show(session, wide, alice)
    assert ways == ["hand_over", "hand_over", "complete", "complete"] * 2
    assert not demanding.open_demands(wide)


def test_close__many_that_are_over__are_on_their_way_together(session, wide, ways):
    bob, dave = session.account("bob"), session.account("dave")
    demanding.ask(session, wide, dave, [demanding.Ask(Part.UPDATE, bob.address, (0, 1))])
    session.chain.advance(wide.terms.supply + 60)
    ways.clear()
    assert demanding.close(session, wide, dave) == 2
    assert ways == ["hand_over", "hand_over", "complete", "complete"]
    assert not wide.state().demanded


def test_show__one_was_shown_by_another_meanwhile__the_rest_are_shown(session, wide, monkeypatch):
    alice, dave = session.account("alice"), session.account("dave")
    aggregating.claim(session, wide, alice)
    demanding.ask(session, wide, dave, [demanding.Ask(Part.MODEL, alice.address, (0, 1))])
    both = demanding.open_demands(wide)
    call, _ = demanding._supply(session, wide, both[0])
    session.send(call, session.account("bob"))
    monkeypatch.setattr(demanding, "open_demands", lambda _: both)
    assert demanding.show(session, wide, alice) == 1
    assert not wide.state().demanded


def test_open_demands__all_were_shown__the_contract_is_asked_for_none(session, wide, monkeypatch):
    """Else whoever asks for a thousand parts of its own makes every look of everybody's keeper as long."""
    bob, dave = session.account("bob"), session.account("dave")
    demanding.ask(session, wide, dave, [demanding.Ask(Part.UPDATE, bob.address, (0, 1))])
    assert len(demanding.open_demands(wide)) == 2
    demanding.show(session, wide, bob)
    asked = []
    monkeypatch.setattr(type(wide), "demand_of", lambda self, *about: asked.append(about))
    assert demanding.open_demands(wide) == []
    assert asked == []


def test_within__more_than_it_is_worth__is_not_staked(session, wide):
    """Else whoever withholds, and shows what is demanded, empties the wallet that demands."""
    dave, stake = session.account("dave"), wide.terms.stake
    model = demanding.Ask(Part.MODEL, session.account("alice").address, tuple(range(64)))
    update = replace(model, part=Part.UPDATE)
    [asked] = demanding.within(wide, dave.address, [model], 8 * stake)
    assert asked.indices == tuple(range(0, 64, 8))
    assert demanding.within(wide, dave.address, [update], 63 * stake) == []
    assert demanding.within(wide, dave.address, [update], 64 * stake) == [update]
    demanding.ask(session, wide, dave, [replace(update, indices=(0,))])
    assert demanding.within(wide, dave.address, [model], stake) == []


def test_read_update__supplied_by_a_contract__is_read_from_the_event_and_compared(
    session, revealed, monkeypatch
):
    each = next(one for one in revealed_in(revealed, 1) if one.party == session.account("bob").address)
    data = read_update(session, revealed, each).data
    lost(session, file_of(revealed, each, 1))
    demanding.ask(session, revealed, session.account("dave"), demanding.missing(session, revealed, 7))
    demanding.show(session, revealed, session.account("bob"))

    def through_another(digest):
        raise AssertionError("what a transaction was called with says nothing")

    monkeypatch.setattr(revealed.chain, "transaction", through_another)
    assert read_update(session, revealed, each).data == data
    false = supplied.Shown(bytes([data[0] ^ 1]) + data[1:], ())
    monkeypatch.setattr(supplied, "supplied", lambda *_: {0: false})
    with pytest.raises(IntegrityError):
        read_update(session, revealed, each)


def test_claimed_tree__proof_that_leads_elsewhere__teaches_nothing():
    tree = ClaimedTree([bytes([k]) * 32 for k in range(4)], b"\x07" * 32)
    before = tree.first_wrong()
    tree.learn(0, b"\x01" * 32, [])
    tree.learn(0, b"\x01" * 32, [b"\x02" * 32] * 2)
    assert tree.first_wrong() == before


def test_check__update_that_is_withheld_after_a_claim__is_demanded(session, revealed):
    """Nobody could look at the claim of an accomplice."""
    false = aggregating.altered(aggregating.expected(session, revealed), 3)
    aggregating.claim(session, revealed, session.account("alice"), result=false)
    each = next(one for one in revealed_in(revealed, 1) if one.party == session.account("bob").address)
    lost(session, file_of(revealed, each, 1))
    fault = refuting.check(session, revealed)
    assert fault.asks == (demanding.Ask(Part.UPDATE, each.party, (0,)),)
    demanding.ask(session, revealed, session.account("dave"), fault.asks)
    with pytest.raises(StorageError):
        refuting.check(session, revealed)
    demanding.show(session, revealed, session.account("bob"))
    assert refuting.refute(session, revealed, session.account("dave"), refuting.check(session, revealed)) > 0


@pytest.mark.parametrize("place", [3, 600, 1001])
def test_check__hidden_model_of_several_parts__is_demanded_and_refuted(session, wide, place):
    false = aggregating.altered(aggregating.expected(session, wide), place)
    alice, dave = session.account("alice"), session.account("dave")
    aggregating.claim(session, wide, alice, result=false)
    claim, read = rounds.pending_claim(wide), session.storage.read
    lost(session, rounds.cid_of(claim.cid, 4096))
    demanding.ask(session, wide, dave, refuting.check(session, wide).asks)
    session.storage.read = read
    demanding.show(session, wide, alice)
    lost(session, rounds.cid_of(claim.cid, 4096))
    fault = refuting.check(session, wide)
    assert fault.sentence.endswith(f"at chunk {place // 32}")
    assert refuting.refute(session, wide, dave, fault) > 0


def test_check__trace_that_is_made_up__is_refuted(session, revealed):
    """Nobody knows what is under such a root; of a model of one chunk, the root is the only leaf."""
    right = aggregating.expected(session, revealed)
    false = replace(right, products=([[value + 1 for value in row] for row in right.products[0]],))
    aggregating.claim(session, revealed, session.account("alice"), result=false)
    fault = refuting.check(session, revealed)
    assert fault.sentence == "the trace does not follow from the updates: step 0 is wrong"
    assert refuting.refute(session, revealed, session.account("dave"), fault) > 0


def test_check__hidden_trace_of_many_steps__is_demanded_in_one_part_and_refuted(session, wide):
    """Of 32 steps the 20th is made up, and what follows from it."""
    right, alice, dave = (
        aggregating.expected(session, wide),
        session.account("alice"),
        session.account("dave"),
    )
    added = [[value + 1 for value in row] for row in right.products[20]]
    false = replace(right, products=(*right.products[:20], added, *right.products[21:]))
    aggregating.claim(session, wide, alice, result=false)
    fault = refuting.check(session, wide)
    assert fault.call is None
    assert fault.asks == (demanding.Ask(Part.TRACE, alice.address, (0,)),)
    demanding.ask(session, wide, dave, fault.asks)
    own = supplied.leaf_group([trace_leaf(place, each) for place, each in enumerate(false.products)], 0)
    evidence = PartyChunk(alice.address, NOTHING, 0, 0, NOTHING, own.data, own.proof)
    session.send(wide.supply(Part.TRACE, 0, rounds.pending_claim(wide), evidence), alice)
    fault = refuting.check(session, wide)
    assert fault.sentence == "the trace does not follow from the updates: step 20 is wrong"
    assert refuting.refute(session, wide, dave, fault) > 0


def test_show__trace_that_is_demanded__is_shown(session, wide):
    alice, dave = session.account("alice"), session.account("dave")
    aggregating.claim(session, wide, alice)
    demanding.ask(session, wide, dave, [demanding.Ask(Part.TRACE, alice.address, (0,))])
    assert demanding.show(session, wide, alice) == 1
    assert demanding.open_demands(wide) == []
    assert refuting.check(session, wide) is None


@pytest.mark.parametrize("count", [1, 255, 256, 257, 700])
def test_leaf_group__of_any_trace__gives_every_leaf_with_its_proof(count):
    leaves = [keccak(number.to_bytes(4, "big")) for number in range(count)]
    groups = [supplied.leaf_group(leaves, index) for index in range(-(-count // supplied.LEAVES))]
    found = [each for shown in groups for each in supplied.leaves_of(shown)]
    assert [leaf for leaf, _ in found] == leaves
    assert [proof for _, proof in found] == [proof_of(leaves, index) for index in range(count)]


def test_step__demanded_of_a_party_that_keeps_its_duties__costs_it_nothing(session, revealed):
    """Whoever runs what is due shows its update, whoever asks."""
    bob = session.account("bob")
    asks = [demanding.Ask(Part.UPDATE, bob.address, (0,))]
    demanding.ask(session, revealed, session.account("dave"), asks)
    look = SimpleLook(session, revealed, bob)
    duty = next(each for each in SYSTEM.duties if each.name == "show what is demanded")
    assert duty.due(look) is not None
    assert list(duty.act(look)) == ["showed 1 parts that were demanded"]
    assert duty.due(look) is None


def SimpleLook(session, federation, account):
    from orchestrator.kernel.system import Look

    return Look(session, federation, account, roles=frozenset({"party"}))


def duty(name):
    return next(each for each in SYSTEM.duties if each.name == name)


def revealed_of(session, federation, name):
    return next(one for one in revealed_in(federation, 1) if one.party == session.account(name).address)


def test_claim__files_go_by_hand_after_the_reveals__no_stake_is_paid_before_it_is_late(session, revealed):
    """Whoever revealed last would else demand what is just being sent to it."""
    alice, terms = session.account("alice"), revealed.terms
    each, read = revealed_of(session, revealed, "bob"), session.storage.read
    lost(session, file_of(revealed, each, 1))
    look, claim = SimpleLook(session, revealed, alice), duty("claim the aggregate")
    [said] = claim.act(look)
    assert said.startswith("waits for what is missing from bob")
    assert not revealed.state().demanded
    late = judged_at(revealed) + terms.turn - 2 * terms.supply - terms.supply // 4
    assert show_time(late) in said
    session.chain.advance(late - int(session.chain.now()) + 60)
    assert list(claim.act(look)) == ["demanded 1 parts that nobody provides"]
    assert late + 2 * terms.supply < judged_at(revealed) + terms.turn
    session.storage.read = read
    [said] = claim.act(look)
    assert said.startswith("claimed the aggregate of round 1")


def test_refute__files_go_by_hand_after_the_claim__no_stake_is_paid_before_it_is_late(session, revealed):
    carol, terms = session.account("carol"), revealed.terms
    aggregating.claim(session, revealed, session.account("alice"))
    lost(session, file_of(revealed, revealed_of(session, revealed, "bob"), 1))
    look, refute = SimpleLook(session, revealed, carol), duty("refute a wrong claim")
    [said] = refute.act(look)
    assert said.startswith("waits for what is missing from bob")
    assert not revealed.state().demanded
    session.chain.advance(terms.challenge - 3 * terms.supply)
    assert list(refute.act(look)) == ["demanded 1 parts that nobody provides"]


def test_help__update_demanded_of_a_party_that_is_away__is_shown_by_whoever_has_it(
    session, revealed, monkeypatch
):
    """What came by hand after the demand: its party would lose its seat, and the others the round."""
    monkeypatch.setattr(demanding, "kept", lambda *_: None)  # bob's folder is another
    alice, bob, carol = map(session.account, PARTIES)
    demanding.ask(session, revealed, alice, [demanding.Ask(Part.UPDATE, bob.address, (0,))])
    helps = duty("show what is demanded of others")
    asked, away, other = (SimpleLook(session, revealed, each) for each in (alice, bob, carol))
    [demand] = demanding.open_demands(revealed)
    assert (helps.due(asked), helps.due(away)) == (None, None)
    assert helps.due(other) == demand.deadline - revealed.terms.supply // 2
    lost(session, file_of(revealed, revealed_of(session, revealed, "bob"), 1))
    assert list(helps.act(other)) == []
    session.storage.read = type(session.storage).read.__get__(session.storage)
    assert list(helps.act(asked)) == []
    assert list(helps.act(other)) == ["showed 1 parts that were demanded of others"]
    assert not revealed.state().demanded
    assert revealed.balance_of(bob.address) == revealed.terms.stake * revealed.terms.unit


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13, 64, 100, 257])
def test_claimed_tree__wrong_leaves_anywhere__finds_the_first_in_two_rounds(count):
    rng = np.random.default_rng(count)
    right = [keccak(bytes([1]) + number.to_bytes(4, "big")) for number in range(count)]
    for _ in range(20):
        claimed = list(right)
        for place in rng.choice(count, size=min(count, int(rng.integers(1, 4))), replace=False):
            claimed[place] = keccak(claimed[place])
        first = next(place for place in range(count) if claimed[place] != right[place])
        tree, asked = ClaimedTree(right, root_of(claimed)), 0
        for _ in range(3):
            found, unknown = tree.first_wrong()
            if found is not None:
                break
            asked += len(unknown)
            for index in unknown:
                tree.learn(index, claimed[index], proof_of(claimed, index))
        assert found == first
        assert asked <= max(16, 4 * int(count**0.5) + 2)
        for index in {first, max(first - 1, 0)}:
            leaf = claimed[index]
            assert climb(leaf, tree.proof(index), index, count) == root_of(claimed)
        assert Digest(tree.leaf(first)) == claimed[first]


def test_current_model__nobody_demanded_anything__is_as_before(session, revealed):
    assert current_model(session, revealed).size % 32 == 0
    assert demanding.open_demands(revealed) == []
    assert demanding.close(session, revealed, session.account("dave")) == 0
