"""What only the provider or a participant knows: kept in the state folder, and derived from a wallet.

- The provider: a master, from which the salt of each portion follows.
- A participant: a master, from which the salt of each sealed contribution follows, and the sealed data.
"""

from typing import cast

from eth_utils.crypto import keccak

from orchestrator.chain import Account
from orchestrator.errors import AccountError
from orchestrator.kernel.session import Session
from orchestrator.models.online.factory import factory_of
from orchestrator.provenance.secrets import SecretFolder, derive
from orchestrator.systems.market.contract import MarketContract
from orchestrator.systems.market.records import Contribution
from orchestrator.types import Address

DOMAIN = "DILN market secrets"
TEST_SET, SEALED = "test set", "sealed data"


def folder_of(session: Session, market: Address | None = None) -> SecretFolder:
    """Where a market's secrets are; without one, those of markets being created."""
    return SecretFolder(session.settings.home / "markets" / (market or "drafts"))


def provider_master(session: Session, provider: Account, nonce: bytes) -> bytes:
    """What the salts of a test set follow from. `nonce` is published with the sealed test set."""
    factory = factory_of(session).address
    return derive(provider, DOMAIN, session.chain.chain_id, TEST_SET, nonce, factory)


def keep_provider(session: Session, market: Address, master: bytes) -> None:
    folder_of(session, market).write("provider", {"master": master.hex()})


def kept_provider(session: Session, market: Address) -> bytes | None:
    """None where it is not on this machine. Raises AccountError if its file is damaged."""
    return _bytes(folder_of(session, market).read("provider"), "master")


def sealed_salt(session: Session, market: Address, contributor: Account) -> "Salts":
    """The salts of a contributor's sealed data in a market: one signature for all."""
    master = derive(contributor, DOMAIN, session.chain.chain_id, SEALED, bytes(32), market)
    return Salts(master)


class Salts:
    """A salt for each batch of samples, and for each time that it is given."""

    def __init__(self, master: bytes) -> None:
        self._master = master

    def of(self, batch: bytes, times: int = 0) -> bytes:
        return keccak(self._master + times.to_bytes(4, "big") + keccak(batch))


def keep_sealed(session: Session, market: Address, commitment: bytes, batch: bytes, salt: bytes) -> None:
    content = {"batch": batch.hex(), "salt": salt.hex()}
    folder_of(session, market).write(_sealed(commitment), content)


def kept_sealed(session: Session, market: MarketContract, given: Contribution) -> tuple[bytes, bytes] | None:
    """Data and salt of a sealed contribution; None if they are not on this machine. Raises AccountError."""
    content = folder_of(session, market.address).read(_sealed(given.commitment or b""))
    batch, salt = _bytes(content, "batch"), _bytes(content, "salt")
    return (batch, cast(bytes, salt)) if batch is not None else None


def _sealed(commitment: bytes) -> str:
    return f"sealed-{commitment.hex()[:24]}"


def _bytes(content: dict[str, str] | None, key: str) -> bytes | None:
    if content is None:
        return None
    try:
        return bytes.fromhex(content[key])
    except (KeyError, ValueError) as error:
        raise AccountError(
            "a secret of this market is damaged", "Move its file away: the wallet key restores it."
        ) from error
