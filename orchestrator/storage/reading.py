"""From blocks back to files and folders. `fetch` hands over blocks whose hashes were verified.

Verified blocks are what their maker wrote, not what a reader may rely on: sizes must add up, names must stay
in their folder, and nesting has an end.
"""

from collections.abc import Callable, Iterator

from orchestrator.errors import IntegrityError, StorageError
from orchestrator.storage.cid import RAW, Cid
from orchestrator.storage.dagpb import FILE, FOLDER, RAW_DATA, SHARD, Node
from orchestrator.storage.unixfs import check_name

MAX_DEPTH = 64  # of nested nodes in a file or of shards; Kubo needs 4 for a terabyte

Fetch = Callable[[Cid], bytes]
"""Returns the verified bytes of a block. Raises BlockNotFound or IntegrityError."""


def decode(cid: Cid, block: bytes) -> Node:
    """Return the node in a dag-pb block. Raises IntegrityError, naming the block, if it holds none."""
    try:
        return Node.decode(block)
    except IntegrityError as error:
        raise IntegrityError(f"{error.message} ({cid})", error.hint, cid=str(cid), block=str(cid)) from error


def walk(root: Cid, fetch: Fetch) -> Iterator[tuple[Cid, bytes]]:
    """Yield every block below `root`, each once, parents before children, in the order of the links."""
    seen: set[Cid] = set()
    waiting = [root]
    while waiting:
        cid = waiting.pop()
        if cid in seen:
            continue
        seen.add(cid)
        block = fetch(cid)
        yield cid, block
        if cid.codec != RAW:
            waiting.extend(link.cid for link in reversed(decode(cid, block).links))


def content_size(root: Cid, fetch: Fetch) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    if is_folder(root, fetch):
        return sum(content_size(cid, fetch) for cid in list_folder(root, fetch).values())
    block = fetch(root)
    if root.codec == RAW:
        return len(block)
    node = decode(root, block)
    return _checked_size(root, node)


def is_folder(cid: Cid, fetch: Fetch) -> bool:
    """Tell a folder from a file. Raises StorageError for a symbolic link or anything else."""
    if cid.codec == RAW:
        return False
    kind = decode(cid, fetch(cid)).kind
    if kind not in (FILE, RAW_DATA, FOLDER, SHARD):
        raise StorageError(f"{cid} is neither a file nor a folder", "DILN stores no symbolic links.")
    return kind in (FOLDER, SHARD)


def read_file(cid: Cid, fetch: Fetch) -> Iterator[bytes]:
    """Yield the bytes of a file.

    Raises StorageError if it is a folder, IntegrityError if the sizes it declares are not those it has.
    """
    if is_folder(cid, fetch):
        raise StorageError(f"{cid} is a folder", "Use `get` to write it to disk.")
    yield from _read(cid, fetch, None, 0)


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
        raise StorageError(f"{cid} is a file, not a folder", "Read it with `get`.")
    entries: dict[str, Cid] = {}
    for name, entry in _entries(cid, fetch, 0):
        text = _entry_name(cid, name)
        _require(text not in entries, cid)
        entries[text] = entry
    return entries


def _entries(cid: Cid, fetch: Fetch, depth: int) -> Iterator[tuple[bytes, Cid]]:
    node = decode(cid, fetch(cid))
    _require(node.kind in (FOLDER, SHARD) and depth < MAX_DEPTH, cid)
    digits = 0 if node.kind == FOLDER else len(f"{node.fanout - 1:X}")
    for link in node.links:
        if digits and len(link.name) == digits:
            yield from _entries(link.cid, fetch, depth + 1)
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


__all__ = ["Fetch", "content_size", "decode", "is_folder", "list_folder", "read_file", "walk"]
