"""Put a model that a contract of some system brought about into the model registry."""

from dataclasses import dataclass

from orchestrator.chain import Account
from orchestrator.errors import ChainError
from orchestrator.kernel.session import Session
from orchestrator.provenance import Approval, Manifest, Version, publication_of, sign_publication
from orchestrator.types import Address, Digest


@dataclass(frozen=True)
class Published:
    """The model's version in the registry; `gas_used` is 0 if it had been published before."""

    version: Version
    manifest: Manifest
    gas_used: int


def publish_model(
    session: Session, manifest: Manifest, name: str, source: Address, owner: Account, *, deployable: bool
) -> Published:
    """Publish the model of `manifest`, out of the contract `source`; twice, it happens once.

    It goes to the owner's project `name`, which is created if need be. Raises ChainError, InsufficientFunds,
    StorageError.
    """
    session.storage.put(manifest.to_bytes())
    project, gas = _project(session, name, source, owner)
    known = session.registry.version(project, manifest.artifact_hash)
    if known:
        return Published(known, manifest, gas)
    parents = session.registry.parent_ids(manifest.predicate.parents)
    publication = publication_of(manifest, project, parents, deployable=deployable)
    signature = sign_publication(publication, owner, session.chain.chain_id, session.registry.address)
    call = session.registry.publish(publication, [Approval(owner.address, signature.signature)])
    receipt = session.send(call, owner, once=f"model-{source}-{manifest.artifact_hash.hex()[:16]}")
    published = session.registry.version(project, manifest.artifact_hash)
    if published is None:
        raise ChainError(
            f"transaction {receipt.tx_hash} went through, yet the version is not shown", "Try again."
        )
    return Published(published, manifest, gas + receipt.gas_used)


def _project(session: Session, name: str, source: Address, owner: Account) -> tuple[Digest, int]:
    """The owner's project, created if need be, and the gas that it took."""
    project = session.registry.project_id(owner.address, name)
    if session.registry.project(project):
        return project, 0
    create = session.registry.contract.create_project(name, [], [owner.address], 1)
    return project, session.send(create, owner, once=f"project-{source}-{owner.address}").gas_used
