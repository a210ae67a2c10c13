"""What people call a published version: NAME, NAME@NUMBER, an artifact hash, a run or a file."""

import hashlib
import re
from pathlib import Path

from orchestrator.errors import ModelError
from orchestrator.pipeline.projects import find_project
from orchestrator.pipeline.runs import RUN_ID_LENGTH, Run, find_run, list_runs
from orchestrator.pipeline.workspace import Workspace
from orchestrator.provenance import Status, Version
from orchestrator.types import Address, Digest

USABLE = (Status.DEPLOYABLE, Status.PUBLISHED)


def find_version(workspace: Workspace, reference: str, viewer: Address | None = None) -> Version:
    """The published version that `reference` names.

    A project's name (or CREATOR/NAME, see `find_project`) means its newest version that is neither deprecated
    nor revoked; NAME@3 its third, whatever its status. An artifact hash, a run, or a model file means the
    version with these bytes; of several, the oldest, unless `viewer` has published one.

    Raises ModelError where nothing is published under that name, ChainError for an unknown project.
    """
    artifact_hash = _artifact_hash(workspace, reference)
    if artifact_hash:
        return _by_hash(workspace, artifact_hash, reference, viewer)
    name, _, number = reference.partition("@")
    versions = workspace.registry.versions(find_project(workspace, name, viewer).id)
    if number:
        found = [version for version in versions if str(version.number) == number]
        hint = f"`diln log {name}` lists its versions."
    else:
        found = [version for version in versions if version.status in USABLE]
        hint = f"`diln log {name}` tells their status."
    if not found:
        raise ModelError(f"`{reference}` names no version that can be used", hint)
    return found[-1]


def _artifact_hash(workspace: Workspace, reference: str) -> Digest | None:
    digits = reference.removeprefix("sha256:").removeprefix("0x")
    if re.fullmatch("[0-9a-fA-F]{64}", digits):
        return Digest(bytes.fromhex(digits))
    path = Path(reference)
    if path.is_file():
        with path.open("rb") as file:
            return Digest(hashlib.file_digest(file, "sha256").digest())
    run = _run(workspace, reference)
    return run.manifest.artifact_hash if run else None


def _run(workspace: Workspace, reference: str) -> Run | None:
    """The run that is meant, where a run is: the names of runs are left to the projects of that name."""
    name, _, start = reference.rpartition("/")
    if reference == "latest" or (Path(reference) / "manifest.json").is_file():
        return find_run(workspace.settings, reference)
    if re.fullmatch(r"[0-9a-f]{4,12}", start) and (name or len(start) == RUN_ID_LENGTH):
        runs = list_runs(workspace.settings)
        return next((run for run in runs if run.id.startswith(start) and name in ("", run.name)), None)
    return None


def _by_hash(workspace: Workspace, artifact_hash: Digest, reference: str, viewer: Address | None) -> Version:
    versions = workspace.registry.find_versions(artifact_hash)
    if not versions:
        raise ModelError(
            f"{reference} was never published on this chain: SHA-256 {artifact_hash.hex()}",
            "Publish it with `diln publish`, or look on another --network.",
        )
    own = (each for each in versions if viewer and workspace.registry.is_publisher(each.project_id, viewer))
    return next(own, versions[0])
