"""Put a federation's model into the model registry, with the updates it was made of."""

import hashlib
import platform
from collections.abc import Sequence
from importlib.metadata import version

import numpy as np

from orchestrator.bindings.federation import Federation, Revealed, Terms
from orchestrator.chain import Account
from orchestrator.errors import ChainError
from orchestrator.kernel.publishing import Published, publish_model
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation.template import UNIT, Template
from orchestrator.learning.tensorfile import write_tensors
from orchestrator.provenance import Manifest, Version, describe
from orchestrator.storage.adding import PutResult
from orchestrator.systems.federation.finding import Descriptor, descriptor_of
from orchestrator.systems.federation.rounds import (
    Finished,
    current_model,
    finished,
    updates_in,
)
from orchestrator.times import utc


def publish(session: Session, federation: Federation, owner: Account) -> Published:
    """Publish the model of the last finalized round; twice, it happens once.

    It is a safetensors file; the manifest of a table's network declares its layers, so that `diln predict`
    asks it like any other. It names contract, round, record, and each update that is in; its parent is the
    version that the owner published before, so that checkpoints are a line. Raises ChainError before the
    first round is over, StorageError, IntegrityError.
    """
    ends = finished(federation)
    if not ends:
        raise ChainError("no round is finalized yet", "`diln federation status` tells where it is.")
    descriptor = descriptor_of(session, federation)
    content = model_file(session, federation, descriptor)
    stored = session.storage.put(content)
    home = session.registry.project_id(owner.address, project_of(federation))
    digest = hashlib.sha256(content).digest()
    before = [each for each in session.registry.versions(home) if each.artifact_hash != digest][-1:]
    manifest = _manifest(federation, ends[-1], content, stored, descriptor, before)
    return publish_model(
        session, manifest, project_of(federation), federation.address, owner, deployable=True
    )


def project_of(federation: Federation) -> str:
    """The name of a federation's project in the registry."""
    return f"federation-{federation.address}"


def model_file(session: Session, federation: Federation, descriptor: Descriptor) -> bytes:
    """The last model as named tensors: a network's in float64, which holds every unit, an app's as its own.

    Raises StorageError, IntegrityError.
    """
    model = current_model(session, federation)[: federation.terms.size]
    if descriptor.template:
        return write_tensors(Template.from_json(descriptor.template).restore(model))
    arrays = descriptor.network.layers(model / UNIT)
    names = [name for each in _layers(descriptor) for name in (each["weight"], each["bias"])]
    # Rows of a weight are outputs, as the field's frameworks have it.
    return write_tensors({name: np.asarray(each).T for name, each in zip(names, arrays, strict=True)})


def _layers(descriptor: Descriptor) -> list[dict[str, str]]:
    """How a network's tensors are used."""
    activations = ["relu", "softmax"] if descriptor.hidden else ["softmax"]
    return [
        {"weight": f"{place}.weight", "bias": f"{place}.bias", "activation": activation}
        for place, activation in enumerate(activations)
    ]


def _manifest(
    federation: Federation,
    last: Finished,
    content: bytes,
    stored: PutResult,
    descriptor: Descriptor,
    parents: Sequence[Version],
) -> Manifest:
    number = last.finalized.round
    at = utc(federation.chain.time_of(last.finalized.block_number)).strftime("%Y-%m-%dT%H:%M:%SZ")
    used = updates_in(federation, last)
    terms = federation.terms
    return describe(
        name=f"round-{number}.safetensors",
        sha256=hashlib.sha256(content).hexdigest(),
        cid=stored.cid,
        artifact={"size": stored.size, "profile": stored.profile, "format": "safetensors"},
        project=project_of(federation),
        data=[_data(federation, number, each, at) for each in used],
        training=_training(terms, descriptor, last, len(used)),
        environment={
            "python": platform.python_version(),
            "libraries": {"numpy": version("numpy")},
            "git": None,
        },
        evaluation={"metrics": {"updates": len(used)}, "gate": {"passed": True, "conditions": ()}},
        interface=None
        if descriptor.template
        else {"classes": descriptor.classes, "layers": _layers(descriptor)},
        parents=[
            {"artifact": each.artifact_hash.hex(), "manifest": each.manifest_digest.hex()} for each in parents
        ],
        created=at,
    )


def _data(federation: Federation, number: int, update: Revealed, at: str) -> dict[str, object]:
    """A party's update, as what the model was made of."""
    return {
        "source": f"federation:{federation.address}/round/{number}/{update.party}",
        "sha256": update.cid.hex(),
        "cid": None,
        "files": (),
        "rows": update.weight,
        "columns": {},
        "cleaning": {},
        "collected": at,
    }


def _training(terms: Terms, descriptor: Descriptor, last: Finished, parties: int) -> dict[str, object]:
    return {
        "algorithm": f"orchestrator.learning.aggregation.{terms.rule.name.lower()}",
        "steps": (
            "an app's model" if descriptor.template else "softmax regression",
            f"{terms.policy.word}",
            f"record {last.finalized.record.hex()}",
        ),
        "hyperparameters": {
            "round": last.finalized.round,
            "epochs": descriptor.epochs,
            "hidden": descriptor.hidden,
        },
        "search": None,
        "features": tuple(
            {"name": name, "type": "numeric", "optional": False} for name in descriptor.features
        ),
        "reading": None,
        "target": descriptor.target or descriptor.name,
        "task": "classification",
        "split": {"parties": parties},
        "seed": None,
    }
