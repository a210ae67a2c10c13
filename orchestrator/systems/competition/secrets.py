"""The salts of competitions: of an organizer's groups, and of what somebody submitted."""

from dataclasses import dataclass

from orchestrator.chain import Account
from orchestrator.errors import AccountError
from orchestrator.provenance import secrets
from orchestrator.types import Address

DOMAIN = "DILN competition secrets"


def derive(account: Account, chain_id: int, purpose: str, about: bytes, contract: Address) -> bytes:
    """32 secret bytes that only `account` can make: for `purpose`, `about` something (32 bytes).

    Raises WrongPassword.
    """
    return secrets.derive(account, DOMAIN, chain_id, purpose, about, contract)


def group_salts(master: bytes, groups: int) -> tuple[bytes, ...]:
    """One salt for each group; none tells anything of another."""
    return secrets.salts_from(master, groups)


@dataclass(frozen=True)
class Secret:
    """What belongs to a commitment to a model."""

    submitter: Address
    salt: bytes
    model: bytes


class SecretFolder(secrets.SecretFolder):
    """The secrets of one competition (or of one that is being created), one small file each, mode 0600."""

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


def _submission(commitment: bytes) -> str:
    return f"submission-{commitment.hex()[:16]}"
