"""Commitments of organizers and entrants, and what is behind them: kept 0600, restored from the wallet."""

from dataclasses import dataclass

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from orchestrator.bindings.tournament import Tournament
from orchestrator.chain import Account
from orchestrator.kernel.secrets import derive
from orchestrator.kernel.session import Session
from orchestrator.systems.tournament.finding import secret_folder
from orchestrator.types import Address, Digest

TARGETS, ENTRY = "DILN tournament targets", "DILN tournament entry"


@dataclass(frozen=True)
class Sealed:
    """What is revealed later: the bytes of targets or ranks, with their salt."""

    content: bytes
    salt: bytes
    commitment: Digest


def commitment_of(
    tournament: Tournament, domain: str, who: Address, number: int, content: bytes, salt: bytes
) -> Digest:
    """As the contract computes it for round `number`."""
    payload = keccak(encode(["uint256", "bytes32"], [number, keccak(content)]))
    place = [keccak(text=domain), tournament.chain.chain_id, tournament.address, who]
    kinds = ["bytes32", "uint256", "address", "address", "bytes32", "bytes32"]
    return Digest(keccak(encode(kinds, [*place, payload, salt])))


def seal(
    session: Session, tournament: Tournament, account: Account, domain: str, number: int, content: bytes
) -> Sealed:
    """Seal `content` for round `number`, the same whenever the same wallet seals the same content.

    It is on disk before this returns: under its commitment, and as the last of `domain` for this round.
    """
    about = keccak(number.to_bytes(32, "big") + keccak(content))
    chain_id = session.chain.chain_id
    salt = derive(account, "DILN tournament secrets", chain_id, domain, about, tournament.address)
    commitment = commitment_of(tournament, domain, account.address, number, content, salt)
    sealed = Sealed(content, salt, commitment)
    for name in (commitment.hex(), last(domain, number)):
        secret_folder(session, tournament.address).keep(name, sealed)
    return sealed


def kept(session: Session, tournament: Tournament, name: str) -> Sealed | None:
    """What was sealed, by its commitment (hex) or as the `last`; None if it is not here.

    Raises AccountError if it is damaged.
    """
    return secret_folder(session, tournament.address).kept(name, Sealed)


def last(domain: str, number: int) -> str:
    """What was sealed last for a round, whoever sealed it."""
    return f"{domain.rpartition(' ')[2]}-{number}"
