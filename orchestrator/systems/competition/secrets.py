"""The salts of competitions: of an organizer's groups, and of what somebody submitted."""

from dataclasses import dataclass

from orchestrator.chain import Account
from orchestrator.kernel import secrets
from orchestrator.types import Address

DOMAIN = "DILN competition secrets"


def derive(account: Account, chain_id: int, purpose: str, about: bytes, contract: Address) -> bytes:
    """32 secret bytes that only `account` can make: for `purpose`, `about` something (32 bytes).

    Raises WrongPassword.
    """
    return secrets.derive(account, DOMAIN, chain_id, purpose, about, contract)


@dataclass(frozen=True)
class Secret:
    """What belongs to a commitment to a model."""

    submitter: Address
    salt: bytes
    model: bytes


def name_of(commitment: bytes) -> str:
    """What the secret behind a commitment is kept as."""
    return f"submission-{commitment.hex()[:16]}"
