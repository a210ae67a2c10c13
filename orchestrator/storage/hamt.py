"""Folders too large for one block: a hash array mapped trie of shards (https://specs.ipfs.tech/unixfs/).

An entry's place follows from the murmur3 hash of its name, one byte a level, 256 places a shard. A link's
name is its place as two hexadecimal digits, then the entry's name, or nothing where a further shard hangs.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

from orchestrator.errors import StorageError
from orchestrator.storage.cid import Cid
from orchestrator.storage.dagpb import FANOUT, SHARD, Link, Node


def build_shards(links: Sequence[Link], emit: Callable[[Node], Cid]) -> tuple[Cid, int]:
    """Make the shards of a folder. Returns the root and the size of everything below it, in block bytes."""
    import mmh3  # here, because few folders need it

    placed = [(mmh3.hash64(link.name, signed=False)[0].to_bytes(8, "big"), link) for link in links]
    return _build(placed, 0, emit)


def _build(placed: Sequence[tuple[bytes, Link]], depth: int, emit: Callable[[Node], Cid]) -> tuple[Cid, int]:
    if depth == 8:
        raise StorageError("two names of a folder have the same hash", "Rename one of them.")
    buckets: defaultdict[int, list[tuple[bytes, Link]]] = defaultdict(list)
    for path, link in placed:
        buckets[path[depth]].append((path, link))
    links = tuple(_link(place, buckets[place], depth, emit) for place in sorted(buckets))
    bits = sum(1 << place for place in buckets)
    data = bits.to_bytes((bits.bit_length() + 7) // 8, "big")
    node = Node(SHARD, links, data=data, fanout=FANOUT)
    return emit(node), len(node.encode()) + sum(link.size for link in links)


def _link(place: int, bucket: list[tuple[bytes, Link]], depth: int, emit: Callable[[Node], Cid]) -> Link:
    prefix = b"%02X" % place
    if len(bucket) == 1:
        entry = bucket[0][1]
        return Link(entry.cid, prefix + entry.name, entry.size)
    cid, stored = _build(bucket, depth + 1, emit)
    return Link(cid, prefix, stored)


__all__ = ["build_shards"]
