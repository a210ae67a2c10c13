"""Who helped a model, and what it paid them."""

from collections import defaultdict
from dataclasses import dataclass

from orchestrator.bindings.sum import Awarded
from orchestrator.systems.sum.opening import SharedModel
from orchestrator.types import Address, Wei

FIRST_LEVEL = 10
"""Points of level 1 (contracts/sum/incentives/Gamification.sol)."""


@dataclass(frozen=True)
class LeaderboardRow:
    """A contributor: samples given, those that earned reputation, points, level; and money, in wei."""

    address: Address
    contributions: int
    valid: int
    points: int
    level: int
    deposited: Wei
    refunded: Wei
    taken: Wei


@dataclass
class _Tally:
    contributions: int = 0
    valid: int = 0
    deposited: int = 0
    refunded: int = 0
    taken: int = 0
    points: int = 0


def level_of(points: int) -> int:
    """The level, which is the number of badges, that these points give: from 10 on, one for each doubling."""
    return (points // FIRST_LEVEL).bit_length()


def leaderboard(opened: SharedModel) -> list[LeaderboardRow]:
    """Everybody who gave or took, best first: by points, reputation, then contributions."""
    shared, ledger = opened.shared, opened.ledger.refresh()
    unit = shared.unit
    tallies: dict[Address, _Tally] = defaultdict(_Tally)
    for each in ledger.all():
        facts, fate = each.contribution.facts, each.fate
        tally = tallies[facts.contributor]
        tally.contributions += 1
        tally.deposited += facts.deposit * unit
        if fate.refunded is not None:
            tally.refunded += fate.refunded
            tally.valid += facts.earns and not fate.disputed
        for taker, amount in fate.taken.items():
            tallies[taker].taken += amount
    for event in shared.contract.events(Awarded) if shared.game else ():
        tallies[event.contributor].points += event.points
    return sorted(
        (_row(address, tally) for address, tally in tallies.items()),
        key=lambda row: (-row.points, -row.valid, -row.contributions, row.address),
    )


def _row(address: Address, tally: _Tally) -> LeaderboardRow:
    return LeaderboardRow(
        address,
        tally.contributions,
        tally.valid,
        tally.points,
        level_of(tally.points),
        Wei(tally.deposited),
        Wei(tally.refunded),
        Wei(tally.taken),
    )
