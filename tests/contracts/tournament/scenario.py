"""A tournament on a chain of its own, driven by role names, beside the reference's book."""

from dataclasses import dataclass, field, replace
from functools import partialmethod
from typing import Any

import numpy as np
import pytest
from eth_utils import keccak

from orchestrator.systems.tournament import ranks as ranking
from orchestrator.systems.tournament import tables
from orchestrator.systems.tournament.reference import BURN, Book, Money
from orchestrator.systems.tournament.targets import Targets, targets_of
from tests.evm import Evm, Reverted

NOBODY = "0x" + "00" * 20
BURNT = "0x000000000000000000000000000000000000dEaD"
ETHER = 10**18
HOUR = 3600
SALT = b"\x07" * 32
MONEY = Money(
    pot=10 * ETHER,
    bond=4 * ETHER,
    threshold=10_000 * ETHER,
    clip=50_000_000,
    drag=0,
    corr_multiplier=10**9,
    contribution_multiplier=0,
    tip=ETHER // 1000,
)


def grid(rows: int, seed: int = 0) -> np.ndarray:
    """Targets as Numerai's: five classes, most in the middle, none empty."""
    rng = np.random.default_rng([rows, seed])
    targets = rng.choice([0, 0.25, 0.5, 0.75, 1], rows, p=[0.05, 0.2, 0.5, 0.2, 0.05])
    targets[:5] = [0, 0.25, 0.5, 0.75, 1]
    return targets


@dataclass
class Scenario:
    evm: Evm
    factory: Any
    contract: Any
    money: Money
    rows: int
    start: int
    book: Book
    targets: dict[int, Targets] = field(default_factory=dict)
    sealed: dict[tuple[int, str], bytes] = field(default_factory=dict)

    @classmethod
    def create(cls, evm: Evm, factory: Any = None, rows: int = 16, funded=("organizer",), **changes: Any):
        """Terms are changed by field; `organizer` and every role of `funded` has 1,000 ether inside."""
        factory = factory or deploy_factory(evm)
        own = {name: changes.pop(name) for name in list(changes) if hasattr(MONEY, name)}
        money = replace(MONEY, **own)
        start = evm.now + HOUR
        terms = terms_of(evm, factory, money, rows, start) | changes
        salt = keccak(repr(sorted(terms.items())).encode())
        receipt = evm.send(factory.functions.create(terms, salt), "organizer")
        address = evm.events(factory, "Created", receipt)[0]["instance"]
        contract = evm.at("Tournament", address)
        scenario = cls(evm, factory, contract, money, rows, terms["start"], Book(money, "organizer"))
        if terms["currency"] == NOBODY:
            for role in funded:
                scenario.fund(role)
        return scenario

    def send(self, name: str, *args: Any, sender: str = "stranger", value: int = 0) -> Any:
        return self.evm.send(self.contract.functions[name](*args), sender, value)

    def refuses(self, error: str, name: str, *args: Any, **options: Any) -> tuple[Any, ...]:
        """Send what is refused with this error; returns its arguments."""
        with pytest.raises(Reverted, match=error) as refused:
            self.send(name, *args, **options)
        return refused.value.values

    def call(self, name: str, *args: Any) -> Any:
        return self.evm.call(self.contract.functions[name](*args))

    def fund(self, role: str, amount: int = 1000 * ETHER) -> None:
        self.send("fund", self.evm.role(role), amount, sender=role, value=amount)
        self.book.balances[role] += amount

    def at(self, moment: str, number: int = 0) -> None:
        """Let time pass until the round begins, closes, resolves or ends."""
        names = ["begins", "closes", "resolves", "ends"]
        time = self.call("timesOf", number)[names.index(moment)]
        if time > self.evm.now:
            self.evm.advance(time - self.evm.now)

    def open(self, number: int = 0, targets: Targets | None = None, **options: Any) -> Any:
        """Commit to targets, or to a grid."""
        benchmark = np.random.default_rng([9, number]).normal(size=self.rows)
        benchmarked = benchmark if self.money.contribution_multiplier else None
        self.targets[number] = targets = targets or targets_of(grid(self.rows, number), benchmarked)
        commitment = self.call("targetsCommitment", number, keccak(targets.encode()), SALT)
        receipt = self.send("open", number, commitment, sender="organizer", **options)
        self.book.open(number)
        return receipt

    def enter(self, who: str, predictions: Any, stake: int = ETHER, number: int = 0, value: int = 0) -> Any:
        """Commit to predictions, or to any bytes."""
        given = isinstance(predictions, bytes)
        sealed = predictions if given else ranking.encode(ranking.ranks_of(predictions))
        commitment = self.call("entryCommitment", number, self.evm.role(who), keccak(sealed), SALT)
        receipt = self.send("enter", number, commitment, stake, sender=who, value=value)
        self.sealed[number, who] = sealed
        self.book.balances[who] += value
        self.book.enter(number, who, stake)
        return receipt

    def reveal(self, number: int = 0, **options: Any) -> Any:
        self.at("closes", number)
        receipt = self.send("reveal", number, self.targets[number].encode(), SALT, **options)
        self.book.rounds[number].targets = self.targets[number]
        return receipt

    def entered(self, targets: Targets | None = None, **entries: Any) -> "Scenario":
        """Round 0, open, entered with good predictions (1), their contraries (-1) or others; and a stake."""
        self.open(targets=targets)
        self.at("begins")
        for who, given in entries.items():
            predictions, stake = given if isinstance(given, tuple) else (given, ETHER)
            self.enter(who, self.good() * predictions if isinstance(predictions, int) else predictions, stake)
        return self

    def revealed(self, **entries: Any) -> "Scenario":
        """The same with its targets revealed."""
        self.entered(**entries).reveal()
        return self

    def scored(self, targets: Targets | None = None, **entries: Any) -> "Scenario":
        """The same with every entry scored; balances are the book's."""
        self.revealed(targets=targets, **entries)
        for who in entries:
            self.score(who)
        self.check()
        return self

    def closed(self, **entries: Any) -> "Scenario":
        """The same round, over."""
        self.scored(**entries).at("ends")
        self.close()
        self.check()
        return self

    def scoring(self, who: str, number: int = 0, salt: bytes = SALT) -> tuple[Any, ...]:
        """What `score` takes."""
        return number, self.evm.role(who), self.sealed[number, who], salt

    def score(self, who: str, number: int = 0, sender: str = "stranger") -> Any:
        receipt = self.send("score", *self.scoring(who, number), sender=sender)
        payout = self.book.score(number, who, ranking.decode(self.sealed[number, who], self.rows))
        assert self.evm.events(self.contract, "Scored", receipt)[0]["payout"] == payout
        return receipt

    def settle(self, name: str, *who: str, number: int = 0, sender: str = "stranger") -> Any:
        """Expire, void, refund or close, here and in the book."""
        receipt = self.send(name, number, *map(self.evm.role, who), sender=sender)
        getattr(self.book, name)(number, *who, *[sender] * (name == "expire"))
        return receipt

    expire, void = partialmethod(settle, "expire"), partialmethod(settle, "void")
    refund, close = partialmethod(settle, "refund"), partialmethod(settle, "close")

    def good(self, number: int = 0) -> np.ndarray:
        """Predictions that are right as far as five classes can say."""
        return self.targets[number].classes.astype(float)

    def balance(self, who: str) -> int:
        return self.call("balanceOf", BURNT if who == BURN else self.evm.role(who))

    def check(self) -> None:
        """Balances are the book's, and the contract holds what it owes."""
        for who, amount in self.book.balances.items():
            assert self.balance(who) == amount, who
        assert self.evm.web3.eth.get_balance(self.contract.address) == self.book.held()

    def withdraw_all(self) -> None:
        """Everybody takes what is theirs; nothing stays."""
        self.check()
        for who in [each for each, amount in self.book.balances.items() if amount]:
            paid = BURNT if who == BURN else self.evm.role(who)
            self.send("withdrawFor", paid, sender="stranger" if who == BURN else who)
        assert self.evm.web3.eth.get_balance(self.contract.address) == 0


def deploy_factory(evm: Evm) -> Any:
    return evm.deploy("TournamentFactory", evm.deploy("Tournament").address)


def keep_table(evm: Evm, factory: Any, table: bytes) -> str:
    return evm.events(factory, "TableKept", evm.send(factory.functions.keepTable(table)))[0]["table"]


def terms_of(evm: Evm, factory: Any, money: Money, rows: int, start: int) -> dict[str, Any]:
    """In the order of the contract."""
    normals = money.contribution_multiplier and keep_table(evm, factory, tables.encode(tables.normals(rows)))
    return {
        "organizer": NOBODY,
        "currency": NOBODY,
        "descriptor": b"\x01" * 32,
        "rows": rows,
        "powers": keep_table(evm, factory, tables.encode(tables.powers(rows))),
        "normals": normals or NOBODY,
        "powerSquares": 0,
        "normalSquares": 0,
        "pot": money.pot,
        "bond": money.bond,
        "leastStake": ETHER // 100,
        "threshold": money.threshold,
        "tip": money.tip,
        "clip": money.clip,
        "drag": money.drag,
        "corrMultiplier": money.corr_multiplier,
        "contributionMultiplier": money.contribution_multiplier,
        "start": start,
        "period": 24 * HOUR,
        "entering": 20 * HOUR,
        "resolving": 4 * HOUR,
        "scoring": 24 * HOUR,
    }
