"""Who gains by which strategy: every mechanism that pays, every model it takes, at default terms.

python -m tests.mechanisms [--seeds 10]

prints a table: means over the seeds, and the worst seed (in which the coalition gains most, or the honest
least). Gains are in units of a scenario's money (stake) or in bounties (market); `kept` is the share that the
honest keep of what they earn alone. Exits with 1 where a row misses what must hold.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from orchestrator.systems.market.simulation.running import run
from orchestrator.systems.market.simulation.scenario import load_market
from orchestrator.systems.sum.simulation.running import simulate_seeds
from orchestrator.systems.sum.simulation.scenario import load_scenario

STRATEGIES = ("sybil-reporter", "rescue", "thief", "whale", "sleeper", "copycat", "farming", "denial")
STAKES = ("perceptron", "logistic", "bayes")
MARKETS = ("bayes", "perceptron")


@dataclass(frozen=True)
class Row:
    """Mean and worst seed of both sides; None for a side that does not play."""

    mechanism: str
    model: str
    play: str
    coalition: tuple[float, float] | None
    honest: tuple[float, float] | None
    kept: float | None = None

    @property
    def missed(self) -> str:
        """What of that which must hold does not; "" if all does."""
        if self.coalition is None:
            return ""
        most, least = (0.0, 0.0) if self.mechanism == "stake" else _bounds(self.play)
        told = []
        if self.coalition[0] > most:
            told.append(f"gains {_shown(self.coalition[0])}, not {_shown(most)} at most")
        if self.kept is not None and self.kept < least:
            told.append(f"they keep {self.kept:.2f}, not {least}")
        if self.mechanism == "stake" and self.honest and self.honest[0] < 0:
            told.append("the honest lose")
        return "; ".join(told)

    def __str__(self) -> str:
        kept = "" if self.kept is None else f"{self.kept:.2f}"
        cells = (self.mechanism, self.model, self.play, _both(self.coalition), _both(self.honest), kept)
        return f"| {' | '.join(cells)} | {self.missed or 'holds'} |"


def _bounds(play: str) -> tuple[float, float]:
    """What a coalition may gain at most in a market, and what share the honest must keep."""
    if play.startswith("parasite"):
        return 0.04, 0.9
    if play.startswith("default"):
        return -0.5, 0.0  # the bond
    if play.startswith(("overtaker", "sleeper")):
        return 1.0, -1.0  # the one copies what nobody sealed, the other gave honest data first: both are paid
    return 0.0, 0.8


def _shown(value: float) -> str:
    return f"{value:+,.0f}" if abs(value) >= 100 else f"{value:+.3f}"


def _both(pair: tuple[float, float] | None) -> str:
    return "–" if pair is None else f"{_shown(pair[0])} ({_shown(pair[1])})"


def stakes(seeds: int) -> Iterator[Row]:
    """Every strategy against deposits that the model judges."""
    for name in STRATEGIES:
        for kind in STAKES:
            given = load_scenario(name)
            model = given.model.model_copy(update={"kind": kind})
            gains = {
                each.team: each for each in simulate_seeds(given.model_copy(update={"model": model}), seeds)
            }
            bad, good = gains["coalition"], gains["honest"]
            yield Row(
                "stake",
                kind,
                name,
                (sum(bad.units) / seeds, max(bad.units)),
                (sum(good.units) / seeds, min(good.units)),
            )


def markets(seeds: int) -> Iterator[Row]:
    """Every play in a market."""
    for kind in MARKETS:
        for row in run(load_market("strategic").model_copy(update={"model": kind, "seeds": seeds})):
            coalition = _pair(row.coalition, row.coalition_worst)
            yield Row("market", kind, row.play, coalition, _pair(row.honest, row.honest_worst), row.kept)


def _pair(mean: float | None, worst: float | None) -> tuple[float, float] | None:
    return None if mean is None or worst is None else (mean, worst)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10)
    seeds = parser.parse_args().seeds
    parts: list[Callable[[int], Iterator[Row]]] = [stakes, markets]
    sys.stdout.write("| mechanism | model | play | coalition | honest | kept | |\n" + "| --- " * 7 + "|\n")
    missed = 0
    for part in parts:
        for row in part(seeds):
            missed += bool(row.missed)
            sys.stdout.write(f"{row}\n")
            sys.stdout.flush()
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
