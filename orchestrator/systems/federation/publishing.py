"""Put a federation's model into the model registry, with the updates it was made of."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orchestrator.bindings.federation import Federation, Revealed, Terms
from orchestrator.chain import Account
from orchestrator.errors import ChainError, IntegrityError, NotDeployed, SignatureRefused
from orchestrator.files import replace_file
from orchestrator.kernel.publishing import Published, publication_in, publish_model
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation.template import UNIT, Template
from orchestrator.learning.tensorfile import write_tensors
from orchestrator.provenance import Manifest, Signature, SignatureFile, Version, describe, sign_publication
from orchestrator.storage.adding import PutResult, digest_bytes
from orchestrator.systems.federation.finding import Descriptor, descriptor_of
from orchestrator.systems.federation.rounds import Finished, current_model, last_finished, updates_in
from orchestrator.systems.federation.verifying import verify
from orchestrator.times import utc
from orchestrator.types import Address


@dataclass(frozen=True)
class Checkpoint:
    """The model of the `last` round, and what is said of it: the same whoever asks."""

    last: Finished
    content: bytes
    manifest: Manifest


def publish(
    session: Session,
    federation: Federation,
    owner: Account,
    signed: Sequence[Path] = (),
    needed: int | None = None,
) -> Published:
    """Publish the model of the last finalized round; twice, it happens once.

    It is a safetensors file; the manifest of a table's network declares its layers, so that `diln predict`
    asks it like any other. It names contract, round, record, and each update that is in; its parent is the
    version that the owner published before, so that checkpoints are a line. The files `signed`, and those
    that this folder's parties made, have signatures of parties whose updates are in it; from now on the
    owner's project demands `needed`, the owner's among them, or as many as before. Raises ChainError before
    the first round is over, SignatureRefused, StorageError, IntegrityError.
    """
    made = _checkpoint(session, federation, owner.address)
    inside = {each.party for each in updates_in(federation, made.last)}
    others = [each for path in signed for each in SignatureFile(path).read()]
    for who in inside:
        others += _kept(session, federation, made, who, owner.address)
    if stranger := next((each for each in others if each.participant not in inside), None):
        raise SignatureRefused(
            f"{stranger.participant} has no update in the last round",
            "Only parties whose updates are in sign.",
        )
    _pin(session, made)
    name, source = project_of(federation), federation.address
    return publish_model(
        session, made.manifest, name, source, owner, deployable=True, others=others, needed=needed
    )


def sign(
    session: Session, federation: Federation, owner: Address, party: Account, file: Path | None = None
) -> Path:
    """Recompute all rounds, then sign what `owner` is about to publish; returns the file.

    Every party comes to the same manifest by itself: nobody has to send it; the model is pinned here, too.
    Raises ChainError for a party without an update in the last round, IntegrityError for the first round that
    is wrong, StorageError.
    """
    model = _checkpoint(session, federation, owner)
    if party.address not in {each.party for each in updates_in(federation, model.last)}:
        raise ChainError(
            f"{party.name} has no update in the last round", "Only parties that made the model sign."
        )
    if wrong := next((each for each in verify(session, federation) if not each.ok), None):
        raise IntegrityError(f"round {wrong.round}: {wrong.sentence}", "Do not sign this model.")
    _pin(session, model)
    registry = session.registry
    project = registry.project_id(owner, project_of(federation))
    publication = publication_in(session, model.manifest, project, deployable=True)
    made = sign_publication(publication, party, session.chain.chain_id, registry.address)
    file = file or signature_file(session, federation, model.last.finalized.round, party.address, owner)
    file.parent.mkdir(parents=True, exist_ok=True)
    replace_file(file, json.dumps([made.to_json()], indent=2).encode() + b"\n")
    return file


def signature_file(
    session: Session, federation: Federation, number: int, party: Address, owner: Address
) -> Path:
    """Where a party of this folder keeps its signature of the model of round `number`."""
    name = f"{federation.address}-{number}-{party}-{owner}.json"
    return session.settings.home / "signatures" / name


def unsigned(session: Session, federation: Federation, made: Checkpoint) -> list[Address]:
    """Whose updates are in the last round, and whose signature of it, as it is now, is not in this folder.

    What is said of a round's model changes with the version that was published before.
    """
    owner = federation.terms.organizer
    inside = [each.party for each in updates_in(federation, made.last)]
    return [who for who in inside if not _kept(session, federation, made, who, owner)]


def _kept(
    session: Session, federation: Federation, made: Checkpoint, who: Address, owner: Address
) -> list[Signature]:
    """What this folder has of a party's signature; nothing where it is of something else, or damaged."""
    registry = session.registry
    target = (session.chain.chain_id, registry.address, registry.project_id(owner, project_of(federation)))
    try:
        found = SignatureFile(
            signature_file(session, federation, made.last.finalized.round, who, owner)
        ).read()
    except SignatureRefused:
        return []
    return [
        each
        for each in found
        if (each.participant, each.target, each.manifest) == (who, target, made.manifest.digest)
    ]


def checkpoint(session: Session, federation: Federation) -> Checkpoint | None:
    """The last round's model, if it is to go to the registry, and is not there. Nothing is stored."""
    every, done = descriptor_of(session, federation).checkpoint, federation.state().done
    if not every or not done or done % every:
        return None
    try:
        registry = session.registry
    except NotDeployed:
        return None
    made = _checkpoint(session, federation, owner := federation.terms.organizer)
    project = registry.project_id(owner, project_of(federation))
    return None if registry.version(project, made.manifest.artifact_hash) else made


def _checkpoint(session: Session, federation: Federation, owner: Address) -> Checkpoint:
    """What `owner` publishes of the last round."""
    ends = last_finished(federation)
    if not ends:
        raise ChainError("no round is finalized yet", "`diln federation status` tells where it is.")
    descriptor = descriptor_of(session, federation)
    content = model_file(session, federation, descriptor)
    home = session.registry.project_id(owner, project_of(federation))
    stored = digest_bytes(content)
    before = [each for each in session.registry.versions(home) if each.artifact_hash != stored.digest][-1:]
    manifest = _manifest(federation, ends[-1], stored, descriptor, before)
    return Checkpoint(ends[-1], content, manifest)


def _pin(session: Session, made: Checkpoint) -> None:
    """Keep the model's file, once."""
    if session.storage.pinned(made.manifest.artifact_cid) is None:
        session.storage.put(made.content)


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
        sha256=stored.digest.hex(),
        cid=stored.cid,
        artifact={"size": stored.size, "profile": stored.profile, "format": "safetensors"},
        project=project_of(federation),
        data=[_data(federation, number, each, at) for each in used],
        training=_training(terms, descriptor, last, len(used)),
        # Whole numbers are the same everywhere, and all who sign have to come to the same bytes.
        environment={"python": None, "libraries": {}, "git": None},
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
