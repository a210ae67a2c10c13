"""Publishing an artifact that is on-chain, and storing its chunks.

storeChunk
├── empty, or above 24,575 bytes → InvalidChunkSize
├── by anybody, also a stranger who saw it in the mempool → same address, same bytes; the second time a no-op
└── interrupted between chunks → what is there is found by chunkAddress, and the rest is stored
publishOnChain
├── no chunk, or more than 40 → InvalidChunkCount
├── not stored, an account without code, a wallet, the registry, a chunk of no bytes → NotAChunk
├── chunks missing, swapped, repeated, foreign → ArtifactMismatch
├── everything that publish refuses → refused
└── otherwise: artifact() gives the very bytes
attachArtifact
├── unknown project or version, no publisher, paused, wrong chunks → refused
├── on-chain already → ArtifactExists, and it stays as it is
└── otherwise as if it had been published so
"""

import hashlib
import random

import pytest
from eth_utils import keccak
from web3 import Web3

from tests.contracts.registry.world import ZERO, World, refused, sha256

LIMIT = 24_575


def _bytes(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def _store(world: World, *pieces: bytes, sender: str = "publisher") -> list[str]:
    for piece in pieces:
        world.send("storeChunk", piece, sender=sender)
    return [world.call("chunkAddress", piece) for piece in pieces]


def _publish(world: World, artifact: bytes, chunks: list[str], *signers: str, sender: str = "publisher"):
    message = world.publication(artifact)
    return world.send("publishOnChain", message, world.approvals(message, *signers), chunks, sender=sender)


def test_store_chunk__any__keeps_the_bytes_where_foretold(world: World) -> None:
    code = b"\0" + b"model"
    creation = b"\x61" + len(code).to_bytes(2, "big") + bytes.fromhex("80600a3d393df3") + code
    place = keccak(b"\xff" + bytes.fromhex(world.registry.address[2:]) + bytes(32) + keccak(creation))[12:]
    expected = Web3.to_checksum_address(place)
    assert world.call("chunkAddress", b"model") == expected
    receipt = world.send("storeChunk", b"model")
    assert world.events("ChunkStored", receipt) == [{"chunk": expected, "size": 5}]
    assert world.evm.web3.eth.get_code(expected) == code


def test_store_chunk__again_by_a_stranger__changes_nothing(world: World) -> None:
    (chunk,) = _store(world, b"model", sender="stranger")
    receipt = world.send("storeChunk", b"model", sender="publisher")
    assert not receipt["logs"]
    assert receipt["gasUsed"] < 40_000
    _publish(world, b"model", [chunk], "alice")
    assert world.call("artifact", world.project, sha256(b"model")) == b"model"


@pytest.mark.parametrize("size", [0, LIMIT + 1])
def test_store_chunk__empty_or_too_long__refused(world: World, size: int) -> None:
    with refused("InvalidChunkSize", size):
        world.send("storeChunk", bytes(size))
    with refused("InvalidChunkSize", size):
        world.call("chunkAddress", bytes(size))


@pytest.mark.parametrize("size", [1, 31, 32, 33, LIMIT - 1, LIMIT])
def test_publish_on_chain__one_chunk__is_given_back(world: World, size: int) -> None:
    artifact = _bytes(size)
    _publish(world, artifact, _store(world, artifact), "alice")
    assert world.call("artifact", world.project, sha256(artifact)) == artifact


def test_publish_on_chain__several_chunks__are_given_back_joined(world: World) -> None:
    pieces = [_bytes(LIMIT), _bytes(7, 2), _bytes(1000, 3)]
    artifact = b"".join(pieces)
    chunks = _store(world, *pieces)
    receipt = _publish(world, artifact, chunks, "alice", "bob")
    assert world.call("artifact", world.project, sha256(artifact)) == artifact
    assert world.version(artifact)["chunks"] == chunks
    assert world.version(artifact)["approvals"] == 2
    assert world.events("ArtifactStored", receipt) == [
        {"versionId": world.version_id(artifact), "chunks": chunks}
    ]
    assert world.events("VersionPublished", receipt)[0]["artifactHash"] == hashlib.sha256(artifact).digest()


def test_publish_on_chain__same_piece_twice__stored_once(world: World) -> None:
    artifact = bytes(2 * LIMIT)
    chunks = _store(world, bytes(LIMIT)) * 2
    _publish(world, artifact, chunks, "alice")
    assert world.call("artifact", world.project, sha256(artifact)) == artifact


def test_publish_on_chain__two_projects__share_their_chunks(world: World) -> None:
    other = world.create("other")
    chunks = _store(world, b"model")
    _publish(world, b"model", chunks, "alice")
    world.send("publishOnChain", world.publication(b"model", projectId=other), [], chunks)
    assert world.call("artifact", other, sha256(b"model")) == b"model"


def test_publish_on_chain__interrupted__is_resumed(world: World) -> None:
    pieces = [_bytes(500, seed) for seed in range(3)]
    chunks = [world.call("chunkAddress", piece) for piece in pieces]
    _store(world, pieces[0])
    with refused("NotAChunk", chunks[1].lower()):
        _publish(world, b"".join(pieces), chunks, "alice")
    missing = [i for i, chunk in enumerate(chunks) if not world.evm.web3.eth.get_code(chunk)]
    assert missing == [1, 2]
    _store(world, *(pieces[i] for i in missing))
    _publish(world, b"".join(pieces), chunks, "alice")


@pytest.mark.parametrize("count", [0, 41])
def test_publish_on_chain__no_or_too_many_chunks__refused(world: World, count: int) -> None:
    chunks = _store(world, b"x") * count
    with refused("InvalidChunkCount", count):
        _publish(world, b"x" * count, chunks, "alice")


def test_publish_on_chain__40_chunks__accepted(world: World) -> None:
    _publish(world, b"x" * 40, _store(world, b"x") * 40, "alice")
    assert world.call("artifact", world.project, sha256(b"x" * 40)) == b"x" * 40


def test_publish_on_chain__wrong_chunks__refused(world: World) -> None:
    one, two, other = _store(world, b"one", b"two", b"other")
    for chunks in ([one], [two, one], [one, one, two], [one, two, two], [one, other], [other]):
        with refused("ArtifactMismatch"):
            _publish(world, b"onetwo", chunks, "alice")
    _publish(world, b"onetwo", [one, two], "alice")


def test_publish_on_chain__not_a_chunk__refused(world: World) -> None:
    wallet = world.wallet("alice").address
    for address in (ZERO, world.role("alice"), wallet, world.registry.address):
        with refused("NotAChunk", address.lower()):
            _publish(world, b"model", [address], "alice")


def test_publish_on_chain__code_that_could_run__refused(world: World) -> None:
    mock = world.evm.deploy("CodeChunksReference")
    for code in (b"\x33\xff", b"\x01model", b"\0"):  # CALLER SELFDESTRUCT; not STOP; STOP alone
        receipt = world.evm.send(mock.functions.deploy(code))
        (stored,) = world.evm.events(mock, "Stored", receipt)
        with refused("NotAChunk"):
            _publish(world, code[1:], [stored["chunk"]], "alice")


def test_publish_on_chain__chunk_stored_by_somebody_elses_contract__serves_as_well(world: World) -> None:
    mock = world.evm.deploy("CodeChunksReference")
    receipt = world.evm.send(mock.functions.deploy(b"\0model"))
    (stored,) = world.evm.events(mock, "Stored", receipt)
    _publish(world, b"model", [stored["chunk"]], "alice")
    assert world.call("artifact", world.project, sha256(b"model")) == b"model"


def test_publish_on_chain__what_publish_refuses__refused(world: World) -> None:
    chunks = _store(world, b"model")
    with refused("NotPublisher"):
        _publish(world, b"model", chunks, "alice", sender="stranger")
    with refused("TooFewApprovals", 0, 1):
        _publish(world, b"model", chunks)
    world.publish(world.publication(b"model"), "alice")
    with refused("VersionExists"):
        _publish(world, b"model", chunks, "alice")


def test_publish_on_chain__copied_as_off_chain_by_a_fellow_publisher__is_attached_then(world: World) -> None:
    """The signatures do not say where the artifact lies, so a fellow can use them up; nothing is lost."""
    world.send("setPublishers", world.project, world.roles("carol"), [])
    chunks = _store(world, b"model")
    world.publish(world.publication(b"model"), "alice", sender="carol")
    with refused("VersionExists"):
        _publish(world, b"model", chunks, "alice")
    world.send("attachArtifact", world.project, sha256(b"model"), chunks, sender="publisher")
    assert world.call("artifact", world.project, sha256(b"model")) == b"model"


def test_attach_artifact__off_chain_so_far__is_on_chain_then(world: World) -> None:
    pieces = [b"mo", b"del"]
    world.publish(world.publication(b"model"), "alice")
    before = world.version(b"model")
    chunks = _store(world, *pieces)
    receipt = world.send("attachArtifact", world.project, sha256(b"model"), chunks, sender="publisher")
    assert world.events("ArtifactStored", receipt) == [
        {"versionId": world.version_id(b"model"), "chunks": chunks}
    ]
    assert world.version(b"model") == before | {"chunks": chunks}
    assert world.call("artifact", world.project, sha256(b"model")) == b"model"


def test_attach_artifact__again__refused_and_unchanged(world: World) -> None:
    (whole,) = _store(world, b"model")
    split = _store(world, b"mo", b"del")
    _publish(world, b"model", [whole], "alice")
    with refused("ArtifactExists", world.version_id(b"model")):
        world.send("attachArtifact", world.project, sha256(b"model"), split, sender="publisher")
    assert world.version(b"model")["chunks"] == [whole]


def test_attach_artifact__wrong_chunks__refused(world: World) -> None:
    world.publish(world.publication(b"model"), "alice")
    (other,) = _store(world, b"other")
    arguments = ("attachArtifact", world.project, sha256(b"model"))
    with refused("ArtifactMismatch", sha256(b"model"), sha256(b"other")):
        world.send(*arguments, [other], sender="publisher")
    with refused("NotAChunk"):
        world.send(*arguments, [world.registry.address], sender="publisher")
    for count in (0, 41):
        with refused("InvalidChunkCount", count):
            world.send(*arguments, [other] * count, sender="publisher")


def test_attach_artifact__unknown_version_project_or_caller__refused(world: World) -> None:
    chunks = _store(world, b"model")
    with refused("UnknownVersion"):
        world.send("attachArtifact", world.project, sha256(b"model"), chunks, sender="publisher")
    world.publish(world.publication(b"model"), "alice")
    with refused("UnknownProject"):
        world.send("attachArtifact", sha256("none"), sha256(b"model"), chunks, sender="publisher")
    for caller in ("alice", "stranger"):
        with refused("NotPublisher"):
            world.send("attachArtifact", world.project, sha256(b"model"), chunks, sender=caller)
    world.send("pause", world.project)
    with refused("ProjectPaused"):
        world.send("attachArtifact", world.project, sha256(b"model"), chunks, sender="publisher")
