"""Files and folders as graphs of blocks, with the CIDs that Kubo gives them.

A file is cut into chunks of equal size; they are the leaves of a balanced tree whose every node has at most
so many links. A folder is one node that links to its entries by name, or a tree of shards where it would be
larger than 256 KiB. How large, how many and how encoded is a profile, and a CID does not say which made it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from orchestrator.errors import StorageError
from orchestrator.storage.cid import DAG_PB, RAW, Cid
from orchestrator.storage.dagpb import FILE, FOLDER, Link, Node
from orchestrator.storage.hamt import build_shards

MAX_BLOCK = 2 << 20
"""No block may be larger, in bytes: what Bitswap and Kubo accept."""

SHARDING_THRESHOLD = 256 << 10
"""A folder above this many bytes is sharded."""

Sink = Callable[[Cid, bytes], None]
"""Takes each block as it is made, children before their parents."""


class Readable(Protocol):
    """A stream of bytes, buffered or not."""

    def read(self, size: int, /) -> bytes | None:
        """Return at most `size` bytes, none at the end."""


@dataclass(frozen=True)
class Profile:
    """How content becomes blocks.

    `chunk` is in bytes, `width` the links of a node at most. With `raw_leaves` the chunks themselves are
    blocks, else each is wrapped in a node. `sharding` says what of a folder is compared with the threshold:
    the whole `block`, or only names and CIDs of its `links`.
    """

    name: str
    chunk: int
    width: int
    cid_version: int
    raw_leaves: bool
    sharding: str


DEFAULT_PROFILE = "unixfs-v1-2025"
PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            Profile("unixfs-v1-2025", 1 << 20, 1024, 1, True, "block"),  # IPIP-499
            Profile("unixfs-v0-2015", 256 << 10, 174, 0, False, "links"),  # `ipfs add`
            Profile("legacy-v1", 256 << 10, 174, 1, True, "links"),  # `ipfs add --cid-version=1`
        )
    }
)


@dataclass(frozen=True, slots=True)
class Tree:
    """The root of what was added: `size` in bytes of content, `stored` in bytes of blocks."""

    cid: Cid
    size: int
    stored: int


def find_profile(name: str) -> Profile:
    """Return a profile by name. Raises StorageError if there is none."""
    if name not in PROFILES:
        raise StorageError(f"there is no profile `{name}`", f"Choose one of {', '.join(PROFILES)}.")
    return PROFILES[name]


def read_chunks(
    file: Readable, profile: Profile, progress: Callable[[int], None] | None = None
) -> Iterator[bytes]:
    """Cut a stream into chunks. `progress` is told the bytes read so far."""
    done = 0
    while chunk := _read_exactly(file, profile.chunk):
        done += len(chunk)
        if progress:
            progress(done)
        yield chunk


def hash_alongside(
    chunks: Iterable[bytes], update: Callable[[bytes], object], chunk_size: int
) -> Iterator[bytes]:
    """Pass `chunks` on, while a second thread feeds them to a hash's `update`.

    hashlib releases the interpreter's lock, so that on two cores the file's hash and its blocks' hashes cost
    the time of one. At most two chunks are held at any time.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="sha256") as second:
        running: Future[object] | None = None
        for chunk in chunks:
            if running:
                running.result()
            if len(chunk) < chunk_size:  # the last one: not worth the way to another thread if it is the only
                update(chunk)
            else:
                running = second.submit(update, chunk)
            yield chunk


def build_file(chunks: Iterable[bytes], profile: Profile, sink: Sink) -> Tree:
    """Make the blocks of a file; return its root."""
    builder = _FileBuilder(profile, sink)
    for chunk in chunks:
        builder.add(chunk)
    return builder.finish()


def build_folder(entries: Mapping[str, Tree], profile: Profile, sink: Sink) -> Tree:
    """Make the blocks of a folder from the roots of its entries; return its root.

    Raises StorageError for a name that could lead out of the folder or is not Unicode.
    """
    links = sorted(
        (Link(tree.cid, check_name(name), tree.stored) for name, tree in entries.items()),
        key=lambda link: link.name,
    )
    size = sum(tree.size for tree in entries.values())

    def emit(node: Node) -> Cid:
        return _emit(node.encode(), DAG_PB, profile, sink)

    flat = Node(FOLDER, tuple(links))
    if _weight(flat, profile) <= SHARDING_THRESHOLD:
        root, stored = emit(flat), len(flat.encode()) + sum(link.size for link in links)
    else:
        root, stored = build_shards(links, emit)
    return Tree(root, size, stored)


def check_name(name: str) -> bytes:
    """Return a folder entry's name as bytes. Raises StorageError unless it names something in that folder."""
    if not name or name in (".", "..") or "/" in name or "\0" in name:
        raise StorageError(f"{name!r} cannot be a name inside a folder", "Rename the file.")
    try:
        return name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise StorageError(f"the name {name!r} is not valid Unicode", "Rename the file.") from error


class _FileBuilder:
    """A balanced tree that grows from the left; `levels[0]` are leaves that still have no parent."""

    def __init__(self, profile: Profile, sink: Sink) -> None:
        self._profile = profile
        self._sink = sink
        self._levels: list[list[Tree]] = [[]]

    def add(self, chunk: bytes) -> None:
        self._push(0, self._leaf(chunk))

    def finish(self) -> Tree:
        if not self._levels[0]:
            return self._leaf(b"")
        level = 0
        while level < len(self._levels) - 1 or len(self._levels[level]) > 1:
            if self._levels[level]:
                self._close(level)
            level += 1
        return self._levels[level][0]

    def _push(self, level: int, tree: Tree) -> None:
        if level == len(self._levels):
            self._levels.append([])
        if len(self._levels[level]) == self._profile.width:
            self._close(level)
        self._levels[level].append(tree)

    def _close(self, level: int) -> None:
        """Give the nodes of a level a parent."""
        children, self._levels[level] = self._levels[level], []
        node = Node(
            FILE,
            tuple(Link(child.cid, b"", child.stored) for child in children),
            size=sum(child.size for child in children),
            sizes=tuple(child.size for child in children),
        )
        block = node.encode()
        stored = len(block) + sum(child.stored for child in children)
        cid = _emit(block, DAG_PB, self._profile, self._sink)
        self._push(level + 1, Tree(cid, node.size or 0, stored))

    def _leaf(self, chunk: bytes) -> Tree:
        if self._profile.raw_leaves:
            return Tree(_emit(chunk, RAW, self._profile, self._sink), len(chunk), len(chunk))
        block = Node(FILE, data=chunk or None, size=len(chunk)).encode()
        return Tree(_emit(block, DAG_PB, self._profile, self._sink), len(chunk), len(block))


def _emit(block: bytes, codec: int, profile: Profile, sink: Sink) -> Cid:
    cid = Cid.of(block, codec, profile.cid_version)
    sink(cid, block)
    return cid


def _weight(folder: Node, profile: Profile) -> int:
    """Return the bytes that decide whether a folder is sharded."""
    if profile.sharding == "block":
        return len(folder.encode())
    return sum(len(link.name) + len(bytes(link.cid)) for link in folder.links)


def _read_exactly(file: Readable, size: int) -> bytes:
    """Read `size` bytes, fewer only at the end: a pipe gives less at a time."""
    chunk = file.read(size) or b""
    while chunk and len(chunk) < size and (more := file.read(size - len(chunk))):
        chunk += more
    return chunk


__all__ = [
    "DEFAULT_PROFILE",
    "MAX_BLOCK",
    "PROFILES",
    "Profile",
    "Readable",
    "Sink",
    "Tree",
    "build_file",
    "build_folder",
    "check_name",
    "find_profile",
    "hash_alongside",
    "read_chunks",
]
