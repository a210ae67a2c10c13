"""The model registry contract, as one class: reading gives values, writing gives what `Chain.send` takes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from orchestrator.errors import ChainError
from orchestrator.provenance.identifiers import NOBODY
from orchestrator.provenance.reading import RegistryReader, alias_bytes
from orchestrator.provenance.records import Approval, Publication, Status, cid_digest, cid_kind
from orchestrator.storage.cid import Cid
from orchestrator.types import Address, Digest

if TYPE_CHECKING:
    from web3.contract.contract import ContractFunction

CHUNK_SIZE = 24_575
"""The longest piece of an on-chain artifact, in bytes: code is at most 24,576, and one of them a STOP."""

MOST_CHUNKS = 40


class ModelRegistry(RegistryReader):
    """The registry at `address`: everything that can be read, and a builder for each transaction.

    A builder sends nothing; give what it returns to `Chain.send`.
    """

    def create_project(
        self,
        name: str,
        publishers: Sequence[Address] = (),
        participants: Sequence[Address] = (),
        threshold: int = 0,
    ) -> "ContractFunction":
        return self._write("createProject", name, list(publishers), list(participants), threshold)

    def set_publishers(
        self, project_id: Digest, added: Sequence[Address] = (), removed: Sequence[Address] = ()
    ) -> "ContractFunction":
        return self._write("setPublishers", project_id, list(added), list(removed))

    def set_participants(
        self, project_id: Digest, added: Sequence[Address], removed: Sequence[Address], threshold: int
    ) -> "ContractFunction":
        return self._write("setParticipants", project_id, list(added), list(removed), threshold)

    def resign(self, project_id: Digest) -> "ContractFunction":
        return self._write("resign", project_id)

    def transfer_ownership(self, project_id: Digest, new_owner: Address | None) -> "ContractFunction":
        """Offer the project to `new_owner`; None takes the offer back."""
        return self._write("transferOwnership", project_id, new_owner or NOBODY)

    def accept_ownership(self, project_id: Digest) -> "ContractFunction":
        return self._write("acceptOwnership", project_id)

    def pause(self, project_id: Digest) -> "ContractFunction":
        return self._write("pause", project_id)

    def unpause(self, project_id: Digest) -> "ContractFunction":
        return self._write("unpause", project_id)

    def publish(self, publication: Publication, approvals: Sequence[Approval] = ()) -> "ContractFunction":
        return self._write("publish", publication.as_tuple(), _ordered(approvals))

    def publish_on_chain(
        self, publication: Publication, approvals: Sequence[Approval], chunks: Sequence[Address]
    ) -> "ContractFunction":
        """Publish a version whose bytes are the code of `chunks` (see `chunks_of`), joined."""
        return self._write("publishOnChain", publication.as_tuple(), _ordered(approvals), list(chunks))

    def attach_artifact(
        self, project_id: Digest, artifact_hash: Digest, chunks: Sequence[Address]
    ) -> "ContractFunction":
        """Bring the bytes of a version that was published without them on-chain."""
        return self._write("attachArtifact", project_id, artifact_hash, list(chunks))

    def store_chunk(self, chunk: bytes) -> "ContractFunction":
        return self._write("storeChunk", chunk)

    def promote(
        self, project_id: Digest, artifact_hash: Digest, status: Status, approvals: Sequence[Approval] = ()
    ) -> "ContractFunction":
        return self._write("promote", project_id, artifact_hash, status, _ordered(approvals))

    def demote(self, project_id: Digest, artifact_hash: Digest, status: Status) -> "ContractFunction":
        return self._write("demote", project_id, artifact_hash, status)

    def revoke(self, project_id: Digest, artifact_hash: Digest, reason: str) -> "ContractFunction":
        return self._write("revoke", project_id, artifact_hash, reason)

    def set_alias(self, project_id: Digest, alias: str, artifact_hash: Digest | None) -> "ContractFunction":
        """None takes the name away. Raises UsageError for a name that no alias can have."""
        return self._write("setAlias", project_id, alias_bytes(alias), artifact_hash or bytes(32))

    def anchor_batch(
        self, project_id: Digest, root: Digest, count: int, label: str, cid: Cid | None = None
    ) -> "ContractFunction":
        """`label` says what the records are, in at most 16 ASCII characters."""
        padded = label.encode("ascii").ljust(16, b"\0")
        batch = (root, count, padded, cid_kind(cid), cid_digest(cid))
        return self._write("anchorBatch", project_id, batch)

    def _write(self, function: str, *args: Any) -> "ContractFunction":
        built: ContractFunction = self.contract.functions[function](*args)
        return built


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


def _ordered(approvals: Sequence[Approval]) -> list[tuple[Address, bytes]]:
    # The contract wants ascending signers, so that none counts twice.
    return [
        (each.signer, each.signature) for each in sorted(approvals, key=lambda each: int(each.signer, 16))
    ]
