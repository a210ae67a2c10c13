"""Blocks on disk: a file each, named by multihash, so that no input ever becomes a path.

blocks/<last byte>/1220<digest>    whole blocks, only ever renamed to here
adding/<token>/                    the blocks of an add in progress, and the lock that its process holds
quarantine/                        blocks that were found damaged
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from orchestrator.errors import StorageError
from orchestrator.storage.cid import Cid
from orchestrator.storage.disk import disk_errors, sync_path
from orchestrator.storage.unixfs import MAX_BLOCK


class BlockFolder:
    """The blocks below `root`. It moves bytes and does not verify them when reading."""

    def __init__(self, root: Path) -> None:
        self._blocks = root / "blocks"
        self._quarantine = root / "quarantine"
        self._blocks.mkdir(parents=True, exist_ok=True)

    def path(self, cid: Cid) -> Path:
        """Return where a block lies, or would."""
        return self._blocks / cid.digest[-1:].hex() / cid.multihash.hex()

    def load(self, cid: Cid) -> bytes | None:
        """Return what the file of a block holds (too much of it to match if it is too long), else None."""
        with disk_errors(), contextlib.suppress(FileNotFoundError), self.path(cid).open("rb", 0) as file:
            return file.read(MAX_BLOCK + 1)
        return None

    def has(self, cid: Cid) -> bool:
        return self.path(cid).exists()

    def reject(self, cid: Cid) -> None:
        """Move a damaged block out of the way, where somebody may still look at it."""
        with contextlib.suppress(OSError):  # on a read-only disk it stays, and is refused again
            self._quarantine.mkdir(exist_ok=True)
            os.replace(self.path(cid), self._quarantine / cid.multihash.hex())

    def files(self) -> Iterator[Path]:
        """Yield the file of every block."""
        for folder in self._blocks.iterdir():
            yield from folder.iterdir()

    def sync(self, folders: set[Path]) -> None:
        """Make renames into `folders` (and the folders themselves) survive a power cut."""
        for folder in sorted(folders | {self._blocks}):
            sync_path(folder)


class Batch:
    """The blocks of one add: written aside, then synced and renamed all at once by `commit`."""

    def __init__(self, blocks: BlockFolder, folder: Path) -> None:
        self._blocks = blocks
        self._folder = folder
        self._written: dict[bytes, Path] = {}  # digest → temporary file
        self._targets: dict[bytes, Path] = {}  # digest → where it belongs; also blocks that were there before
        self.pins: list[tuple[Cid, int]] = []

    def write(self, cid: Cid, block: bytes) -> None:
        """Take a block whose hash is known to be right.

        One that is stored already is compared, and replaced if it was damaged. Raises StorageError above
        2 MiB.
        """
        if len(block) > MAX_BLOCK:
            raise StorageError(f"the block {cid} is larger than 2 MiB", "Add the content in smaller chunks.")
        if cid.digest in self._targets:
            return
        stored = self._blocks.load(cid)
        if stored != block:
            if stored is not None:
                self._blocks.reject(cid)
            temporary = self._folder / str(len(self._targets))
            temporary.write_bytes(block)
            self._written[cid.digest] = temporary
        self._targets[cid.digest] = self._blocks.path(cid)

    def load(self, cid: Cid) -> bytes | None:
        """Return a block of this add, or of the store."""
        if cid.digest in self._written:
            return self._written[cid.digest].read_bytes()
        return self._blocks.load(cid)

    def reject(self, cid: Cid) -> None:
        """Move a damaged block out of the store."""
        self._blocks.reject(cid)

    def pin(self, root: Cid, size: int) -> None:
        """Pin `root` (`size` bytes of content) when, and only when, all blocks are safe."""
        self.pins.append((root, size))

    def commit(self) -> None:
        """Put every block in its place, on disk: sync all, rename all, sync the folders."""
        for temporary in self._written.values():
            sync_path(temporary)
        for digest, temporary in self._written.items():
            target = self._targets[digest]
            target.parent.mkdir(exist_ok=True)
            os.replace(temporary, target)
        self._blocks.sync({target.parent for target in self._targets.values()})


__all__ = ["Batch", "BlockFolder"]
