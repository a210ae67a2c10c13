"""What only the provider or a participant knows: kept in the state folder, and derived from a wallet.

- The provider: a master, from which the salt of each portion follows.
- A participant: a master, from which the salt of each sealed contribution follows, and the sealed data.
"""

from dataclasses import dataclass

from eth_utils.crypto import keccak

from orchestrator.chain import Account
from orchestrator.kernel.secrets import Master, SecretFolder, derive, secret_folder
from orchestrator.kernel.session import Session
from orchestrator.models.online.factory import factory_of
from orchestrator.systems.market.contract import MarketContract
from orchestrator.systems.market.records import Contribution
from orchestrator.types import Address

DOMAIN = "DILN market secrets"
TEST_SET, SEALED = "test set", "sealed data"
_SEALED = "sealed-"


def folder_of(session: Session, market: Address | None = None) -> SecretFolder:
    """Where a market's secrets are; without one, those of markets being created."""
    return secret_folder(session, "markets", market)


def provider_master(session: Session, provider: Account, nonce: bytes) -> bytes:
    """What the salts of a test set follow from. `nonce` is published with the sealed test set."""
    factory = factory_of(session).address
    return derive(provider, DOMAIN, session.chain.chain_id, TEST_SET, nonce, factory)


def keep_provider(session: Session, market: Address, master: bytes) -> None:
    folder_of(session, market).keep("provider", Master(master))


def kept_provider(session: Session, market: Address) -> bytes | None:
    """None where it is not on this machine. Raises AccountError if its file is damaged."""
    found = folder_of(session, market).kept("provider", Master)
    return found.master if found else None


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


@dataclass(frozen=True)
class SealedBatch:
    """The samples behind a commitment, and its salt."""

    batch: bytes
    salt: bytes


def keep_sealed(session: Session, market: Address, commitment: bytes, batch: bytes, salt: bytes) -> None:
    folder_of(session, market).keep(_sealed(commitment), SealedBatch(batch, salt))


def kept_sealed(session: Session, market: MarketContract, given: Contribution) -> tuple[bytes, bytes] | None:
    """Data and salt of a sealed contribution; None if they are not on this machine. Raises AccountError."""
    found = folder_of(session, market.address).kept(_sealed(given.commitment or b""), SealedBatch)
    return (found.batch, found.salt) if found else None


def sealed_here(session: Session, market: Address) -> list[str]:
    """How the commitments (hex) begin whose data are on this machine."""
    names = folder_of(session, market).names()
    return [name.removeprefix(_SEALED) for name in names if name.startswith(_SEALED)]


def _sealed(commitment: bytes) -> str:
    return f"{_SEALED}{commitment.hex()[:24]}"
