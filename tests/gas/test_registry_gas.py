"""What the registry costs, beside the least that the same could cost on this chain (Prague's rules).

A lower bound counts what no implementation can do without: the base transaction, its calldata, the storage
slots that the information takes, the slots that decide whether it is allowed, and the recovery of signatures.
It leaves out events, memory and every instruction in between.
"""

import random
from collections.abc import Callable

from orchestrator.provenance.merkle import MerkleTree
from tests.contracts.registry.world import Kind, World, sha256
from tests.evm import artifact

NEW_SLOT = 22_100
CHANGED_SLOT = 5_000
READ_SLOT = 2_100
RECOVERY = 3_000
CREATE = 32_000
CODE_BYTE = 200
TRANSACTION_CAP = 16_777_216  # EIP-7825

Snapshot = Callable[..., None]


def _calldata(data: bytes) -> int:
    """The base transaction with its calldata."""
    zeros = data.count(0)
    return 21_000 + 4 * zeros + 16 * (len(data) - zeros)


def _floor(data: bytes) -> int:
    """What a transaction costs at least for its calldata, whatever it does (EIP-7623)."""
    zeros = data.count(0)
    return 21_000 + 10 * zeros + 40 * (len(data) - zeros)


def _world(threshold: int) -> World:
    """A project that has one version and one batch already; alice both publishes and approves."""
    world = World.new()
    world.project = world.create("gas", publishers=["alice"], threshold=threshold)
    signers = ["alice", "bob", "carol"][:threshold]
    world.publish(world.publication("first"), *signers, sender="alice")
    world.send("anchorBatch", world.project, world.batch(sha256("first")), sender="alice")
    return world


def _publish(threshold: int) -> tuple[int, int]:
    """The gas of publishing with `threshold` of five signatures, and its lower bound."""
    world = _world(threshold)
    message = world.publication("model", deployable=True)
    approvals = world.approvals(message, *["alice", "bob", "carol"][:threshold])
    gas: int = world.send("publish", message, approvals, sender="alice")["gasUsed"]
    slots = 2 * NEW_SLOT + CHANGED_SLOT + threshold * READ_SLOT
    data = world.encoded("publish", message, approvals)
    return gas, max(_floor(data), _calldata(data) + slots + threshold * RECOVERY)


def test_publish__one_signer__gas(gas_snapshot: Snapshot) -> None:
    gas, bound = _publish(1)
    gas_snapshot("registry: publish, hash and manifest, one signer", gas, at_most=130_000, bound=bound)


def test_publish__three_signers_of_five__gas(gas_snapshot: Snapshot) -> None:
    gas, bound = _publish(3)
    gas_snapshot("registry: publish, three signers of five", gas, at_most=150_000, bound=bound)


def test_anchor_batch__1000_records__gas(gas_snapshot: Snapshot) -> None:
    world = _world(1)
    tree = MerkleTree([sha256(index) for index in range(1000)])
    batch = world.batch(tree.root, 1000, cidKind=Kind.RAW, cidDigest=sha256("log"))
    gas: int = world.send("anchorBatch", world.project, batch, sender="alice")["gasUsed"]
    data = world.encoded("anchorBatch", world.project, batch)
    bound = _calldata(data) + 2 * NEW_SLOT + CHANGED_SLOT + READ_SLOT
    gas_snapshot("registry: anchor batch of 1000, per record", gas / 1000, at_most=150, bound=bound / 1000)


def test_verify_inclusion__1000_records__gas(gas_snapshot: Snapshot) -> None:
    """As a transaction, which is what an exact estimate of the call comes to.

    (eth-tester's own estimate is only good to 21,000 gas.) Ten siblings' calldata alone cost this much.
    """
    world = _world(1)
    records = [sha256(index) for index in range(1000)]
    tree = MerkleTree(records)
    world.send("anchorBatch", world.project, world.batch(tree.root, 1000), sender="alice")
    index = max(range(1000), key=lambda index: len(tree.proof(index)))
    arguments = ("verifyInclusion", world.project, records[index], index, 1000, tree.proof(index))
    gas: int = world.send(*arguments, sender="stranger")["gasUsed"]
    data = world.encoded(*arguments)
    bound = max(_floor(data), _calldata(data) + READ_SLOT)
    gas_snapshot("registry: verify inclusion in 1000", gas, at_most=40_000, bound=bound)


def test_publish_on_chain__one_full_chunk__gas_per_byte(gas_snapshot: Snapshot) -> None:
    world = _world(1)
    model = random.Random(1).randbytes(24_575)
    stored: int = world.send("storeChunk", model, sender="alice")["gasUsed"]
    message = world.publication(model, deployable=True)
    approvals = world.approvals(message, "alice")
    chunks = [world.call("chunkAddress", model)]
    published: int = world.send("publishOnChain", message, approvals, chunks, sender="alice")["gasUsed"]
    bound = (
        _calldata(world.encoded("storeChunk", model))
        + CREATE
        + CODE_BYTE * (len(model) + 1)
        + _calldata(world.encoded("publishOnChain", message, approvals, chunks))
        + 3 * NEW_SLOT
        + CHANGED_SLOT
        + READ_SLOT
        + RECOVERY
    )
    gas_snapshot(
        "registry: publish on-chain, per byte",
        round((stored + published) / len(model), 2),
        at_most=230,
        bound=round(bound / len(model), 2),
    )


def test_publish_on_chain__largest_artifact__fits_a_transaction() -> None:
    world = _world(1)
    piece = random.Random(1).randbytes(24_575)
    chunks = [world.call("chunkAddress", piece)] * 40
    stored: int = world.send("storeChunk", piece, sender="alice")["gasUsed"]
    message = world.publication(piece * 40)
    approvals = world.approvals(message, "alice")
    published: int = world.send("publishOnChain", message, approvals, chunks, sender="alice")["gasUsed"]
    cold = 40 * 2_600  # forty different chunks would have to be looked up
    assert published + cold < TRANSACTION_CAP / 3
    assert (40 * stored + published + cold) / (40 * len(piece)) < 230
    assert world.call("artifact", world.project, sha256(piece * 40)) == piece * 40


def test_deploy__registry__gas(gas_snapshot: Snapshot) -> None:
    world = World.new()
    compiled = artifact("ModelRegistry")
    factory = world.evm.web3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
    gas: int = world.evm.send(factory.constructor())["gasUsed"]
    creation = bytes.fromhex(compiled["bytecode"][2:])
    deployed = len(compiled["deployedBytecode"]) // 2 - 1
    words = (len(creation) + 31) // 32
    bound = _calldata(creation) + CREATE + CODE_BYTE * deployed + 2 * words  # EIP-3860: 2 a word
    gas_snapshot("registry: deploy", gas, at_most=4_500_000, bound=bound)
    assert deployed <= 24_576
