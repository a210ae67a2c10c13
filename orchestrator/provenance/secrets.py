"""Secrets: kept in the state folder for their owner's eyes, and derived from a wallet's signature.

Wallets sign deterministically (RFC 6979), so the same key gives the same secrets again after their file is
lost. The signature is of typed data that no other contract or page asks for; whoever had it had the secrets.
"""

import hashlib
import json
from pathlib import Path

from eth_utils.crypto import keccak

from orchestrator.chain import Account
from orchestrator.errors import AccountError
from orchestrator.files import replace_file
from orchestrator.types import Address

PRIVATE = 0o600


def derive(
    account: Account, domain: str, chain_id: int, purpose: str, about: bytes, contract: Address
) -> bytes:
    """32 secret bytes that only `account` can make: in a `domain` of uses, for `purpose`, `about` 32 bytes.

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
        "domain": {"name": domain, "version": "1", "chainId": chain_id, "verifyingContract": contract},
        "primaryType": "Secret",
        "message": {"purpose": purpose, "about": about},
    }
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
            raise AccountError(
                f"{path} is damaged", "Move it away: what it holds is restored from the wallet key."
            ) from error

    def remove(self, name: str) -> None:
        self._file(name).unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.json"
