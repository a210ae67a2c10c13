"""Load a published model, after every check against the chain has passed, never before."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import (
    BlockNotFound,
    CidError,
    IntegrityError,
    ManifestError,
    ModelError,
    StorageError,
    StorageUnavailable,
    VerificationFailed,
)
from orchestrator.kernel.session import Session
from orchestrator.provenance import Anchor, Manifest, ModelReference, Verification, Version, verify
from orchestrator.provenance.openings import OPENING, Opening
from orchestrator.storage import Cid
from orchestrator.systems.prove.fetching import manifest_of, model_file
from orchestrator.systems.prove.references import find_version
from orchestrator.types import Address, Digest

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from orchestrator.systems.prove.rows import Inputs


@dataclass(frozen=True)
class PublishedModel:
    """A model that passed verification: `path` holds the bytes that were checked, `project` is the name.

    Of a private model the `manifest` tells what is withheld from others.

    `inputs` are its features, by its manifest or, where that tells none, by the model itself.
    """

    pipeline: "Pipeline"
    project: str
    version: Version
    anchor: Anchor
    manifest: Manifest
    path: Path
    inputs: "Inputs"

    @property
    def name(self) -> str:
        """NAME@NUMBER."""
        return f"{self.project}@{self.version.number}"

    @property
    def known_by(self) -> str:
        """What the registry knows it by, in words: a private model's hash is nobody else's business."""
        what = "salted commitment" if self.manifest.private else "SHA-256"
        return f"{what} {self.version.artifact_hash.hex()}"

    @property
    def reference(self) -> ModelReference:
        """What goes into each entry of the prediction log."""
        return ModelReference(
            name=self.project,
            version=str(self.version.number),
            artifact=self.version.artifact_hash,
            manifest=self.version.manifest_digest,
            project=self.version.project_id,
            chain_id=self.anchor.chain_id,
            registry=self.anchor.registry,
        )

    def to_json(self) -> dict[str, object]:
        """What answers carry: the version, its hashes and where they are anchored."""
        return {
            "name": self.name,
            "sha256": self.version.artifact_hash.hex(),
            "manifest": self.version.manifest_digest.hex(),
            "status": self.version.status.word,
            "anchor": {
                "chain_id": self.anchor.chain_id,
                "registry": self.anchor.registry,
                "project": self.version.project_id.hex(),
                "block": self.anchor.block_number,
                "transaction": self.anchor.transaction,
            },
        }


def load_published(
    session: Session, reference: str, viewer: Address | None = None, identity: Path | None = None
) -> PublishedModel:
    """Fetch, verify and load what `reference` names (see `find_version`).

    The bytes come from a run on this machine, from the chain itself, or from storage; `identity` is a file
    with the private key for a private model. Raises VerificationFailed if any check fails, ModelError if the
    bytes are available nowhere or there is no safe reader for them (UntrustedModel: loading runs code).
    """
    from orchestrator.systems.prove.frameworks.opening import open_model

    version = find_version(session, reference, viewer)
    _refuse_unreadable(session, version, reference)
    path = model_file(session, version, identity)
    found = check(session, path, version.project_id)
    project = session.registry.project(version.project_id)
    if not (found.version and found.anchor and found.manifest and project):
        raise ModelError(f"the manifest of `{reference}` is not available", "Reach the storage that has it.")
    manifest = found.manifest
    if manifest.private:
        manifest = Opening.read(path.parent / OPENING).fill(manifest)
    pipeline, inputs = open_model(_read(path, manifest.artifact_hash), manifest)
    return PublishedModel(pipeline, project.name, found.version, found.anchor, manifest, path, inputs)


def _refuse_unreadable(session: Session, version: Version, reference: str) -> None:
    """Before anything else is fetched: no model is loaded without manifest. Of bad ones the checks tell."""
    from orchestrator.systems.prove.frameworks.opening import check_readable

    try:
        manifest = manifest_of(session, version)
        if manifest.private:
            return  # what it is says the opening, once it is decrypted
    except (BlockNotFound, StorageUnavailable) as error:
        said = f"the manifest of `{reference}` is not available: {error.message}"
        raise type(error)(said, error.hint) from error
    except (StorageError, ManifestError):
        return
    check_readable(manifest)


def find_subject(session: Session, reference: str, identity: Path | None = None) -> tuple[str, Digest | None]:
    """What to verify, and whose version is meant: files and CIDs as they are, models by their bytes."""
    if Path(reference).exists() or _is_cid(reference):
        return reference, None
    version = find_version(session, reference, session.viewer)
    return str(model_file(session, version, identity)), version.project_id


def check(session: Session, path: Path, project: Digest) -> Verification:
    """Verify a model file against the chain. Raises VerificationFailed with all that failed."""
    if not path.is_file():
        raise VerificationFailed(f"{path} is gone", "Load the model again: that fetches it again.")
    return verify(path, session.registry, storage=session.storage, project=project).require()


def _is_cid(text: str) -> bool:
    try:
        Cid.parse(text)
    except CidError:
        return False
    return True


def _read(path: Path, digest: Digest) -> bytes:
    """The bytes that are loaded, hashed themselves: the file might have been changed since its checks."""
    data = path.read_bytes()
    if hashlib.sha256(data).digest() != digest:
        raise IntegrityError(f"{path} was changed while it was read", "Do not use it.")
    return data
