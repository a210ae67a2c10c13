"""What the contracts know about a shared model, as values."""

from dataclasses import dataclass

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from orchestrator import packing
from orchestrator.types import Address, Seconds, Wei

KIND = "shared model"
"""What a folder knows a model as that it created, or agreed to pay."""

DAY = 86_400
CERTAINTY_ONE = 16
"""Certainty is counted in sixteenths."""

_TERMS = {"cost_weight": 48, "refund_wait": 32, "take_gap": 32, "creator_wait": 32, "any_wait": 32}


@dataclass(frozen=True)
class Terms:
    """Deposit, refund, take: the settings (contracts/sum/incentives/Terms.sol).

    A deposit is cost_weight · 3600 / √seconds since the last contribution, in units; waits are in seconds.
    """

    cost_weight: int = 1_000
    refund_wait: int = 7 * DAY
    take_gap: int = DAY
    creator_wait: int = 14 * DAY
    any_wait: int = 28 * DAY

    def pack(self) -> int:
        """The settings as one 256-bit word. Raises ValueError for what does not fit."""
        return packing.pack(_TERMS, vars(self))

    @classmethod
    def unpack(cls, word: int) -> "Terms":
        """The settings that `pack` packed."""
        return cls(**packing.unpack(_TERMS, word))


@dataclass(frozen=True)
class ContributionInfo:
    """Everything about a contribution but its features (contracts/sum/ContributionInfo.sol).

    `deposit` is in units; `surprise` says that the model had said otherwise before it learned, `sealed` that
    it had been committed to in an earlier block; `certainty` is P(h(x) = y) before the model learned, in
    sixteenths.
    """

    contributor: Address
    deposit: int
    time: Seconds
    label: int
    surprise: bool
    certainty: int
    sealed: bool = False

    @property
    def earns(self) -> bool:
        """Whether a refund that nobody disputed earns reputation: news that was shown openly does not."""
        return self.sealed or not self.surprise

    def pack(self) -> int:
        """The facts as the word that claims give back."""
        low = self.deposit << 48 | self.time << 16 | self.label << 8
        flags = self.surprise << 7 | self.sealed << 6
        return int(self.contributor, 16) << 96 | low | flags | self.certainty

    @classmethod
    def unpack(cls, word: int) -> "ContributionInfo":
        """The facts of an event's word."""
        return cls(
            contributor=to_checksum_address((word >> 96).to_bytes(20, "big")),
            deposit=word >> 48 & (1 << 48) - 1,
            time=Seconds(word >> 16 & 0xFFFFFFFF),
            label=word >> 8 & 0xFF,
            surprise=bool(word & 0x80),
            certainty=word & 0x3F,
            sealed=bool(word & 0x40),
        )

    def due_at(self, terms: Terms) -> Seconds:
        """When the contribution may be refunded or reported: later, the less certain the model was."""
        return Seconds(self.time + terms.refund_wait * CERTAINTY_ONE // self.certainty)


@dataclass(frozen=True)
class Contribution:
    """A sample that a model learned, as its event told it."""

    id: int
    facts: ContributionInfo
    x: bytes
    block: int = 0
    transaction: str = ""

    @property
    def number(self) -> int:
        """Which contribution it is, from 1."""
        return self.id >> 32

    @property
    def slot(self) -> int:
        """Where its record is kept while it is open."""
        return self.id & 0xFFFFFFFF

    @property
    def digest(self) -> int:
        """What its record holds while it is open (160 bits)."""
        word = self.id.to_bytes(32, "big") + self.facts.pack().to_bytes(32, "big")
        return int.from_bytes(keccak(word + self.x)[12:], "big")

    @property
    def claim(self) -> tuple[int, int, bytes]:
        """What refund, report, take and sweep are called with."""
        return self.id, self.facts.pack(), self.x


@dataclass(frozen=True)
class OpenRecord:
    """What is left of a deposit (units), and the last look at the model that changed sides.

    `looked_at` is zero where nobody disputes the contribution; else since then the model was `against` it, or
    for it, whenever somebody looked.
    """

    left: int
    looked_at: int = 0
    against: bool = False


@dataclass(frozen=True)
class Promise:
    """A reporter's share of a deposit (wei)."""

    amount: Wei
