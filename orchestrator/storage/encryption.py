"""Private artifacts: age files (https://age-encryption.org/v1), which the `age` program reads and writes too.

Encrypt before pinning; what is pinned can be fetched by anybody. Encrypting the same file twice gives
different bytes, so the CID to record is that of the file that was pinned.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orchestrator.errors import IntegrityError, StorageError
from orchestrator.storage.disk import part_file


def encrypt_file(src: Path, dest: Path, recipients: Sequence[str]) -> Path:
    """Write `src` to `dest` so that any one of `recipients` can read it.

    A recipient is a public key, `age1…` or `ssh-ed25519 …` / `ssh-rsa …`. Raises StorageError for a malformed
    one, for none, or if the disk refuses.
    """
    import pyrage

    keys = check_recipients(recipients)
    with part_file(dest) as part, _source(src).open("rb") as plain, part.open("wb") as file:
        try:
            pyrage.encrypt_io(plain, file, keys)
        except pyrage.EncryptError as error:
            raise StorageError(
                f"{src} was not encrypted: {error}", "Check that the disk has room, and try again."
            ) from error
    return dest


def check_recipients(recipients: Sequence[str]) -> list[Any]:
    """The keys that these texts are. Raises StorageError for a malformed one, and for none at all."""
    keys = [_recipient(text) for text in recipients]
    if not keys:
        raise StorageError("no recipient was named", "Give at least one recipient (age1…).")
    return keys


def decrypt_file(src: Path, dest: Path, identity: str) -> Path:
    """Write what `src` holds to `dest`, which only its owner may read; nothing unless all is intact.

    `identity` is the private key, `AGE-SECRET-KEY-1…` or the text of an unencrypted SSH key. Raises
    StorageError if it is malformed or no recipient's, IntegrityError if `src` was altered or cut off.
    """
    import pyrage

    key = _identity(identity)
    with part_file(dest) as part, _source(src).open("rb") as secret:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            try:
                pyrage.decrypt_io(secret, file, [key])
            except (pyrage.DecryptError, OSError) as error:
                raise _explain(src, error) from error
    return dest


def read_identity(path: Path) -> str:
    """The private key in a file such as `age-keygen` writes, or an SSH key file. Raises StorageError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(
            f"{path} cannot be read: {error}", "Give the file with your private key."
        ) from error
    if "PRIVATE KEY" in text:
        return text
    keys = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if len(keys) != 1:
        raise StorageError(f"{path} holds {len(keys)} keys", "Give a file with one, AGE-SECRET-KEY-1…")
    return keys[0]


def _explain(src: Path, error: Exception) -> Exception:
    """Return what to raise for pyrage's `error`; it reports damage as an OSError that has no number."""
    if isinstance(error, OSError) and error.errno is not None:
        return error
    if "No matching keys" in str(error):
        return StorageError(f"{src} was not encrypted for this key", "Use the key of one of its recipients.")
    return IntegrityError(f"{src} is damaged or cut off, or not an age file: {error}", "Fetch it again.")


def _source(path: Path) -> Path:
    if not path.is_file():
        raise StorageError(f"there is no file {path}", "Check the path.")
    return path


def _recipient(text: str) -> Any:
    import pyrage

    try:
        if text.startswith("ssh-"):
            return pyrage.ssh.Recipient.from_str(text)
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError as error:
        raise StorageError(
            f"`{text[:20]}…` is not a recipient: {error}", "A recipient is a public key, age1… or ssh-…"
        ) from error


def _identity(text: str) -> Any:
    import pyrage

    try:
        if "PRIVATE KEY" in text:
            return pyrage.ssh.Identity.from_buffer(text.encode())
        return pyrage.x25519.Identity.from_str(text.strip())
    except pyrage.IdentityError as error:  # never with the text: it is a secret
        raise StorageError("this is not an age or SSH private key", "It begins AGE-SECRET-KEY-1.") from error


__all__ = ["check_recipients", "decrypt_file", "encrypt_file", "read_identity"]
