"""Put a model that a contract of some system brought about into the model registry."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.chain import Account
from orchestrator.errors import ChainError, SignatureRefused
from orchestrator.kernel.session import Session
from orchestrator.provenance import (
    Manifest,
    Publication,
    Signature,
    Version,
    check_validity,
    publication_of,
    sign_publication,
)
from orchestrator.types import Address, Digest


@dataclass(frozen=True)
class Published:
    """The model's version in the registry; `gas_used` is 0 if it had been published before."""

    version: Version
    manifest: Manifest
    gas_used: int


def publish_model(
    session: Session,
    manifest: Manifest,
    name: str,
    source: Address,
    owner: Account,
    *,
    deployable: bool,
    others: Sequence[Signature] = (),
    needed: int | None = None,
) -> Published:
    """Publish the model of `manifest`, out of the contract `source`; twice, it happens once.

    It goes to the owner's project `name`, which is created if need be, with the owner's signature and
    `others`; from then on the project demands `needed` of them, as many as it did if that is not given.
    Raises SignatureRefused for fewer, or one that does not count, ChainError, InsufficientFunds,
    StorageError.
    """
    session.storage.put(manifest.to_bytes())
    project = session.registry.project_id(owner.address, name)
    known = session.registry.version(project, manifest.artifact_hash)
    if known:
        return Published(known, manifest, 0)
    publication = publication_in(session, manifest, project, deployable=deployable)
    own = sign_publication(publication, owner, session.chain.chain_id, session.registry.address)
    given = {each.participant: each for each in (*others, own)}
    approvals = [check_validity(each, publication, session.registry) for each in given.values()]
    home = session.registry.project(project)
    threshold = needed or (home.threshold if home else 1)
    if len(given) < threshold:
        raise SignatureRefused(
            f"{len(given)} of {threshold} have signed this model", "Collect more, or demand fewer."
        )
    gas = _project(session, name, source, owner, list(given), threshold)
    call = session.registry.publish(publication, approvals)
    receipt = session.send(call, owner, once=f"model-{source}-{manifest.artifact_hash.hex()[:16]}")
    published = session.registry.version(project, manifest.artifact_hash)
    if published is None:
        raise ChainError(
            f"transaction {receipt.tx_hash} went through, yet the version is not shown", "Try again."
        )
    return Published(published, manifest, gas + receipt.gas_used)


def publication_in(session: Session, manifest: Manifest, project: Digest, *, deployable: bool) -> Publication:
    """What is signed and published of a model in a project. Raises ChainError for an unknown parent."""
    parents = session.registry.parent_ids(manifest.predicate.parents)
    return publication_of(manifest, project, parents, deployable=deployable)


def _project(
    session: Session, name: str, source: Address, owner: Account, signers: Sequence[Address], needed: int
) -> int:
    """Make the owner's project if need be, in which `signers` may sign and `needed` must; the gas it took."""
    registry, about = session.registry, f"project-{source}-{owner.address}"
    project = registry.project_id(owner.address, name)
    found = registry.project(project)
    if found is None:
        create = registry.contract.create_project(name, [], signers, needed)
        return session.send(create, owner, once=about).gas_used
    known = registry.are_participants(project, signers)
    added = [who for who, is_one in zip(signers, known, strict=True) if not is_one]
    if not added and found.threshold == needed:
        return 0
    change = registry.contract.set_participants(project, added, [], needed)
    return session.send(change, owner, once=f"{about}-{found.versions}-{needed}-{len(added)}").gas_used
