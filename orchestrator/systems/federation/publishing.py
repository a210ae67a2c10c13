"""Put a federation's model into the model registry, with the updates it was made of."""

import hashlib
import platform
from importlib.metadata import version

from orchestrator.bindings.federation import Federation
from orchestrator.chain import Account
from orchestrator.errors import ChainError
from orchestrator.kernel.publishing import Published, publish_model
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation.chunks import encode
from orchestrator.provenance import Manifest, describe
from orchestrator.storage.adding import PutResult
from orchestrator.systems.federation.finding import Descriptor, descriptor_of
from orchestrator.systems.federation.rounds import Finished, current_model, finished, revealed_in, seats_of
from orchestrator.times import utc


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
    return publish_model(
        session, manifest, project_of(federation), federation.address, owner, deployable=True
    )


def project_of(federation: Federation) -> str:
    """The name of a federation's project in the registry."""
    return f"federation-{federation.address}"


def _manifest(
    federation: Federation, last: Finished, content: bytes, stored: PutResult, descriptor: Descriptor
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
        project=project_of(federation),
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
            "steps": (
                "an app's model" if descriptor.template else "softmax regression",
                f"{terms.policy.word}",
                f"record {last.finalized.record.hex()}",
            ),
            "hyperparameters": {"round": number, "epochs": descriptor.epochs, "hidden": descriptor.hidden},
            "search": None,
            "features": tuple(
                {"name": name, "type": "numeric", "optional": False} for name in descriptor.features
            ),
            "reading": None,
            "target": descriptor.target or descriptor.name,
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
