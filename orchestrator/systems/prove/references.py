"""What people call a published version: NAME, NAME@NUMBER, NAME@ALIAS, an artifact hash, a run or a file."""

import hashlib
import re
from pathlib import Path

from orchestrator.errors import ModelError, UsageError
from orchestrator.kernel.session import Session
from orchestrator.provenance import Status, Version, agree
from orchestrator.systems.prove.projects import find_project
from orchestrator.systems.prove.runs import RUN_ID_LENGTH, Run, find_run, list_runs
from orchestrator.systems.prove.sealing import find_opening
from orchestrator.types import Address, Digest

_NUMBER = re.compile("[1-9][0-9]{0,9}")
USABLE = (Status.DEPLOYABLE, Status.PUBLISHED)


def find_version(session: Session, reference: str, viewer: Address | None = None) -> Version:
    """The published version that `reference` names.

    A project's name (or CREATOR/NAME, see `find_project`) means its newest version that is neither deprecated
    nor revoked; NAME@3 its third, NAME@champion the one that its publishers call so now, whatever the status
    of either. An artifact hash, a run, or a model file means the
    version with these bytes; of several, that in a project that `viewer` owns, else the oldest, unless
    they differ in status, manifest or parents.

    Raises ModelError where nothing is published under that name, ChainError for an unknown project.
    """
    artifact_hash = _artifact_hash(session, reference)
    if artifact_hash:
        return _by_hash(session, artifact_hash, reference, viewer)
    name, at, number = reference.rpartition("@")
    if not at:
        name, number = reference, ""
    project = find_project(session, name, viewer).id
    if not at:
        found = session.registry.newest(project, USABLE)
        hint = f"`diln log {name}` tells their status{_last(session, project)}."
    else:
        found = _numbered(session, project, number)
        hint = f"`diln log {name}` lists its versions, `diln alias list {name}` their names."
    if found is None:
        raise ModelError(f"`{reference}` names no version that can be used", hint)
    return found


def _last(session: Session, project: Digest) -> str:
    """What became of the newest version, where none can be used."""
    last = session.registry.newest(project, tuple(Status))
    if last is None:
        return "; none was published"
    return f"; the last, @{last.number}, is {last.status.word}{f': {last.reason}' if last.reason else ''}"


def _numbered(session: Session, project: Digest, number: str) -> Version | None:
    """The version with this number or alias."""
    if _NUMBER.fullmatch(number):
        return session.registry.numbered(project, int(number))
    try:
        return session.registry.aliased(project, number)
    except UsageError:
        return None


def _artifact_hash(session: Session, reference: str) -> Digest | None:
    digits = reference.removeprefix("sha256:").removeprefix("0x")
    if re.fullmatch("[0-9a-fA-F]{64}", digits):
        return Digest(bytes.fromhex(digits))
    path = Path(reference)
    if path.is_file():
        with path.open("rb") as file:
            digest = Digest(hashlib.file_digest(file, "sha256").digest())
        opening = find_opening(session.settings, path)
        return opening.anchor_of(digest) if opening else digest
    run = _run(session, reference)
    return run.manifest.artifact_hash if run else None


def _run(session: Session, reference: str) -> Run | None:
    """The run that is meant, where a run is: the names of runs are left to the projects of that name."""
    name, _, start = reference.rpartition("/")
    if reference == "latest" or (Path(reference) / "manifest.json").is_file():
        return find_run(session.settings, reference)
    if re.fullmatch(r"[0-9a-f]{4,12}", start) and (name or len(start) == RUN_ID_LENGTH):
        runs = list_runs(session.settings)
        return next((run for run in runs if run.id.startswith(start) and name in ("", run.name)), None)
    return None


def _by_hash(session: Session, artifact_hash: Digest, reference: str, viewer: Address | None) -> Version:
    registry = session.registry
    versions = registry.find_versions(artifact_hash)
    if not versions:
        raise ModelError(
            f"{reference} was never published on this chain: SHA-256 {artifact_hash.hex()}",
            "Publish it with `diln publish`, or look on another --network.",
        )
    if len(versions) == 1:
        return versions[0]
    homes = registry.projects_by_id([each.project_id for each in versions])
    own = [each for each, home in zip(versions, homes, strict=True) if viewer and home.owner == viewer]
    if own or agree(versions):
        return (own or versions)[0]
    ids = ", ".join(f"0x{each.project_id.hex()}@{each.number}" for each in versions[:5])
    raise ModelError(
        f"{len(versions)} projects have published the bytes of {reference}, and say different things of them",
        f"Say which version is meant: {ids}{' or others' if len(versions) > 5 else ''}.",
    )
