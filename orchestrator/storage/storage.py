"""The one door to stored artifacts.

`Storage` is a template: its public methods chunk, verify and write out; backends only move blocks. So there
is one code path for every backend, and no byte reaches a caller that was not hashed here.
"""

import abc
import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, Self

from orchestrator.errors import BlockNotFound, IntegrityError, StorageError, StorageUnavailable
from orchestrator.storage import reading
from orchestrator.storage.adding import PutResult, Source, add
from orchestrator.storage.blocks import Batch
from orchestrator.storage.car import MAX_ROOTS, read_car, write_car
from orchestrator.storage.cid import Cid
from orchestrator.storage.disk import part_file
from orchestrator.storage.pins import Pin
from orchestrator.storage.unixfs import DEFAULT_PROFILE, MAX_BLOCK, find_profile
from orchestrator.types import Report


@dataclass(frozen=True)
class Stat:
    """What a CID names: `kind` is "file" or "folder", `size` its bytes of content.

    `blocks` counts the different blocks, `stored` their bytes.
    """

    cid: str
    kind: str
    size: int
    blocks: int
    stored: int


@dataclass(frozen=True)
class Swept:
    """What a collection removed: `blocks`, and their bytes."""

    blocks: int
    size: int


PATIENCE = 4.0
"""Seconds for which all that is only listed is sought together."""


class BlockSource(Protocol):
    """Somewhere to find blocks. What it returns is not trusted."""

    def load(self, cid: Cid) -> bytes | None:
        """Return the block, or None if it is not here. Raises StorageUnavailable if nobody answers."""

    def reject(self, cid: Cid) -> None:
        """Take note that the block was damaged."""


class Storage(abc.ABC):
    """Content-addressed artifacts. Usable as a context manager; CIDs are passed as text."""

    largest: int = reading.LARGEST
    """The most bytes of content that are read where the caller gives no limit."""

    def put(
        self,
        source: Source,
        *,
        profile: str = DEFAULT_PROFILE,
        pin: bool = True,
        progress: Report | None = None,
    ) -> PutResult:
        """Store a file or folder (by path), bytes or a stream; nothing is stored or pinned unless all is.

        Raises StorageError for what cannot be added, or when the disk is full.
        """
        with self._adding() as batch:
            result = add(source, find_profile(profile), batch.write, progress)
            if pin:
                batch.pin(Cid.parse(result.cid), result.size)
        return replace(result, queued=self._kept(result.cid).queued) if pin else result

    def read(self, cid: str, *, limit: int | None = None) -> bytes:
        """Return a whole file. Raises StorageError if it has more than `limit` bytes."""
        return b"".join(self.stream(cid, limit=limit))

    def block(self, cid: str) -> bytes:
        """The one block of this CID, whose hash is right. Raises CidError, StorageError."""
        root = Cid.parse(cid)
        return self._fetch(root)(root)

    @abc.abstractmethod
    def at_hand(self, cids: Sequence[str], seconds: float = PATIENCE) -> dict[str, bytes]:
        """The blocks of these CIDs that are here, or come within so many seconds for all of them together.

        What nobody gave is not sought again for two minutes. Raises CidError.
        """

    def stream(self, cid: str, *, limit: int | None = None) -> Iterator[bytes]:
        """Yield a file in parts, each verified before it is yielded.

        Raises CidError, BlockNotFound, StorageUnavailable, IntegrityError for damaged blocks, and, before
        the first part, StorageError if it has more than `limit` (else `largest`) bytes.
        """
        root = Cid.parse(cid)
        yield from reading.read_file(root, self._fetch(root), self._limit(limit))

    def get(self, cid: str, dest: Path, *, limit: int | None = None) -> Path:
        """Write a file or folder to `dest`; it appears there only when all of it was verified.

        A file replaces the one at `dest`; a folder is refused where something is. Raises as `stream` does.
        """
        root = Cid.parse(cid)
        if dest.exists() and (dest.is_dir() or reading.is_folder(root, self._fetch(root))):
            raise StorageError(f"{dest} exists already", "Choose another place.")
        reading.extent(root, self._fetch(root), self._limit(limit))
        with part_file(dest) as part:
            self._write(root, part)
        return dest

    def _write(self, cid: Cid, path: Path) -> None:
        fetch = self._fetch(cid)
        if reading.is_folder(cid, fetch):
            path.mkdir()
            for name, entry in reading.list_folder(cid, fetch).items():
                self._write(entry, path / name)
            return
        with path.open("wb") as file:
            for data in reading.read_file(cid, fetch):
                file.write(data)

    def pin(self, cid: str) -> Pin:
        """Keep a root and everything below it, fetched from wherever it is found first.

        Raises BlockNotFound or IntegrityError, and keeps nothing, if it is not whole.
        """
        root = Cid.parse(cid)
        fetch = self._fetch(root)
        with self._adding() as batch:
            size = reading.extent(root, fetch, self.largest).size
            for block_cid, block in reading.walk(root, fetch, self.largest):
                batch.write(block_cid, block)
            batch.pin(root, size)
        return self._kept(str(root))

    @abc.abstractmethod
    def unpin(self, cid: str) -> None:
        """Stop keeping a root. Raises StorageError if it is not pinned. `gc` frees the space."""

    @abc.abstractmethod
    def pins(self, newest: int | None = None) -> list[Pin]:
        """Return what is kept, or so many of the newest, the oldest first."""

    @abc.abstractmethod
    def some(self, number: int) -> list[Pin]:
        """Return so many pins: half of them the newest, half by chance."""

    @abc.abstractmethod
    def pinned(self, cid: str) -> Pin | None:
        """Return the pin of a root, None if it is not kept."""

    @abc.abstractmethod
    def count(self) -> tuple[int, int]:
        """Return how many roots are kept, and how many of them a mirror does not have."""

    @abc.abstractmethod
    def faults(self) -> list[str]:
        """Return what killed commands and damaged disks have left, one sentence each."""

    @abc.abstractmethod
    def gc(self) -> Swept:
        """Remove every block that no pin needs.

        Raises StorageError, and removes nothing, while something is being added or if a pin is not whole.
        """

    def has(self, cid: str) -> bool:
        """Tell whether everything below a root is at hand and undamaged."""
        try:
            self.verify(cid)
        except (BlockNotFound, IntegrityError):
            return False
        return True

    def verify(self, cid: str) -> None:
        """Read and check everything below a root. Raises IntegrityError or BlockNotFound."""
        root = Cid.parse(cid)
        for _ in reading.walk(root, self._fetch(root), self.largest):
            pass

    def entries(self, cid: str) -> dict[str, str]:
        """The CIDs in a folder, by name. Raises StorageError for a file."""
        root = Cid.parse(cid)
        return {name: str(entry) for name, entry in reading.list_folder(root, self._fetch(root)).items()}

    def size(self, cid: str) -> int:
        """The bytes of a file, or of all files of a folder. Raises as `stream` does."""
        root = Cid.parse(cid)
        return reading.extent(root, self._fetch(root), self.largest).size

    def stat(self, cid: str) -> Stat:
        """Describe what a CID names; all of it is read and verified."""
        root = Cid.parse(cid)
        fetch = self._fetch(root)
        sizes = [len(block) for _, block in reading.walk(root, fetch, self.largest)]
        kind = "folder" if reading.is_folder(root, fetch) else "file"
        return Stat(cid, kind, reading.extent(root, fetch, self.largest).size, len(sizes), sum(sizes))

    def export_car(self, cid: str, dest: Path, more: Sequence[str] = ()) -> Path:
        """Write what is below a root, and below `more`, to a CAR file, which Kubo and pinning services take.

        Raises StorageError for more than MAX_ROOTS.
        """
        roots = [Cid.parse(each) for each in (cid, *more)]
        if len(roots) > MAX_ROOTS:
            raise StorageError(
                f"a CAR file has {MAX_ROOTS} roots at most, not {len(roots)}", "Write several."
            )
        blocks = (block for root in roots for block in reading.walk(root, self._fetch(root), self.largest))
        with part_file(dest) as part, part.open("wb") as file:
            for data in write_car(roots, blocks):
                file.write(data)
        return dest

    def import_car(self, path: Path) -> list[str]:
        """Store and pin what a CAR file holds; return its roots.

        Raises IntegrityError, and keeps nothing, if a block is damaged or missing or the file is cut off.
        """
        with self._adding() as batch:
            with path.open("rb") as file:
                roots, blocks = read_car(file)
                for cid, block in blocks:
                    batch.write(cid, block)
            for root in roots:
                batch.pin(root, self._require_whole(root, batch))
        self.push()
        return [str(root) for root in roots]

    def _require_whole(self, root: Cid, batch: Batch) -> int:
        """Return the size of what an import brought, after walking all of it."""
        fetch = self._fetch(root, [batch])
        try:
            for _ in reading.walk(root, fetch, self.largest):
                pass
            return reading.extent(root, fetch, self.largest).size
        except BlockNotFound as error:
            raise IntegrityError(
                f"the CAR file is not complete: {error.message}", "Export it again.", cid=str(root)
            ) from error

    def _limit(self, given: int | None) -> int:
        return self.largest if given is None else given

    def push(self) -> None:  # noqa: B027 - a hook, for stores that have somebody to tell
        """Tell mirrors of what was pinned and unpinned; what one does not take stays queued, with why."""

    def reach(self) -> None:  # noqa: B027 - as above
        """Raises StorageUnavailable if a mirror does not answer."""

    @abc.abstractmethod
    def close(self) -> None:
        """Let go of files and connections."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abc.abstractmethod
    def _sources(self) -> Sequence[BlockSource]:
        """Return where to look for blocks, in order."""

    @abc.abstractmethod
    def _adding(self) -> contextlib.AbstractContextManager[Batch]:
        """Open a batch that is committed at the end of the `with`, and leaves nothing behind on an error."""

    def _kept(self, cid: str) -> Pin:
        """Tell mirrors of a new pin, and return it."""
        self.push()
        pin = self.pinned(cid)
        if pin is None:
            raise StorageError(f"{cid} was unpinned by another command meanwhile", "Put it again.")
        return pin

    def _fetch(self, root: Cid, sources: Sequence[BlockSource] | None = None) -> reading.Fetch:
        """Return a function that finds blocks below `root` and verifies them."""
        places = self._sources() if sources is None else sources
        return lambda cid: _find(cid, root, places)


def _find(cid: Cid, root: Cid, sources: Sequence[BlockSource]) -> bytes:
    damaged = False
    unavailable: StorageUnavailable | None = None
    for source in sources:
        try:
            block = source.load(cid)
        except StorageUnavailable as error:
            unavailable = unavailable or error
            continue
        if block is None:
            continue
        if len(block) <= MAX_BLOCK and cid.matches(block):
            return block
        damaged = True
        source.reject(cid)
    if damaged:
        raise IntegrityError(
            f"the block {cid} is damaged",
            "It was set aside. Put or import the content again, or fetch it from another store.",
            cid=str(root),
            block=str(cid),
        )
    if unavailable:
        raise unavailable
    raise BlockNotFound(
        f"the block {cid} is not here" + (f" (below {root})" if cid != root else ""),
        "Get a file from whoever has it (`diln export MODEL`, `diln pin export CID`) and take it in "
        "(`diln import FILE`, `diln pin import FILE`), or read through Kubo (`--storage kubo`) or a gateway "
        "(DILN_GATEWAYS).",
    )


__all__ = ["BlockSource", "Stat", "Storage", "Swept"]
