"""Secrets: kept in the state folder for their owner's eyes, and derived from a wallet's signature.

Wallets sign deterministically (RFC 6979), so the same key gives the same secrets again after their file is
lost. The signature is of typed data that no other contract or page asks for; whoever had it had the secrets.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, get_type_hints

from eth_utils.crypto import keccak

from orchestrator.chain import Account
from orchestrator.chain.typeddata import typed_message
from orchestrator.errors import AccountError
from orchestrator.files import replace_file
from orchestrator.types import Address

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session

S = TypeVar("S")

PRIVATE = 0o600
_SECRET = (("purpose", "string"), ("about", "bytes32"))


def derive(
    account: Account, domain: str, chain_id: int, purpose: str, about: bytes, contract: Address
) -> bytes:
    """32 secret bytes that only `account` can make: in a `domain` of uses, for `purpose`, `about` 32 bytes.

    Raises WrongPassword.
    """
    values = {"purpose": purpose, "about": about}
    message = typed_message(domain, chain_id, contract, "Secret", _SECRET, values)
    return keccak(account.sign_typed_data(message))


def salts_from(master: bytes, count: int) -> tuple[bytes, ...]:
    """`count` salts; none tells anything of another."""
    return tuple(keccak(master + number.to_bytes(2, "big")) for number in range(count))


def masked(data: bytes, salt: bytes, tag: bytes) -> bytes:
    """Seal or unseal: XOR with SHAKE-256 of a domain `tag` and a salt that is used for these data only.

    It hides and does not prove: whatever commits to the data tells changed bytes.
    """
    mask = hashlib.shake_256(tag + salt).digest(len(data))
    return (int.from_bytes(data, "big") ^ int.from_bytes(mask, "big")).to_bytes(len(data), "big")


class SecretFolder:
    """Secrets that belong together, one small file each, mode 0600."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, content: dict[str, str]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(self._file(name), json.dumps(content).encode() + b"\n", PRIVATE)

    def read(self, name: str) -> dict[str, str] | None:
        """None if there is no such file. Raises AccountError if it is damaged."""
        path = self._file(name)
        try:
            return {str(key): str(value) for key, value in json.loads(path.read_bytes()).items()}
        except FileNotFoundError:
            return None
        except (ValueError, AttributeError) as error:
            raise _damaged(path) from error

    def keep(self, name: str, secret: object) -> None:
        """Write a dataclass of texts, numbers and bytes."""
        values = vars(secret).items()
        self.write(name, {key: each.hex() if isinstance(each, bytes) else str(each) for key, each in values})

    def kept(self, name: str, kind: type[S]) -> S | None:
        """What `keep` wrote; None if it is not here. Raises AccountError if it is damaged."""
        if (found := self.read(name)) is None:
            return None
        try:
            types = get_type_hints(kind)
            return kind(**{key: _parsed(types[key], text) for key, text in found.items()})
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged(self._file(name)) from error

    def nonce(self, session: "Session", key: str) -> bytes:
        """32 random bytes, but the same when what is drafted under `key` is begun again."""
        with session.alone(f"draft {key}"):
            known = self.kept(key, Nonce)
            if known is None:
                known = Nonce(secrets.token_bytes(32))
                self.keep(key, known)
        return known.nonce

    def names(self) -> list[str]:
        return sorted(path.stem for path in self.folder.glob("*.json"))

    def remove(self, name: str) -> None:
        self._file(name).unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.json"


@dataclass(frozen=True)
class Nonce:
    """What makes two drafts of the same differ."""

    nonce: bytes


@dataclass(frozen=True)
class Master:
    """What the salts of many parts follow from."""

    master: bytes


def secret_folder(session: "Session", room: str, contract: Address | None = None) -> SecretFolder:
    """Where the secrets of a contract are, in a system's `room`; without one, those of what is drafted."""
    return SecretFolder(session.settings.home / room / (contract or "drafts"))


def _parsed(kind: object, text: str) -> object:
    kind = getattr(kind, "__supertype__", kind)
    return bytes.fromhex(text) if kind is bytes else int(text) if kind is int else text


def _damaged(path: Path) -> AccountError:
    return AccountError(f"{path} is damaged", "Move it away: what it holds is restored from the wallet key.")
