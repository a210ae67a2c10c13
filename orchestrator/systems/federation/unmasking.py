"""Tell what unmasks a sum: the own seeds, shares of those of parties that stay silent, who disagrees."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence

from eth_utils.crypto import keccak

from orchestrator.bindings.federation import Federation, Phase, Revealed, Shared
from orchestrator.chain import Account
from orchestrator.errors import DataError, StorageError, VerificationFailed
from orchestrator.kernel.session import Session
from orchestrator.learning.privacy.masks import (
    SHARE_BYTES,
    Peer,
    Share,
    due_of,
    join,
    open_share,
    place_of_share,
    threshold,
)
from orchestrator.systems.federation.finding import act, alone, cid_of, secret_folder
from orchestrator.systems.federation.masking import (
    Sheet,
    disagreeing,
    is_masked,
    peer_of,
    seats_in,
    sheet_of,
    told_in,
    told_sheet,
)
from orchestrator.systems.federation.rounds import phase_of, revealed_in

_SHARED = 2 + 32  # silent seat, seat of the seed, key


def uncompared(federation: Federation) -> bool:
    """Whether all have told, and some of them disagree, nobody knows who."""
    if not is_masked(federation) or not enough(federation):
        return False
    masks = federation.masks()
    return masks.told == masks.parties != 0  # else claims would have begun


def compare(session: Session, federation: Federation, anyone: Account) -> bool:
    """Show who disagrees with whom; False where nobody does, or it was shown before."""
    if not uncompared(federation):
        return False
    number, masks, entries = federation.state().round, federation.masks(), []
    told, revealed = told_in(federation, number), _revealed(federation, number)
    among, there = seats_in(masks.among), seats_in(masks.parties)
    for seat in there:
        sheet = Sheet.read(told[revealed[seat].party].sheet)
        places = [among.index(other) for other in due_of(among, seat, there, ())]
        entries.append(_entry(revealed[seat], sheet.hashed(places)))
    act(session, federation.compare(b"".join(entries)), anyone, "compare", number)
    return True


def enough(federation: Federation) -> bool:
    """Whether seeds are waited for, and those who are in are enough to hide each other."""
    judging = phase_of(federation) is Phase.JUDGING
    return judging and federation.state().revealed.bit_count() >= federation.terms.quorum


def waited_for(federation: Federation) -> int:
    """The seats whose seeds are due and not told, as a mask."""
    if not is_masked(federation) or not enough(federation):
        return 0
    return federation.state().revealed & ~federation.masks().told


def tell(session: Session, federation: Federation, party: Account) -> bool:
    """Tell the seeds that are due of `party`; False if that was done before, or none are due.

    Raises DataError where it told them as if others were in: both together would unmask an update.
    """
    with alone(session, federation, party):
        seat, state = federation.party_of(party.address).seat, federation.state()
        if not waited_for(federation) >> seat & 1:
            return False
        peer, there = _fixed(session, federation, party)
        revealed, apart = _revealed(federation, state.round)[seat], federation.masks().disagreed
        own = sheet_of(session, federation, revealed)
        words = tuple(peer.tell(state.round, there, disagreeing(apart, seat)))
        entry = _entry(revealed, Sheet(own.vector, own.shares, words))
        act(session, federation.unmask(entry), party, *_once("unmask", apart), state.round)
        return True


def _once(what: str, disagreed: int) -> tuple[str, ...]:
    """Done once in a round, and once more where it is known who disagrees."""
    return (what, "again") if disagreed else (what,)


def share(session: Session, federation: Federation, party: Account) -> int:
    """Show what `party` holds of the seeds of those that stay silent; returns of how many."""
    with alone(session, federation, party):
        seat, number = federation.party_of(party.address).seat, federation.state().round
        silent = waited_for(federation) & ~(1 << seat)
        if has_shared(federation, seat):
            return 0
        peer, there = _fixed(session, federation, party)
        apart = federation.masks().disagreed
        keys = b"".join(
            bytes([each, other]) + key
            for each in seats_in(silent)
            for other, key in peer.tell_shares(number, there, each, disagreeing(apart, each)).items()
        )
        act(session, federation.share(keys), party, *_once("share", apart), number, silent)
        return silent.bit_count()


def has_shared(federation: Federation, seat: int) -> bool:
    """Whether `seat` has shown all that it holds of the seeds that are due of others who stay silent."""
    masks, number = federation.masks(), federation.state().round
    among, parties = seats_in(masks.among), seats_in(masks.parties or federation.state().revealed)
    due = {
        bytes([each, other])
        for each in seats_in(waited_for(federation) & ~(1 << seat))
        for other in due_of(among, each, parties, disagreeing(masks.disagreed, each))
    }
    last = [each.shares for each in _last_shown(federation, number) if each.seat == seat]
    return due <= {shares[at : at + 2] for shares in last for at in range(0, len(shares), _SHARED)}


def restorable(session: Session, federation: Federation) -> dict[int, bytes]:
    """By seat, what unmasks those that stay silent and of whom enough was shown."""
    silent, found = waited_for(federation), {}
    number = federation.state().round
    shown = _last_shown(federation, number) if silent else []
    revealed = _revealed(federation, number) if shown else {}
    for seat in seats_in(silent) if shown else ():
        try:
            if entry := _restored(session, federation, revealed[seat], seat, shown):
                found[seat] = entry
        except (DataError, StorageError):
            continue  # its sheet or its shares are nowhere
    return found


def _last_shown(federation: Federation, number: int) -> list[Shared]:
    """The last of each seat: one party's flood of events must not cost all others their time."""
    events = federation.events(Shared, round=number)
    return list({each.seat: each for each in events if each.shares}.values())


def restore(session: Session, federation: Federation, anyone: Account) -> int:
    """Tell the seeds of those that stay silent, as far as shares restore them; returns of how many."""
    number, found = federation.state().round, restorable(session, federation)
    again = _once("restore", federation.masks().disagreed)
    for seat, entry in found.items():
        act(session, federation.unmask(entry), anyone, *again, number, seat)
    return len(found)


def _restored(
    session: Session, federation: Federation, revealed: Revealed, seat: int, shown: Sequence[Shared]
) -> bytes:
    """What unmasks the party at `seat`; nothing where shares are missing or lead to other seeds."""
    masks = federation.masks()
    among, there = seats_in(masks.among), seats_in(masks.parties)
    due = due_of(among, seat, there, disagreeing(masks.disagreed, seat))
    if sheet := told_sheet(federation, revealed):
        # Before it was known who disagrees with it: what was told stands in it.
        due = [other for other in due if other not in due_of(among, seat, there, ())]
    else:
        sheet = sheet_of(session, federation, revealed)
    if len(sheet.words) != len(among):
        raise DataError("a sheet is not of those who share masks")
    length = SHARE_BYTES * len(among) * (len(among) - 1)
    file = session.storage.read(cid_of(sheet.shares), limit=length)
    words = list(sheet.words)
    for other in due:
        place = among.index(other)
        shares: dict[int, Share] = {}  # nobody's counts twice, however often it was shown
        for holder, key in _keys(shown, seat, other):
            if holder in among and holder != seat:
                at = place_of_share(among, seat, holder, other)
                with contextlib.suppress(VerificationFailed):
                    shares[holder] = open_share(key, file[at : at + SHARE_BYTES])
        needed = threshold(len(among))
        seed = join([*shares.values()][:needed]) if len(shares) >= needed else b""
        if keccak(seed) != words[place]:
            return b""
        words[place] = seed
    return _entry(revealed, Sheet(sheet.vector, sheet.shares, tuple(words)))


def _keys(shown: Iterable[Shared], seat: int, other: int) -> Iterator[tuple[int, bytes]]:
    """The holders' seats and keys to the shares of the seed of `seat` and `other`."""
    for each in shown:
        for at in range(0, len(each.shares) - _SHARED + 1, _SHARED):
            if tuple(each.shares[at : at + 2]) == (seat, other):
                yield each.seat, each.shares[at + 2 : at + _SHARED]


def _revealed(federation: Federation, number: int) -> dict[int, Revealed]:
    return {federation.party_of(each.party).seat: each for each in revealed_in(federation, number)}


def _entry(revealed: Revealed, sheet: Sheet) -> bytes:
    return bytes.fromhex(revealed.party[2:]) + revealed.root + sheet.to_bytes()


def _fixed(session: Session, federation: Federation, party: Account) -> tuple[Peer, list[int]]:
    """The peer, which remembers on disk as who was in it told seeds before; and who is in.

    Where an update is demanded, the contract fixes first who is in: if it fell while seeds are under way,
    these would be of another set, and no others may be told any more.
    """
    peer, state = peer_of(session, federation, party), federation.state()
    if state.demanded and not federation.masks().parties:
        act(session, federation.share(b""), party, "fix", state.round)
    there = federation.masks().parties or state.revealed
    folder, name = secret_folder(session, federation.address), f"told-{party.address}-{state.round}"
    if before := folder.read(name):
        peer.fix(state.round, seats_in(int(before["parties"])))
    peer.fix(state.round, seats_in(there))
    folder.write(name, {"parties": str(there)})
    return peer, seats_in(there)
