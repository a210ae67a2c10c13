"""Load a published model, after every check against the chain has passed, never before."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import CidError, ModelError
from orchestrator.learning.modelfile import load_model
from orchestrator.pipeline.references import find_version
from orchestrator.pipeline.workspace import Workspace
from orchestrator.provenance import (
    Anchor,
    Manifest,
    ModelReference,
    Verification,
    Version,
    verify,
)
from orchestrator.storage import Cid
from orchestrator.types import Address, Digest

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

ENCRYPTED = "skops+age"


@dataclass(frozen=True)
class PublishedModel:
    """A model that passed verification: `path` holds the bytes that were checked."""

    pipeline: "Pipeline"
    version: Version
    anchor: Anchor
    manifest: Manifest
    path: Path

    @property
    def name(self) -> str:
        """NAME@NUMBER."""
        return f"{self.manifest.predicate.project}@{self.version.number}"

    @property
    def reference(self) -> ModelReference:
        """What goes into each entry of the prediction log."""
        return ModelReference(
            name=self.manifest.predicate.project,
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
                "chainId": self.anchor.chain_id,
                "registry": self.anchor.registry,
                "project": self.version.project_id.hex(),
                "block": self.anchor.block_number,
                "transaction": self.anchor.transaction,
            },
        }


def load_published(workspace: Workspace, reference: str, viewer: Address | None = None) -> PublishedModel:
    """Fetch, verify and load what `reference` names (see `find_version`).

    The bytes come from a run on this machine, from storage, or from the chain itself. Raises
    VerificationFailed if any check fails, ModelError if the bytes are to be had nowhere.
    """
    version = find_version(workspace, reference, viewer)
    path = _bytes_of(workspace, version)
    verification = check(workspace, path, version.project_id)
    if verification.version is None or verification.anchor is None or verification.manifest is None:
        raise ModelError(f"the manifest of `{reference}` is not to be had", "Reach the storage that has it.")
    return PublishedModel(
        load_model(path), verification.version, verification.anchor, verification.manifest, path
    )


def find_subject(workspace: Workspace, reference: str) -> tuple[str, Digest | None]:
    """What to verify, and whose version is meant: files and CIDs as they are, models by their bytes."""
    if Path(reference).exists() or _is_cid(reference):
        return reference, None
    version = find_version(workspace, reference, workspace.viewer)
    return str(_bytes_of(workspace, version)), version.project_id


def check(workspace: Workspace, path: Path, project: Digest) -> Verification:
    """Verify a model file against the chain. Raises VerificationFailed with all that failed."""
    return verify(path, workspace.registry, storage=workspace.storage, project=project).require()


def _is_cid(text: str) -> bool:
    try:
        Cid.parse(text)
    except CidError:
        return False
    return True


def _bytes_of(workspace: Workspace, version: Version) -> Path:
    """A file that should hold the version's bytes; whether it does is for the verification to say."""
    run = workspace.settings.models_dir.glob(f"*/{version.manifest_digest.hex()[:12]}/model.skops")
    local = next(run, None)
    if local:
        return local
    cached = workspace.settings.home / "cache" / f"{version.artifact_hash.hex()}.skops"
    if cached.exists():
        return cached
    cached.parent.mkdir(parents=True, exist_ok=True)
    if version.on_chain:
        data = workspace.registry.artifact(version.project_id, version.artifact_hash)
        cached.write_bytes(data or b"")
        return cached
    if version.artifact_cid is None:
        raise ModelError("this version's bytes were never published", "Ask its publisher for the file.")
    return workspace.storage.get(version.artifact_cid, cached)
