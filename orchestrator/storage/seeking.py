"""Many blocks sought at once, in one time for all: whoever names what nobody provides holds nobody up."""

import json
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from orchestrator.errors import StorageError, StorageUnavailable, bare
from orchestrator.files import replace_file
from orchestrator.nesting import is_nested_deeper
from orchestrator.storage.cid import Cid
from orchestrator.storage.unixfs import MAX_BLOCK

AT_ONCE = 64
LEAST = 1.0
"""Seconds in which a block that somebody has mostly comes: whoever was asked for less was not asked."""
FORGET = 120
"""Seconds for which what nobody gave is not sought again."""
MOST_ABSENT = 10_000


class Seeker(Protocol):
    """A source that answers many at once."""

    def seek(self, cid: Cid, seconds: float) -> bytes | None:
        """As `load`, in one try of so many seconds. Raises StorageUnavailable if nobody answers."""


@dataclass
class Sought:
    """What came, what nobody gave who was asked, and which sources do not answer."""

    found: dict[Cid, bytes] = field(default_factory=dict)
    absent: set[Cid] = field(default_factory=set)
    down: list[StorageUnavailable] = field(default_factory=list)


def seek(cids: Sequence[Cid], sources: Sequence[Seeker], seconds: float) -> Sought:
    """Ask all of `sources` for all of `cids`, the first of them first, for `seconds` in all."""
    from concurrent.futures import ThreadPoolExecutor, wait

    end, sought = time.monotonic() + seconds, Sought()
    silent: dict[Cid, int] = dict.fromkeys(cids, 0)

    def ask(cid: Cid, source: Seeker) -> None:
        left = end - time.monotonic()
        if cid in sought.found or left < min(LEAST, seconds):
            return
        try:
            block = source.seek(cid, left)
        except StorageUnavailable as error:
            sought.down.append(bare(error))
            return
        if block is not None and len(block) <= MAX_BLOCK and cid.matches(block):
            sought.found[cid] = block
        else:
            silent[cid] += 1

    pool = ThreadPoolExecutor(AT_ONCE, "seek")
    try:
        tasks = [pool.submit(ask, cid, source) for cid in cids for source in sources]
        wait(tasks, timeout=seconds + LEAST)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    found = dict(sought.found)  # whoever answers later still writes into the other
    absent = {cid for cid, count in silent.items() if count == len(sources) and cid not in found}
    return Sought(found, absent, list(sought.down))


class Absent:
    """What nobody gave a moment ago, in a small `file`; a damaged one knows nothing."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def known(self) -> set[Cid]:
        return {Cid.parse(each) for each in self._read()}

    def add(self, cids: Iterable[Cid]) -> None:
        now = int(time.time())
        kept = [*self._read().items(), *((str(each), now) for each in cids)]
        with suppress(StorageError):
            replace_file(self._file, json.dumps(dict(kept[-MOST_ABSENT:])).encode(), 0o600)

    def _read(self) -> dict[str, int]:
        try:
            text = self._file.read_text(encoding="utf-8")
            content = {} if is_nested_deeper(text, 2) else json.loads(text)
            now = time.time()
            return {
                str(Cid.parse(cid)): int(at) for cid, at in content.items() if 0 <= now - int(at) < FORGET
            }
        except (OSError, ValueError, AttributeError, TypeError, StorageError):
            return {}


__all__ = ["Absent", "Seeker", "Sought", "seek"]
