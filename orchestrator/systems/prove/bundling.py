"""One file that carries a model from one person to another: `diln export` writes it, `diln import` reads it.

A bundle is a CAR file of one folder, so every byte is checked against the folder's CID when it is read, and
IPFS tools open it too:

    model.SUFFIX      the model's file or folder; of a private model its encrypted file, model.age
    manifest.json     what participants sign and the registry anchors
    signatures.json   those gathered so far, each for one chain, registry and project
    anchor.json       the node's proof that the registry holds the version, where the node proves
    proof-N.json      proofs of logged predictions

Nothing in it is believed because it is in it: the model must be the one that the manifest describes, and each
signature is checked against the chain before it is kept.
"""

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import ChainError, DilnError, IntegrityError, StorageError, UsageError
from orchestrator.kernel.session import Session
from orchestrator.provenance import Manifest, Signature, SignatureFile, Version
from orchestrator.provenance.manifest import LARGEST_MANIFEST
from orchestrator.provenance.stateproof import prove_state
from orchestrator.storage import Storage, read_identity
from orchestrator.storage.car import read_car
from orchestrator.systems.prove.describing import bring
from orchestrator.systems.prove.fetching import manifest_of, model_file
from orchestrator.systems.prove.references import find_version
from orchestrator.systems.prove.runs import RUN_ID_LENGTH, Run, own_run, scratch
from orchestrator.systems.prove.sealing import unseal
from orchestrator.systems.prove.signing import check_run, publication_in
from orchestrator.text import shown
from orchestrator.types import Address

_log = logging.getLogger(__name__)

MANIFEST = "manifest.json"
SIGNATURES = "signatures.json"
ANCHOR = "anchor.json"
LARGEST_SIGNATURES = 1 << 20  # bytes
MOST_ENTRIES = 64
_LONGEST_NAME = 255  # bytes: what file systems take
MOST_UNFOLDING = 100  # times the bundle's own bytes: a few blocks can unfold to any size


@dataclass(frozen=True)
class Imported:
    """What a bundle brought: a run, whose signatures were kept, and why others were not; files of proofs."""

    run: Run
    signers: tuple[Address, ...]
    refused: tuple[str, ...]
    proofs: tuple[Path, ...]


def export_bundle(session: Session, reference: str, dest: Path, *, proofs: Sequence[Path] = ()) -> Path:
    """Write the run or version that `reference` names, and `proofs`, to one file at `dest`.

    Raises ModelError, StorageError, IntegrityError where the model is not what its manifest describes.
    """
    run = own_run(session.settings, reference)
    with scratch(session.settings.models_dir) as folder:
        if run:
            manifest = check_run(run)
            source = run.encrypted if manifest.predicate.artifact.encrypted else run.model
            bring(source, folder / source.name)
            if run.signatures.is_file():
                shutil.copyfile(run.signatures, folder / SIGNATURES)
        else:
            manifest = _published(session, reference, folder)
        (folder / MANIFEST).write_bytes(manifest.to_bytes())
        for number, proof in enumerate(proofs):
            shutil.copyfile(proof, folder / f"proof-{number}.json")
        stored = session.storage.put(folder, profile=manifest.predicate.artifact.profile, pin=False)
        return session.storage.export_car(stored.cid, dest)


def import_bundle(session: Session, path: Path, *, identity: Path | None = None) -> Imported:
    """Take in what `path` holds: blocks, model, manifest, signatures, proofs; as often as one likes.

    The private key in `identity` decrypts a private model. Raises StorageError for what is not a bundle,
    IntegrityError where the model is not the one that the manifest describes, ManifestError.
    """
    root, entries, manifest, model = opened(session.storage, path)
    try:
        run = _take(session, manifest, model, identity)
        for kept in (entries[MANIFEST], entries[model]):
            session.storage.pin(kept)
        signers, refused = _signatures(session, entries, run)
        return Imported(run, signers, refused, _proofs(session, entries, run))
    finally:
        session.storage.unpin(root)


def _published(session: Session, reference: str, folder: Path) -> Manifest:
    version = find_version(session, reference, session.viewer)
    manifest = manifest_of(session, version)
    _prove(session, version, folder)
    name = "model" + Path(manifest.subject[0].name).suffix
    if manifest.predicate.artifact.encrypted:
        session.storage.get(manifest.artifact_cid, folder / "model.age")
    elif manifest.folder:
        session.storage.get(manifest.artifact_cid, folder / "model")
    else:
        bring(model_file(session, version), folder / name)
    return manifest


def _prove(session: Session, version: Version, folder: Path) -> None:
    """Add the node's proof of the anchor; not every node can prove, which is told."""
    try:
        proof = prove_state(session.chain, session.registry.address, version)
    except ChainError:
        _log.warning(
            "without a proof of the anchor, which this node does not give (eth_getProof): "
            "`diln verify --offline` will not work for this file"
        )
        return
    (folder / ANCHOR).write_bytes(proof.to_bytes())


def is_bundle(path: Path) -> bool:
    """Whether it begins as a bundle does; whether it is whole, `import_bundle` finds out."""
    try:
        with path.open("rb") as file:
            roots, _ = read_car(file)
    except (OSError, StorageError):
        return False
    return len(roots) == 1


def opened(storage: Storage, path: Path) -> tuple[str, dict[str, str], Manifest, str]:
    """What a bundle holds: its root, its entries by name, its manifest, and the name of the model's entry.

    Raises StorageError for what is not a bundle, IntegrityError where the model is not the manifest's.
    """
    [root, *more] = storage.import_car(path)
    try:
        entries = {} if more else storage.entries(root)
        manifest = _manifest(storage, entries, path)
        return (
            root,
            entries,
            manifest,
            _model(storage, entries, manifest, MOST_UNFOLDING * path.stat().st_size),
        )
    except BaseException:
        storage.unpin(root)
        raise


def _manifest(storage: Storage, entries: dict[str, str], path: Path) -> Manifest:
    if MANIFEST not in entries or len(entries) > MOST_ENTRIES:
        raise StorageError(
            f"{path} is not a bundle of `diln export MODEL`", "`diln pin import FILE` takes other CAR files."
        )
    return Manifest.parse(storage.read(entries[MANIFEST], limit=LARGEST_MANIFEST))


def _model(storage: Storage, entries: dict[str, str], manifest: Manifest, limit: int) -> str:
    """The name of the model's entry, which has the manifest's CID. Raises IntegrityError, StorageError."""
    named = [name for name in entries if name.startswith("model")]
    if len(named) != 1 or Path(named[0]).name != named[0] or shown(named[0]) != named[0]:
        raise StorageError("the bundle holds no model, or several", "Have it exported again.")
    [name] = named
    if entries[name] != manifest.artifact_cid:
        raise IntegrityError(
            f"the bundle's model is {entries[name]}, but its manifest describes {manifest.artifact_cid}",
            "Do not use it: somebody changed it.",
        )
    if storage.size(entries[name]) > limit:
        raise StorageError(
            f"the bundle's model would unfold to more than {MOST_UNFOLDING} times the bundle",
            "Do not use it.",
        )
    return name


def _take(session: Session, manifest: Manifest, model: str, identity: Path | None) -> Run:
    """Make the run, unless it is here. Raises IntegrityError where the model is not the manifest's."""
    if not manifest.private:
        _home(session, manifest)  # before anything is unfolded
    number = manifest.digest.hex()[:RUN_ID_LENGTH]
    for before in session.settings.models_dir.glob(f"*/{number}"):
        check_run(Run(before))
        return Run(before)
    with scratch(session.settings.models_dir) as folder:
        draft = Run(folder)
        session.storage.get(manifest.artifact_cid, folder / model)
        if manifest.predicate.artifact.encrypted:
            if identity is None:
                raise UsageError(
                    "this model is private",
                    "Give the file with your private key: --identity FILE. Without it `diln pin import FILE` "
                    "takes in what is public, for `diln verify FILE --opening FILE`.",
                )
            unseal(folder / model, folder, read_identity(identity))
        draft.manifest_file.write_bytes(manifest.to_bytes())
        check_run(draft)
        run = Run(_home(session, draft.described) / number)
        run.folder.parent.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700 if manifest.private else 0o755)
        folder.rename(run.folder)
    return run


def _home(session: Session, described: Manifest) -> Path:
    """The folder of a model's project, whose name a stranger gave. Raises IntegrityError."""
    project = described.predicate.project
    home = session.settings.models_dir / project
    plain = shown(project) == project and len(project.encode()) <= _LONGEST_NAME
    if not plain or home.parent != session.settings.models_dir or project.startswith("."):
        raise IntegrityError(f"`{project}` cannot be a project's folder", "Do not use it.")
    return home


def _signatures(
    session: Session, entries: dict[str, str], run: Run
) -> tuple[tuple[Address, ...], tuple[str, ...]]:
    """Add the bundle's signatures that count on this chain; who gave them, and why others were left out."""
    if SIGNATURES not in entries:
        return (), ()
    kept, refused = [], []
    own = SignatureFile(run.signatures)
    known = own.read()
    try:
        brought = _brought(session, entries[SIGNATURES])
    except DilnError as error:
        return (), (error.message,)
    for signature in brought:
        if signature in known:
            continue
        try:
            _add(session, own, signature, run)
            kept.append(signature.participant)
        except DilnError as error:
            refused.append(error.message)
    return tuple(kept), tuple(refused)


def _brought(session: Session, cid: str) -> list[Signature]:
    with scratch(session.settings.models_dir) as folder:
        file = folder / SIGNATURES
        file.write_bytes(session.storage.read(cid, limit=LARGEST_SIGNATURES))
        return SignatureFile(file).read()


def _add(session: Session, own: SignatureFile, signature: Signature, run: Run) -> None:
    project = session.registry.project(signature.project)
    if project is None:
        raise IntegrityError(
            f"{signature.participant} signed for a project that this chain does not have",
            "Choose the --network that they signed for.",
        )
    own.add(signature, publication_in(session, run, project), session.registry)


def _proofs(session: Session, entries: dict[str, str], run: Run) -> tuple[Path, ...]:
    """Proofs are files that `diln verify` reads; they lie beside the model."""
    written = []
    for name in sorted(entries):
        if name.startswith("proof-") and Path(name).name == name:
            file = run.folder / name
            file.write_bytes(session.storage.read(entries[name], limit=LARGEST_MANIFEST))
            written.append(file)
    return tuple(written)
