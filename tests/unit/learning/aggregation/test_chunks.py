import hashlib

import numpy as np
import pytest
from eth_utils.crypto import keccak

from orchestrator.errors import DataError
from orchestrator.learning.aggregation import Update, gram, quantize, trace_root
from orchestrator.learning.aggregation.chunks import decode, encode, leaves, model_root, padded
from orchestrator.learning.aggregation.gram import packed, trace, trace_leaf
from orchestrator.merkle import climb, proof_of

TAG = keccak(b"DILN federation chunk")


def test_a_root_is_over_leaves_that_say_where_they_are() -> None:
    model = np.arange(-40, 40)
    data = b"".join(int(value).to_bytes(4, "big", signed=True) for value in [*model, *[0] * 16])
    a, b, c = (keccak(TAG + bytes([0, 0, 0, i]) + data[128 * i : 128 * i + 128]) for i in range(3))
    assert model_root(model) == keccak(keccak(a + b) + c)
    assert model_root(model[:32]) == a


@pytest.mark.parametrize("width", [1, 2, 4])
def test_bytes_come_back_with_their_padding(width: int) -> None:
    limit = 2 ** (8 * width - 1)
    vector = np.array([limit - 1, -limit, 0, -1, 7])
    data = encode(vector, width)
    assert len(data) == 32 * width
    assert decode(data, width, 5).tolist() == padded(vector).tolist()
    for wrong in (data[:-1], data + b"\0", b""):
        with pytest.raises(DataError):
            decode(wrong, width, 5)
    for wrong in (limit, -limit - 1):
        with pytest.raises(DataError):
            encode(np.array([wrong]), width)


def test_every_chunk_is_proven_by_the_root() -> None:
    vector = np.arange(200)
    nodes = leaves(vector, 2)
    assert len(nodes) == 7
    root = Update(vector, 2, 0).root
    for number, node in enumerate(nodes):
        assert climb(node, proof_of(nodes, number), number, 7) == root
        assert climb(node, proof_of(nodes, number), (number + 1) % 7, 7) != root


def test_the_trace_is_the_products_after_each_chunk() -> None:
    updates = np.random.default_rng(0).integers(-(2**31), 2**31, (4, 70))
    steps = list(trace(updates))
    assert len(steps) == 3
    assert steps[0] == gram(updates[:, :32])
    assert steps[2] == gram(updates)
    a, b, c = (trace_leaf(number, each) for number, each in enumerate(steps))
    assert trace_root(updates) == keccak(keccak(a + b) + c)


def test_products_are_packed_row_by_row() -> None:
    assert packed([[5, -1], [-1, 2**100]]) == (bytes(15) + b"\5" + b"\xff" * 16 + b"\0\0\0\x10" + bytes(12))


@pytest.mark.parametrize(("width", "limit"), [(1, 127), (2, 2**15 - 1), (4, 2**31 - 1)])
def test_the_least_shift_is_taken(width: int, limit: int) -> None:
    exact = quantize(np.array([limit, -limit, 3]), width)
    assert (exact.shift, exact.values.tolist()) == (0, [limit, -limit, 3])
    if width < 4:
        rounded = quantize(np.array([limit + 1, -5, 3, 1]), width)
        assert (rounded.shift, rounded.raw.tolist()) == (1, [(limit + 1) // 2, -2, 2, 0])


def test_values_are_off_by_half_a_step_at_most() -> None:
    difference = np.random.default_rng(1).integers(-(2**20), 2**20, 500)
    for width in (1, 2, 4):
        update = quantize(difference, width)
        assert np.abs(update.values - difference).max() <= 2**update.shift / 2
        assert np.abs(update.raw).max() <= 2 ** (8 * width - 1) - 1


def test_an_update_comes_back_from_its_file() -> None:
    update = quantize(np.random.default_rng(2).integers(-(2**20), 2**20, 50))
    read = Update.read(update.data, 50, 1, update.shift)
    assert read.root == update.root
    assert read.values.tolist() == padded(update.values).tolist()
    assert read.digest(9, hashlib.sha256(update.data).digest()) == keccak(
        update.root + b"\0\x09" + bytes([update.shift]) + hashlib.sha256(update.data).digest()
    )


def test_what_fits_nowhere_is_refused() -> None:
    with pytest.raises(DataError, match="too large"):
        quantize(np.array([2**31]), 4)
    with pytest.raises(DataError, match="too large"):
        quantize(np.array([2**40]), 1)
    with pytest.raises(DataError, match="do not exist"):
        quantize(np.array([1]), 3)
    for width, shift in ((1, 25), (2, 17), (4, 1), (1, -1), (3, 0)):
        with pytest.raises(DataError, match="shifted"):
            Update(np.array([1]), width, shift)
    with pytest.raises(DataError, match="fit"):
        Update(np.array([128]), 1, 0)
    with pytest.raises(DataError, match="do not exist"):
        Update.read(b"", 5, 8, 0)
    update = Update(np.array([-128]), 1, 24)
    assert update.values.tolist() == [-(2**31)]
    for weight in (0, 65_536):
        with pytest.raises(DataError, match="weight"):
            update.digest(weight, bytes(32))
