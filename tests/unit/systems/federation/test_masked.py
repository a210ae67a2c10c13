"""Masked updates as their parties live them: hidden, unmasked, summed, refuted, verified."""

import contextlib

import numpy as np
import pytest
from eth_utils.crypto import keccak

from orchestrator.bindings.federation import Part, Phase, Shared, Unmasked
from orchestrator.errors import DataError, DilnError, UsageError
from orchestrator.kernel.keeper import Keeper
from orchestrator.learning.aggregation import Update
from orchestrator.learning.privacy.masks import Peer, keccak_mask
from orchestrator.systems.federation import (
    aggregating,
    cranking,
    creating,
    demanding,
    masking,
    party,
    refuting,
    unmasking,
)
from orchestrator.systems.federation.duties import SYSTEM
from orchestrator.systems.federation.finding import LARGEST_BLOCK, cid_of, descriptor_of, secret_folder, store
from orchestrator.systems.federation.joining import promises
from orchestrator.systems.federation.masking import Sheet
from orchestrator.systems.federation.overview import history
from orchestrator.systems.federation.rounds import current_model, phase_of, revealed_in
from orchestrator.systems.federation.verifying import verify
from orchestrator.types import Digest
from tests.unit.systems.federation.stage import begin, lost, offer

PARTIES = ("alice", "bob", "carol", "erin")
MASKED = {
    "privacy": "masked",
    "policy": "trusted",
    "rule": "mean",
    "pay": "equal",
    "committee": 0,
    "seats": 4,
}


def pass_(session, federation, margin=0):
    """Until the phase is over, or `margin` seconds before."""
    wait = federation.clock().ends_at - margin - int(session.chain.now())
    session.chain.advance(max(wait, 0) + 60)


@pytest.fixture
def begun(session, tmp_path):
    """Four have joined, and the first round has begun."""
    federation = begin(session, tmp_path, *PARTIES, **MASKED)
    cranking.crank(session, federation, session.account("dave"))
    return federation


def revealed(session, federation, *gone):
    """All commit, and all but `gone` reveal."""
    for name in PARTIES:
        party.commit(session, federation, session.account(name))
    for name in PARTIES:
        if name not in gone:
            party.reveal(session, federation, session.account(name))
    if gone:
        pass_(session, federation)
    assert phase_of(federation) is Phase.JUDGING


def sum_of(session, federation, *names):
    """Of what the parties would have sent without masks."""
    found = [party.trained(session, federation, session.account(name)).raw for name in names]
    return np.sum([masking.padded(each) for each in found], axis=0)


def test_round__one_gone__the_sum_is_exact_and_verifies(session, begun):
    before = current_model(session, begun)
    expected = sum_of(session, begun, "alice", "bob", "carol")
    revealed(session, begun, "erin")
    for name in PARTIES:
        assert unmasking.tell(session, begun, session.account(name)) == (name != "erin")
        assert not unmasking.tell(session, begun, session.account(name))
    assert phase_of(begun) is Phase.CLAIMING
    made = aggregating.claim(session, begun, session.account("alice"))
    assert (made.model == before + expected // 3).all()
    assert refuting.check(session, begun) is None
    pass_(session, begun)
    assert cranking.crank(session, begun, session.account("dave")) == "finalized round 1"
    assert [each.ok for each in verify(session, begun)] == [True]


def test_refute__false_sum__by_one_unit(session, begun):
    revealed(session, begun, "bob")
    for name in ("alice", "carol", "erin"):
        unmasking.tell(session, begun, session.account(name))
    false = aggregating.altered(aggregating.expected(session, begun), 5, -1)
    aggregating.claim(session, begun, session.account("alice"), result=false)
    fault = refuting.check(session, begun)
    assert "coordinate 5 is" in fault.sentence
    assert refuting.refute(session, begun, session.account("dave"), fault) > 0
    assert phase_of(begun) is Phase.CLAIMING


def test_silent__restored_from_shares_of_the_others__and_the_sum_is_exact(session, begun):
    before = current_model(session, begun)
    expected = sum_of(session, begun, "alice", "bob", "carol")
    revealed(session, begun, "erin")
    for name in ("alice", "bob"):
        unmasking.tell(session, begun, session.account(name))
    assert unmasking.restorable(session, begun) == {}
    for name in ("alice", "bob"):
        assert unmasking.share(session, begun, session.account(name)) == 1
        assert unmasking.share(session, begun, session.account(name)) == 0
    assert unmasking.restorable(session, begun) == {}  # three of the other three are needed
    assert unmasking.share(session, begun, session.account("erin")) == 1  # one that is gone holds shares, too
    assert unmasking.restore(session, begun, session.account("dave")) == 1
    assert unmasking.restore(session, begun, session.account("dave")) == 0
    made = aggregating.claim(session, begun, session.account("alice"))
    assert (made.model == before + expected // 3).all()


def test_silent__too_few_shares__void_and_only_the_silent_pay(session, begun):
    revealed(session, begun)
    for name in ("alice", "bob", "erin"):
        unmasking.tell(session, begun, session.account(name))
    unmasking.share(session, begun, session.account("bob"))
    pass_(session, begun)
    assert cranking.crank(session, begun, session.account("dave")) == "skipped round 1: it is void"
    deposits = [begun.party_of(session.account(name).address).deposit for name in PARTIES]
    assert deposits[2] < deposits[0] == deposits[1] == deposits[3]


def test_tell__who_is_in_is_another_set_than_before__refuses(session, begun, monkeypatch):
    """A node that lies, or a chain that forgets its last blocks, must not unmask anybody."""
    revealed(session, begun, "erin")
    alice = session.account("alice")
    unmasking.tell(session, begun, alice)
    masks = type(begun).masks

    def other(federation):
        found = masks(federation)
        return type(found)(**(vars(found) | {"parties": 15}))

    monkeypatch.setattr(type(begun), "masks", other)
    with pytest.raises(DataError, match="with other parties in"):
        unmasking.share(session, begun, alice)


@pytest.mark.parametrize("before", ["fix", "unmask"])
def test_tell__demanded_update_falls_while_seeds_are_under_way__no_honest_party_is_fined(
    session, begun, monkeypatch, before
):
    """Of another set than they were told for, seeds fit nothing, and others may not be told any more."""
    revealed(session, begun)
    erin, stranger = session.account("erin").address, session.account("dave")
    last = begun.terms.judging // 4
    session.chain.advance(begun.clock().ends_at - last - begun.terms.supply - int(session.chain.now()))
    demanding.ask(session, begun, stranger, [demanding.Ask(Part.UPDATE, erin, (0,))])
    session.chain.advance(begun.terms.supply)
    real, done = unmasking.act, []

    def overtaken(inner, call, account, *what, **options):
        if what[0] == before and not done:
            done.append(session.send(begun.forfeit(Part.UPDATE, erin, 0, demanding.NO_CLAIM), stranger))
        return real(inner, call, account, *what, **options)

    monkeypatch.setattr(unmasking, "act", overtaken)
    for name in PARTIES[:3]:
        with contextlib.suppress(DilnError):
            unmasking.tell(session, begun, session.account(name))
    assert done
    pass_(session, begun)
    if before == "fix":
        assert begun.state().revealed == begun.masks().told == 7
    else:
        assert begun.masks().lost
        assert cranking.crank(session, begun, stranger) == "skipped round 1: it is void"
    deposits = [begun.party_of(session.account(name).address).deposit for name in PARTIES]
    assert deposits[3] < deposits[0] == deposits[1] == deposits[2] == begun.terms.deposit * begun.terms.unit


def test_late__its_file_is_seen__stays_masked_and_nobody_tells_of_it(session, begun):
    for name in PARTIES:
        party.commit(session, begun, session.account(name))
    for name in PARTIES[:3]:
        party.reveal(session, begun, session.account(name))
    erin = session.account("erin")
    held = party.kept(session, begun, erin.address, 1)
    pass_(session, begun)
    peer = masking.peer_of(session, begun, session.account("alice"))
    with pytest.raises(DataError, match="that is in"):
        peer.tell_shares(1, [0, 1, 2], 3)
    assert not unmasking.tell(session, begun, erin)
    for name in PARTIES[:3]:
        unmasking.tell(session, begun, session.account(name))
    plain = masking.padded(party.trained(session, begun, erin).raw)
    shown = held.update.raw.astype(np.uint32)
    for each in begun.events(Unmasked, round=1):
        seed = Sheet.read(each.sheet).words[3]
        mask = keccak_mask(seed, len(shown))
        shown = shown + mask  # erin has the highest seat, and subtracted it
    assert not (shown.view(np.int32) == plain).any()


def test_update_too_large_to_be_added_up__is_refused(session, begun):
    alice = session.account("alice")
    limit = masking.most(4)
    for value, refused in ((limit, False), (-limit, False), (limit + 1, True)):
        made = Update(np.array([value] + [0] * (begun.terms.size - 1)), 4, 0)
        if refused:
            with pytest.raises(DataError, match="would not fit"):
                masking.masked(session, begun, alice, 1, made)
        else:
            masking.masked(session, begun, alice, 1, made)


def test_commit__twice__the_masks_hide_one_update_only(session, begun):
    """The difference of two under the same masks would be seen."""
    alice, size = session.account("alice"), begun.terms.size
    party.commit(session, begun, alice, Update(np.ones(size, np.int64), 4, 0))
    before = party.kept(session, begun, alice.address, 1)
    assert not party.commit(session, begun, alice, Update(np.zeros(size, np.int64), 4, 0))
    assert party.kept(session, begun, alice.address, 1).update.root == before.update.root


def test_keeper__everybody_and_one_silent__goes_round(session, begun):
    """What `step` does: commit, reveal, tell, restore, claim, go on."""
    keepers = [
        Keeper(session, [(SYSTEM, begun)], [session.account(name)]) for name in PARTIES if name != "erin"
    ]
    party.commit(session, begun, session.account("erin"))
    for _ in range(30):
        for each in keepers:
            for _said in each.turn():
                pass
        if begun.state().closed:
            break
        session.chain.advance(3600)
    assert begun.state().done == 1
    assert [each.ok for each in verify(session, begun)] == [True]


def test_demanded__masked_update_that_nobody_gives__is_shown_and_summed(session, begun):
    before = current_model(session, begun)
    expected = sum_of(session, begun, *PARTIES)
    revealed(session, begun)
    each = next(one for one in revealed_in(begun, 1) if one.party == session.account("bob").address)
    vector = masking.sheet_of(session, begun, each).vector
    lost(session, cid_of(vector, 128))
    asks = demanding.missing(session, begun, 15)
    assert [one.party for one in asks] == [each.party]
    demanding.ask(session, begun, session.account("dave"), asks)
    assert demanding.show(session, begun, session.account("bob")) == 1
    for name in PARTIES:
        unmasking.tell(session, begun, session.account(name))
    made = aggregating.claim(session, begun, session.account("alice"))
    assert (made.model == before + expected // 4).all()


def test_verify__seeds_come_from_the_chain__after_every_sheet_is_lost(session, begun):
    revealed(session, begun)
    sheets = {cid_of(one.cid) for one in revealed_in(begun, 1)}
    for name in PARTIES:
        unmasking.tell(session, begun, session.account(name))
    aggregating.claim(session, begun, session.account("alice"))
    pass_(session, begun)
    cranking.crank(session, begun, session.account("dave"))
    lost(session, *sheets)
    assert [each.ok for each in verify(session, begun)] == [True]
    assert {"MaskKey", "Unmasked"} <= {each.signature for each in history(begun)}


def test_sheet__of_strangers__is_bounded():
    for data in (b"", bytes(64), bytes(95), bytes(64 + 32 * 17)):
        with pytest.raises(DataError, match="not the sheet"):
            Sheet.read(data)
    assert len(Sheet.read(bytes(64 + 32 * 16)).words) == 16


def test_create__what_cannot_be_masked__is_refused(session):
    organizer = session.account("alice")
    for changes in ({"rule": "median"}, {"rule": "clipped-mean"}):
        with pytest.raises(UsageError, match="only be added up"):
            creating.plan(session, offer(**(MASKED | changes)), organizer)
    with pytest.raises(UsageError, match="one of open, masked"):
        creating.plan(session, offer(**(MASKED | {"privacy": "hidden"})), organizer)
    made = creating.plan(session, offer(**MASKED), organizer)
    assert made.terms.width == 4
    assert any("sum is public" in sentence for sentence in creating.promises(made))


def test_promises__of_a_party__say_what_masks_do_not_hide(session, begun):
    said = " ".join(promises(begun, descriptor_of(session, begun)))
    assert "Updates are masked." in said
    assert "collude" in said
    assert "public: they reveal" not in said


def test_restore__strangers_words_among_the_shares__do_no_harm(session, begun):
    """Bytes of no use, keys of others, and the same again, from one that does not want it to go on."""
    revealed(session, begun, "erin")
    for name in ("alice", "bob"):
        unmasking.tell(session, begun, session.account(name))
    for name in ("alice", "bob"):
        unmasking.share(session, begun, session.account(name))
    [first, _] = begun.events(Shared, round=1)
    junk = [b"", b"\2", bytes(33), bytes([2, 2]) + bytes(32), bytes([2, 9]) + bytes(32), first.shares * 3]
    for each in junk:
        session.send(begun.share(each), session.account("erin"))
    assert unmasking.restorable(session, begun) == {}
    peer = masking.peer_of(session, begun, session.account("erin"))
    keys = peer.tell_shares(1, [0, 1, 2], 2)
    right = b"".join(bytes([2, other]) + key for other, key in keys.items())
    session.send(begun.share(right + junk[3]), session.account("erin"))
    assert list(unmasking.restorable(session, begun)) == [2]


def test_restorable__flood_of_one_party__only_its_last_is_read(session, begun, monkeypatch):
    revealed(session, begun, "erin")
    for name in ("alice", "bob"):
        unmasking.tell(session, begun, session.account(name))
        unmasking.share(session, begun, session.account(name))
    for junk in (bytes([2, 2]) + bytes(32), bytes([2, 3]) + bytes(32), b""):
        session.send(begun.share(junk), session.account("erin"))
    counts, real = [], unmasking._keys
    monkeypatch.setattr(
        unmasking, "_keys", lambda shown, *rest: (counts.append(len(shown)), real(shown, *rest))[1]
    )
    assert unmasking.restorable(session, begun) == {}
    assert counts == [3]
    assert not unmasking.has_shared(begun, 3)
    session.send(begun.share(b""), session.account("erin"))  # nothing is shown to fix who is in
    assert not unmasking.has_shared(begun, 3)


def test_restorable__sheet_of_a_hostile_party__is_passed_over(session, begun, monkeypatch):
    """It may name any number of seats, and any file."""
    revealed(session, begun)
    for name in ("alice", "bob", "erin"):
        unmasking.tell(session, begun, session.account(name))
    unmasking.share(session, begun, session.account("bob"))
    short = Sheet(Digest(bytes(32)), Digest(bytes(32)), (bytes(32),))
    monkeypatch.setattr(unmasking, "sheet_of", lambda *_: short)
    assert unmasking.restorable(session, begun) == {}


# -- two who disagree on the seed that they share


def lies(session, federation, monkeypatch, liar, others):
    """`liar` commits to another seed than it shares with each of `others`; returns which, by seat."""
    seat = federation.party_of(session.account(liar).address).seat
    false = {
        federation.party_of(session.account(other).address).seat: bytes([0] * 31 + [number + 1])
        for number, other in enumerate(others)
    }
    real = Peer.hashes

    def hashes(peer, number):
        found = real(peer, number)
        if peer.seat == seat:
            for place, other in enumerate(peer.seats):
                found[place] = keccak(false[other]) if other in false else found[place]
        return found

    monkeypatch.setattr(Peer, "hashes", hashes)
    return false


def tell_falsely(session, federation, liar, false):
    """As a liar does that knows which seeds it committed to."""
    masks, account = federation.masks(), session.account(liar)
    seat = federation.party_of(account.address).seat
    peer = masking.peer_of(session, federation, account)
    there = masking.seats_in(masks.parties or federation.state().revealed)
    apart = masking.disagreeing(masks.disagreed, seat)
    words = peer.tell(1, there, apart)
    for place, other in enumerate(peer.seats):
        if other in false:
            words[place] = false[other] if other in apart else keccak(false[other])
    [own] = [each for each in revealed_in(federation, 1) if each.party == account.address]
    sheet = masking.sheet_of(session, federation, own)
    entry = (
        bytes.fromhex(own.party[2:]) + own.root + Sheet(sheet.vector, sheet.shares, tuple(words)).to_bytes()
    )
    session.send(federation.unmask(entry), account)


def turns(session, federation, names, count, hours=0.25):
    """What `keep` does for each of `names`, so often."""
    keepers = [Keeper(session, [(SYSTEM, federation)], [session.account(name)]) for name in names]
    said = []
    for _ in range(count):
        for each in keepers:
            said += each.turn()
        if federation.state().done or federation.state().closed:
            break
        session.chain.advance(int(3600 * hours))
    return [getattr(each, "said", each) for each in said]


def deposits(session, federation):
    return [federation.party_of(session.account(name).address).deposit for name in PARTIES]


@pytest.mark.parametrize("others", [("bob",), ("alice", "bob", "erin")])
def test_disagree__liar_tells_what_it_committed_to__the_round_goes_on_and_honest_keepers_pay_nothing(
    session, begun, monkeypatch, others
):
    """The liar's own update is nonsense then, as it could have been without a lie; the others' are in."""
    before, false = current_model(session, begun), lies(session, begun, monkeypatch, "carol", others)
    expected = sum_of(session, begun, *PARTIES).astype(np.uint32)
    revealed(session, begun)
    tell_falsely(session, begun, "carol", false)
    turns(session, begun, ("alice", "bob", "erin"), 1)
    assert begun.masks().disagreed != 0
    peer = masking.peer_of(session, begun, session.account("carol"))
    turns(session, begun, ("alice", "bob", "erin"), 1)
    tell_falsely(session, begun, "carol", false)
    assert phase_of(begun) is Phase.CLAIMING
    for seat, seed in false.items():
        wrong = keccak_mask(peer.seed(1, seat), len(expected)) - keccak_mask(seed, len(expected))
        expected = expected + wrong if peer.seat < seat else expected - wrong
    off = aggregating.altered(aggregating.expected(session, begun), 5, -1)
    aggregating.claim(session, begun, session.account("alice"), result=off)
    fault = refuting.check(session, begun)
    refuting.refute(session, begun, session.account("dave"), fault)
    made = aggregating.claim(session, begun, session.account("bob"))
    moved = expected.view(np.int32).astype(np.int64) // 4
    assert (made.model == np.clip(before + moved, -(2**31), 2**31 - 1)).all()
    assert refuting.check(session, begun) is None
    pass_(session, begun)
    cranking.crank(session, begun, session.account("dave"))
    assert [each.ok for each in verify(session, begun)] == [True]
    assert "Disagreed" in {each.signature for each in history(begun)}
    assert deposits(session, begun) == [begun.terms.deposit * begun.terms.unit] * 4


def test_disagree__liar_is_silent_then__it_alone_pays_and_the_round_is_void(session, begun, monkeypatch):
    """It knows the sum, as who is silent at last always does, and for the same price."""
    false = lies(session, begun, monkeypatch, "carol", ("bob",))
    revealed(session, begun)
    turns(session, begun, ("alice", "bob", "erin"), 1)
    session.chain.advance(begun.clock().ends_at - 2 - int(session.chain.now()))
    tell_falsely(session, begun, "carol", false)  # in the last second
    assert phase_of(begun) is Phase.JUDGING
    for _ in range(40):
        turns(session, begun, ("alice", "bob", "erin"), 1)
        if begun.state().round != 1:
            break
    assert begun.state().voids == 1
    full = begun.terms.deposit * begun.terms.unit
    assert deposits(session, begun) == [full, full, full - begun.terms.fine * begun.terms.unit, full]


def test_disagree__honest_one_vanishes__is_restored_by_the_others_and_pays_nothing(
    session, tmp_path, monkeypatch
):
    """What a liar would like: bob told in time, and is away when it has to tell again."""
    others = ("alice", "erin", "frank")
    federation = begin(session, tmp_path, *PARTIES, "frank", **MASKED | {"seats": 5})
    cranking.crank(session, federation, session.account("dave"))
    false = lies(session, federation, monkeypatch, "carol", ("bob",))
    for act in (party.commit, party.reveal):
        for name in (*PARTIES, "frank"):
            act(session, federation, session.account(name))
    for name in ("bob", *others):
        unmasking.tell(session, federation, session.account(name))
    tell_falsely(session, federation, "carol", false)
    turns(session, federation, others, 1, hours=0)
    assert seats_told(federation) == [0, 3, 4]
    tell_falsely(session, federation, "carol", false)
    pass_(session, federation, margin=federation.terms.judging // 4)
    turns(session, federation, others, 2, hours=0)
    assert seats_told(federation) == [0, 1, 2, 3, 4]
    assert phase_of(federation) in (Phase.CLAIMING, Phase.CHALLENGING)
    assert refuting.check(session, federation) is None
    assert deposits(session, federation) == [federation.terms.deposit * federation.terms.unit] * 4


def seats_told(federation):
    return masking.seats_in(federation.masks().told)


def test_disagree__with_all_sheets_lost__is_compared_by_what_was_told(session, begun, monkeypatch):
    false = lies(session, begun, monkeypatch, "carol", ("alice", "erin"))
    revealed(session, begun)
    for name in ("alice", "bob", "erin"):
        unmasking.tell(session, begun, session.account(name))
    tell_falsely(session, begun, "carol", false)
    lost(session, *(cid_of(one.cid) for one in revealed_in(begun, 1)))
    assert unmasking.uncompared(begun)
    assert unmasking.compare(session, begun, session.account("dave"))
    assert not unmasking.compare(session, begun, session.account("dave"))
    assert [masking.disagreeing(begun.masks().disagreed, seat) for seat in range(4)] == [[2], [], [0, 3], [2]]
    for name in ("alice", "bob", "erin"):
        assert unmasking.tell(session, begun, session.account(name)) == (name != "bob")
    tell_falsely(session, begun, "carol", false)
    assert phase_of(begun) is Phase.CLAIMING


# -- what a kill leaves


def test_reveal__file_of_the_update_is_lost__the_wallet_and_the_rows_make_it_again(session, begun):
    alice = session.account("alice")
    for name in PARTIES:
        party.commit(session, begun, session.account(name))
    before = party.kept(session, begun, alice.address, 1)
    secret_folder(session, begun.address).remove(f"update-{alice.address}-1")
    assert party.kept(session, begun, alice.address, 1) is None
    assert party.reveal(session, begun, alice)
    [shown] = revealed_in(begun, 1)
    assert (shown.root, shown.cid) == (before.update.root, before.cid)


def test_update_of_more_than_one_block__is_published_by_nobody_before_it_is_revealed(
    session, begun, monkeypatch
):
    """Killed then, and with other rows, a party would make a second one under the same masks."""
    update, put = Update(np.zeros(300_000, np.int64), 4, 0), type(session.storage).put
    monkeypatch.setattr(type(session.storage), "put", lambda *_, **__: pytest.fail("was stored"))
    held = party._made(session, begun, session.account("alice"), 1, update, 1)
    monkeypatch.setattr(type(session.storage), "put", put)
    assert len(held.update.data) > LARGEST_BLOCK
    assert Sheet.read(held.files[-1]).vector == store(session, held.update.data)
