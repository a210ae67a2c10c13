"""Signatures of participants, gathered one by one beside the manifest, each checked before it counts."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from filelock import FileLock

from orchestrator.bindings.registry import Approval, Publication, Status
from orchestrator.chain.typeddata import message_digest, recover_signer, wallet_accepts
from orchestrator.errors import SignatureRefused
from orchestrator.files import replace_file
from orchestrator.provenance import fields
from orchestrator.provenance.canonical import NotCanonical, parse
from orchestrator.provenance.reading import RegistryReader
from orchestrator.provenance.records import Version
from orchestrator.provenance.typed import promotion_message, publication_message
from orchestrator.types import Address, Digest

if TYPE_CHECKING:
    from orchestrator.chain import Account

_KEYS = {"participant", "signature", "chainId", "contract", "project", "manifest"}


@dataclass(frozen=True)
class Signature:
    """One participant's signature, with what it was given for: chain, contract, project and manifest.

    `signature` is 65 bytes (r, s, v) of a key, or whatever a contract wallet accepts.
    """

    participant: Address
    signature: bytes
    chain_id: int
    contract: Address
    project: Digest
    manifest: Digest

    @property
    def target(self) -> tuple[int, Address, Digest]:
        """The chain, the registry on it, and the project in which this signature counts."""
        return self.chain_id, self.contract, self.project

    def to_json(self) -> dict[str, Any]:
        return {
            "participant": self.participant,
            "signature": "0x" + self.signature.hex(),
            "chainId": self.chain_id,
            "contract": self.contract,
            "project": self.project.hex(),
            "manifest": self.manifest.hex(),
        }

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Raises SignatureRefused that names the field."""
        try:
            found = fields.object_in(value, _KEYS, "signature")
            return cls(
                participant=fields.address_in(found["participant"], "participant"),
                signature=fields.bytes_in(found["signature"], "signature"),
                chain_id=fields.count_in(found["chainId"], "chainId"),
                contract=fields.address_in(found["contract"], "contract"),
                project=fields.digest_in(found["project"], "project"),
                manifest=fields.digest_in(found["manifest"], "manifest"),
            )
        except NotCanonical as error:
            raise SignatureRefused(f"a signature is malformed: {error}", "Have it signed again.") from error


def sign_publication(
    publication: Publication,
    account: "Account",
    chain_id: int,
    contract: Address,
    *,
    wallet: Address | None = None,
) -> Signature:
    """Sign what is to be published, for the registry `contract` on chain `chain_id` alone.

    `wallet` is the contract wallet in whose name `account` signs, if it is not for itself. Raises
    WrongPassword.
    """
    message = publication_message(publication, chain_id, contract)
    return Signature(
        participant=wallet or account.address,
        signature=account.sign_typed_data(message),
        chain_id=chain_id,
        contract=contract,
        project=publication.project_id,
        manifest=publication.manifest_digest,
    )


def sign_promotion(
    version: Version, status: Status, account: "Account", chain_id: int, contract: Address
) -> Approval:
    """Approve that `version`, as it stands now, gets `status`. Raises WrongPassword."""
    message = promotion_message(
        version.project_id, version.artifact_hash, status, version.revision, chain_id, contract
    )
    return Approval(account.address, account.sign_typed_data(message))


def recover(signature: Signature, publication: Publication) -> Address | None:
    """Who signed, found without a chain; None if no key did, as with a contract wallet's signature."""
    message = publication_message(publication, signature.chain_id, signature.contract)
    return recover_signer(message, signature.signature)


def check_signature(signature: Signature, publication: Publication, registry: RegistryReader) -> Approval:
    """The approval that a signature amounts to.

    Raises SignatureRefused in a plain sentence: for another chain, contract, project or manifest; by somebody
    who is not a participant; or simply wrong.
    """
    _check_target(signature, publication, registry)
    if not registry.is_participant(publication.project_id, signature.participant):
        raise SignatureRefused(
            f"{signature.participant} is not a participant of this project",
            "Only participants sign; its owner can add one.",
        )
    return check_validity(signature, publication, registry)


def check_validity(signature: Signature, publication: Publication, registry: RegistryReader) -> Approval:
    """As `check_signature`, of somebody who may not be a participant yet."""
    _check_target(signature, publication, registry)
    who = signature.participant
    if not _valid(signature, publication, registry):
        raise SignatureRefused(
            f"the signature in the name of {who} is not theirs, or not of this publication",
            "Have it signed again: diln sign.",
        )
    return Approval(who, signature.signature)


class SignatureFile:
    """The signatures gathered so far, as JSON at `path`. Several processes may add to it at once."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def read(self) -> list[Signature]:
        """In the order in which they were added; none if there is no file yet. Raises SignatureRefused."""
        if not self.path.exists():
            return []
        try:
            content = fields.list_in(parse(self.path.read_bytes()), "signatures")
        except NotCanonical as error:
            raise SignatureRefused(
                f"{self.path} is damaged: {error}", "Remove it, and sign again."
            ) from error
        return [Signature.from_json(entry) for entry in content]

    def add(self, signature: Signature, publication: Publication, registry: RegistryReader) -> Approval:
        """Check a signature and append it; the file is replaced as a whole or not at all.

        Raises SignatureRefused as `check_signature` does, or if the participant has signed for this target
        before.
        """
        approval = check_signature(signature, publication, registry)
        with FileLock(f"{self.path}.lock"):
            kept = self.read()
            _refuse_second(signature, kept)
            entries = [each.to_json() for each in (*kept, signature)]
            replace_file(self.path, json.dumps(entries, indent=2).encode() + b"\n")
        return approval

    def approvals(self, publication: Publication, registry: RegistryReader) -> list[Approval]:
        """All signatures for this registry and project, checked; those for elsewhere stay out of the way.

        Raises SignatureRefused for the first that does not count.
        """
        approvals: list[Approval] = []
        target = (registry.chain.chain_id, registry.address, publication.project_id)
        kept = [signature for signature in self.read() if signature.target == target]
        for index, signature in enumerate(kept):
            _refuse_second(signature, kept[:index])
            approvals.append(check_signature(signature, publication, registry))
        return approvals


def _check_target(signature: Signature, publication: Publication, registry: RegistryReader) -> None:
    who = signature.participant
    if signature.chain_id != registry.chain.chain_id:
        raise SignatureRefused(
            f"{who} signed for chain {signature.chain_id}, not for chain {registry.chain.chain_id}",
            "Choose that network with --network, or sign again.",
        )
    if signature.contract != registry.address:
        raise SignatureRefused(
            f"{who} signed for the registry {signature.contract}, not for {registry.address}", "Sign again."
        )
    if signature.project != publication.project_id:
        raise SignatureRefused(f"{who} signed for another project", "Sign again for this one.")
    if signature.manifest != publication.manifest_digest:
        raise SignatureRefused(
            f"{who} signed the manifest {signature.manifest.hex()[:12]}…, "
            f"not {publication.manifest_digest.hex()[:12]}…",
            "Restore the manifest that was signed, or sign again.",
        )


def _valid(signature: Signature, publication: Publication, registry: RegistryReader) -> bool:
    if not registry.chain.code(signature.participant):
        return recover(signature, publication) == signature.participant
    message = publication_message(publication, signature.chain_id, signature.contract)
    return wallet_accepts(registry.chain, signature.participant, message_digest(message), signature.signature)


def _refuse_second(signature: Signature, kept: Sequence[Signature]) -> None:
    who, target = signature.participant, signature.target
    if any((who, target) == (other.participant, other.target) for other in kept):
        raise SignatureRefused(
            f"{signature.participant} has signed this already",
            "Its signature is kept. Another participant signs with --from NAME.",
        )
