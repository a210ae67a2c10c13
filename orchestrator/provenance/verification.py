"""Verify a model file, a CID or a prediction's proof against the chain, and say what that proves.

    verify(subject, registry, storage=…) → Verification

Nothing is believed that was not recomputed here or read from the chain: the file is hashed (once), its
anchor looked up by that hash, the manifest compared with the anchored digest, and so on; each step is a check
with an outcome and one sentence. The lists `proven` and `not_proven` say in plain words what follows from
them, and what does not.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import VerificationFailed
from orchestrator.provenance.findings import NameOf, Sources, Verification
from orchestrator.provenance.modelchecks import verify_cid, verify_file
from orchestrator.provenance.proofchecks import is_proof, verify_prediction
from orchestrator.types import Report

if TYPE_CHECKING:
    from orchestrator.provenance.openings import Opening
    from orchestrator.provenance.reading import RegistryReader
    from orchestrator.storage import Storage
    from orchestrator.types import Digest


def verify(
    subject: str | Path,
    registry: "RegistryReader",
    *,
    storage: "Storage | None" = None,
    project: "Digest | None" = None,
    manifest: Path | None = None,
    signatures: Path | None = None,
    opening: "Opening | None" = None,
    name_of: NameOf = str,
    progress: Report | None = None,
) -> Verification:
    """Verify the model file, CID or inclusion proof that `subject` names.

    `project` says which project's version or prediction is meant. Without it, where several published the
    same bytes, it is the one that was first, and a check fails unless all say the same of them (status,
    manifest and parents) and none has revoked them.

    The manifest and the signatures are taken from the given files, else from `manifest.json` and
    `signatures.json` beside the model, and the manifest else from `storage`. `name_of` may put names to
    addresses. A private model is found by its `opening`, else by `opening.json` beside it; what that tells is
    compared with the manifest. A file is read once, in constant memory.

    A check that comes out false is part of the answer, not an exception (see `Verification.require`). Raises
    StorageError if the content of a CID or a given file cannot be read, VerificationFailed for a proof that
    is malformed, and ChainError if the chain cannot be reached.
    """
    path = Path(subject)
    if path.is_file() and is_proof(path):
        return verify_prediction(path, registry, name_of, project)
    sources = Sources(registry, storage, project, manifest, signatures, name_of, opening)
    if path.exists():
        return verify_file(path, sources, progress)
    if storage is None:
        raise VerificationFailed(f"{subject} does not exist", "Give a model file, a CID or a proof.")
    return verify_cid(str(subject), storage, sources)
