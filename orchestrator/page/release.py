"""The page's release: `page.json` names each file with its SHA-256, and is published like a model.

`page.json` itself is a version of the project `diln-page` in the registry, signed as that project demands. So
whoever has the page from anywhere can tell whether it is the one that was published.
"""

import hashlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orchestrator.errors import IntegrityError
from orchestrator.kernel.session import Session
from orchestrator.page.app import STATIC
from orchestrator.provenance.findings import Findings, Verification
from orchestrator.types import Digest

LIST = "page.json"
PROJECT = "diln-page"
LARGEST = 16 << 20
"""In bytes: what a page may have in all."""


def check(session: Session, cid: str, static: Path = STATIC) -> Verification:
    """Compare the page with this CID with its list, with this package's, and with the registry.

    Raises StorageError where its blocks cannot be fetched, and IntegrityError for what is not a page.
    """
    findings = Findings(f"the page {cid}")
    with tempfile.TemporaryDirectory() as name:
        folder = session.storage.get(cid, Path(name) / "page", limit=LARGEST)
        content = _list(folder)
        wrong = sorted(_differences(folder, _named(content)))
    findings.check(
        "files",
        not wrong,
        f"All {len(_named(content))} files are those that its {LIST} names.",
        f"Not as its {LIST} says: {', '.join(wrong[:5])}.",
    )
    own = (static / LIST).read_bytes()
    findings.check(
        "package",
        own == content,
        "It is the page that this version of DILN ships.",
        "It is another page than the one that this version of DILN ships.",
    )
    _published(session, findings, content)
    findings.not_proven.append(f"That the project is the one you trust: anybody may name one `{PROJECT}`.")
    return findings.done()


def _published(session: Session, findings: Findings, content: bytes) -> None:
    digest = Digest(hashlib.sha256(content).digest())
    versions = session.registry.find_versions(digest)
    homes = session.registry.projects_by_id([each.project_id for each in versions])
    found = [(version, home) for version, home in zip(versions, homes, strict=True) if home.name == PROJECT]
    if not found:
        findings.failed("published", f"Its {LIST} (SHA-256 {digest.hex()}) is not a version of `{PROJECT}`.")
        return
    version, home = found[0]
    findings.check(
        "published",
        version.status.name != "REVOKED",
        f"It is version {version.number} of `{PROJECT}`, whose owner is {session.full_name_of(home.owner)}; "
        f"{version.approvals} signed it.",
        f"Version {version.number} of `{PROJECT}` was revoked: {version.reason}.",
    )


def _list(folder: Path) -> bytes:
    try:
        return (folder / LIST).read_bytes()
    except OSError as error:
        raise IntegrityError(f"this CID holds no {LIST}", "Give the CID of a page, a folder.") from error


def _named(content: bytes) -> dict[str, str]:
    """The files that a list names. Raises IntegrityError for what is not such a list."""
    try:
        files: dict[str, Any] = json.loads(content)["files"]
        return {str(name): str(digest) for name, digest in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise IntegrityError(f"its {LIST} cannot be read", "It is not a page of DILN.") from error


def _differences(folder: Path, named: dict[str, str]) -> Iterator[str]:
    """The files that are missing, changed, or in no list."""
    there = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path != folder / LIST
    }
    yield from (name for name in there.keys() | named.keys() if there.get(name) != named.get(name))


__all__ = ["LIST", "PROJECT", "check"]
