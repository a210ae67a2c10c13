"""Get the bytes of a published version: from a run here, from the chain itself, or from storage."""

import hashlib
import os
import tempfile
from pathlib import Path

from orchestrator.errors import BlockNotFound, DilnError, ModelError
from orchestrator.kernel.session import Session
from orchestrator.provenance import Artifact, Manifest, Version
from orchestrator.provenance.manifest import LARGEST_MANIFEST
from orchestrator.provenance.openings import Opening
from orchestrator.storage import digest_file, read_identity
from orchestrator.storage.disk import remove
from orchestrator.systems.prove.runs import RUN_ID_LENGTH, Run
from orchestrator.systems.prove.sealing import unseal
from orchestrator.types import Digest


def model_file(session: Session, version: Version, identity: Path | None = None) -> Path:
    """A file that should hold the version's bytes; whether it does is for the verification to say.

    `identity` holds the private key that a private model's encrypted file needs. What was fetched before is
    fetched again if it was changed meanwhile. Raises ModelError if the bytes are available nowhere.
    """
    run = local_run(session, version)
    if run:
        return run.model
    private = _kept(session, version)
    cached = private.folder.with_suffix(".model")
    if _holds_private(private, version.artifact_hash):
        return private.model
    remove(private.folder)
    if not _holds(cached, version.artifact_hash):
        cached.parent.mkdir(parents=True, exist_ok=True)
        return _fetch(session, version, cached, identity)
    return cached


def manifest_of(session: Session, version: Version) -> Manifest:
    """The anchored manifest. Raises StorageError if nobody has it, ManifestError."""
    run = local_run(session, version)
    if run and hashlib.sha256(run.manifest_file.read_bytes()).digest() == version.manifest_digest:
        return run.manifest
    return Manifest.parse(session.storage.read(version.manifest_cid, limit=LARGEST_MANIFEST))


def described_of(session: Session, version: Version) -> Manifest:
    """The anchored manifest, of a private model with what is told of it here.

    Also raises VerificationFailed for an opening that is not its own.
    """
    manifest = manifest_of(session, version)
    run = local_run(session, version) or _kept(session, version)
    opened = manifest.private and run.opening.is_file()
    return Opening.read(run.opening).fill(manifest) if opened else manifest


def local_run(session: Session, version: Version) -> Run | None:
    """The run on this machine that the version was published from, if it was here."""
    runs = session.settings.models_dir.glob(f"*/{version.manifest_digest.hex()[:RUN_ID_LENGTH]}")
    return next((Run(folder) for folder in runs if Run(folder).model.exists()), None)


def _kept(session: Session, version: Version) -> Run:
    """Where a private model that was decrypted is kept: a folder, for the opening lies beside the model."""
    return Run(session.settings.home / "cache" / f"{version.artifact_hash.hex()}.private")


def _holds(file: Path, digest: Digest) -> bool:
    return file.exists() and digest_file(file).digest == digest


def _holds_private(kept: Run, anchor: Digest) -> bool:
    try:
        return Opening.read(kept.opening).anchor_of(digest_file(kept.model).digest) == anchor
    except DilnError:
        return False


def _fetch(session: Session, version: Version, dest: Path, identity: Path | None) -> Path:
    if version.on_chain:
        _write(dest, session.registry.artifact(version.project_id, version.artifact_hash) or b"")
        return dest
    if version.artifact_cid is None:
        raise ModelError("this version's bytes were never published", "Ask its publisher for the file.")
    artifact = _described(session, version)
    limit = artifact.size if artifact else None
    if not (artifact and artifact.encrypted):
        return session.storage.get(version.artifact_cid, dest, limit=limit)
    if identity is None:
        raise ModelError(
            "this model is private: what is published of it is encrypted",
            "Give the file with your private key: --identity FILE.",
        )
    secret = session.storage.get(version.artifact_cid, dest.with_suffix(".age"))
    folder = Path(tempfile.mkdtemp(prefix=".private-", dir=dest.parent))
    try:
        name = unseal(secret, folder, read_identity(identity)).name
        return folder.rename(dest.with_suffix(".private")) / name
    finally:
        remove(secret)
        remove(folder)


def _described(session: Session, version: Version) -> Artifact | None:
    """What the anchored manifest says of the bytes; None where nobody has it."""
    try:
        return manifest_of(session, version).predicate.artifact
    except BlockNotFound:
        return None  # then the verification fails anyway, for want of the manifest


def _write(dest: Path, data: bytes) -> None:
    part = dest.with_name(f"{dest.name}.{os.getpid()}.part")
    part.write_bytes(data)
    part.replace(dest)
