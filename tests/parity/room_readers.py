"""What Python reads where tournaments and federations read the same; FuzzRooms.sol tells the layouts."""

from typing import Any

import numpy as np

from orchestrator.errors import DataError
from orchestrator.learning.aggregation import chunks
from orchestrator.learning.aggregation.direct import Vector, sums
from orchestrator.learning.aggregation.gram import Gram, gram, packed
from orchestrator.merkle import climb, proof_of, root_of
from orchestrator.systems.tournament import ranks, targets

Random = np.random.Generator
MOST_ROWS, MOST_PARTIES = 64, 16
WIDTHS = (1, 2, 4)
CHUNK = 4 * chunks.CHUNK
"""Bytes of a chunk of four-byte numbers."""


# tournaments


def valid_ranks(rng: Random) -> bytes:
    rows = int(rng.integers(1, MOST_ROWS + 1))
    return bytes([rows]) + ranks.encode(rng.permutation(rows))


def read_ranks(data: bytes) -> bytes | None:
    if not data or not 0 < data[0] <= MOST_ROWS:
        return None
    try:
        return ranks.encode(ranks.decode(data[1:], data[0]))
    except DataError:
        return None


def valid_targets(rng: Random) -> bytes:
    return _targets(rng, None)


def valid_benchmarked(rng: Random) -> bytes:
    return _targets(rng, 1)


def _targets(rng: Random, benchmark: int | None) -> bytes:
    rows = int(rng.integers(1, 17))
    values = [(int(value), int(other)) for value, other in rng.integers(-(2**31), 2**31, (5, 2))]
    if rng.random() < 0.2:
        values = [values[0]] * 5  # nothing to score by
    order = None if benchmark is None else rng.permutation(rows)
    return bytes([rows]) + targets.Targets(tuple(values), rng.integers(0, 5, rows), order).encode()


def read_targets(data: bytes) -> bytes | None:
    return _read_targets(data, False)


def read_benchmarked(data: bytes) -> bytes | None:
    return _read_targets(data, True)


def _read_targets(data: bytes, benchmarked: bool) -> bytes | None:
    if not data or not 0 < data[0] <= MOST_ROWS:
        return None
    try:
        return targets.decode(data[1:], data[0], benchmarked).encode()
    except DataError:
        return None


# federations


def valid_chunk(rng: Random) -> bytes:
    width, count = int(rng.choice(WIDTHS)), int(rng.integers(1, 12))
    limit, index = 2 ** (8 * width - 1), int(rng.integers(count))
    numbers = rng.integers(-limit, limit, count * chunks.CHUNK)
    leaves = chunks.leaves(numbers, width)
    proof, stride = proof_of(leaves, index), width * chunks.CHUNK
    head = bytes([index, count, width, int(rng.integers(0, 32)), len(proof)]) + root_of(leaves)
    return head + b"".join(proof) + chunks.encode(numbers, width)[index * stride : (index + 1) * stride]


def read_chunk(data: bytes) -> bytes | None:
    if len(data) < 37:
        return None
    index, count, width, shift, hashes = data[:5]
    end = 37 + 32 * hashes
    proof = [data[at : at + 32] for at in range(37, end, 32)]
    if len(data) < end or width not in WIDTHS or not any(data[5:37]):
        return None
    try:
        values = chunks.decode(data[end:], width, chunks.CHUNK)
    except DataError:
        return None
    if climb(chunks.leaf(index, data[end:]), proof, index, count) != data[5:37]:
        return None
    return _words(int(value) << shift % 32 for value in values)


def valid_products(rng: Random) -> bytes:
    parties = int(rng.integers(1, 4))
    updates = rng.integers(-(2**31), 2**31, (parties, chunks.CHUNK))
    earlier = rng.integers(-(2**31), 2**31, (parties, 64))
    before = packed(gram(earlier)) if rng.random() < 0.6 else b""
    return bytes([parties]) + before + updates.astype(">i4").tobytes()


def read_products(data: bytes) -> bytes | None:
    parties = data[0] if data else 0
    length = parties * CHUNK
    if not 0 < parties <= MOST_PARTIES or len(data) < 1 + length:
        return None
    before, own = data[1 : len(data) - length], data[len(data) - length :]
    updates = np.frombuffer(own, ">i4").astype(np.int64).reshape(parties, chunks.CHUNK)
    size = parties * (parties + 1) // 2
    if before and len(before) != 16 * size:
        return None
    earlier = _matrix(before or bytes(16 * size), parties)
    added = gram(updates)
    seats = range(parties)
    # The sums of what no update could bring about wrap around, as the contract's do.
    return packed([[_wrapped(earlier[i][j] + added[i][j]) for j in seats] for i in seats])


def valid_matrix(rng: Random) -> bytes:
    parties = int(rng.integers(1, 6))
    updates = rng.integers(-(2**31), 2**31, (parties, 40))
    return bytes([parties]) + packed(gram(updates))


def read_matrix(data: bytes) -> bytes | None:
    parties = data[0] if data else 0
    if not 0 < parties <= MOST_PARTIES or len(data) != 1 + 8 * parties * (parties + 1):
        return None
    return _words(each for row in _matrix(data[1:], parties) for each in row)


def valid_sum(rng: Random) -> bytes:
    size, parties = int(rng.integers(1, 100)), int(rng.integers(1, 6))
    entries = (rng.bytes(20) + rng.bytes(size) for _ in range(parties))
    return bytes([size]) + b"".join(entries)


def read_sum(data: bytes) -> bytes | None:
    size = data[0] if data else 0
    stride, rest = 20 + size, data[1:]
    if not size or not rest or len(rest) % stride or len(rest) // stride > MOST_PARTIES:
        return None
    own = [Vector.read(rest[at + 20 : at + stride], size, 1, 0) for at in range(0, len(rest), stride)]
    return sums(own)


def _matrix(triangle: bytes, parties: int) -> Gram:
    """The symmetric matrix of an upper triangle."""
    found: Any = [[0] * parties for _ in range(parties)]
    places = [(i, j) for i in range(parties) for j in range(i, parties)]
    for at, (i, j) in enumerate(places):
        found[i][j] = found[j][i] = int.from_bytes(triangle[16 * at : 16 * at + 16], "big", signed=True)
    return found


def _wrapped(value: int) -> int:
    return (value + 2**127) % 2**128 - 2**127


def _words(values: Any) -> bytes:
    return b"".join(int(each).to_bytes(32, "big", signed=True) for each in values)
