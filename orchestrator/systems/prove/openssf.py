"""Signatures as OpenSSF Model Signing makes them, beside the registry's: written for others, and read."""

import os
from dataclasses import replace
from pathlib import Path

from orchestrator.errors import StorageError, UsageError
from orchestrator.kernel.session import Session
from orchestrator.provenance.modelsigning import sign_model, verify_model
from orchestrator.systems.prove.describing import Extra
from orchestrator.systems.prove.fetching import manifest_of, model_file
from orchestrator.systems.prove.references import find_version
from orchestrator.systems.prove.runs import Run, own_run
from orchestrator.systems.prove.signing import check_run

PASSWORD = "DILN_SIGNING_PASSWORD"  # noqa: S105  the variable's name


def write_signature(session: Session, reference: str | Run, dest: Path, key: Path | None) -> Path:
    """Sign the model of a run, or what `reference` names, with the private key in `key`, into `dest`.

    Raises UsageError for a key that cannot be used or a file in the model's own folder, IntegrityError where
    the model is not what its manifest describes, ModelError, StorageError.
    """
    if key is None:
        raise UsageError("a signature needs a key", "Give a private key in PEM: --signing-key KEY.pem.")
    model, name = _model(session, reference)
    bundle = sign_model(model, key, name=name, password=os.environ.get(PASSWORD))
    try:
        dest.write_bytes(bundle)
    except OSError as error:
        raise StorageError(f"{dest} cannot be written: {error.strerror}", "Choose another file.") from error
    return dest


def with_signatures(extra: Extra, path: Path, signatures: list[Path], keys: list[Path]) -> Extra:
    """`extra` with the signatures of the model at `path`, each verified by the key in its place.

    Raises UsageError where keys and signatures do not pair, SignatureRefused, IntegrityError.
    """
    if len(signatures) != len(keys):
        raise UsageError(
            "each --model-signature needs the key of its signer", "Add --signature-key KEY.pub for each."
        )
    found = [verify_model(path, file, key).attestation for file, key in zip(signatures, keys, strict=True)]
    return replace(extra, attestations=(*extra.attestations, *found))


def _model(session: Session, reference: str | Run) -> tuple[Path, str]:
    """The model's path, checked against its manifest, and its name."""
    run = reference if isinstance(reference, Run) else own_run(session.settings, reference)
    if run:
        return run.model, check_run(run).subject[0].name
    version = find_version(session, str(reference), session.viewer)
    return model_file(session, version), manifest_of(session, version).subject[0].name
