"""Put a federation's model into the model registry, with the updates it was made of."""

import hashlib
import platform
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from orchestrator.bindings.federation import Federation
from orchestrator.chain import Account
from orchestrator.errors import ChainError
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation.chunks import encode
from orchestrator.provenance import Approval, Manifest, Version, describe, publication_of, sign_publication
from orchestrator.systems.federation.finding import Descriptor, descriptor_of
from orchestrator.systems.federation.rounds import Finished, current_model, finished, revealed_in, seats_of
from orchestrator.times import utc
from orchestrator.types import Digest


@dataclass(frozen=True)
class Published:
    """The model's version in the registry; `gas_used` is 0 if it had been published before."""

    version: Version
    manifest: Manifest
    gas_used: int


def publish(session: Session, federation: Federation, owner: Account) -> Published:
    """Publish the model of the last finalized round; twice, it happens once.

    The manifest names contract, round, record, and each update that is in. Raises ChainError before the first
    round is over, StorageError, IntegrityError.
    """
    ends = finished(federation)
    if not ends:
        raise ChainError("no round is finalized yet", "`diln federation status` tells where it is.")
    content = encode(current_model(session, federation), 4)
    stored = session.storage.put(content)
    manifest = _manifest(federation, ends[-1], content, stored, descriptor_of(session, federation))
    session.storage.put(manifest.to_bytes())
    project, gas = _project(session, federation, owner)
    known = session.registry.version(project, manifest.artifact_hash)
    if known:
        return Published(known, manifest, gas)
    publication = publication_of(manifest, project, deployable=True)
    signature = sign_publication(publication, owner, session.chain.chain_id, session.registry.address)
    call = session.registry.publish(publication, [Approval(owner.address, signature.signature)])
    once = f"model-{federation.address}-{manifest.artifact_hash.hex()[:16]}"
    receipt = session.send(call, owner, once=once)
    published = session.registry.version(project, manifest.artifact_hash)
    if published is None:
        raise ChainError(f"transaction {receipt.tx_hash} went through, yet no version is shown", "Try again.")
    return Published(published, manifest, gas + receipt.gas_used)


def _project(session: Session, federation: Federation, owner: Account) -> tuple[Digest, int]:
    """The owner's project for this federation, created if need be, and the gas that it took."""
    name = f"federation-{federation.address}"
    project = session.registry.project_id(owner.address, name)
    if session.registry.project(project):
        return project, 0
    create = session.registry.contract.create_project(name, [], [owner.address], 1)
    once = f"project-{federation.address}-{owner.address}"
    return project, session.send(create, owner, once=once).gas_used


def _manifest(
    federation: Federation, last: Finished, content: bytes, stored: Any, descriptor: Descriptor
) -> Manifest:
    number, claim = last.finalized.round, last.claim
    at = utc(federation.chain.time_of(last.finalized.block_number)).strftime("%Y-%m-%dT%H:%M:%SZ")
    seats = seats_of(federation.at(last.finalized.block_number))
    used = [
        each
        for each in revealed_in(federation, number)
        if each.party in seats and claim.accepted >> seats[each.party] & 1
    ]
    terms = federation.terms
    return describe(
        name=f"round-{number}.bin",
        sha256=hashlib.sha256(content).hexdigest(),
        cid=stored.cid,
        artifact={"size": stored.size, "profile": stored.profile, "format": "diln-federated-model"},
        project=f"federation-{federation.address}",
        data=[
            {
                "source": f"federation:{federation.address}/round/{number}/{each.party}",
                "sha256": each.cid.hex(),
                "cid": None,
                "files": (),
                "rows": each.weight,
                "columns": {},
                "cleaning": {},
                "collected": at,
            }
            for each in used
        ],
        training={
            "algorithm": f"orchestrator.learning.aggregation.{terms.rule.name.lower()}",
            "steps": ("softmax regression", f"{terms.policy.word}", f"record {last.finalized.record.hex()}"),
            "hyperparameters": {"round": number, "epochs": descriptor.epochs, "hidden": descriptor.hidden},
            "search": None,
            "features": tuple(
                {"name": name, "type": "numeric", "optional": False} for name in descriptor.features
            ),
            "reading": None,
            "target": descriptor.target,
            "task": "classification",
            "split": {"parties": len(used)},
            "seed": None,
        },
        environment={
            "python": platform.python_version(),
            "libraries": {"numpy": version("numpy")},
            "git": None,
        },
        evaluation={"metrics": {"updates": len(used)}, "gate": {"passed": True, "conditions": ()}},
        created=at,
    )
