"""What is pinned of a private model: one encrypted file, in which the model and its opening lie.

Inside is a plain tar, so `age -d -i KEY model.age | tar x` opens it too. It is read here without `tarfile`'s
extensions, in which a stranger's archive could ask for any memory. Whoever can decrypt the model thus has
everything that its manifest withholds. Its length is padded as PURBs are (Nikitin et al. 2019,
"Reducing Metadata Leakage from Encrypted Files", section 4), by less than 12 %, so that it tells no more of
the model's size than its order of magnitude.
"""

import os
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from orchestrator.config import Settings
from orchestrator.errors import IntegrityError, UsageError
from orchestrator.files import replace_file
from orchestrator.provenance import Manifest
from orchestrator.provenance.openings import LARGEST_OPENING, OPENING, Opening, opening_beside
from orchestrator.storage import check_recipients, decrypt_file, digest_file, encrypt_file
from orchestrator.storage.disk import disk_errors
from orchestrator.systems.prove.runs import RUN_ID_LENGTH, Run, list_runs
from orchestrator.text import shown

_BLOCK = 512  # bytes: a tar's unit


def check_private(encrypt_to: tuple[str, ...], publish_metrics: bool) -> None:
    """Raises StorageError for a malformed recipient, UsageError where only a private model has a choice."""
    if encrypt_to:
        check_recipients(encrypt_to)
    elif publish_metrics:
        raise UsageError(
            "the metrics of a model that is not private are published anyway", "Leave out --publish-metrics."
        )


def seal(run: Run, manifest: Manifest, recipients: tuple[str, ...], *, publish_metrics: bool) -> Manifest:
    """Make a run private: write its opening and its encrypted file, and return what is public of both.

    `manifest` is whole, and describes the run's model. Raises StorageError.
    """
    opening = Opening.of(manifest)
    run.opening.write_bytes(opening.to_bytes())
    run.recipients.write_text(recipients_file(recipients), encoding="utf-8")
    plain = run.folder / ".sealed.tar"
    try:
        with disk_errors():
            with tarfile.open(plain, "w", format=tarfile.GNU_FORMAT) as tar:
                for path in (run.opening, run.model):
                    _add(tar, path)
            os.truncate(plain, padded(plain.stat().st_size))
        sealed = encrypt_file(plain, run.encrypted, recipients)
    finally:
        plain.unlink(missing_ok=True)
    return opening.hide(manifest, digest_file(sealed).cid, publish_metrics=publish_metrics)


def keep(draft: Run, manifest: Manifest, recipients: tuple[str, ...], *, publish_metrics: bool) -> Run:
    """Make a run of a draft in its project's folder, a private one where there are `recipients`.

    One that says the same is used again. Raises StorageError.
    """
    if recipients:
        manifest = seal(draft, manifest, recipients, publish_metrics=publish_metrics)
    draft.manifest_file.write_bytes(manifest.to_bytes())
    draft.folder.chmod(0o700 if recipients else 0o755)
    run = Run(draft.folder.parent / manifest.digest.hex()[:RUN_ID_LENGTH])
    if not run.folder.exists():
        draft.folder.rename(run.folder)
    return run


def recipients_file(recipients: tuple[str, ...]) -> str:
    """As `age -R` reads them."""
    return "".join(f"{each}\n" for each in sorted(set(recipients)))


def unseal(sealed: Path, folder: Path, identity: str) -> Path:
    """Decrypt a private model into `folder`, its opening beside it; returns the model's file.

    Whether they are what a manifest commits to is for the caller to check. Raises StorageError for the wrong
    key, IntegrityError for anything but such a file.
    """
    plain = folder / ".sealed.tar"
    try:
        decrypt_file(sealed, plain, identity)
        with disk_errors(), plain.open("rb") as tar:
            size = plain.stat().st_size
            opening = _member(tar, size)
            model = _member(tar, size)
            if opening.name != OPENING or opening.size > LARGEST_OPENING:
                raise _no_model("it does not begin with an opening")
            if not model.name.startswith("model") or model.name == "model.age" or any(tar.read(_BLOCK)):
                raise _no_model("something else lies in it")
            _extract(tar, opening, folder)
            return _extract(tar, model, folder)
    except (tarfile.TarError, UnicodeDecodeError) as error:
        raise _no_model(str(error)) from error
    finally:
        plain.unlink(missing_ok=True)


def disclose(run: Run, names: Sequence[str], dest: Path) -> Opening:
    """Write the named fields of a private run, or all, with their salts to `dest`, to give away.

    Raises UsageError where the run is not private, or `dest` tells fields that would be lost.
    """
    if not run.manifest.private:
        raise UsageError(f"{run.name}/{run.id} is not private", "Its manifest tells all there is.")
    whole = Opening.read(run.opening)
    told = whole.only(names) if names else whole
    if told.loses(dest):
        raise UsageError(
            f"{dest} tells fields that would be lost, and their salts may be nowhere else",
            "Choose another file with --output.",
        )
    replace_file(dest, told.to_bytes(), 0o600)
    return told


def find_opening(settings: Settings, path: Path) -> Opening | None:
    """The opening of the private model in the file at `path`: beside it, or in a run of this folder."""
    runs = [run for run in list_runs(settings) if run.opening.is_file()]
    if not path.is_file() or not (runs or (path.parent / OPENING).is_file()):
        return None
    digest = digest_file(path).digest
    beside = opening_beside(path, digest)
    return beside or next(filter(None, (opening_beside(run.model, digest) for run in runs)), None)


def padded(size: int) -> int:
    """The size in bytes, of at least a tar's block, to which a file of `size` is filled up: Padmé's."""
    exponent = size.bit_length() - 1
    unit = max(_BLOCK, 1 << (exponent - exponent.bit_length()))
    return -(-size // unit) * unit


def _add(tar: tarfile.TarFile, path: Path) -> None:
    """Add a file under its bare name, without owner, time and mode."""
    told = tarfile.TarInfo(path.name)
    with path.open("rb") as file:
        told.size, told.mode = path.stat().st_size, 0o600
        tar.addfile(told, file)


def _member(tar: BinaryIO, whole: int) -> tarfile.TarInfo:
    """The plain file that comes next in a `tar` of `whole` bytes, which is then behind it.

    Hostile makers may have put in anything. Raises IntegrityError, TarError, UnicodeDecodeError.
    """
    found = tarfile.TarInfo.frombuf(tar.read(_BLOCK), "utf-8", "strict")
    found.offset_data = tar.tell()
    if found.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or not _plain(found.name):
        raise _no_model("another kind of file lies in it")
    if not 0 <= found.size <= whole - found.offset_data:
        raise _no_model("it is cut off")
    tar.seek(found.size + -found.size % _BLOCK, os.SEEK_CUR)
    return found


def _plain(name: str) -> bool:
    return Path(name).name == name == shown(name)


def _extract(tar: BinaryIO, member: tarfile.TarInfo, folder: Path) -> Path:
    dest, left = folder / member.name, member.size
    tar.seek(member.offset_data)
    with dest.open("xb") as file:
        dest.chmod(0o600)
        while part := tar.read(min(left, 1 << 20)):
            left -= file.write(part)
    return dest


def _no_model(why: str) -> IntegrityError:
    return IntegrityError(
        f"the encrypted file holds no private model: {why}", "Ask its publisher which program wrote it."
    )
