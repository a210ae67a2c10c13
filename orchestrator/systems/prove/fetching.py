"""Get the bytes of a published version: from a run here, from the chain itself, or from storage."""

import hashlib
import os
from pathlib import Path

from orchestrator.errors import BlockNotFound, ModelError
from orchestrator.kernel.session import Session
from orchestrator.provenance import Artifact, Manifest, Version
from orchestrator.provenance.manifest import LARGEST_MANIFEST
from orchestrator.storage import decrypt_file, digest_file, read_identity
from orchestrator.systems.prove.runs import RUN_ID_LENGTH, Run
from orchestrator.types import Digest

_AGE_HEADER = 64 << 10  # age adds 16 bytes to each 64 KiB, and a line for each recipient


def model_file(session: Session, version: Version, identity: Path | None = None) -> Path:
    """A file that should hold the version's bytes; whether it does is for the verification to say.

    `identity` holds the private key that a private model's encrypted file needs. What was fetched before is
    fetched again if it was changed meanwhile. Raises ModelError if the bytes are to be had nowhere.
    """
    run = local_run(session, version)
    if run:
        return run.model
    cached = session.settings.home / "cache" / f"{version.artifact_hash.hex()}.model"
    if not _holds(cached, version.artifact_hash):
        cached.parent.mkdir(parents=True, exist_ok=True)
        _fetch(session, version, cached, identity)
    return cached


def manifest_of(session: Session, version: Version) -> Manifest:
    """The anchored manifest. Raises StorageError if nobody has it, ManifestError."""
    run = local_run(session, version)
    if run and hashlib.sha256(run.manifest_file.read_bytes()).digest() == version.manifest_digest:
        return run.manifest
    return Manifest.parse(session.storage.read(version.manifest_cid, limit=LARGEST_MANIFEST))


def local_run(session: Session, version: Version) -> Run | None:
    """The run on this machine that the version was published from, if it was here."""
    runs = session.settings.models_dir.glob(f"*/{version.manifest_digest.hex()[:RUN_ID_LENGTH]}")
    return next((Run(folder) for folder in runs if Run(folder).model.exists()), None)


def _holds(file: Path, digest: Digest) -> bool:
    return file.exists() and digest_file(file).digest == digest


def _fetch(session: Session, version: Version, dest: Path, identity: Path | None) -> None:
    if version.on_chain:
        _write(dest, session.registry.artifact(version.project_id, version.artifact_hash) or b"")
        return
    if version.artifact_cid is None:
        raise ModelError("this version's bytes were never published", "Ask its publisher for the file.")
    artifact = _described(session, version)
    limit = artifact.size if artifact else None
    if not (artifact and artifact.encrypted):
        session.storage.get(version.artifact_cid, dest, limit=limit)
        return
    if identity is None:
        raise ModelError(
            "this model is private: what is published of it is encrypted",
            "Give the file with your private key: --identity FILE.",
        )
    limit = artifact.size + artifact.size // 1024 + _AGE_HEADER
    secret = session.storage.get(version.artifact_cid, dest.with_suffix(".age"), limit=limit)
    decrypt_file(secret, dest, read_identity(identity))
    secret.unlink()


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
