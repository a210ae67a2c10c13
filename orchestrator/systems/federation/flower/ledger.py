"""What a Flower server asks of the chain, and what it tells its nodes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from orchestrator.learning.aggregation import Settings, Update
from orchestrator.learning.aggregation.chunks import Integers
from orchestrator.systems.federation.envelopes import Place
from orchestrator.types import Address, Digest


@dataclass(frozen=True)
class Terms:
    """What matters of a federation's terms to those who train; `width` is in bytes of a coordinate."""

    place: Place
    settings: Settings
    size: int
    width: int
    most_weight: int


@dataclass(frozen=True)
class Counted:
    """An update that is in, as it was pinned and as the contract knows it."""

    party: Address
    seat: int
    update: Update
    weight: int


class Ledger(Protocol):
    """One federation, for whoever carries its messages; it is the contract that refuses, not this."""

    terms: Terms

    def round(self) -> int:
        """The number of the round that is open."""
        ...

    def model_root(self) -> Digest:
        """Of the model that the round trains on."""
        ...

    def seat_of(self, party: Address) -> int | None:
        """The seat of a party that takes part."""
        ...

    def commit(self, entries: Sequence[bytes]) -> None:
        """Commit for the parties who signed `entries`, and go on to reveals."""
        ...

    def reveal(self, entries: Sequence[bytes]) -> list[Counted]:
        """Reveal; returns the updates that are in once they are judged, in order of seats.

        Those whom this server did not hear of, since they committed by themselves, are among them.
        """
        ...

    def keep(self, data: bytes) -> Digest:
        """Pin an update or a model; returns the SHA-256 that stands for it."""
        ...

    def claim(self, model: Integers) -> None:
        """Claim the model (padding included) that follows from what `reveal` gave, and end the round."""
        ...
