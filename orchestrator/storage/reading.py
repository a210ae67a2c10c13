"""From blocks back to files and folders. `fetch` hands over blocks whose hashes were verified.

Verified blocks are what their maker wrote, not what a reader may rely on: sizes must add up, names must stay
in their folder, and nesting has an end. A few blocks that name each other many times unfold to any size, so
what a graph unfolds to is known before it is unfolded, and steps are counted where sizes do not bound them.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from orchestrator.errors import IntegrityError, StorageError
from orchestrator.storage.cid import RAW, Cid
from orchestrator.storage.dagpb import FILE, FOLDER, RAW_DATA, SHARD, Node
from orchestrator.storage.unixfs import check_name

MAX_DEPTH = 64  # of nested nodes in a file, of shards, or of folders; Kubo needs 4 for a terabyte
MAX_ENTRIES = 1_000_000  # files and folders in one tree
LARGEST = 16 << 30
"""The most bytes of content that are read where nobody says how many there should be."""

_STEP = 4096  # bytes of work that a visit to a block costs at least
_ALLOWANCE = 64 << 20

Fetch = Callable[[Cid], bytes]
"""Returns the verified bytes of a block. Raises BlockNotFound or IntegrityError."""


def decode(cid: Cid, block: bytes) -> Node:
    """Return the node in a dag-pb block. Raises IntegrityError, naming the block, if it holds none."""
    try:
        return Node.decode(block)
    except IntegrityError as error:
        raise IntegrityError(f"{error.message} ({cid})", error.hint, cid=str(cid), block=str(cid)) from error


class Extent(NamedTuple):
    """What a graph unfolds to: bytes of content, and files and folders."""

    size: int
    entries: int


class Work:
    """Counts what reading `size` bytes of content costs, in bytes of blocks, and ends what costs far more."""

    def __init__(self, root: Cid, size: int) -> None:
        self._root = root
        self._left = 4 * size + _ALLOWANCE

    def spend(self, block: bytes) -> bytes:
        """Return `block`. Raises StorageError when it is one too many."""
        self._left -= max(len(block), _STEP)
        if self._left < 0:
            raise StorageError(
                f"{self._root} has far more blocks than its content needs", "Do not trust whoever made it."
            )
        return block


def walk(root: Cid, fetch: Fetch, limit: int = LARGEST) -> Iterator[tuple[Cid, bytes]]:
    """Yield every block below `root`, each once, parents before children, in the order of the links.

    Raises StorageError where there are more than `limit` bytes of content may need.
    """
    work = Work(root, limit)
    seen: set[Cid] = set()
    waiting = [root]
    while waiting:
        cid = waiting.pop()
        if cid in seen:
            continue
        seen.add(cid)
        block = work.spend(fetch(cid))
        yield cid, block
        if cid.codec != RAW:
            links = decode(cid, block).links
            waiting.extend(link.cid for link in reversed(links) if link.cid not in seen)


def extent(root: Cid, fetch: Fetch, limit: int = LARGEST) -> Extent:
    """What a file or folder unfolds to, each block read once.

    Raises StorageError if that is more than `limit` bytes or MAX_ENTRIES, or nested too deeply.
    """
    found = _extent(root, fetch, {}, 0)
    if found.size > limit:
        raise StorageError(
            f"{root} is larger than expected: it unfolds to {found.size} bytes, and at most {limit} are read",
            "If that is what it should be, set DILN_LARGEST (bytes) to more.",
        )
    if found.entries > MAX_ENTRIES:
        raise StorageError(
            f"{root} unfolds to {found.entries} files and folders, and at most {MAX_ENTRIES} are read",
            "Do not trust whoever made it.",
        )
    return found


def _extent(cid: Cid, fetch: Fetch, known: dict[Cid, Extent], depth: int) -> Extent:
    if cid in known:
        return known[cid]
    if len(known) > MAX_ENTRIES:
        raise StorageError(
            f"more than {MAX_ENTRIES} files are below one CID", "Do not trust whoever made it."
        )
    if depth > MAX_DEPTH:
        raise StorageError(f"folders in {cid} are nested too deeply", f"At most {MAX_DEPTH} deep are read.")
    if is_folder(cid, fetch):
        parts = [_extent(each, fetch, known, depth + 1) for each in list_folder(cid, fetch).values()]
        found = Extent(sum(part.size for part in parts), 1 + sum(part.entries for part in parts))
    else:
        block = fetch(cid)
        found = Extent(len(block) if cid.codec == RAW else _checked_size(cid, decode(cid, block)), 1)
    known[cid] = found
    return found


def is_folder(cid: Cid, fetch: Fetch) -> bool:
    """Tell a folder from a file. Raises StorageError for a symbolic link or anything else."""
    if cid.codec == RAW:
        return False
    kind = decode(cid, fetch(cid)).kind
    if kind not in (FILE, RAW_DATA, FOLDER, SHARD):
        raise StorageError(f"{cid} is neither a file nor a folder", "DILN stores no symbolic links.")
    return kind in (FOLDER, SHARD)


def read_file(cid: Cid, fetch: Fetch, limit: int = LARGEST) -> Iterator[bytes]:
    """Yield the bytes of a file.

    Raises StorageError if it is a folder, or larger than `limit` bytes, before anything is yielded;
    IntegrityError if the sizes it declares are not those it has.
    """
    if is_folder(cid, fetch):
        raise StorageError(f"{cid} is a folder", f"Write it to disk: `diln pin get {cid}`.")
    work = Work(cid, extent(cid, fetch, limit).size)
    yield from _read(cid, lambda each: work.spend(fetch(each)), None, 0)


def _read(cid: Cid, fetch: Fetch, expected: int | None, depth: int) -> Iterator[bytes]:
    block = fetch(cid)
    if cid.codec == RAW:
        _require(expected in (None, len(block)), cid)
        yield block
        return
    node = decode(cid, block)
    _require(node.kind in (FILE, RAW_DATA) and depth < MAX_DEPTH, cid)
    _require(expected in (None, _checked_size(cid, node)), cid)
    if node.data:
        yield node.data
    for link, size in zip(node.links, node.sizes, strict=True):
        _require(size > 0, cid)  # what holds nothing could be named without end
        yield from _read(link.cid, fetch, size, depth + 1)


def _checked_size(cid: Cid, node: Node) -> int:
    """Return the size of the file below a node, after checking that its parts add up to it."""
    size = len(node.data or b"") + sum(node.sizes)
    _require(len(node.sizes) == len(node.links) and node.size in (None, size), cid)
    return size


def list_folder(cid: Cid, fetch: Fetch) -> dict[str, Cid]:
    """Return the entries of a folder, of all its shards, by name.

    Raises StorageError for a file, IntegrityError for names that repeat or lead out of the folder.
    """
    if not is_folder(cid, fetch):
        raise StorageError(f"{cid} is a file, not a folder", f"Read it: `diln pin get {cid}`.")
    entries: dict[str, Cid] = {}
    for name, entry in _entries(cid, fetch, 0, set()):
        text = _entry_name(cid, name)
        _require(text not in entries, cid)
        entries[text] = entry
    return entries


def _entries(cid: Cid, fetch: Fetch, depth: int, seen: set[Cid]) -> Iterator[tuple[bytes, Cid]]:
    node = decode(cid, fetch(cid))
    _require(node.kind in (FOLDER, SHARD) and depth < MAX_DEPTH, cid)
    _require(cid not in seen and len(seen) < MAX_ENTRIES, cid)  # equal shards would hold equal names
    seen.add(cid)
    digits = 0 if node.kind == FOLDER else len(f"{node.fanout - 1:X}")
    for link in node.links:
        if digits and len(link.name) == digits:
            yield from _entries(link.cid, fetch, depth + 1, seen)
        else:
            yield link.name[digits:], link.cid


def _entry_name(cid: Cid, name: bytes) -> str:
    try:
        text = name.decode("utf-8")
        check_name(text)
    except (UnicodeDecodeError, StorageError) as error:
        raise IntegrityError(
            f"the folder {cid} holds the name {name!r}, which is not safe to write",
            "Do not trust whoever made it.",
            cid=str(cid),
            block=str(cid),
        ) from error
    return text


def _require(condition: bool, cid: Cid) -> None:
    if not condition:
        raise IntegrityError(
            f"the block {cid} contradicts itself or what links to it",
            "It was not made by `ipfs add` or DILN.",
            cid=str(cid),
            block=str(cid),
        )


__all__ = [
    "LARGEST",
    "MAX_DEPTH",
    "Extent",
    "Fetch",
    "decode",
    "extent",
    "is_folder",
    "list_folder",
    "read_file",
    "walk",
]
