"""Salts: kept in the state folder for their owner's eyes, and derived from a wallet's signature.

Wallets sign deterministically (RFC 6979), so the same key gives the same salts again after their file is
lost. The signature is of typed data that no other contract or page asks for; whoever had it had the salts.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from eth_utils.crypto import keccak

from orchestrator.chain import Account
from orchestrator.errors import AccountError
from orchestrator.provenance.disk import replace_file
from orchestrator.types import Address

PRIVATE = 0o600


def derive(account: Account, chain_id: int, purpose: str, about: bytes, contract: Address) -> bytes:
    """32 secret bytes that only `account` can make: for `purpose`, `about` something (32 bytes).

    Raises WrongPassword.
    """
    message = {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            "Secret": [{"name": "purpose", "type": "string"}, {"name": "about", "type": "bytes32"}],
        },
        "domain": {
            "name": "DILN competition secrets",
            "version": "1",
            "chainId": chain_id,
            "verifyingContract": contract,
        },
        "primaryType": "Secret",
        "message": {"purpose": purpose, "about": about},
    }
    return keccak(account.sign_typed_data(message))


def group_salts(master: bytes, groups: int) -> tuple[bytes, ...]:
    """One salt for each group; none tells anything of another."""
    return tuple(keccak(master + number.to_bytes(2, "big")) for number in range(groups))


@dataclass(frozen=True)
class Secret:
    """What belongs to a commitment to a model."""

    submitter: Address
    salt: bytes
    model: bytes


class SecretFolder:
    """The secrets of one competition (or of one that is being created), one small file each, mode 0600."""

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
            raise AccountError(
                f"{path} is damaged", "Move it away: what it holds is restored from the wallet key."
            ) from error

    def remove(self, name: str) -> None:
        self._file(name).unlink(missing_ok=True)

    def keep_submission(self, commitment: bytes, secret: Secret) -> None:
        content = {"submitter": secret.submitter, "salt": secret.salt.hex(), "model": secret.model.hex()}
        self.write(_submission(commitment), content)

    def submission(self, commitment: bytes) -> Secret | None:
        """The model and salt behind a commitment; None if they are not here. Raises AccountError."""
        found = self.read(_submission(commitment))
        if found is None:
            return None
        try:
            salt, model = bytes.fromhex(found["salt"]), bytes.fromhex(found["model"])
            return Secret(found["submitter"], salt, model)  # type: ignore[arg-type]
        except (KeyError, ValueError) as error:
            raise AccountError(
                f"{self._file(_submission(commitment))} is damaged",
                "Move it away, and reveal with --model FILE: the salt is restored from the wallet key.",
            ) from error

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.json"


def _submission(commitment: bytes) -> str:
    return f"submission-{commitment.hex()[:16]}"
