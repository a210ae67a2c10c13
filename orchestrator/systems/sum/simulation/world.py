"""What agents can do with a shared model, and a world in which a Python reference stands for the contract.

Its world is as the contract's: prices, deposits, shares and balances to the unit. Every action
takes place in a block of its own, at least a second after the last one.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import isqrt

from orchestrator.models.online.references import OnChainModel
from orchestrator.systems.sum.records import CERTAINTY_ONE, OpenRecord, Terms

FIRST_LEVEL, EVEN = 10, 8
"""The least points for news, and an even guess in sixteenths (contracts/sum/incentives/Gamification.sol)."""


@dataclass(frozen=True)
class Learned:
    """A contribution as agents remember it: `news` if the model had not known it; `handle` is the world's."""

    number: int
    agent: int
    x: bytes
    label: int
    due: int
    news: bool
    handle: object = None


@dataclass(frozen=True)
class Sealed:
    """A sample that an agent has committed to; `deposit` is in units, `handle` the world's own."""

    agent: int
    x: bytes
    label: int
    deposit: int
    handle: object = None


@dataclass
class Account:
    """What the model owes an agent, in units, its reputation, and its points in a game."""

    balance: int = 0
    valid: int = 0
    points: int = 0


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
    def points(self, agent: int) -> int:
        """An agent's points; none where the model is not a game."""

    @abstractmethod
    def add(self, agent: int, x: bytes, label: int, maximum: int) -> Learned | None: ...

    @abstractmethod
    def seal(self, agent: int, x: bytes, label: int, maximum: int) -> Sealed | None: ...

    @abstractmethod
    def reveal(self, sealed: Sealed, maximum: int) -> Learned | None: ...

    @abstractmethod
    def classify(self, x: bytes) -> int:
        """What the model says; free."""

    @abstractmethod
    def refund(self, agent: int, given: Learned) -> bool: ...

    @abstractmethod
    def report(self, agent: int, given: Learned) -> bool: ...

    @abstractmethod
    def take(self, agent: int, given: Learned) -> bool: ...

    @abstractmethod
    def sweep(self, agent: int, given: Learned) -> bool: ...

    @abstractmethod
    def record(self, given: Learned) -> OpenRecord | None:
        """What is left of its deposit, and the last look; None where it is settled."""

    @abstractmethod
    def words(self) -> list[int]:
        """The model, word by word."""

    def close(self) -> None:  # noqa: B027 - most worlds hold nothing
        """Let go of what the world holds."""


@dataclass
class _Record:
    deposit: int
    left: int
    earns: bool
    points: int
    looked_at: int = 0
    against: bool = False


class ReferenceWorld(World):
    """Deposit, refund, take (contracts/sum/incentives/SelfAssessment.sol) over a reference, in plain Python.

    `starts` are the agents' balances in units; `began` is when the model was created. In a `game` there are
    points as well (Gamification.sol).
    """

    def __init__(
        self, reference: OnChainModel, terms: Terms, starts: list[int], began: int, game: bool = False
    ) -> None:
        self.game = game
        self.reference = reference
        self.terms = terms
        self.accounts = [Account(start) for start in starts]
        self.burnt = 0
        self.now = began + 1 + len(starts)  # a block for the creation, and one for each balance
        self._priced_at = began
        self._valid = 0
        self._count = 0
        self._records: dict[int, _Record] = {}
        self._promised: dict[tuple[int, int], int] = {}
        self._sealed = 0
        self._said: dict[bytes, int] = {}  # what the model says, until it changes

    def price(self) -> int:
        root = isqrt(self.now - self._priced_at)
        return self.terms.cost_weight * 3600 // max(1, root)

    def balance(self, agent: int) -> int:
        return self.accounts[agent].balance

    def valid(self, agent: int) -> int:
        return self.accounts[agent].valid

    def points(self, agent: int) -> int:
        return self.accounts[agent].points

    def add(self, agent: int, x: bytes, label: int, maximum: int) -> Learned | None:
        price, account = self.price(), self.accounts[agent]
        moment = self._tick()
        if price > min(maximum, account.balance):
            return None
        account.balance -= price
        return self._learn(agent, x, label, price, moment, sealed=False)

    def seal(self, agent: int, x: bytes, label: int, maximum: int) -> Sealed | None:
        price, account = self.price(), self.accounts[agent]
        self._tick()
        if price > min(maximum, account.balance):
            return None
        account.balance -= price
        self._sealed += price
        return Sealed(agent, x, label, price)

    def reveal(self, sealed: Sealed, maximum: int) -> Learned | None:
        price, account = max(self.price(), sealed.deposit), self.accounts[sealed.agent]
        moment = self._tick()
        if price > maximum or price - sealed.deposit > account.balance:
            return None
        account.balance -= price - sealed.deposit
        self._sealed -= sealed.deposit
        return self._learn(sealed.agent, sealed.x, sealed.label, price, moment, sealed=True)

    def _learn(self, agent: int, x: bytes, label: int, price: int, moment: int, *, sealed: bool) -> Learned:
        verdict = self.reference.learn(x, label)
        if verdict.changed:
            self._said.clear()
        self._count += 1
        self._priced_at = moment
        news = verdict.predicted != label
        points = FIRST_LEVEL + EVEN - min(verdict.certainty, EVEN) if self.game and news else 0
        self._records[self._count] = _Record(price, price, sealed or not news, points)
        due = moment + self.terms.refund_wait * CERTAINTY_ONE // verdict.certainty
        return Learned(self._count, agent, x, label, due, news)

    def classify(self, x: bytes) -> int:
        said = self._said.get(x)
        if said is None:
            said = self._said[x] = self.reference.classify(x)
        return said

    def refund(self, agent: int, given: Learned) -> bool:
        record, moment = self._records.get(given.number), self._tick()
        if record is None or self.classify(given.x) != given.label:
            return False
        if not record.looked_at and moment < given.due:
            return False
        earned = not record.looked_at and record.earns
        if record.looked_at and not self._decided(record, moment, against=False):
            return record.looked_at == moment  # a first look is not a refusal
        if moment < given.due:
            return False
        del self._records[given.number]
        account = self.accounts[given.agent]
        account.balance += record.left
        account.valid += earned
        account.points += record.points if earned else 0
        self._valid += earned
        return True

    def report(self, agent: int, given: Learned) -> bool:
        record, moment = self._records.get(given.number), self._tick()
        key = given.number, agent
        if record is None or agent == given.agent or moment < given.due - self.terms.take_gap:
            return False
        if key in self._promised and (record.against or not record.looked_at):
            return False
        if self.classify(given.x) == given.label:
            return False
        share = record.deposit * self.accounts[agent].valid // self._valid if self._valid else 0
        if key not in self._promised:
            if not share:
                return False
            self._promised[key] = share
        if not record.against:
            record.looked_at, record.against = moment, True
        return True

    def take(self, agent: int, given: Learned) -> bool:
        record, moment = self._records.get(given.number), self._tick()
        share = self._promised.get((given.number, agent), 0)
        if record is None or share == 0 or moment < given.due or self.classify(given.x) == given.label:
            return False
        if not self._decided(record, moment, against=True):
            return record.looked_at == moment
        share = min(share, record.left)
        record.left -= share
        if record.left == 0:
            del self._records[given.number]
        self._promised[given.number, agent] = 0
        self.accounts[agent].balance += share
        return True

    def sweep(self, agent: int, given: Learned) -> bool:
        record, moment = self._records.get(given.number), self._tick()
        if record is None or agent == given.agent or moment < given.due + self.terms.any_wait:
            return False
        if self.classify(given.x) == given.label:
            return False
        if not self._decided(record, moment, against=True):
            return record.looked_at == moment
        del self._records[given.number]
        account = self.accounts[given.agent]
        own = record.deposit * account.valid // self._valid if self._valid else 0
        own = min(own, record.left)  # what no reporter could be promised is its contributor's
        account.balance += own
        rest = record.left - own
        self.accounts[agent].balance += rest // 2
        self.burnt += rest - rest // 2
        return True

    def record(self, given: Learned) -> OpenRecord | None:
        found = self._records.get(given.number)
        return OpenRecord(found.left, found.looked_at, found.against) if found else None

    def words(self) -> list[int]:
        return self.reference.words()

    def owed(self) -> int:
        """All units that anybody has or may still get, and those that are burnt."""
        open_ = sum(each.left for each in self._records.values()) + self._sealed
        return sum(each.balance for each in self.accounts) + open_ + self.burnt

    def _decided(self, record: _Record, moment: int, *, against: bool) -> bool:
        """Whether all looks since a take gap said so; where the last said otherwise, this one is noted."""
        if record.looked_at and record.against == against:
            return moment >= record.looked_at + self.terms.take_gap
        record.looked_at, record.against = moment, against
        return False

    def _tick(self) -> int:
        moment = self.now
        self.now += 1
        return moment
