"""A model that was made elsewhere becomes a run: its bytes and what is known of it, ready to be signed.

The bytes are never loaded, whatever framework they are of. What nobody told, the manifest leaves open.
"""

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from orchestrator.errors import DataError, DilnError, StorageError, UsageError
from orchestrator.kernel.session import Session
from orchestrator.provenance import (
    Artifact,
    Attestation,
    Condition,
    DataFile,
    DataRecord,
    Environment,
    Evaluation,
    Feature,
    Gate,
    GitState,
    History,
    Interface,
    Layer,
    Manifest,
    Parent,
    TrainingRecord,
    describe,
)
from orchestrator.provenance.formats import recognize
from orchestrator.storage import DEFAULT_PROFILE, PutResult, digest_file
from orchestrator.systems.prove.about import About
from orchestrator.systems.prove.runs import RUN_ID_LENGTH, Run, scratch
from orchestrator.systems.prove.sealing import check_private, keep, recipients_file
from orchestrator.types import Report

Clock = Callable[[], datetime]

_CLONE = 0x40049409  # Linux: FICLONE, the ioctl behind `cp --reflink`
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


@dataclass(frozen=True)
class Extra:
    """What a script or a signature tells of a model beside what people write in `About`."""

    data: tuple[DataRecord, ...] = ()
    git: GitState | None = None
    history: History | None = None
    attestations: tuple[Attestation, ...] = ()


def is_model(reference: str) -> bool:
    """Whether `reference` is a model's file or folder, and no run's folder."""
    path = Path(reference)
    return path.is_file() or (path.is_dir() and not (path / "manifest.json").is_file())


def describe_model(
    session: Session,
    path: Path,
    known: About,
    *,
    extra: Extra | None = None,
    encrypt_to: tuple[str, ...] = (),
    publish_metrics: bool = False,
    progress: Report | None = None,
    clock: Clock = lambda: datetime.now(UTC),
) -> Run:
    """Make a run of the model file or folder at `path`; one that says the same is used again.

    The model is copied into the run, so that what is signed stays as it is. With `encrypt_to` (age
    public keys) it is private as `train` says, and its project must be named, since that name is public.
    Raises UsageError, DataError, ManifestError, StorageError.
    """
    check_private(encrypt_to, publish_metrics)
    if encrypt_to and path.is_dir():
        raise UsageError("a folder cannot be encrypted", "Pack it into one file first.")
    if encrypt_to and known.project is None:
        raise UsageError(
            "the name of a private model's file is not published, and that of its project is",
            "Choose one that tells nothing: --name NAME.",
        )
    settings = session.settings
    project = _project(known.project, path)
    home = settings.models_dir / project
    with scratch(home) as folder:
        draft = Run(folder)
        suffix = path.suffix if path.is_file() else ""
        model = draft.folder / f"model{'' if suffix == draft.encrypted.suffix else suffix}"
        bring(path, model)
        stored = digest_file(model, progress=progress)
        kind = f"{recognize(model).name}{'+age' if encrypt_to else ''}"
        manifest = _manifest(session, path, known, extra or Extra(), project, stored, kind, clock())
        same = _same(home, manifest, encrypt_to, publish_metrics)
        return same or keep(draft, manifest, encrypt_to, publish_metrics=publish_metrics)


def _project(told: str | None, path: Path) -> str:
    """The project's name, which is also a folder's: what was told, else made of the file's name."""
    if told is None:
        start = path.resolve().name.partition(".")[0]
        return re.sub(r"[^A-Za-z0-9._-]+", "-", start).strip("._-")[:64] or "model"
    if not _NAME.fullmatch(told):
        raise UsageError(
            f"{told!r} cannot be a project's name",
            "Use up to 64 letters, digits, dots, dashes and underscores.",
        )
    return told


def _check_links(folder: Path) -> None:
    """Nothing outside the folder may be copied, and published, with it. Raises UsageError."""
    home = folder.resolve()
    for each in folder.rglob("*"):
        if each.is_symlink() and not each.resolve().is_relative_to(home):
            raise UsageError(
                f"{each} is a link that leads out of the folder",
                "If all of it is meant to be published, copy the folder with `cp -rL` first.",
            )


def bring(source: Path, dest: Path) -> None:
    """Copy a model's file or folder, so that who writes `source` again does not change `dest`.

    Where the file system can, the blocks are shared until one of the two changes. Raises StorageError.
    """
    try:
        if source.is_dir():
            _check_links(source)
            shutil.copytree(source, dest, copy_function=_copy)
        else:
            _copy(source, dest)
    except (OSError, shutil.Error) as error:
        raise StorageError(
            f"{source} cannot be read: {error}", "Check the path and its permissions."
        ) from error


def _copy(source: Path | str, dest: Path | str) -> None:
    with open(source, "rb") as read, open(dest, "xb") as written:
        try:
            import fcntl

            fcntl.ioctl(written.fileno(), _CLONE, read.fileno())
        except (ImportError, OSError):  # another system, or a file system that cannot
            shutil.copyfileobj(read, written, 1 << 20)


def _manifest(
    session: Session,
    path: Path,
    known: About,
    extra: Extra,
    project: str,
    stored: PutResult,
    kind: str,
    created: datetime,
) -> Manifest:
    return describe(
        name=path.resolve().name,
        sha256=stored.sha256,
        cid=stored.cid,
        artifact=Artifact(size=stored.size, profile=DEFAULT_PROFILE, format=kind),
        project=project,
        data=[*map(_data, known.data), *extra.data],
        training=TrainingRecord(
            algorithm=known.algorithm,
            steps=tuple(known.steps),
            hyperparameters=known.hyperparameters,
            search=None,
            features=tuple(_feature(each) for each in known.features),
            reading=None,
            target=known.target,
            task=known.task,
            split=None,
            seed=None,
        ),
        environment=Environment(python=known.python, libraries=known.libraries, git=extra.git),
        evaluation=Evaluation(metrics=known.metrics, gate=_gate(known)),
        history=extra.history,
        interface=_interface(known),
        attestations=extra.attestations,
        parents=tuple(_parent(session, each) for each in known.parents),
        licence=known.licence,
        created=created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def _feature(content: Mapping[str, Any]) -> Feature:
    try:
        return Feature.model_validate({"type": "numeric", "optional": False, **content})
    except ValidationError as error:
        raise UsageError(
            f"{dict(content)} is not a feature", "Give `name`, and `type` and `optional` where they matter."
        ) from error


def _interface(known: About) -> Interface | None:
    if not (known.classes or known.layers):
        return None
    return Interface(classes=tuple(known.classes), layers=tuple(map(_layer, known.layers)))


def _layer(content: Mapping[str, Any]) -> Layer:
    try:
        return Layer.model_validate({"bias": None, "activation": "identity", **content})
    except ValidationError as error:
        raise UsageError(
            f"{dict(content)} is not a layer", "Give `weight`, and `bias` and `activation` where it has them."
        ) from error


def _data(given: str) -> DataRecord:
    digest = _digest(given)
    if digest:
        return _record("given by its digest", digest, None, ())
    path = Path(given)
    if not path.exists():
        raise DataError(
            f"{given} does not exist", "Give a file, a folder, or sha256:… of data that stay away."
        )
    found = digest_file(path)
    files = (DataFile(name=path.name, sha256=found.digest.hex(), size=found.size),)
    return _record(path.name, found.digest.hex(), found.cid, files)


def _record(source: str, sha256: str, cid: str | None, files: tuple[DataFile, ...]) -> DataRecord:
    return DataRecord(
        source=source,
        sha256=sha256,
        cid=cid,
        files=files,
        rows=None,
        columns={},
        cleaning={},
        collected=None,
    )


def _gate(known: About) -> Gate | None:
    conditions = []
    for metric, bound in known.gate.items():
        value = known.metrics.get(metric)
        if bound.minimum is not None:
            conditions.append(_condition(metric, ">=", bound.minimum, value))
        if bound.maximum is not None:
            conditions.append(_condition(metric, "<=", bound.maximum, value))
    if not conditions:
        return None
    return Gate(passed=all(each.passed for each in conditions), conditions=tuple(conditions))


def _condition(
    metric: str, relation: Literal[">=", "<="], threshold: float, value: float | None
) -> Condition:
    passed = value is not None and (value >= threshold if relation == ">=" else value <= threshold)
    return Condition(metric=metric, relation=relation, threshold=threshold, value=value, passed=passed)


def _parent(session: Session, reference: str) -> Parent:
    from orchestrator.systems.prove.references import find_version

    if _digest(reference):
        return Parent(artifact=str(_digest(reference)), manifest=None)
    version = find_version(session, reference, session.viewer)
    return Parent(artifact=version.artifact_hash.hex(), manifest=version.manifest_digest.hex())


def _digest(text: str) -> str | None:
    digits = text.removeprefix("sha256:").removeprefix("0x").lower()
    return digits if len(digits) == 64 and not set(digits) - set("0123456789abcdef") else None


def _same(folder: Path, manifest: Manifest, encrypt_to: tuple[str, ...], metrics: bool) -> Run | None:
    """The run that says the same of the same bytes, at another time, to the same readers."""
    wanted = recipients_file(encrypt_to), metrics and bool(manifest.predicate.evaluation.metrics)
    for run in (Run(each) for each in folder.glob("[0-9a-f]" * RUN_ID_LENGTH)):
        try:
            public, other = run.manifest, run.described
            readers = run.recipients.read_text(encoding="utf-8") if public.private else ""
        except (DilnError, OSError):
            continue
        told = public.private and bool(public.predicate.evaluation.metrics)
        # A private model's file lies elsewhere, and only what is public of it withholds anything.
        subject = (other.subject[0].model_copy(update={"uri": manifest.subject[0].uri}),)
        update: dict[str, Any] = {"created": manifest.predicate.created, "withheld": {}}
        predicate = other.predicate.model_copy(update=update)
        whole = other.model_copy(update={"subject": subject, "predicate": predicate})
        if (readers, told) == wanted and whole == manifest:
            return run
    return None
