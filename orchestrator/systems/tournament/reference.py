"""Scores and money of a tournament, bit for bit as contracts/tournament computes them."""

from collections import defaultdict
from dataclasses import dataclass, field
from math import isqrt

import numpy as np

from orchestrator.systems.tournament import tables
from orchestrator.systems.tournament.tables import Integers
from orchestrator.systems.tournament.targets import UNIT, Targets

ONE = 10**9
BURN = "burnt"


@dataclass(frozen=True)
class Money:
    """The terms that payouts follow from. Amounts in the currency's smallest unit, parts in units of 10⁻⁹."""

    pot: int
    bond: int
    threshold: int
    clip: int
    drag: int
    corr_multiplier: int
    contribution_multiplier: int
    tip: int = 0


def correlation(ranks: Integers, targets: Targets) -> int:
    """numerai_corr in units of 10⁻⁹, rounded towards zero. `ranks` is a permutation of 0…rows − 1."""
    table = tables.powers(targets.rows)
    values = [value for value, _ in targets.values]
    counts = np.bincount(targets.classes, minlength=len(values)).tolist()
    total = sum(count * value for count, value in zip(counts, values, strict=True))
    squares = sum(count * value**2 for count, value in zip(counts, values, strict=True))
    norm = targets.rows * squares - total**2
    root = isqrt(_dot(table, table) * norm // targets.rows)
    return _towards_zero(_weigh(table[ranks], targets, values) * ONE, root)


def contribution(ranks: Integers, targets: Targets) -> int:
    """correlation_contribution to the benchmark in units of 10⁻⁹, towards zero; 0 without a benchmark."""
    if targets.benchmark is None:
        return 0
    table = tables.normals(targets.rows)
    values = [value for _, value in targets.values]
    entry, benchmark = table[ranks], table[targets.benchmark]
    tp, tm = _weigh(entry, targets, values), _weigh(benchmark, targets, values)
    pm, mm = _dot(entry, benchmark), _dot(table, table)
    return _towards_zero((tp * mm - tm * pm) * ONE, mm * targets.rows * tables.UNIT * UNIT)


def payout(money: Money, at_risk: int, stake: int, corr: int, contributed: int) -> tuple[int, int]:
    """What comes out of the pot, and what is burnt of stake and gain, by scores in units of 10⁻⁹."""
    points = corr * money.corr_multiplier + contributed * money.contribution_multiplier
    size = abs(points) // ONE
    if at_risk > money.threshold:
        size = abs(points) * money.threshold // (at_risk * ONE)
    size = min(size, money.clip)
    if points < 0:
        return 0, _loss(money, at_risk, stake, size)
    over, under = _change(money, at_risk, stake, size)
    gain = over // under
    return gain, _up(gain * money.drag, ONE)


def worst(money: Money, at_risk: int, stake: int) -> int:
    """What is burnt of a stake by the worst score there is."""
    return _loss(money, at_risk, stake, money.clip)


def _loss(money: Money, at_risk: int, stake: int, size: int) -> int:
    loss = _up(*_change(money, at_risk, stake, size))
    return min(stake, loss + _up(loss * money.drag, ONE))


def _change(money: Money, at_risk: int, stake: int, size: int) -> tuple[int, int]:
    """A quotient: the part of the stake, and where the pot cannot bear all of them, of that what it bears."""
    most = _up(at_risk * money.clip, ONE)
    if most > money.pot:
        return stake * size * money.pot, ONE * most
    return stake * size, ONE


def _weigh(entries: Integers, targets: Targets, values: list[int]) -> int:
    """Σ entry · value: by class, since a row's product is too large for 64 bits in sum."""
    return sum(int(entries[targets.classes == c].sum()) * value for c, value in enumerate(values))


def _dot(a: Integers, b: Integers) -> int:
    return int(a @ b)


def _towards_zero(over: int, under: int) -> int:
    return over // under if over >= 0 else -(-over // under)


def _up(over: int, under: int) -> int:
    return -(-over // under)


@dataclass
class Round:
    """A round of a Book: the targets are None until they are revealed."""

    pot: int
    stakes: dict[str, int] = field(default_factory=dict)  # not settled
    at_risk: int = 0
    targets: Targets | None = None


@dataclass
class Book:
    """The money of one tournament, without its clock: what each call does to everyone's balance."""

    money: Money
    organizer: str
    balances: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    rounds: dict[int, Round] = field(default_factory=dict)

    def held(self) -> int:
        """What the contract holds: balances, stakes, pots and bonds."""
        locked = sum(sum(r.stakes.values()) + r.pot for r in self.rounds.values())
        return sum(self.balances.values()) + locked

    def open(self, number: int) -> None:
        self.balances[self.organizer] -= self.money.pot + self.money.bond
        self.rounds[number] = Round(self.money.pot + self.money.bond)

    def enter(self, number: int, who: str, stake: int) -> None:
        r = self.rounds[number]
        self.balances[who] -= stake
        r.stakes[who] = r.stakes.get(who, 0) + stake
        r.at_risk += stake

    def score(self, number: int, who: str, ranks: Integers) -> int:
        """Settle an entry by its scores, and return its payout."""
        r = self.rounds[number]
        assert r.targets is not None  # noqa: S101 (whoever simulates reveals first)
        stake = r.stakes.pop(who)
        scores = correlation(ranks, r.targets), contribution(ranks, r.targets)
        gain, burnt = payout(self.money, r.at_risk, stake, *scores)
        r.pot -= gain
        self.balances[BURN] += burnt
        self.balances[who] += stake + gain - burnt
        return gain - burnt

    def expire(self, number: int, who: str, caller: str) -> None:
        r = self.rounds[number]
        stake = r.stakes.pop(who)
        burnt = worst(self.money, r.at_risk, stake)
        tip = min(self.money.tip, stake - burnt)
        self.balances[BURN] += burnt
        self.balances[caller] += tip
        self.balances[who] += stake - burnt - tip

    def void(self, number: int) -> None:
        r = self.rounds[number]
        share = self.money.bond // 2 if r.at_risk else 0
        burnt = self.money.bond - share if r.at_risk else 0
        self.balances[BURN] += burnt
        self.balances[self.organizer] += r.pot - share - burnt
        r.pot = share

    def refund(self, number: int, who: str) -> None:
        """Free a stake of a void round, with its share of half of the bond."""
        r = self.rounds[number]
        stake = r.stakes.pop(who)
        share = r.pot * stake // r.at_risk
        r.pot -= share
        r.at_risk -= stake
        self.balances[who] += stake + share

    def close(self, number: int) -> None:
        r = self.rounds[number]
        self.balances[self.organizer] += r.pot
        r.pot = 0
