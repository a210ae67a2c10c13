"""Hidden test sets of the policy Learning: a supplier promises them by digest, and releases one a round."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from orchestrator.bindings.federation import Federation, Policy
from orchestrator.errors import AccountError, DataError, StorageError
from orchestrator.kernel.session import Session
from orchestrator.systems.federation.finding import cid_of, descriptor_of, secret_folder, store
from orchestrator.systems.federation.rows import Rows, read_csv, read_test_rows
from orchestrator.types import Digest

LONGEST = 1 << 20
"""Of a test set, in bytes: one block, so that its SHA-256 is in its CID."""

_FILES = "tests"


def has_tests(federation: Federation) -> bool:
    """Whether the best model of each round wins, as a hidden test set says."""
    return federation.terms.policy is Policy.LEARNING


def digest_of(file: Path) -> str:
    """The SHA-256 of a test set, by which it is promised. Raises DataError."""
    return hashlib.sha256(_read(file)).hexdigest()


def keep_tests(session: Session, federation: Federation, files: Sequence[Path]) -> None:
    """Remember where the supplier's test sets are, round by round."""
    named = {str(number): str(file.resolve()) for number, file in enumerate(files, 1)}
    secret_folder(session, federation.address).write(_FILES, named)


def promised(session: Session, federation: Federation) -> Digest | None:
    """The SHA-256 of the present round's test set; None where none is left.

    Raises StorageError, DataError where nobody provides the descriptor.
    """
    digests, number = descriptor_of(session, federation).tests, federation.state().round
    return Digest(bytes.fromhex(digests[number - 1])) if 0 < number <= len(digests) else None


def is_released(session: Session, federation: Federation) -> bool:
    """Whether the present round's test set is at hand: not where nobody says which it is."""
    try:
        digest = promised(session, federation)
    except (DataError, StorageError):
        return False
    return digest is not None and session.storage.has(cid_of(digest))


def release(session: Session, federation: Federation) -> bool:
    """Give the present round's test set to everybody; False if that was done, or none is left.

    Raises AccountError where this folder does not know its file, DataError for another file than promised.
    """
    digest = promised(session, federation)
    if digest is None or session.storage.has(cid_of(digest)):
        return False
    found = secret_folder(session, federation.address).read(_FILES) or {}
    file = found.get(str(federation.state().round))
    if file is None:
        raise AccountError(
            "this folder does not know the test set of this round",
            "Run `diln federation step` where the federation was created: without it, all models are paid "
            "alike.",
        )
    content = _read(Path(file))
    if hashlib.sha256(content).digest() != digest:
        raise DataError(f"{file} is not the test set that was promised", "Put the file back as it was.")
    store(session, content)
    return True


def test_rows(session: Session, federation: Federation) -> Rows | None:
    """The present round's test set; None where it is not available, or is not what the descriptor says."""
    try:
        digest = promised(session, federation)
        if digest is None:
            return None
        content = session.storage.read(cid_of(digest), limit=LONGEST)
        return read_test_rows(session, federation, content)
    except (DataError, StorageError):
        return None


def _read(file: Path) -> bytes:
    content = read_csv(file)
    if len(content) > LONGEST:
        raise DataError(f"{file} has more than {LONGEST:,} bytes", "Take fewer rows.")
    return content
