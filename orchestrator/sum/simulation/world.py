"""What agents can do with a shared model, and a world in which a Python twin stands for the contract.

The twin's world is the contract's reference: prices, deposits, shares and balances to the unit. Every action
takes place in a block of its own, at least a second after the last one.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import isqrt

from orchestrator.learning.onchain import OnChainModel
from orchestrator.sum.records import SURE, Terms


@dataclass(frozen=True)
class Given:
    """A contribution as agents remember it; `handle` is the world's own."""

    number: int
    agent: int
    x: bytes
    label: int
    due: int
    handle: object = None


@dataclass
class Account:
    """What the model owes an agent, in units, and its reputation."""

    balance: int = 0
    valid: int = 0


class World(ABC):
    """`now` is the next action's time in seconds; each action moves it on by one.

    Actions that the contract would refuse return False (or None) and change nothing but the time.
    """

    now: int

    @abstractmethod
    def price(self) -> int:
        """The deposit that a sample costs now, in units."""

    @abstractmethod
    def balance(self, agent: int) -> int:
        """What an agent has, in units."""

    @abstractmethod
    def valid(self, agent: int) -> int:
        """An agent's reputation."""

    @abstractmethod
    def add(self, agent: int, x: bytes, label: int, maximum: int) -> Given | None: ...

    @abstractmethod
    def classify(self, x: bytes) -> int:
        """What the model says; free."""

    @abstractmethod
    def refund(self, agent: int, given: Given) -> bool: ...

    @abstractmethod
    def report(self, agent: int, given: Given) -> int | None:
        """The time from which the share may be taken."""

    @abstractmethod
    def take(self, agent: int, given: Given) -> bool: ...

    @abstractmethod
    def sweep(self, agent: int, given: Given) -> bool: ...

    @abstractmethod
    def is_open(self, given: Given) -> bool:
        """Whether anything of its deposit is left."""

    @abstractmethod
    def words(self) -> list[int]:
        """The model, word by word."""

    def close(self) -> None:  # noqa: B027 - most worlds hold nothing
        """Let go of what the world holds."""


@dataclass
class _Record:
    deposit: int
    left: int
    open: int
    surprise: bool


class TwinWorld(World):
    """Deposit, refund, take (contracts/sum/incentives/SelfAssessment.sol) over a twin, in plain Python.

    `starts` are the agents' balances in units; `began` is when the model was created.
    """

    def __init__(self, twin: OnChainModel, terms: Terms, starts: list[int], began: int) -> None:
        self.twin = twin
        self.terms = terms
        self.accounts = [Account(start) for start in starts]
        self.now = began + 1 + len(starts)  # a block for the creation, and one for each balance
        self._priced_at = began
        self._valid = 0
        self._count = 0
        self._records: dict[int, _Record] = {}
        self._reports: dict[tuple[int, int], tuple[int, int]] = {}

    def price(self) -> int:
        root = isqrt(self.now - self._priced_at)
        return self.terms.cost_weight * 3600 // max(1, root)

    def balance(self, agent: int) -> int:
        return self.accounts[agent].balance

    def valid(self, agent: int) -> int:
        return self.accounts[agent].valid

    def add(self, agent: int, x: bytes, label: int, maximum: int) -> Given | None:
        price, account = self.price(), self.accounts[agent]
        moment = self._tick()
        if price > min(maximum, account.balance):
            return None
        account.balance -= price
        verdict = self.twin.learn(x, label)
        self._count += 1
        self._priced_at = moment
        self._records[self._count] = _Record(price, price, price, verdict.predicted != label)
        due = moment + self.terms.refund_wait * SURE // verdict.certainty
        return Given(self._count, agent, x, label, due)

    def classify(self, x: bytes) -> int:
        return self.twin.classify(x)

    def refund(self, agent: int, given: Given) -> bool:
        record, moment = self._records.get(given.number), self._tick()
        if record is None or moment < given.due or self.twin.classify(given.x) != given.label:
            return False
        del self._records[given.number]
        account = self.accounts[given.agent]
        account.balance += record.left
        account.valid += record.surprise
        self._valid += record.surprise
        return True

    def report(self, agent: int, given: Given) -> int | None:
        record, moment = self._records.get(given.number), self._tick()
        key = given.number, agent
        if record is None or agent == given.agent or key in self._reports or moment < given.due:
            return None
        share = record.deposit * self.accounts[agent].valid // self._valid if self._valid else 0
        share = min(share, record.open)
        if share == 0 or self.twin.classify(given.x) == given.label:
            return None
        record.open -= share
        self._reports[key] = share, moment
        return moment + self.terms.take_gap

    def take(self, agent: int, given: Given) -> bool:
        record, moment = self._records.get(given.number), self._tick()
        share, reported = self._reports.get((given.number, agent), (0, 0))
        if record is None or share == 0 or moment < reported + self.terms.take_gap:
            return False
        if self.twin.classify(given.x) == given.label:
            return False
        record.left -= share
        if record.left == 0:
            del self._records[given.number]
        self._reports[given.number, agent] = 0, reported
        self.accounts[agent].balance += share
        return True

    def sweep(self, agent: int, given: Given) -> bool:
        record, moment = self._records.get(given.number), self._tick()
        if record is None or moment < given.due + self.terms.any_wait:
            return False
        del self._records[given.number]
        self.accounts[agent].balance += record.left
        return True

    def is_open(self, given: Given) -> bool:
        return given.number in self._records

    def words(self) -> list[int]:
        return self.twin.words()

    def owed(self) -> int:
        """All units that anybody has or may still get."""
        return sum(each.balance for each in self.accounts) + sum(each.left for each in self._records.values())

    def _tick(self) -> int:
        moment = self.now
        self.now += 1
        return moment
