"""Masked updates as their parties live them: hidden, unmasked, summed, refuted, verified."""

import contextlib

import numpy as np
import pytest

from orchestrator.bindings.federation import Part, Phase, Shared, Unmasked
from orchestrator.errors import DataError, DilnError, UsageError
from orchestrator.kernel.keeper import Keeper
from orchestrator.learning.aggregation import Update
from orchestrator.learning.privacy.masks import keccak_mask
from orchestrator.systems.federation import (
    aggregating,
    cranking,
    creating,
    demanding,
    masking,
    party,
    refuting,
)
from orchestrator.systems.federation.duties import SYSTEM
from orchestrator.systems.federation.finding import cid_of
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
        assert masking.tell(session, begun, session.account(name)) == (name != "erin")
        assert not masking.tell(session, begun, session.account(name))
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
        masking.tell(session, begun, session.account(name))
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
        masking.tell(session, begun, session.account(name))
    assert masking.restorable(session, begun) == {}
    for name in ("alice", "bob"):
        assert masking.share(session, begun, session.account(name)) == 1
        assert masking.share(session, begun, session.account(name)) == 0
    assert masking.restorable(session, begun) == {}  # three of the other three are needed
    assert masking.share(session, begun, session.account("erin")) == 1  # one that is gone holds shares, too
    assert masking.restore(session, begun, session.account("dave")) == 1
    assert masking.restore(session, begun, session.account("dave")) == 0
    made = aggregating.claim(session, begun, session.account("alice"))
    assert (made.model == before + expected // 3).all()


def test_silent__too_few_shares__void_and_only_the_silent_pay(session, begun):
    revealed(session, begun)
    for name in ("alice", "bob", "erin"):
        masking.tell(session, begun, session.account(name))
    masking.share(session, begun, session.account("bob"))
    pass_(session, begun)
    assert cranking.crank(session, begun, session.account("dave")) == "skipped round 1: it is void"
    deposits = [begun.party_of(session.account(name).address).deposit for name in PARTIES]
    assert deposits[2] < deposits[0] == deposits[1] == deposits[3]


def test_tell__who_is_in_is_another_set_than_before__refuses(session, begun, monkeypatch):
    """A node that lies, or a chain that forgets its last blocks, must not unmask anybody."""
    revealed(session, begun, "erin")
    alice = session.account("alice")
    masking.tell(session, begun, alice)
    masks = type(begun).masks

    def other(federation):
        found = masks(federation)
        return type(found)(**(vars(found) | {"parties": 15}))

    monkeypatch.setattr(type(begun), "masks", other)
    with pytest.raises(DataError, match="as if others were in"):
        masking.share(session, begun, alice)


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
    real, done = masking.act, []

    def overtaken(inner, call, account, *what, **options):
        if what[0] == before and not done:
            done.append(session.send(begun.forfeit(Part.UPDATE, erin, 0, demanding.NO_CLAIM), stranger))
        return real(inner, call, account, *what, **options)

    monkeypatch.setattr(masking, "act", overtaken)
    for name in PARTIES[:3]:
        with contextlib.suppress(DilnError):
            masking.tell(session, begun, session.account(name))
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
    assert not masking.tell(session, begun, erin)
    for name in PARTIES[:3]:
        masking.tell(session, begun, session.account(name))
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
        masking.tell(session, begun, session.account(name))
    made = aggregating.claim(session, begun, session.account("alice"))
    assert (made.model == before + expected // 4).all()


def test_verify__seeds_come_from_the_chain__after_every_sheet_is_lost(session, begun):
    revealed(session, begun)
    sheets = {cid_of(one.cid) for one in revealed_in(begun, 1)}
    for name in PARTIES:
        masking.tell(session, begun, session.account(name))
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
    said = " ".join(promises(begun))
    assert "Updates are masked." in said
    assert "join hands" in said
    assert "public: they tell" not in said


def test_restore__strangers_words_among_the_shares__do_no_harm(session, begun):
    """Bytes of no use, keys of others, and the same again, from one that does not want it to go on."""
    revealed(session, begun, "erin")
    for name in ("alice", "bob"):
        masking.tell(session, begun, session.account(name))
    for name in ("alice", "bob"):
        masking.share(session, begun, session.account(name))
    [first, _] = begun.events(Shared, round=1)
    junk = [b"", b"\2", bytes(33), bytes([2, 2]) + bytes(32), bytes([2, 9]) + bytes(32), first.shares * 3]
    for each in junk:
        session.send(begun.share(each), session.account("erin"))
    assert masking.restorable(session, begun) == {}
    peer = masking.peer_of(session, begun, session.account("erin"))
    keys = peer.tell_shares(1, [0, 1, 2], 2)
    right = b"".join(bytes([2, other]) + key for other, key in keys.items())
    session.send(begun.share(right + junk[3]), session.account("erin"))
    assert list(masking.restorable(session, begun)) == [2]


def test_restorable__flood_of_one_party__only_its_last_is_read(session, begun, monkeypatch):
    revealed(session, begun, "erin")
    for name in ("alice", "bob"):
        masking.tell(session, begun, session.account(name))
        masking.share(session, begun, session.account(name))
    for junk in (bytes([2, 2]) + bytes(32), bytes([2, 3]) + bytes(32), b""):
        session.send(begun.share(junk), session.account("erin"))
    counts, real = [], masking._keys
    monkeypatch.setattr(
        masking, "_keys", lambda shown, *rest: (counts.append(len(shown)), real(shown, *rest))[1]
    )
    assert masking.restorable(session, begun) == {}
    assert counts == [3]
    assert not masking.has_shared(begun, 2)


def test_restorable__sheet_of_a_hostile_party__is_passed_over(session, begun, monkeypatch):
    """It may name any number of seats, and any file."""
    revealed(session, begun)
    for name in ("alice", "bob", "erin"):
        masking.tell(session, begun, session.account(name))
    masking.share(session, begun, session.account("bob"))
    short = Sheet(Digest(bytes(32)), Digest(bytes(32)), (bytes(32),))
    monkeypatch.setattr(masking, "sheet_of", lambda *_: short)
    assert masking.restorable(session, begun) == {}
