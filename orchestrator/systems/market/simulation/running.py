"""Play a scenario: every strategic player in each of its places, against the honest ones."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from orchestrator.systems.market.reference.market import Market, Phase
from orchestrator.systems.market.simulation.measuring import FastMeasuring
from orchestrator.systems.market.simulation.scenario import COIN, UNIT, MarketScenario, Player
from orchestrator.systems.market.simulation.world import Submission, World
from orchestrator.types import Report

PURSE = 10**6 * COIN
ALL = 1 << 40
ALONE = "honest alone"


@dataclass(frozen=True)
class PlayResult:
    """What one market came to, in bounties: gains of the honest, of the coalition, of the provider."""

    honest: float
    coalition: float
    provider: float
    first: float  # loss before
    last: float  # loss after


@dataclass(frozen=True)
class Row:
    """One play over all seeds. Means, and the worst: the highest of a coalition, the lowest of the honest.

    `kept` is which share the honest keep of what they earn alone (means); None where nobody is honest.
    """

    play: str
    coalition: float | None
    coalition_worst: float | None
    honest: float | None
    honest_worst: float | None
    kept: float | None

    def to_json(self) -> dict[str, Any]:
        return {
            name: value if isinstance(value, str) or value is None else round(value, 3)
            for name, value in vars(self).items()
        }


def run(scenario: MarketScenario, progress: Report | None = None) -> list[Row]:
    """The honest alone, then each other player in each of its places."""
    found: dict[str, list[PlayResult]] = defaultdict(list)
    for seed in range(scenario.seeds):
        for name, outcome in _plays(scenario, seed):
            found[name].append(outcome)
        if progress:
            progress(seed + 1, scenario.seeds)
    alone = float(np.mean([each.honest for each in found[ALONE]]))
    return [_row(name, outcomes, alone) for name, outcomes in found.items()]


def _row(name: str, outcomes: list[PlayResult], alone: float) -> Row:
    honest = [each.honest for each in outcomes]
    coalition = [each.coalition for each in outcomes]
    mean = float(np.mean(honest))
    if name == ALONE:
        return Row(name, None, None, mean, min(honest), 1.0)
    if name.endswith(" alone"):
        return Row(name, float(np.mean(coalition)), max(coalition), None, None, None)
    return Row(
        name, float(np.mean(coalition)), max(coalition), mean, min(honest), mean / alone if alone else None
    )


def _plays(scenario: MarketScenario, seed: int) -> Iterator[tuple[str, PlayResult]]:
    world = World(scenario, seed)
    honest = [lot for p in scenario.player if p.kind == "honest" for lot in world.submissions(p, [])]
    yield ALONE, play(world, honest)
    for player in scenario.player:
        if player.kind == "honest":
            continue
        submissions = world.submissions(player, honest)
        for place in player.places:
            yield f"{player.name} {place}", play(world, _ordered(place, submissions, honest), player)


def _ordered(place: str, submissions: list[Submission], honest: list[Submission]) -> list[Submission]:
    if place == "alone":
        return submissions
    if place == "before":
        return submissions + honest
    if place == "after":
        return honest + submissions
    at = np.argsort(np.concatenate([_spread(len(submissions)), _spread(len(honest))]), kind="stable")
    return [(submissions + honest)[i] for i in at]


def _spread(count: int) -> Any:
    return (np.arange(count) + 0.5) / max(count, 1)


def play(world: World, submissions: list[Submission], player: Player | None = None) -> PlayResult:
    """One market from offer to the last payment. A defaulter's provider reveals nothing."""
    scenario, rules = world.scenario, world.scenario.market_rules
    market = Market(world.model(), rules, UNIT)
    for who in {"provider", *(lot.owner for lot in submissions)}:
        market.fund(who, PURSE)
    market.offer(round(scenario.bounty * COIN), round(scenario.bond * COIN), 0, now=0)
    market.reveal_trial(0, world.portions[0], now=0)
    for lot in submissions:
        market.contribute(lot.owner, lot.batch, now=1)
    defaults = player is not None and player.kind == "defaulter"
    _end(market, world, [lot.batch for lot in submissions], defaults)
    measuring = market.measuring
    gained = {who: (amount - PURSE) / COIN / scenario.bounty for who, amount in market.balances.items()}
    fair = {lot.owner for lot in submissions if lot.honest}
    others = {lot.owner for lot in submissions} - fair
    coalition = sum(gained[who] for who in others) + (gained["provider"] if defaults else 0.0)
    return PlayResult(
        honest=sum(gained[who] for who in fair),
        coalition=coalition,
        provider=gained["provider"],
        first=measuring.first.paying / 1e9 if measuring else 0.0,
        last=measuring.last.paying / 1e9 if measuring else 0.0,
    )


def _end(market: Market, world: World, runs: list[bytes], defaults: bool) -> None:
    now = market.closes_at
    if defaults:
        market.expire(market.deadline(now) + 1)
    else:
        for index, run in enumerate(world.portions[1:], 1):
            market.reveal(index, run, now)
        assert market.measuring is not None  # noqa: S101 – all is revealed
        market.measuring = _fast(market)
        while market.stage == Phase.REWARDING:
            market.crank("provider", [world.portions[0], *runs], ALL, now)
    market.pay(ALL, now)


def _fast(market: Market) -> FastMeasuring:
    slow = market.measuring
    assert slow is not None  # noqa: S101 – see above
    names = ("rules", "model", "bounty", "stake", "contributions", "participants", "portions", "lesson")
    return FastMeasuring(**{name: getattr(slow, name) for name in names})
