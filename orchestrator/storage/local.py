"""The store that needs no daemon: blocks in a folder, pins in SQLite.

Adding. A row and a locked folder announce the add; blocks are written into that folder, then all are synced
and renamed into place; only then does one transaction pin the root and take the row away. Whoever is killed
on the way leaves a folder whose lock is free, which the next add removes, and blocks without a pin, at worst,
which the next collection removes.

Collecting. Under an exclusive lock that every add takes for its first moment, so that no add can begin: it
refuses while an add is alive, marks what the pins need, and removes the rest.
"""

import contextlib
import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from orchestrator.errors import BlockNotFound, IntegrityError, StorageError
from orchestrator.storage import reading
from orchestrator.storage.blocks import Batch, BlockFolder
from orchestrator.storage.cid import RAW, Cid
from orchestrator.storage.disk import disk_errors
from orchestrator.storage.pins import Pin, PinTable
from orchestrator.storage.storage import PATIENCE, BlockSource, Storage, Swept

LOCK_TIMEOUT = 60.0  # seconds to wait for a collection to end


class LocalStore(Storage):
    """Blocks and pins below `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with disk_errors():
            self._blocks = BlockFolder(folder)
            self._adds = folder / "adding"
            self._adds.mkdir(exist_ok=True)
        self._table = PinTable(folder / "pins.sqlite", folder / "pinned")

    def close(self) -> None:
        self._table.close()

    def pins(self, newest: int | None = None) -> list[Pin]:
        return self._table.pins(newest)

    def some(self, number: int) -> list[Pin]:
        newest = self._table.pins(number // 2)
        others = [pin for pin in self._table.random(number) if pin not in newest]
        return newest + others[: number - len(newest)]

    def count(self) -> tuple[int, int]:
        return self._table.count()

    def pinned(self, cid: str) -> Pin | None:
        return self._table.pin(str(Cid.parse(cid)))

    def faults(self) -> list[str]:
        with disk_errors():
            return [*self._left(), *([self._table.rebuilt] if self._table.rebuilt else [])]

    def _left(self) -> list[str]:
        rests = [folder for folder in self._adds.iterdir() if not self._alive(folder.name)]
        size = sum(file.stat().st_size for folder in rests for file in folder.rglob("*") if file.is_file())
        told = f"{len(rests)} adds were killed and left {size} bytes, which the next add removes"
        return [told] if rests else []

    def unpin(self, cid: str) -> None:
        if not self._table.unpin(Cid.parse(cid), self._mirrors):
            raise StorageError(f"{cid} is not pinned", "`diln pin ls` shows what is.")
        self.push()

    def gc(self) -> Swept:
        with disk_errors(), self._exclusive():
            if self._clear_adds():
                raise StorageError("something is being added to the store", "Wait until that has finished.")
            kept = self._mark()
            blocks = size = 0
            for file in self._blocks.files():
                if file.name not in kept:
                    size += file.stat().st_size
                    blocks += 1
                    file.unlink()
            return Swept(blocks, size)

    _mirrors: tuple[str, ...] = ()
    """Who is to be told of pins."""

    def at_hand(self, cids: Sequence[str], seconds: float = PATIENCE) -> dict[str, bytes]:
        found = {}
        for each in cids:
            root = Cid.parse(each)
            with contextlib.suppress(BlockNotFound, IntegrityError):
                found[each] = self._fetch(root, [self._blocks])(root)
        return found

    def _sources(self) -> Sequence[BlockSource]:
        return [self._blocks]

    @contextlib.contextmanager
    def _adding(self) -> Iterator[Batch]:
        with disk_errors(), self._announced() as (token, folder):
            batch = Batch(self._blocks, folder)
            yield batch
            batch.commit()
            self._table.finish_add(token, batch.pins, self._mirrors)

    @contextlib.contextmanager
    def _announced(self) -> Iterator[tuple[str, Path]]:
        """Hold the row and the locked folder of an add; take both away, however it ends."""
        token = secrets.token_hex(8)
        folder = self._adds / token
        lock = FileLock(folder / "lock")
        with self._exclusive():
            self._clear_adds()
            self._table.begin_add(token)
            folder.mkdir()
            lock.acquire(timeout=0)
        try:
            yield token, folder
        finally:
            lock.release()
            shutil.rmtree(folder, ignore_errors=True)
            self._forget(token)

    def _forget(self, token: str) -> None:
        """Delete an add's row. On a disk that is still full it stays, for `gc`: its folder is gone."""
        with contextlib.suppress(StorageError):
            self._table.finish_add(token, [])

    @contextlib.contextmanager
    def _exclusive(self) -> Iterator[None]:
        try:
            with FileLock(self._folder / "lock", timeout=LOCK_TIMEOUT):
                yield
        except Timeout as error:
            raise StorageError(
                "another command is collecting unused blocks", "Wait until it has finished."
            ) from error

    def _clear_adds(self) -> bool:
        """Clear up after adds whose process died; tell whether others go on."""
        alive = {token for token in self._table.adds() if self._alive(token)}
        for token in self._table.adds():
            if token not in alive:
                self._forget(token)
        for folder in self._adds.iterdir():
            if folder.name not in alive:
                shutil.rmtree(folder, ignore_errors=True)
        return bool(alive)

    def _alive(self, token: str) -> bool:
        folder = self._adds / token
        if not folder.exists():
            return False
        try:
            with FileLock(folder / "lock", timeout=0):
                return False
        except Timeout:
            return True

    def _mark(self) -> set[str]:
        """Return the names of the block files that pins need. Leaves are looked for, nodes are read."""
        kept: set[str] = set()
        for pin in self._table.pins():
            root = Cid.parse(pin.cid)
            try:
                kept.update(cid.multihash.hex() for cid, _ in reading.walk(root, self._fetch_for_mark(root)))
            except (BlockNotFound, IntegrityError) as error:
                raise StorageError(
                    f"nothing was removed: what is pinned as {root} is not whole ({error.message})",
                    "Put or import it again, or unpin it.",
                ) from error
        return kept

    def _fetch_for_mark(self, root: Cid) -> reading.Fetch:
        verified = self._fetch(root, [self._blocks])

        def fetch(cid: Cid) -> bytes:
            present_leaf = cid.codec == RAW and self._blocks.has(cid)
            return b"" if present_leaf else verified(cid)

        return fetch


__all__ = ["LocalStore"]
