"""The model registry, with what publishing takes beyond a call of the contract."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestrator.bindings.registry import Approval, Batch, Publication, Status
from orchestrator.errors import ChainError
from orchestrator.provenance.reading import RegistryReader, alias_bytes
from orchestrator.provenance.records import cid_digest, cid_kind
from orchestrator.storage.cid import Cid
from orchestrator.types import ZERO_ADDRESS, Address, Digest

if TYPE_CHECKING:
    from orchestrator.chain.bound import Call

CHUNK_SIZE = 24_575
"""The longest piece of an on-chain artifact, in bytes: code is at most 24,576, and one of them a STOP."""

MOST_CHUNKS = 40


class ModelRegistry(RegistryReader):
    """The registry at `address`, with a builder for what needs more than its contract's own.

    A builder sends nothing; give what it returns to `Chain.send`.
    """

    def transfer_ownership(self, project_id: Digest, new_owner: Address | None) -> "Call":
        """Offer the project to `new_owner`; None takes the offer back."""
        return self.contract.transfer_ownership(project_id, new_owner or ZERO_ADDRESS)

    def publish(self, publication: Publication, approvals: Sequence[Approval] = ()) -> "Call":
        return self.contract.publish(publication, _ordered(approvals))

    def publish_on_chain(
        self, publication: Publication, approvals: Sequence[Approval], chunks: Sequence[Address]
    ) -> "Call":
        """Publish a version whose bytes are the code of `chunks` (see `chunks_of`), joined."""
        return self.contract.publish_on_chain(publication, _ordered(approvals), chunks)

    def promote(
        self, project_id: Digest, artifact_hash: Digest, status: Status, approvals: Sequence[Approval] = ()
    ) -> "Call":
        return self.contract.promote(project_id, artifact_hash, status, _ordered(approvals))

    def set_alias(self, project_id: Digest, alias: str, artifact_hash: Digest | None) -> "Call":
        """None takes the name away. Raises UsageError for a name that no alias can have."""
        return self.contract.set_alias(project_id, alias_bytes(alias), artifact_hash or bytes(32))

    def anchor_batch(
        self, project_id: Digest, root: Digest, count: int, label: str, cid: Cid | None = None
    ) -> "Call":
        """`label` says what the records are, in at most 16 ASCII characters."""
        padded = label.encode("ascii").ljust(16, b"\0")
        return self.contract.anchor_batch(
            project_id, Batch(root, count, padded, cid_kind(cid), cid_digest(cid))
        )


def chunks_of(artifact: bytes) -> list[bytes]:
    """The pieces in which an artifact is stored on-chain. Raises ChainError above 40 (983,000 bytes)."""
    pieces = [artifact[start : start + CHUNK_SIZE] for start in range(0, len(artifact), CHUNK_SIZE)]
    if len(pieces) > MOST_CHUNKS:
        raise ChainError(
            f"a model of {len(artifact)} bytes does not fit on the chain: at most "
            f"{MOST_CHUNKS * CHUNK_SIZE} bytes do",
            "Publish it without --on-chain: its hash is anchored all the same.",
        )
    return pieces


def _ordered(approvals: Sequence[Approval]) -> list[Approval]:
    # The contract wants ascending signers, so that none counts twice.
    return sorted(approvals, key=lambda each: int(each.signer, 16))
