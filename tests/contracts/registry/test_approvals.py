"""Approvals: what participants sign, and what counts.

publicationDigest, promotionDigest
└── equal what a wallet computes from the typed data (so what a person sees is what is bound)
approvals of publish and promote
├── fewer than the threshold → TooFewApprovals; exactly as many, or more → accepted, all recorded
├── same signer twice, descending, or zero → SignersNotAscending
├── a stranger's, or the publisher's own → NotParticipant
├── one invalid among enough valid ones → InvalidSignature
├── signed by another key, another content (each field), chain, contract, domain → InvalidSignature
├── malformed, malleable (high s), empty → InvalidSignature
├── used again: for another project, for the same version → refused
└── contract wallets: honest → accepted; refusing, reverting, answering short or dirty → InvalidSignature;
    burning gas → the sender's own loss; re-entering → cannot change anything; no wallet at all → refused
    a key that has delegated to code (EIP-7702) → both its signatures and the code's count
"""

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak
from web3.contract import Contract

from tests.contracts.kernel.world import delegate
from tests.contracts.registry.world import (
    PARTICIPANTS,
    TYPES,
    ZERO,
    Kind,
    Message,
    Status,
    World,
    ordered,
    refused,
    sha256,
)

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # of secp256k1
HONEST, REFUSES, REVERTS, SHORT, DIRTY, BURNS, REENTERS = range(7)


def _digest(world: World, message: Message) -> bytes:
    kind = "Publication" if "manifestDigest" in message else "Promotion"
    signable = encode_typed_data(world.domain(), {kind: TYPES[kind]}, message)
    return keccak(b"\x19\x01" + signable.header + signable.body)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"deployable": True},
        {"cidKind": Kind.NONE, "cidDigest": bytes(32)},
        {"cidKind": Kind.DAG_PB_V0, "cidDigest": sha256("cid")},
        {"parents": [sha256("p")]},
        {"parents": [sha256("p"), sha256("q"), sha256("r")]},
    ],
)
def test_publication_digest__any__is_what_a_wallet_signs(world: World, changes: Message) -> None:
    message = world.publication(**changes)
    assert world.call("publicationDigest", message) == _digest(world, message)


@pytest.mark.parametrize("revision", [0, 1, 2**32 - 1])
def test_promotion_digest__any__is_what_a_wallet_signs(world: World, revision: int) -> None:
    message = world.promotion(1, Status.DEPLOYABLE, revision)
    assert world.call("promotionDigest", *message.values()) == _digest(world, message)


def test_eip712_domain__any__names_chain_and_contract(world: World) -> None:
    _, name, version, chain, contract, _, _ = world.call("eip712Domain")
    assert {
        "name": name,
        "version": version,
        "chainId": chain,
        "verifyingContract": contract,
    } == world.domain()


# ---------------------------------------------------------------- how many


@pytest.mark.parametrize("threshold", range(6))
def test_publish__one_approval_less_than_the_threshold__refused(world: World, threshold: int) -> None:
    world.set_threshold(threshold)
    message = world.publication()
    if threshold:
        with refused("TooFewApprovals", threshold - 1, threshold):
            world.publish(message, *PARTICIPANTS[: threshold - 1])
    world.publish(message, *PARTICIPANTS[:threshold])
    assert world.version()["approvals"] == threshold


def test_publish__more_approvals_than_needed__all_recorded(world: World) -> None:
    receipt = world.publish(world.publication(), *PARTICIPANTS)
    assert world.version()["approvals"] == 5
    assert set(world.events("VersionPublished", receipt)[0]["signers"]) == set(world.roles(*PARTICIPANTS))


def test_publish__signer_twice_or_descending__refused(world: World) -> None:
    world.set_threshold(2)
    message = world.publication()
    low, high = world.approvals(message, "alice", "bob")
    for approvals in ([low, low], [high, low]):
        with refused("SignersNotAscending", low[0].lower()):
            world.send("publish", message, approvals, sender="publisher")


def test_publish__zero_signer__refused(world: World) -> None:
    message = world.publication()
    with refused("SignersNotAscending", ZERO):
        world.send("publish", message, [(ZERO, bytes(65))], sender="publisher")


@pytest.mark.parametrize("signer", ["stranger", "publisher", "owner"])
def test_publish__signed_by_a_non_participant__refused(world: World, signer: str) -> None:
    with refused("NotParticipant", world.project, world.role(signer).lower()):
        world.publish(world.publication(), "alice", signer)


# ---------------------------------------------------------------- by whom, of what


def _refuses(world: World, message: Message, signature: bytes, signer: str = "alice") -> None:
    with refused("InvalidSignature", world.role(signer).lower()):
        world.send("publish", message, [(world.role(signer), signature)], sender="publisher")


def test_publish__signed_with_another_key__refused(world: World) -> None:
    message = world.publication()
    _refuses(world, message, world.signature(message, "bob"))


def test_publish__one_invalid_among_enough__refused(world: World) -> None:
    message = world.publication()
    approvals = world.approvals(message, "bob", "carol")
    approvals = ordered([*approvals, (world.role("alice"), world.signature(message, "bob"))])
    with refused("InvalidSignature", world.role("alice").lower()):
        world.send("publish", message, approvals, sender="publisher")


@pytest.mark.parametrize(
    "changes",
    [
        {"artifactHash": sha256("other")},
        {"manifestDigest": sha256("other")},
        {"cidKind": Kind.DAG_PB},
        {"cidDigest": sha256("other")},
        {"parents": "one"},
        {"deployable": True},
    ],
)
def test_publish__something_else_was_signed__refused(world: World, changes: Message) -> None:
    world.publish(world.publication("parent"), "alice")
    if changes.get("parents"):
        changes = {"parents": [world.version_id("parent")]}
    signature = world.signature(world.publication(), "alice")
    _refuses(world, world.publication(**changes), signature)


def test_publish__signed_for_another_project__refused(world: World) -> None:
    other = world.create("other", threshold=1)
    signature = world.signature(world.publication(projectId=other), "alice")
    _refuses(world, world.publication(), signature)


@pytest.mark.parametrize(
    "domain",
    [
        {"chainId": 1},
        {"verifyingContract": ZERO},
        {"name": "DILN Registry"},
        {"version": "2"},
    ],
)
def test_publish__signed_for_another_chain_or_contract__refused(world: World, domain: Message) -> None:
    message = world.publication()
    _refuses(world, message, world.signature(message, "alice", **domain))


def test_publish__second_registry_same_chain__approval_does_not_carry_over(world: World) -> None:
    reference = World(world.evm, world.evm.deploy("ModelRegistry"))
    reference.project = reference.create("iris", threshold=1)
    assert reference.project != world.project
    signature = world.signature(reference.publication(), "alice")
    with refused("InvalidSignature"):
        reference.send(
            "publish", reference.publication(), [(reference.role("alice"), signature)], sender="publisher"
        )


def test_publish__promotion_signed__refused(world: World) -> None:
    message = world.publication()
    _refuses(world, message, world.signature(world.promotion(1, Status.DEPLOYABLE, 0), "alice"))


def test_publish__malformed_signature__refused(world: World) -> None:
    message = world.publication()
    good = world.signature(message, "alice")
    compact = good[:32] + (int.from_bytes(good[32:64], "big") | ((good[64] - 27) << 255)).to_bytes(32, "big")
    high_s = (ORDER - int.from_bytes(good[32:64], "big")).to_bytes(32, "big")
    malleable = good[:32] + high_s + bytes([55 - good[64]])
    for signature in (b"", good[:-1], good + b"\0", bytes(65), b"\xff" * 65, compact, malleable):
        _refuses(world, message, signature)
    world.send("publish", message, [(world.role("alice"), good)], sender="publisher")


def test_publish__personal_message_signed_instead__refused(world: World) -> None:
    from eth_account.messages import encode_defunct

    message = world.publication()
    signed = Account.sign_message(encode_defunct(_digest(world, message)), world.evm.key("alice"))
    _refuses(world, message, bytes(signed.signature))


# ---------------------------------------------------------------- contract wallets


@pytest.fixture
def wallet(world: World) -> Contract:
    """A contract wallet with alice's key, and a participant of the project."""
    wallet = world.wallet("alice")
    world.send("setParticipants", world.project, [wallet.address], [], 1)
    return wallet


def test_publish__signed_by_a_contract_wallet__accepted(world: World, wallet: Contract) -> None:
    message = world.publication()
    approvals = [(wallet.address, world.signature(message, "alice")), *world.approvals(message, "bob")]
    receipt = world.send("publish", message, ordered(approvals), sender="publisher")
    assert wallet.address in world.events("VersionPublished", receipt)[0]["signers"]
    assert world.version()["approvals"] == 2


def test_publish__wallets_key_alone__is_another_account(world: World, wallet: Contract) -> None:
    message = world.publication()
    world.send("setParticipants", world.project, [], world.roles("alice"), 1)
    with refused("NotParticipant"):
        world.publish(message, "alice")


@pytest.mark.parametrize("behaviour", [REFUSES, REVERTS, SHORT, DIRTY])
def test_publish__wallet_misbehaves__refused(world: World, wallet: Contract, behaviour: int) -> None:
    world.evm.send(wallet.functions.behave(behaviour))
    message = world.publication()
    signature = world.signature(message, "alice")
    with refused("InvalidSignature", wallet.address.lower()):
        world.send("publish", message, [(wallet.address, signature)], sender="publisher")
    world.publish(message, "bob")  # nobody else is held up


def test_publish__wallet_signed_by_another_key__refused(world: World, wallet: Contract) -> None:
    message = world.publication()
    with refused("InvalidSignature", wallet.address.lower()):
        world.send(
            "publish", message, [(wallet.address, world.signature(message, "bob"))], sender="publisher"
        )


def test_publish__wallet_burns_all_gas__only_its_own_approval_fails(world: World, wallet: Contract) -> None:
    world.evm.send(wallet.functions.behave(BURNS))
    message = world.publication()
    data = world.encoded("publish", message, [(wallet.address, world.signature(message, "alice"))])
    assert world.send_raw(data)["status"] == 0
    world.publish(message, "bob")


def test_publish__wallet_reenters__nothing_is_changed_from_within(world: World, wallet: Contract) -> None:
    inner = world.publication(2)
    world.send("setPublishers", world.project, [wallet.address], [])
    call = world.encoded("publish", inner, world.approvals(inner, "bob"))
    world.evm.send(wallet.functions.plan(world.registry.address, call))
    world.evm.send(wallet.functions.behave(REENTERS))
    message = world.publication(1)
    with refused("InvalidSignature", wallet.address.lower()):
        world.send(
            "publish", message, [(wallet.address, world.signature(message, "alice"))], sender="publisher"
        )
    assert world.seen()["versions"] == 0


def test_publish__wallet_reads_while_asked__sees_the_state_before(world: World, wallet: Contract) -> None:
    reading = world.encoded("statusOf", world.version_id(1))
    world.evm.send(wallet.functions.plan(world.registry.address, reading))
    world.evm.send(wallet.functions.behave(REENTERS))
    message = world.publication(1)
    world.send("publish", message, [(wallet.address, world.signature(message, "alice"))], sender="publisher")


def test_publish__participant_without_code_or_key__can_never_sign(world: World) -> None:
    nobody = "0x000000000000000000000000000000000000dEaD"
    world.send("setParticipants", world.project, [nobody], [], 1)
    message = world.publication()
    with refused("InvalidSignature", nobody.lower()):
        world.send("publish", message, [(nobody, world.signature(message, "alice"))], sender="publisher")
    world.publish(message, "alice")


def test_publish__participant_is_the_registry_or_a_precompile__can_never_sign(world: World) -> None:
    identity = "0x0000000000000000000000000000000000000004"  # answers with what it was sent
    world.send("setParticipants", world.project, [identity, world.registry.address], [], 1)
    message = world.publication()
    for signer in (identity, world.registry.address):
        with refused("InvalidSignature"):
            world.send("publish", message, [(signer, bytes(65))], sender="publisher")


def test_publish__key_that_delegated_to_code__signs_as_a_key_or_as_the_code_says(world: World) -> None:
    wallet = world.wallet("bob")
    delegate(world.evm, "alice", wallet.address)
    for number, key in enumerate(("alice", "bob")):
        message = world.publication(number)
        approvals = [(world.role("alice"), world.signature(message, key))]
        world.send("publish", message, approvals, sender="publisher")
    message = world.publication(2)
    _refuses(world, message, world.signature(message, "carol"))
