"""What a user demands of a model beyond that it is proven: by whom it is signed, how far trusted, how old."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from orchestrator.bindings.registry import Status
from orchestrator.provenance.findings import Check, NameOf, Outcome, Verification
from orchestrator.provenance.wording import count, moment
from orchestrator.types import Address, Seconds


@dataclass(frozen=True)
class Known:
    """What a policy asks about; `signers` is None where only their number, `approvals`, is known."""

    signers: tuple[Address, ...] | None = ()
    approvals: int = 0
    status: Status = Status.NONE
    published_at: Seconds | None = None

    @classmethod
    def of(cls, found: Verification) -> Self:
        version, anchor = found.version, found.publication if found.proof else found.anchor
        if version is None or anchor is None:
            return cls()
        return cls(anchor.signers, len(anchor.signers), version.status, anchor.time)


@dataclass(frozen=True)
class Policy:
    """`signed_by` must all have signed; `status` is the least; `max_age` is in seconds since publication."""

    signed_by: tuple[Address, ...] = ()
    min_signatures: int = 0
    status: Status = Status.NONE
    max_age: int | None = None

    def apply(
        self, found: Verification, now: Seconds, name_of: NameOf = str, known: Known | None = None
    ) -> Verification:
        """`found`, with a check for everything that is demanded; `now` is the time to reckon from.

        `known` says what is known of the version where it is not `found` that does.
        """
        checks = self._checks(known or Known.of(found), now, name_of)
        return replace(found, checks=(*found.checks, *checks))

    def _checks(self, known: Known, now: Seconds, name_of: NameOf) -> Iterator[Check]:
        yield from (_signed(known, who, name_of(who)) for who in self.signed_by)
        if self.min_signatures:
            said = f"{count(known.approvals, 'signature')} of at least {self.min_signatures}"
            enough = known.approvals >= self.min_signatures
            yield _check("enough signatures", enough, f"There are {said}", f"There are only {said}")
        if self.status is not Status.NONE:
            said = f"It is {known.status.word}, where {self.status.word} is demanded"
            yield _check("demanded status", known.status >= self.status, said, said)
        if self.max_age is not None:
            at = known.published_at
            young = at is not None and now - at <= self.max_age
            when = "not published" if at is None else f"published {moment(at)}"
            yield _check("age", young, f"It was {when}: recently enough", f"It was {when}: too long ago")


def _signed(known: Known, who: Address, name: str) -> Check:
    if known.signers is None:
        return Check("signed by", Outcome.NOT_CHECKED, f"Whether {name} signed is not told here.")
    return _check("signed by", who in known.signers, f"{name} signed", f"{name} did not sign")


def _check(name: str, holds: bool, good: str, bad: str) -> Check:
    return Check(name, Outcome.PASSED if holds else Outcome.FAILED, f"{good if holds else bad}.")
