"""What a verification found: checks with their outcomes, and what they amount to in plain words."""

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
    from orchestrator.provenance.openings import Opening
    from orchestrator.provenance.reading import RegistryReader
    from orchestrator.provenance.records import Anchor, Version
    from orchestrator.storage import Storage
    from orchestrator.types import Digest

NameOf = Callable[[Address], str]


class Outcome(StrEnum):
    """How a check came out: NOT_CHECKED could not be made, NOT_NEEDED has nothing that could be wrong."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not checked"
    NOT_NEEDED = "not needed"


@dataclass(frozen=True)
class Check:
    """One step: its short `name`, how it came out, and a sentence that says so with the values."""

    name: str
    outcome: Outcome
    sentence: str


@dataclass(frozen=True)
class Verification:
    """All checks of one subject, and what they amount to.

    `version`, `anchor` and `manifest` are what was found on the way; None where nothing was. Of a
    prediction's `proof` the anchor is that of its batch, and `publication` that of the version.
    """

    subject: str
    checks: tuple[Check, ...]
    proven: tuple[str, ...]
    not_proven: tuple[str, ...]
    version: "Version | None" = None
    anchor: "Anchor | None" = None
    manifest: "Manifest | None" = None
    proof: "InclusionProof | None" = None
    publication: "Anchor | None" = None

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not self.failures

    @property
    def whole(self) -> bool:
        """Whether nothing failed, and every check could be made."""
        return self.ok and not any(check.outcome is Outcome.NOT_CHECKED for check in self.checks)

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
            "whole": self.whole,
            "checks": [
                {"name": each.name, "outcome": str(each.outcome), "sentence": each.sentence}
                for each in self.checks
            ],
            "proven": list(self.proven),
            "not_proven": list(self.not_proven),
            "version": self.version.to_json() if self.version else None,
            "anchor": self.anchor.to_json() if self.anchor else None,
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
    opening: "Opening | None" = None


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

    def not_needed(self, name: str, sentence: str) -> None:
        self.checks.append(Check(name, Outcome.NOT_NEEDED, sentence))

    def check(self, name: str, holds: bool, good: str, bad: str) -> bool:
        (self.passed if holds else self.failed)(name, good if holds else bad)
        return holds

    def done(self, **found: Any) -> Verification:
        return Verification(
            self.subject, tuple(self.checks), tuple(self.proven), tuple(self.not_proven), **found
        )
