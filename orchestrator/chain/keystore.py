"""Private keys at rest: one encrypted file (Web3 Secret Storage, version 3) for each name."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orchestrator.errors import AccountError, WrongPassword
from orchestrator.types import Address

SCRYPT_ROUNDS = 2**18
"""The cost of one guess at a password: about half a second and 256 MiB."""


class Keystore:
    """The key files in `folder` (mode 0700, files 0600)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, name: str) -> bool:
        """Whether there is a file for `name`."""
        return self._path(name).is_file()

    def address(self, name: str) -> Address:
        """The address of the key of `name`. Raises AccountError for a damaged file."""
        from eth_utils.address import to_checksum_address

        return to_checksum_address("0x" + str(self._read(self._path(name))["address"]).removeprefix("0x"))

    def entries(self) -> Iterator[tuple[str, Address]]:
        """Every name with its address, sorted by name, without those of damaged files."""
        for path in self._files():
            with contextlib.suppress(AccountError):
                yield path.stem, self.address(path.stem)

    def damaged(self) -> list[AccountError]:
        """Why files cannot be read, each named; the others are not touched by it."""
        found = []
        for path in self._files():
            try:
                self._read(path)
            except AccountError as error:
                found.append(error)
        return found

    def add(self, name: str, key: bytes, password: str) -> Address:
        """Encrypt and keep `key`, replacing nothing. Raises AccountError if the name or the key is taken."""
        from eth_account import Account

        try:
            address: Address = Account.from_key(key).address
            content = Account.encrypt(key, password, kdf="scrypt", iterations=SCRYPT_ROUNDS)
        except ValueError:
            raise AccountError(
                "this is not a private key", "Zero and numbers above the curve's order are not keys."
            ) from None
        for taken, kept in self.entries():
            if kept == address:
                raise AccountError(f"this key is kept already, as {taken}", f"Use it: --from {taken}.")
        self._write(name, json.dumps(content))
        return address

    def key(self, name: str, password: str) -> bytes:
        """Decrypt the key of `name`. Raises WrongPassword, AccountError for a damaged file."""
        from eth_account import Account

        content = self._read(self._path(name))
        try:
            return bytes(Account.decrypt(content, password))
        except ValueError as error:
            if "MAC" in str(error):
                raise WrongPassword(
                    f"this is not the password of account {name}",
                    "Try again; if DILN_PASSWORD is set, correct it.",
                ) from None
            raise _damaged(self._path(name)) from None
        except (KeyError, TypeError):
            raise _damaged(self._path(name)) from None

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("*.json"))

    def _path(self, name: str) -> Path:
        return self.folder / f"{Path(name).name}.json"  # a name leads nowhere else

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            bytes.fromhex(content["address"].removeprefix("0x"))
        except OSError as error:
            raise AccountError(
                f"{path} cannot be read: {error.strerror}", "Check its permissions."
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError):
            raise _damaged(path) from None
        return dict(content)

    def _write(self, name: str, text: str) -> None:
        """All or nothing: write beside, then link, which fails if the name is taken."""
        path = self._path(name)
        beside = self.folder / f".{name}.{os.getpid()}.part"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            try:
                _write_closed(beside, text)
                path.hardlink_to(beside)
            finally:
                beside.unlink(missing_ok=True)
        except OSError as error:
            if path.exists():
                raise AccountError(f"there is an account {name} already", "Choose another name.") from None
            raise AccountError(f"{path} cannot be written: {error.strerror}", "Check the disk.") from error


def _write_closed(path: Path, text: str) -> None:
    """Write a new file that nobody else can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _damaged(path: Path) -> AccountError:
    return AccountError(f"{path} is damaged", "Restore it from your backup; without one its key is lost.")
