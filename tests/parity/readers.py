"""What Python reads where contracts read the same: a table of encodings, each with a generator and a reader.

A reader returns what it read as bytes, hashed as tests/contracts/mocks/FuzzReaders.sol hashes it, or None
where it refuses. The inputs' layouts are written down there.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak

from orchestrator.bindings.competition import Group
from orchestrator.chain.bound import value_of
from orchestrator.errors import CidError, DataError, DilnError, ModelError
from orchestrator.merkle import proof_of
from orchestrator.models.integer import decode_model, decode_samples, encode_model, encode_samples
from orchestrator.models.integer.models import check_outputs
from orchestrator.models.online.features import decode_dense, decode_sparse, encode_sparse
from orchestrator.models.online.weights import ModelParams
from orchestrator.provenance.merkle import MerkleTree, leaf_hash
from orchestrator.storage.cid import Cid
from orchestrator.systems.competition.archive import check_group
from orchestrator.systems.competition.bounds import first_broken
from orchestrator.systems.competition.records import Terms
from orchestrator.systems.competition.tree import GROUP, SAMPLE, Data, sample_leaves
from orchestrator.systems.market.reference.rules import Rules
from orchestrator.systems.market.reference.samples import decode_batch, encode_batch
from orchestrator.systems.sum.records import ContributionInfo
from orchestrator.systems.sum.records import Terms as SumTerms
from orchestrator.types import ZERO_ADDRESS
from tests.evm import artifact
from tests.parity import room_readers as rooms
from tests.parity.random_models import random_network, random_trees

Random = np.random.Generator
FEATURES, CLASSES = 2, 3
STRIDE = FEATURES + 1


@dataclass(frozen=True)
class Reader:
    """An encoding: `function` of `mock` reads it in the contract, `read` here; `valid` makes a valid one."""

    function: str
    valid: Callable[[Random], bytes]
    read: Callable[[bytes], bytes | None]
    mock: str = "FuzzReaders"


# models


def _model(rng: Random) -> bytes:
    if rng.random() < 0.25:
        return _odd_model(rng)
    classes = int(rng.choice([0, 2, 3]))
    outputs = 1 if classes == 0 or (classes == 2 and rng.random() < 0.5) else classes
    model: Any = (
        random_trees(rng, outputs=outputs)
        if rng.random() < 0.6
        else random_network(rng, widest=6, outputs=outputs)
    )
    return struct.pack(">HH", model.inputs, classes) + encode_model(model)


def _odd_model(rng: Random) -> bytes:
    """Small counts, none among them, and as many bytes as they ask for."""
    if rng.random() < 0.5:
        inputs, outputs, trees, nodes, rows = (int(each) for each in rng.integers(0, 4, 5))
        if rng.random() < 0.1:  # about as many additions as there may be
            outputs, trees, rows = 256, int(rng.integers(63, 66)), 1
            nodes = trees
        head = struct.pack(">BHHBHHH", 2, inputs, outputs, int(rng.integers(0, 34)), trees, nodes, rows)
        roots = b"".join(struct.pack(">H", each) for each in range(trees))
        leaves = b"".join(struct.pack(">HBH", 0xFFFF, 0, int(rng.integers(0, 4))) for _ in range(nodes))
        body = rng.bytes(4 * outputs) + roots + leaves + rng.bytes(2 * rows * outputs)
        return struct.pack(">HH", inputs, outputs) + head + body
    sizes = rng.integers(0, 4, int(rng.integers(1, 11))).tolist()
    layers = len(sizes) - 1
    head = bytes([1, layers]) + struct.pack(f">{layers + 1}H", *sizes) + rng.bytes(layers)
    body = rng.bytes(sum(after * (4 + before) for before, after in pairwise(sizes)))
    return struct.pack(">HH", sizes[0], sizes[-1]) + head + body


def _read_model(data: bytes) -> bytes | None:
    if len(data) < 4:
        return None
    features, classes = struct.unpack_from(">HH", data)
    try:
        model = decode_model(data[4:])
        check_outputs(model.outputs, classes)
    except ModelError:
        return None
    if model.inputs != features:
        return None
    filled = (keccak(data[4:]) * (features // 32 + 1))[:features]
    outputs = model.run([list(filled)])[0]
    return b"".join(int(each).to_bytes(32, "big", signed=True) for each in outputs)


# data of competitions


@cache
def _terms() -> tuple[list[str], tuple[Any, ...]]:
    """The ABI's types of a competition's terms, and terms that are allowed."""
    abi = artifact("Competition")["abi"]
    (found,) = (each for each in abi if each.get("name") == "terms" and each["type"] == "function")
    types = [each["type"] for each in found["outputs"][0]["components"]]
    day = 86_400
    terms = Terms(
        organizer=ZERO_ADDRESS, token=ZERO_ADDRESS, root=b"\x07" * 32, cid_digest=b"\x01" * 32,
        cid_codec=0x55, metric=0, mode=1, scheme=0, organizer_may_enter=False,
        groups=20, test_groups=4, group_size=10, features=8,
        classes=3, max_model_bytes=32_768, seed_block=0, prize=10**18, bond=10**18, deposit=10**16,
        tip=10**15, stake=10**16, claim_bond=10**16, shares=(10_000, 0, 0, 0), criterion=8 * 10**8,
        training=7 * day, reveal=day, opening=day, evaluation=day, refute=day, answer=day,
    )  # fmt: skip
    return types, astuple(terms)


_VARIED: dict[str, tuple[Any, ...]] = {
    "metric": (0, 1, 2),
    "mode": (0, 1),
    "scheme": (0, 1),
    "classes": (0, 2, 64, 65, 256),
    "groups": (2, 255, 256, 257),
    "test_groups": (0, 1, 19, 20, 255),
    "group_size": (1, 100, 2_730, 2_731, 8_192, 8_193),
    "features": (0, 1, 2, 94, 4_096, 4_097),
    "max_model_bytes": (0, 1, 49_152, 49_153),
    "prize": (0, 1, 19, 10**19),
    "bond": (0, 1, 2, 10**17, 10**17 - 1),
    "deposit": (0, 10**18, 10**18 + 1),
    "tip": (0, 10**16, 10**16 + 1),
    "stake": (0, 5 * 10**17, 5 * 10**17 + 1),
    "claim_bond": (0, 1, 2, 10**18, 10**18 + 1),
    "shares": ((6_000, 4_000, 0, 0), (0, 10_000, 0, 0), (9_999, 0, 0, 1), (2_500,) * 4, (10_000, 1, 0, 0)),
    "criterion": (0, 10**9, 10**9 + 1, 2**64 - 1),
    "training": (120, 172_800, 315_360_000),
    "reveal": (0, 59, 60),
    "opening": (59, 60, 61, 62),
    "evaluation": (59, 60, 61, 3_600),
    "refute": (0, 59, 60, 61),
    "answer": (60, 61, 63, 302_400, 302_401),
}
"""Values at the bounds."""


def _tuple_type() -> str:
    return f"({','.join(_terms()[0])})"


def _competition_terms(rng: Random) -> bytes:
    terms = value_of(Terms, _terms()[1])
    changes: dict[str, Any] = {"cid_digest": rng.bytes(32)}
    for name in rng.choice(list(_VARIED), int(rng.integers(0, 4)), replace=False).tolist():
        choices = _VARIED[name]
        changes[name] = choices[int(rng.integers(len(choices)))]
    values = astuple(replace(terms, **changes))
    return encode([_tuple_type()], [tuple(values)])


def _read_terms(data: bytes) -> bytes | None:
    try:
        (values,) = decode([_tuple_type()], data)
        terms = value_of(Terms, values)
        return None if first_broken(terms) else encode([_tuple_type()], [astuple(terms)])
    except Exception:  # eth_abi has its own tree of errors; Python's words do not matter here
        return None


def _data(rng: Random) -> Data:
    groups, size = int(rng.integers(2, 8)), int(rng.integers(1, 5))
    rows = [(rng.integers(0, 256, (size, FEATURES)), rng.integers(0, CLASSES, size)) for _ in range(groups)]
    encoded = tuple(encode_samples(features, labels, CLASSES) for features, labels in rows)
    salts = tuple(rng.bytes(32) for _ in range(groups))
    return Data(encoded, salts, FEATURES, CLASSES, size)


def _group(rng: Random) -> bytes:
    data = _data(rng)
    number = int(rng.integers(len(data.groups)))
    opened = data.opened(number)
    head = bytes([len(data.groups), number, data.group_size, len(opened.proof)])
    return head + data.root + opened.salt + b"".join(opened.proof) + opened.data


def _shape(data: bytes) -> Terms:
    """The terms that matter to a tree."""
    values = _terms()[1]
    found = value_of(Terms, values)
    for name, value in {
        "groups": data[0],
        "group_size": data[2],
        "root": data[4:36],
        "features": FEATURES,
        "classes": CLASSES,
    }.items():
        object.__setattr__(found, name, value)
    return found


def _read_group(data: bytes) -> bytes | None:
    end = 68 + 32 * data[3] if len(data) > 3 else 68
    if len(data) < end or not data[2]:
        return None
    terms, opened = _shape(data), Group(data[36:68], data[end:], _words(data[68:end]))
    if len(opened.data) != terms.group_bytes:
        return None
    try:
        check_group(terms, data[1], opened)
        features, labels = decode_samples(opened.data, FEATURES, CLASSES)
        return encode_samples(features, labels, CLASSES)
    except DilnError:
        return None


def _sample(rng: Random) -> bytes:
    data = _data(rng)
    number, position = int(rng.integers(len(data.groups))), int(rng.integers(data.group_size))
    opened = data.opened(number)
    leaves = sample_leaves(number, opened.salt, opened.data, STRIDE)
    head = bytes([len(data.groups), number, data.group_size, len(opened.proof)]) + data.root + opened.salt
    sample = bytes([position]) + opened.data[position * STRIDE : (position + 1) * STRIDE]
    return head + sample + b"".join([*opened.proof, *proof_of(leaves, position)])


def _read_sample(data: bytes) -> bytes | None:
    if len(data) < 72 or not data[2]:
        return None
    groups, number, size, hashes = data[:4]
    end, sample = 72 + 32 * hashes, data[69:72]
    if len(data) < end or len(data) % 32 != 72 % 32:
        return None
    leaf = keccak(SAMPLE + data[36:68] + number.to_bytes(2, "big") + data[68].to_bytes(2, "big") + sample)
    top = climb(leaf, _words(data[end:]), data[68], size)
    types = ["bytes32", "uint256", "uint256", "uint256", "uint256", "bytes32"]
    group = top and keccak(encode(types, [GROUP, number, size, FEATURES, CLASSES, top]))
    return sample if group and climb(group, _words(data[72:end]), number, groups) == data[4:36] else None


def climb(node: bytes, proof: Sequence[bytes], index: int, count: int) -> bytes | None:
    """The root that leaf `index` of `count` leads to, by all of `proof` and nothing else."""
    if count <= 1:
        return None if proof or index >= count else node
    if index ^ 1 < count:
        if not proof:
            return None
        pair = (node, proof[0]) if index % 2 == 0 else (proof[0], node)
        node, proof = keccak(b"".join(pair)), proof[1:]
    return climb(node, proof, index // 2, (count + 1) // 2) if index < count else None


# lists and numbers


def _words(packed: bytes) -> tuple[bytes, ...]:
    return tuple(packed[i : i + 32] for i in range(0, len(packed), 32))


def _batch(rng: Random) -> bytes:
    tree = MerkleTree(records := [rng.bytes(32) for _ in range(int(rng.integers(1, 9)))])
    index = int(rng.integers(len(records)))
    return records[index] + tree.root + bytes([index, len(records)]) + b"".join(tree.proof(index))


def _read_batch(data: bytes) -> bytes | None:
    if len(data) < 66 or len(data) % 32 != 2:
        return None
    root = data[32:64]
    return (
        Hashed(root) if climb(leaf_hash(data[:32]), _words(data[66:]), data[64], data[65]) == root else None
    )


def _cid(rng: Random) -> bytes:
    version, codec = [(0, 0x70), (1, 0x70), (1, 0x55)][int(rng.integers(3))]
    return bytes(Cid(version, codec, rng.bytes(32)))


def _read_cid(data: bytes) -> bytes | None:
    try:
        found = Cid.from_bytes(data)
    except CidError:
        return None
    return bytes(found) if any(found.digest) else None  # the registry keeps "no CID" as zeros


def _run(rng: Random) -> bytes:
    count = int(rng.integers(0, 6))
    xs = [rng.bytes(int(rng.integers(0, 20))) for _ in range(count)]
    return encode_batch(xs, rng.integers(0, 256, count).tolist())


def _read_run(data: bytes) -> bytes | None:
    digest, last = (1).to_bytes(32, "big"), b""
    try:
        for x, y in decode_batch(data):
            last = digest + bytes([y]) + x
            digest = keccak(last)
    except DataError:
        return None
    return Hashed(digest)


class Hashed(bytes):
    """A digest as the contract returns it, not to be hashed again."""


def _sparse(rng: Random) -> bytes:
    dims, limit = int(rng.integers(2, 400)), int(rng.integers(1, 40))
    indices = rng.choice(dims - 1, min(limit, dims - 1, int(rng.integers(1, 40))), replace=False) + 1
    return struct.pack(">HH", dims, limit) + encode_sparse(indices.tolist())


def _read_sparse(data: bytes) -> bytes | None:
    if len(data) < 4:
        return None
    dims, limit = struct.unpack_from(">HH", data)
    try:
        return encode_sparse(decode_sparse(data[4:], dims, limit).tolist())
    except DataError:
        return None


def _dense(rng: Random) -> bytes:
    dims = int(rng.integers(1, 80))
    return struct.pack(">H", dims) + rng.bytes(dims)


def _read_dense(data: bytes) -> bytes | None:
    if len(data) < 2:
        return None
    try:
        found = decode_dense(data[2:], int.from_bytes(data[:2], "big"))
    except DataError:
        return None
    return found.astype(np.uint8).tobytes()


def _any_word(rng: Random) -> bytes:
    return rng.bytes(32)


def _read_word(unpack: Callable[[int], Any]) -> Callable[[bytes], bytes | None]:
    def read(data: bytes) -> bytes | None:
        if len(data) != 32:
            return None
        values = astuple(unpack(int.from_bytes(data, "big")))
        numbers = [int(each, 16) if isinstance(each, str) else int(each) for each in values]
        return b"".join(number.to_bytes(32, "big") for number in numbers)

    return read


READERS = {
    "model": Reader("model", _model, _read_model),
    "group": Reader("group", _group, _read_group),
    "sample": Reader("sample", _sample, _read_sample),
    "terms of a competition": Reader("terms", _competition_terms, _read_terms),
    "batch proof": Reader("batch", _batch, _read_batch),
    "CID": Reader("cid", _cid, _read_cid),
    "run": Reader("run", _run, _read_run),
    "sparse features": Reader("sparse", _sparse, _read_sparse),
    "dense features": Reader("dense", _dense, _read_dense),
    "shape": Reader("shape", _any_word, _read_word(ModelParams.unpack)),
    "facts": Reader("facts", _any_word, _read_word(ContributionInfo.unpack)),
    "terms of a shared model": Reader("sumTerms", _any_word, _read_word(SumTerms.unpack)),
    "rules of a market": Reader("rules", _any_word, _read_word(Rules.unpack)),
    "ranks of a tournament": Reader("ranks", rooms.valid_ranks, rooms.read_ranks, "FuzzRooms"),
    "targets of a tournament": Reader("targets", rooms.valid_targets, rooms.read_targets, "FuzzRooms"),
    "benchmarked targets": Reader(
        "benchmarked", rooms.valid_benchmarked, rooms.read_benchmarked, "FuzzRooms"
    ),
    "chunk of an update": Reader("chunk", rooms.valid_chunk, rooms.read_chunk, "FuzzRooms"),
    "step of products": Reader("products", rooms.valid_products, rooms.read_products, "FuzzRooms"),
    "matrix of products": Reader("matrix", rooms.valid_matrix, rooms.read_matrix, "FuzzRooms"),
    "sum of vectors": Reader("sum", rooms.valid_sum, rooms.read_sum, "FuzzRooms"),
}
