"""Every policy and mode, as parties live it: what is due is done, round by round, and all are paid."""

from dataclasses import replace

import pytest

from orchestrator.bindings.federation import Federation, Left, Phase
from orchestrator.errors import ChainError, StorageError, UsageError
from orchestrator.kernel.keeper import Keeper
from orchestrator.kernel.money import Currency
from orchestrator.kernel.system import Look
from orchestrator.learning.aggregation.chunks import model_root
from orchestrator.systems.federation import (
    aggregating,
    backing,
    cranking,
    creating,
    mining,
    party,
    voting,
)
from orchestrator.systems.federation.duties import SYSTEM
from orchestrator.systems.federation.finding import cid_of
from orchestrator.systems.federation.joining import amount, leave, withdraw
from orchestrator.systems.federation.overview import history, view
from orchestrator.systems.federation.rounds import (
    current_model,
    finished,
    last_link,
    links,
    phase_of,
    record_of,
    updates_in,
)
from orchestrator.systems.federation.verifying import verify
from tests.unit.systems.federation.stage import begin, done, offer

PARTIES = ("alice", "bob", "carol")
PLAIN = {"pay": "equal", "committee": 0}
KINDS = {
    "work": {"policy": "work", "difficulty": 6} | PLAIN,
    "learningchain": {"policy": "work", "difficulty": 4, "rule": "nearest-clipped", "keep": 2} | PLAIN,
    "stake": {"policy": "stake"} | PLAIN,
    "delegates": {"policy": "delegates", "pay": "equal", "committee": 2},
    "direct": {"policy": "trusted", "mode": "direct", "rule": "mean", "shift": 8} | PLAIN,
    "direct-quality": {"mode": "direct", "rule": "mean", "shift": 8},
    "direct-delegates": {
        "policy": "delegates",
        "mode": "direct",
        "rule": "mean",
        "shift": 8,
        "pay": "equal",
        "committee": 2,
    },
}


def kept(session, federation, limit=40):
    """What the keepers of all parties do, until it is closed."""
    accounts = [session.account(name) for name in PARTIES]
    keeper = Keeper(session, [(SYSTEM, federation)], accounts, others=True)
    for _ in range(limit):
        done(keeper)
        if phase_of(federation) is Phase.CLOSED:
            return
        wait = federation.clock().ends_at - int(session.chain.now())
        session.chain.advance(max(wait, 60))
    raise AssertionError(f"it stops in {phase_of(federation)}")


@pytest.mark.parametrize("kind", KINDS)
def test_federation__kept_by_all__trains_verifies_and_pays(session, tmp_path, kind):
    federation = begin(session, tmp_path, *PARTIES, rounds=2, **KINDS[kind])
    before = current_model(session, federation)
    kept(session, federation)
    assert federation.state().done == 2
    assert (current_model(session, federation) != before).any()
    assert [each.ok for each in verify(session, federation)] == [True, True]
    assert history(federation)
    assert view(session, federation).done == 2
    for name in PARTIES:
        withdraw(session, federation, session.account(name))
    assert session.chain.balance(federation.address) == 0


def up_to_votes(session, tmp_path, kind, **changes):
    federation = begin(session, tmp_path, *PARTIES, **KINDS[kind] | changes)
    cranking.crank(session, federation, session.account("dave"))
    for act in (party.commit, party.reveal):
        for name in PARTIES:
            act(session, federation, session.account(name))
    return federation


def added_up(session, tmp_path):
    """A federation whose first round the contract has added up, and what came out."""
    federation = begin(session, tmp_path, *PARTIES, rounds=2, **KINDS["direct"])
    cranking.crank(session, federation, session.account("dave"))
    for act in (party.commit, party.reveal):
        for name in PARTIES:
            act(session, federation, session.account(name))
    made = aggregating.add_up(session, federation, session.account("alice"))
    return federation, made


def test_vote__again__does_nothing(session, tmp_path):
    federation = up_to_votes(session, tmp_path, "work")
    alice = session.account("alice")
    assert voting.vote(session, federation, alice)
    assert not voting.vote(session, federation, alice)
    assert voting.waited_for(federation).bit_count() == 2


def test_choice__of_poison__is_against_it_and_for_ones_own(session, tmp_path):
    federation = begin(session, tmp_path, *PARTIES, **KINDS["work"])
    cranking.crank(session, federation, session.account("dave"))
    bad = party.trained(session, federation, session.account("carol"))
    poison = type(bad)(-bad.raw, bad.width, min(bad.shift + 3, 24))
    for name in PARTIES:
        own = poison if name == "carol" else None
        party.commit(session, federation, session.account(name), own)
    for name in PARTIES:
        party.reveal(session, federation, session.account(name))
    seats = {name: 1 << federation.party_of(session.account(name).address).seat for name in PARTIES}
    assert voting.choice(session, federation, session.account("alice")) == seats["alice"] | seats["bob"]
    assert voting.choice(session, federation, session.account("carol")) & seats["carol"]


def test_claim__work__finds_a_nonce_that_binds_its_model(session, tmp_path):
    federation = up_to_votes(session, tmp_path, "work", difficulty=10)
    for name in PARTIES:
        voting.vote(session, federation, session.account(name))
    target = federation.target()
    made = aggregating.claim(session, federation, session.account("bob"))
    assert made.root == model_root(made.model)
    assert federation.target() < target


def test_claim__somebody_else_was_first__says_so(session, tmp_path, monkeypatch):
    federation = up_to_votes(session, tmp_path, "work", difficulty=4)
    for name in PARTIES:
        voting.vote(session, federation, session.account(name))

    def beaten(*_):
        monkeypatch.setattr(aggregating, "mine", mining.mine)
        aggregating.claim(session, federation, session.account("alice"))

    expected = aggregating.expected(session, federation)
    monkeypatch.setattr(aggregating, "mine", beaten)
    with pytest.raises(ChainError, match="first"):
        aggregating.claim(session, federation, session.account("bob"), result=expected)


def test_keep__nobody_finds_a_nonce__it_does_not_neglect_everything_else(session, tmp_path, monkeypatch):
    """A stranger chooses how hard it is, and how many days it is anybody's turn."""
    federation, bob = up_to_votes(session, tmp_path, "work", difficulty=4), session.account("bob")
    for name in PARTIES:
        voting.vote(session, federation, session.account(name))
    tries = []

    def vain(*_):
        tries.append(1)
        assert len(tries) < 100, "it goes on until its turn is over"

    monkeypatch.setattr(aggregating, "mine", vain)
    [claims] = [each for each in SYSTEM.duties if each.name == "claim the aggregate"]
    look = Look(session, federation, bob, roles=frozenset({"party"}))
    assert list(claims.act(look)) == ["looked for a nonce, and has not found one yet"]
    assert tries


def test_nonces__too_hard__tells_that_it_goes_on():
    found = mining.nonces(b"head", 0)
    assert next(found) is None
    assert next(found) is None


def test_delegate__and_back__elects_and_returns_all(session, tmp_path):
    federation = begin(session, tmp_path, *PARTIES, **KINDS["delegates"] | {"committee": 1})
    carol, dave = session.account("carol"), session.account("dave")
    units = backing.units_of(federation, "0.25")
    for _ in range(2):  # what is there is not paid again
        assert backing.delegate(session, federation, dave, carol.address, units) == 25 * 10**16
    cranking.crank(session, federation, dave)
    assert federation.votes().voters == 1 << federation.party_of(carol.address).seat
    for _ in range(2):
        assert backing.undelegate(session, federation, dave, carol.address, units - 1) == amount(
            federation, 1
        )
    assert backing.undelegate(session, federation, dave, carol.address) == 25 * 10**16
    with pytest.raises(UsageError):
        backing.units_of(federation, "0.0000000001")


def test_current_model__direct_and_no_file_left__comes_from_the_sums_calldata(session, tmp_path, monkeypatch):
    federation, made = added_up(session, tmp_path)
    genesis, read = federation.terms.genesis_cid, session.storage.read

    def only_genesis(cid, **options):
        if cid != cid_of(genesis):
            raise StorageError("nobody provides it", "")
        return read(cid, **options)

    with monkeypatch.context() as lost:
        lost.setattr(session.storage, "read", only_genesis)
        assert (current_model(session, federation) == made.model).all()
    monkeypatch.setattr(aggregating, "_again", None)  # it is not worked out a second time
    assert (current_model(session, federation) == made.model).all()
    assert last_link(federation) == links(federation)[-1]
    assert record_of(last_link(federation)) == federation.heads().record


def test_leave__in_the_block_that_ends_a_round__update_and_model_stay(session, tmp_path, monkeypatch):
    """A contract that is a party ends a round and leaves in one transaction."""
    federation, made = added_up(session, tmp_path)
    leave(session, federation, session.account("carol"))
    [end], real = finished(federation), Federation.events
    block, index = end.finalized.place

    def at_once(self, kind, *blocks, **filters):
        if kind is not Left:
            return real(self, kind, *blocks, **filters)
        return [replace(each, block_number=block, log_index=index + 9) for each in real(federation, kind)]

    monkeypatch.setattr(Federation, "events", at_once)
    left = [session.account(name).address for name in PARTIES]
    assert [each.party for each in updates_in(federation, end)] == left
    assert (current_model(session, federation) == made.model).all()
    assert [each.fault for each in verify(session, federation)] == [""]


@pytest.mark.parametrize(("decimals", "unit"), [(18, 10**9), (6, 1), (0, 1), (9, 1), (24, 10**15)])
def test_plan__in_a_token__counts_what_its_numbers_hold(session, monkeypatch, decimals, unit):
    token = session.account("bob").address  # whose symbol and decimals are those given
    monkeypatch.setattr(creating, "read_currency", lambda *_: Currency(token, "GOLD", decimals))
    made = creating.plan(session, offer(token=token, reward="250", deposit="50"), session.account("alice"))
    assert made.terms.unit == unit
    assert made.budget == 250 * 10**decimals
