"""Runs: a model, trained here or made elsewhere, one folder each under the state folder's `models/`."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.config import Settings
from orchestrator.errors import DilnError, ModelError, VerificationFailed
from orchestrator.provenance import Manifest
from orchestrator.provenance.openings import OPENING, Opening
from orchestrator.provenance.untold import FIELDS

RUN_ID_LENGTH = 12


@dataclass(frozen=True)
class Run:
    """One model's folder: the model, its manifest, the signatures collected so far, and the report."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.parent.name

    @property
    def id(self) -> str:
        """The first digits of the manifest's digest."""
        return self.folder.name

    @property
    def model(self) -> Path:
        """The model's file or folder: `model` and the suffix of its format."""
        found = (path for path in sorted(self.folder.glob("model*")) if path.suffix != ".age")
        return next(found, self.folder / "model.skops")

    @property
    def encrypted(self) -> Path:
        """The model for the eyes of its recipients; only a private model has this file."""
        return self.folder / "model.age"

    @property
    def manifest_file(self) -> Path:
        return self.folder / "manifest.json"

    @property
    def opening(self) -> Path:
        """What the manifest of a private model withholds; it is published only within the encrypted file."""
        return self.folder / OPENING

    @property
    def recipients(self) -> Path:
        """For whom a private model was encrypted, one public key a line; it stays on this machine."""
        return self.folder / "recipients.txt"

    @property
    def signatures(self) -> Path:
        return self.folder / "signatures.json"

    @property
    def report(self) -> Path:
        return self.folder / "report"

    @property
    def manifest(self) -> Manifest:
        """Parsed and checked at each call. Raises ManifestError where somebody changed it."""
        return Manifest.parse(self.manifest_file.read_bytes())

    @property
    def described(self) -> Manifest:
        """The manifest, of a private model with all that it withholds.

        Also raises StorageError where its opening is gone, VerificationFailed for another's or a part of it.
        """
        manifest = self.manifest
        if not manifest.private:
            return manifest
        opening = Opening.read(self.opening)
        missing = sorted(set(FIELDS) - opening.disclosed.keys())
        if missing:
            raise VerificationFailed(
                f"{self.opening} does not tell all of this private model: not {', '.join(missing)}",
                "Import it again from whoever made it: nobody can sign what they are not told.",
            )
        return opening.fill(manifest)


@contextmanager
def scratch(home: Path) -> Iterator[Path]:
    """A folder in `home` for what is in the making, gone afterwards unless it was renamed."""
    home.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".new-", dir=home))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def list_runs(settings: Settings) -> list[Run]:
    """All finished runs, oldest first."""
    folders = settings.models_dir.glob(f"*/{'[0-9a-f]' * RUN_ID_LENGTH}")
    return [Run(folder) for folder in sorted(folders, key=lambda folder: folder.stat().st_mtime_ns)]


def tell(run: Run) -> dict[str, Any]:
    """What a list of runs says of one; of a run whose manifest cannot be read only that."""
    try:
        predicate = run.described.predicate
    except (DilnError, OSError) as error:
        return {"run": f"{run.name}/{run.id}", "problem": str(error)}
    gate = predicate.evaluation.gate
    return {
        "run": f"{run.name}/{run.id}",
        "created": predicate.created,
        "algorithm": predicate.training.algorithm,
        "gate": None if gate is None else "passed" if gate.holds else "failed",
        "metrics": metrics_of(run),
    }


def metrics_of(run: Run) -> dict[str, float]:
    """The figures on held-out rows, whoever wrote the manifest: by name, those that are numbers."""
    metrics = run.described.predicate.evaluation.metrics
    values = metrics.get("values", metrics)
    figures = values.items() if isinstance(values, Mapping) else ()
    return {
        str(name): float(value)
        for name, value in figures
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def equal_run(settings: Settings, run: Run) -> Run | None:
    """The newest other run of this name whose model is the same, byte for byte; None if there is none."""
    wanted = run.described.artifact_hash
    for other in reversed(list_runs(settings)):
        try:
            if (other.name, other.described.artifact_hash) == (run.name, wanted) and other.id != run.id:
                return other
        except (DilnError, OSError):  # a damaged one is nobody's equal
            continue
    return None


def delete_run(run: Run) -> None:
    """Remove a run for good; what was published of it stays published. Raises OSError."""
    gone = run.folder.with_name(f".gone-{run.id}")
    run.folder.rename(gone)  # at once no run any more, however long removing takes
    shutil.rmtree(gone)


_FILE = "`diln describe FILE` makes a run of a model's file, `diln import FILE` of another person's bundle."
_FIRST = f"Run `diln init` and `diln train` first. {_FILE}"


def find_run(settings: Settings, reference: str = "latest") -> Run:
    """The run that `reference` names.

    That is `latest`, a model's name (its latest run), an id or NAME/ID (of both, the start of the id is
    enough), or a run's folder. Raises ModelError where there is none, or several ids begin so.
    """
    if (Path(reference) / "manifest.json").is_file():
        return Run(Path(reference).resolve())
    runs = list_runs(settings)
    if reference == "latest":
        if not runs:
            raise ModelError("nothing has been trained here", _FIRST)
        return runs[-1]
    named = [run for run in runs if run.name == reference]
    if named:
        return named[-1]
    name, _, start = reference.rpartition("/")
    found = [run for run in runs if run.id.startswith(start) and name in ("", run.name)]
    if len(found) != 1:
        if not found and Path(reference).exists():
            raise ModelError(f"`{reference}` is not a run", _FILE)
        what = "several runs begin with" if found else "there is no run or file"
        known = ", ".join(f"{run.name}/{run.id}" for run in runs[-5:])
        raise ModelError(f"{what} `{reference}`", f"The latest runs are {known}." if runs else _FIRST)
    return found[0]


def own_run(settings: Settings, reference: str) -> Run | None:
    """The run of this name; None where there is none, but perhaps a version."""
    if "@" in reference:
        return None
    try:
        return find_run(settings, reference)
    except DilnError:
        return None
