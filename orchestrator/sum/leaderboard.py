"""Who helped a model, and what it paid them."""

from collections import defaultdict
from dataclasses import dataclass, field

from orchestrator.sum.opening import Opened
from orchestrator.types import Address, Wei


@dataclass(frozen=True)
class Row:
    """A contributor: samples given, those that earned reputation, points; wei deposited, returned, taken."""

    address: Address
    contributions: int
    valid: int
    points: int
    deposited: Wei
    refunded: Wei
    taken: Wei


@dataclass
class _Tally:
    contributions: int = 0
    deposited: int = 0
    paid: dict[str, int] = field(default_factory=lambda: {"Refunded": 0, "Taken": 0})


def leaderboard(opened: Opened) -> list[Row]:
    """Everybody who gave or took, best first: by points, reputation, then contributions."""
    shared = opened.shared
    tallies: dict[Address, _Tally] = defaultdict(_Tally)
    for contribution in shared.contributions():
        tally = tallies[contribution.facts.contributor]
        tally.contributions += 1
        tally.deposited += contribution.facts.deposit * shared.unit
    for name, who in (("Refunded", "contributor"), ("Taken", "taker")):
        for event in shared.events(name):
            tallies[event["args"][who]].paid[name] += event["args"]["amount"]
    rows = []
    for address, tally in tallies.items():
        standing = shared.standing(address)
        rows.append(
            Row(
                address,
                tally.contributions,
                standing.valid,
                standing.points,
                Wei(tally.deposited),
                Wei(tally.paid["Refunded"]),
                Wei(tally.paid["Taken"]),
            )
        )
    return sorted(rows, key=lambda row: (-row.points, -row.valid, -row.contributions, row.address))
