"""A store whose pins others keep as well, and that asks others for the blocks it does not have.

The local copy always stands. What is pinned goes into a queue for each mirror in the same transaction, and
from there to the mirror; while that is down the queue waits, and the next pin, or `push`, sends it.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from orchestrator.errors import StorageError, StorageUnavailable
from orchestrator.storage import reading
from orchestrator.storage.car import write_car
from orchestrator.storage.cid import Cid
from orchestrator.storage.local import LocalStore
from orchestrator.storage.seeking import Absent, Seeker, seek
from orchestrator.storage.storage import PATIENCE, BlockSource

REMEMBERED = 8 << 20
"""Bytes of what others gave that are not asked for again by the same process."""

_log = logging.getLogger(__name__)


class Mirror(Protocol):
    """Somebody who keeps what is pinned here."""

    @property
    def name(self) -> str:
        """What the mirror is called, in the queue and in messages."""

    def push(self, root: Cid, car: Callable[[], Iterable[bytes]]) -> None:
        """Have `root` kept there; `car` makes its blocks, as a CAR file.

        Raises StorageUnavailable if nobody answers, StorageError if this root is not kept.
        """

    def unpin(self, root: Cid) -> None:
        """Take the pin away there, if there is one. Raises as `push` does."""

    def reach(self) -> None:
        """Raises StorageUnavailable if nobody answers."""

    def close(self) -> None:
        """Let go of connections."""


class Source(BlockSource, Seeker, Protocol):
    """A source of blocks that holds a connection."""

    def close(self) -> None:
        """Let go of connections."""


class MirroredStore(LocalStore):
    """A LocalStore in `folder` whose pins `mirrors` keep as well, and that reads from `sources`, in order."""

    def __init__(self, folder: Path, mirrors: Sequence[Mirror], sources: Sequence[Source] = ()) -> None:
        super().__init__(folder)
        self._told = list(mirrors)
        self._remote = list(sources)
        self._mirrors = tuple(mirror.name for mirror in mirrors)
        self._warned: set[str] = set()
        self._came: dict[str, bytes] = {}
        self._absent = Absent(folder / "absent.json")

    def close(self) -> None:
        for mirror in self._told:
            mirror.close()
        for source in self._remote:  # one that is a mirror, too, is closed twice, which does no harm
            source.close()
        super().close()

    def at_hand(self, cids: Sequence[str], seconds: float = PATIENCE) -> dict[str, bytes]:
        found = super().at_hand(cids)
        found |= {each: self._came[each] for each in cids if each in self._came}
        absent = self._absent.known() if len(found) < len(set(cids)) else set()
        left = [cid for cid in map(Cid.parse, dict.fromkeys(cids)) if str(cid) not in found]
        left = [cid for cid in left if cid not in absent]
        if not left or not self._remote:
            return found
        sought = seek(left, self._remote, seconds)
        if sought.absent:
            self._absent.add(sought.absent)
        for error in sought.down:
            self._warn(f"{error.message}. {error.hint}")
        for cid, block in sought.found.items():
            found[str(cid)] = block
            if sum(map(len, self._came.values())) + len(block) <= REMEMBERED:
                self._came[str(cid)] = block
        return found

    def push(self) -> None:
        for mirror in self._told:
            self._push_to(mirror)

    def reach(self) -> None:
        for mirror in self._told:
            mirror.reach()

    def _push_to(self, mirror: Mirror) -> None:
        for cid, action in self._table.queue(mirror.name):
            try:
                self._tell(mirror, cid, action)
            except StorageUnavailable as error:
                self._table.delay(mirror.name, error.message)
                self._warn(f"kept here and queued for {mirror.name}: {error.message}. {error.hint}")
                return
            except StorageError as error:
                self._table.delay(mirror.name, error.message, cid)
                self._warn(f"{cid} is queued for {mirror.name}: {error.message}. {error.hint}")
            else:
                self._table.told(mirror.name, cid, action)

    def _warn(self, sentence: str) -> None:
        """Once, however much is pinned."""
        if sentence not in self._warned:
            self._warned.add(sentence)
            _log.warning("%s", sentence)

    def _tell(self, mirror: Mirror, cid: Cid, action: str) -> None:
        if action == "unpin":
            mirror.unpin(cid)
        else:
            local = self._fetch(cid, [self._blocks])
            mirror.push(cid, lambda: write_car([cid], reading.walk(cid, local)))

    def _sources(self) -> Sequence[BlockSource]:
        return [self._blocks, *self._remote]


__all__ = ["Mirror", "MirroredStore", "Source"]
