"""Bytes that nobody gives are asked for on-chain, shown there, and read from there."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from eth_utils.crypto import keccak

from orchestrator.bindings.federation import Part, Phase
from orchestrator.chain import migrate
from orchestrator.config import load_settings
from orchestrator.errors import StorageError
from orchestrator.kernel.session import Session
from orchestrator.merkle import climb, proof_of, root_of
from orchestrator.systems.federation import aggregating, cranking, demanding, party, refuting, rounds
from orchestrator.systems.federation.claimedtree import ClaimedTree
from orchestrator.systems.federation.duties import SYSTEM
from orchestrator.systems.federation.rounds import current_model, phase_of, read_update, revealed_in
from orchestrator.types import Digest
from tests.unit.systems.federation.stage import begin

PARTIES = ("alice", "bob", "carol")
TRUSTED = {"policy": "trusted", "pay": "equal", "committee": 0}


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
def revealed(session, tmp_path):
    """Three have revealed, and anybody may claim soon."""
    federation = begin(session, tmp_path, *PARTIES, **TRUSTED)
    cranking.crank(session, federation, session.account("dave"))
    for act in (party.commit, party.reveal):
        for name in PARTIES:
            act(session, federation, session.account(name))
    return federation


def lost(session, *cids):
    """Storage that has forgotten some files."""
    real = session.storage.read

    def read(cid, **options):
        if cid in cids:
            raise StorageError(f"nobody gives {cid}", "")
        return real(cid, **options)

    session.storage.read = read


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
    assert "coordinate 3 is" in fault.sentence
    assert refuting.refute(session, revealed, dave, fault) > 0
    assert phase_of(revealed) is Phase.CLAIMING


def test_check__trace_that_is_made_up__is_refuted(session, revealed):
    """Nobody knows what is under such a root; of a model of one chunk, the root is the only leaf."""
    right = aggregating.expected(session, revealed)
    false = replace(right, products=([[value + 1 for value in row] for row in right.products[0]],))
    aggregating.claim(session, revealed, session.account("alice"), result=false)
    fault = refuting.check(session, revealed)
    assert fault.sentence == "the trace does not follow from the updates: step 0 is wrong"
    assert refuting.refute(session, revealed, session.account("dave"), fault) > 0


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
