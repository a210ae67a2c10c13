"""Who helped a model, and what it paid them."""

from collections import defaultdict
from dataclasses import dataclass, field

from orchestrator.sum.opening import Opened
from orchestrator.types import Address, Wei

FIRST_LEVEL = 10
"""Points of level 1 (contracts/sum/incentives/Gamification.sol)."""


@dataclass(frozen=True)
class Row:
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
    deposited: int = 0
    paid: dict[str, int] = field(default_factory=lambda: {"Refunded": 0, "Taken": 0})


def level_of(points: int) -> int:
    """The level, which is the number of badges, that these points give: from 10 on, one for each doubling."""
    return (points // FIRST_LEVEL).bit_length()


def leaderboard(opened: Opened) -> list[Row]:
    """Everybody who gave or took, best first: by points, reputation, then contributions."""
    shared = opened.shared
    tallies: dict[Address, _Tally] = defaultdict(_Tally)
    contributors: dict[int, Address] = {}
    for contribution in shared.contributions():
        contributors[contribution.id] = contribution.facts.contributor
        tally = tallies[contribution.facts.contributor]
        tally.contributions += 1
        tally.deposited += contribution.facts.deposit * shared.unit
    for event in shared.events("Refunded"):
        tallies[contributors[event["args"]["id"]]].paid["Refunded"] += event["args"]["amount"]
    for event in shared.events("Taken"):
        tallies[event["args"]["taker"]].paid["Taken"] += event["args"]["amount"]
    rows = []
    for address, tally in tallies.items():
        standing = shared.standing(address)
        rows.append(
            Row(
                address,
                tally.contributions,
                standing.valid,
                standing.points,
                level_of(standing.points),
                Wei(tally.deposited),
                Wei(tally.paid["Refunded"]),
                Wei(tally.paid["Taken"]),
            )
        )
    return sorted(rows, key=lambda row: (-row.points, -row.valid, -row.contributions, row.address))
