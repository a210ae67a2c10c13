"""A registry with a project, and people who sign: what the tests of the registry start from."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import pytest
from eth_account import Account
from web3.contract import Contract

from tests.evm import Evm, Reverted

NAME = "iris"
PARTICIPANTS = ("alice", "bob", "carol", "dave", "erin")
ZERO = "0x" + "00" * 20


class Status(IntEnum):
    NONE, REVOKED, DEPRECATED, PUBLISHED, DEPLOYABLE = range(5)


class Kind(IntEnum):
    NONE, RAW, DAG_PB, DAG_PB_V0 = range(4)


TYPES = {
    "Publication": [
        {"name": "projectId", "type": "bytes32"},
        {"name": "artifactHash", "type": "bytes32"},
        {"name": "manifestDigest", "type": "bytes32"},
        {"name": "cidKind", "type": "uint8"},
        {"name": "cidDigest", "type": "bytes32"},
        {"name": "parents", "type": "bytes32[]"},
        {"name": "deployable", "type": "bool"},
    ],
    "Promotion": [
        {"name": "projectId", "type": "bytes32"},
        {"name": "artifactHash", "type": "bytes32"},
        {"name": "status", "type": "uint8"},
        {"name": "revision", "type": "uint32"},
    ],
}

Approval = tuple[str, bytes]
Message = dict[str, Any]


def sha256(data: bytes | str | int) -> bytes:
    """A digest that differs for every test's artifact or manifest."""
    return hashlib.sha256(data if isinstance(data, bytes) else str(data).encode()).digest()


@contextmanager
def refused(error: str, *values: Any) -> Iterator[None]:
    """The contract refuses with this custom error (and, where given, these values)."""
    with pytest.raises(Reverted) as caught:
        yield
    assert caught.value.error == error, caught.value
    if values:
        assert caught.value.values == values


@dataclass
class World:
    """Signing and sending in a registry; `project` is the owner's, and `publisher` publishes there."""

    evm: Evm
    registry: Contract
    project: bytes = b""

    @classmethod
    def new(cls) -> "World":
        evm = Evm()
        world = cls(evm, evm.deploy("ModelRegistry"))
        for name in ("owner", "publisher", "stranger", *PARTICIPANTS):
            evm.role(name)
        world.project = world.create(NAME, threshold=1)
        return world

    def role(self, name: str) -> str:
        return self.evm.role(name)

    def roles(self, *names: str) -> list[str]:
        return [self.evm.role(name) for name in names]

    def send(self, function: str, *args: Any, sender: str = "owner") -> Any:
        return self.evm.send(self.registry.functions[function](*args), sender)

    def call(self, function: str, *args: Any, sender: str = "owner") -> Any:
        return self.evm.call(self.registry.functions[function](*args), sender)

    def encoded(self, function: str, *args: Any) -> bytes:
        """The calldata of a call."""
        plain = [tuple(arg.values()) if isinstance(arg, dict) else arg for arg in args]
        return bytes.fromhex(self.registry.encode_abi(function, args=plain)[2:])

    def send_raw(self, data: bytes, sender: str = "publisher") -> Any:
        """Send calldata as it is, past the encoder; the receipt, also of a failure."""
        transaction = {"from": self.role(sender), "to": self.registry.address, "gas": 1_000_000, "data": data}
        tx_hash = self.evm.web3.eth.send_transaction(transaction)
        return self.evm.web3.eth.get_transaction_receipt(tx_hash)

    def wallet(self, key: str) -> Contract:
        """A contract wallet (EIP-1271) that the role `key` signs for."""
        return self.evm.deploy("RegistryWallet", self.role(key))

    def execute(self, wallet: Contract, *calls: bytes) -> Any:
        """Let a wallet call the registry, all in one transaction; raises the registry's own error."""
        execute = wallet.functions.execute(self.registry.address, list(calls))
        execute.contract_abi = [*execute.contract_abi, *self.registry.abi]
        return self.evm.send(execute, "stranger")

    def events(self, name: str, receipt: Any) -> list[dict[str, Any]]:
        return self.evm.events(self.registry, name, receipt)

    # ------------------------------------------------------------------ projects

    def create(
        self,
        name: str,
        publishers: Sequence[str] = ("publisher",),
        participants: Sequence[str] = PARTICIPANTS,
        threshold: int = 0,
        sender: str = "owner",
    ) -> bytes:
        """Create a project; publishers and participants are roles."""
        self.send(
            "createProject",
            name,
            self.roles(*publishers),
            self.roles(*participants),
            threshold,
            sender=sender,
        )
        return self.call("projectIdOf", self.role(sender), name)

    def set_threshold(self, threshold: int) -> None:
        self.send("setParticipants", self.project, [], [], threshold)

    def seen(self, project: bytes | None = None) -> dict[str, Any]:
        """The project as the contract shows it."""
        return self._named("project", self.call("project", project or self.project))

    # ------------------------------------------------------------------ versions

    def publication(self, artifact: bytes | str | int = 1, **changes: Any) -> Message:
        """What to publish: a single-block artifact on IPFS, unless changed."""
        digest = sha256(artifact)
        return {
            "projectId": self.project,
            "artifactHash": digest,
            "manifestDigest": sha256(digest),
            "cidKind": Kind.RAW,
            "cidDigest": digest,
            "parents": [],
            "deployable": False,
            **changes,
        }

    def promotion(
        self, artifact: bytes | str | int, status: Status, revision: int, **changes: Any
    ) -> Message:
        content = {"projectId": self.project, "artifactHash": sha256(artifact)}
        return {**content, "status": status, "revision": revision, **changes}

    def domain(self, **changes: Any) -> Message:
        here = {"chainId": self.evm.web3.eth.chain_id, "verifyingContract": self.registry.address}
        return {"name": "DILN ModelRegistry", "version": "1", **here, **changes}

    def signature(self, message: Message, role: str, **domain: Any) -> bytes:
        """The role's EIP-712 signature of a publication or a promotion."""
        kind = "Publication" if "manifestDigest" in message else "Promotion"
        signed = Account.sign_typed_data(
            self.evm.key(role), self.domain(**domain), {kind: TYPES[kind]}, message
        )
        return bytes(signed.signature)

    def approvals(self, message: Message, *signers: str) -> list[Approval]:
        return ordered((self.role(name), self.signature(message, name)) for name in signers)

    def publish(self, message: Message, *signers: str, sender: str = "publisher") -> Any:
        """Publish with the approvals of `signers`; the receipt."""
        return self.send("publish", message, self.approvals(message, *signers), sender=sender)

    def promote(self, message: Message, *signers: str, sender: str = "publisher") -> Any:
        values = (message["projectId"], message["artifactHash"], message["status"])
        return self.send("promote", *values, self.approvals(message, *signers), sender=sender)

    def demote(self, artifact: bytes | str | int, status: Status, sender: str = "publisher") -> Any:
        return self.send("demote", self.project, sha256(artifact), status, sender=sender)

    def revoke(self, artifact: bytes | str | int, reason: str = "poisoned", sender: str = "owner") -> Any:
        return self.send("revoke", self.project, sha256(artifact), reason, sender=sender)

    def version(self, artifact: bytes | str | int = 1, project: bytes | None = None) -> dict[str, Any]:
        """The version as the contract shows it."""
        return self.version_by_hash(project or self.project, sha256(artifact))

    def version_by_hash(self, project: bytes, artifact_hash: bytes) -> dict[str, Any]:
        return self._named("version", self.call("version", project, artifact_hash))

    def version_id(self, artifact: bytes | str | int = 1, project: bytes | None = None) -> bytes:
        return self.call("versionIdOf", project or self.project, sha256(artifact))

    # ------------------------------------------------------------------- batches

    def batch(self, root: bytes, count: int = 1, **changes: Any) -> Message:
        content = {"root": root, "count": count, "label": b"predictions".ljust(16, b"\0")}
        return {**content, "cidKind": Kind.NONE, "cidDigest": bytes(32), **changes}

    def _named(self, function: str, values: Any) -> dict[str, Any]:
        output = self.registry.get_function_by_name(function).abi["outputs"][0]
        return {part["name"]: value for part, value in zip(output["components"], values, strict=True)}


def ordered(approvals: Any) -> list[Approval]:
    """By ascending signer, as the contract wants them."""
    return sorted(approvals, key=lambda approval: int(approval[0], 16))
