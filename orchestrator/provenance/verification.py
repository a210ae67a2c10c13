"""Verify a model file, a CID or a prediction's proof against the chain, and say what that proves.

    verify(subject, registry, storage=…) → Verification

Nothing is believed that was not recomputed here or read from the chain: the file is hashed (once), its
anchor looked up by that hash, the manifest compared with the anchored digest, and so on; each step is a check
with an outcome and one sentence. The lists `proven` and `not_proven` say in plain words what follows from
them, and what does not.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.errors import VerificationFailed
from orchestrator.types import Address

if TYPE_CHECKING:
    from orchestrator.provenance.inclusion import InclusionProof
    from orchestrator.provenance.manifest import Manifest
    from orchestrator.provenance.reading import RegistryReader
    from orchestrator.provenance.records import Anchor, Version
    from orchestrator.storage import Storage
    from orchestrator.types import Digest

Progress = Callable[[int, int], None]
NameOf = Callable[[Address], str]


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class Check:
    """One step: its short `name`, how it came out, and a sentence that says so with the values."""

    name: str
    outcome: Outcome
    sentence: str


@dataclass(frozen=True)
class Verification:
    """All checks of one subject, and what they amount to.

    `version`, `anchor` and `manifest` are what was found on the way; None where nothing was.
    """

    subject: str
    checks: tuple[Check, ...]
    proven: tuple[str, ...]
    not_proven: tuple[str, ...]
    version: "Version | None" = None
    anchor: "Anchor | None" = None
    manifest: "Manifest | None" = None
    proof: "InclusionProof | None" = None

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not self.failures

    @property
    def failures(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.outcome is Outcome.FAILED)

    def require(self) -> "Verification":
        """Return this, or raise VerificationFailed with the sentences of all that failed."""
        if self.ok:
            return self
        reasons = " ".join(check.sentence for check in self.failures)
        raise VerificationFailed(f"{self.subject} fails verification: {reasons}", "Do not use it.")

    def to_json(self) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "ok": self.ok,
            "checks": [
                {"name": each.name, "outcome": str(each.outcome), "sentence": each.sentence}
                for each in self.checks
            ],
            "proven": list(self.proven),
            "notProven": list(self.not_proven),
        }


@dataclass(frozen=True)
class Sources:
    """Where the checks look things up; see `verify` for what each is."""

    registry: "RegistryReader"
    storage: "Storage | None" = None
    project: "Digest | None" = None
    manifest: Path | None = None
    signatures: Path | None = None
    name_of: NameOf = str


@dataclass
class Findings:
    """A verification in the making."""

    subject: str
    checks: list[Check] = field(default_factory=list)
    proven: list[str] = field(default_factory=list)
    not_proven: list[str] = field(default_factory=list)

    def passed(self, name: str, sentence: str) -> None:
        self.checks.append(Check(name, Outcome.PASSED, sentence))

    def failed(self, name: str, sentence: str) -> None:
        self.checks.append(Check(name, Outcome.FAILED, sentence))

    def skipped(self, name: str, sentence: str) -> None:
        self.checks.append(Check(name, Outcome.NOT_CHECKED, sentence))

    def check(self, name: str, holds: bool, good: str, bad: str) -> bool:
        (self.passed if holds else self.failed)(name, good if holds else bad)
        return holds

    def done(self, **found: Any) -> Verification:
        return Verification(
            self.subject, tuple(self.checks), tuple(self.proven), tuple(self.not_proven), **found
        )


def verify(
    subject: str | Path,
    registry: "RegistryReader",
    *,
    storage: "Storage | None" = None,
    project: "Digest | None" = None,
    manifest: Path | None = None,
    signatures: Path | None = None,
    name_of: NameOf = str,
    progress: Progress | None = None,
) -> Verification:
    """Verify the model file, CID or inclusion proof that `subject` names.

    `project` says which project's version is meant, where several published the same bytes; otherwise it is
    the one that was first. The manifest and the signatures are taken from the given files, else from
    `manifest.json` and `signatures.json` beside the model, and the manifest else from `storage`. `name_of`
    may put names to addresses. A file is read once, in constant memory.

    A check that comes out false is part of the answer, not an exception (see `Verification.require`). Raises
    StorageError if the content of a CID or a given file cannot be read, VerificationFailed for a proof that
    is malformed, and ChainError if the chain cannot be reached.
    """
    from orchestrator.provenance.modelchecks import verify_cid, verify_file
    from orchestrator.provenance.proofchecks import is_proof, verify_prediction

    path = Path(subject)
    if path.is_file() and is_proof(path):
        return verify_prediction(path, registry, name_of)
    sources = Sources(registry, storage, project, manifest, signatures, name_of)
    if path.exists():
        return verify_file(path, sources, progress)
    if storage is None:
        raise VerificationFailed(f"{subject} does not exist", "Give a model file, a CID or a proof.")
    return verify_cid(str(subject), storage, sources)
