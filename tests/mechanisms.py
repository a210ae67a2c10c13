"""Who gains by which strategy: every mechanism that pays, every model it takes, at default terms.

python -m tests.mechanisms [--seeds 10] [--mechanism stake|market] [--strategy NAME] [MODEL …]

prints a table: means over the seeds, and the worst seed (in which the coalition gains most, or the honest
least). Gains are in units of a scenario's money (stake), in points (game) or in bounties (market); `kept` is
the share that the honest keep of what they earn alone. Of copies of news and of refunds after a dispute it is
told what reputation and points all of them earned. Exits with 1 where a row misses what must hold.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from orchestrator.systems.market.simulation.running import run
from orchestrator.systems.market.simulation.scenario import load_market
from orchestrator.systems.sum.simulation.running import Gains, simulate_seeds
from orchestrator.systems.sum.simulation.scenario import load_scenario

STRATEGIES = ("sybil-reporter", "rescue", "thief", "whale", "sleeper", "copycat", "farming", "denial")
BINNED = ", binned"
"""After a model's name: over numbers in bins (the `binned` encoder), else over words."""
STAKES = ("perceptron", "logistic", "bayes", "bayes, binned", "perceptron, binned")
MARKETS = ("bayes", "perceptron", "bayes, binned", "perceptron, binned")


@dataclass(frozen=True)
class Row:
    """Mean and worst seed of both sides; None for a side that does not play.

    `count`: of how many things in all seeds the coalition's gain is.
    """

    mechanism: str
    model: str
    play: str
    coalition: tuple[float, float] | None
    honest: tuple[float, float] | None
    kept: float | None = None
    count: int | None = None

    @property
    def missed(self) -> str:
        """What of that which must hold does not; "" if all does."""
        if self.coalition is None or self.mechanism == "game":  # points are not money: they are shown
            return ""
        if self.count is not None:
            return "" if self.coalition[1] <= 0 else "earn"
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
        if self.count is not None:
            cells = (*cells[:2], f"{self.play}, {self.count} of them", *cells[3:])
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


def stakes(seeds: int, models: Sequence[str], strategies: Sequence[str] = STRATEGIES) -> Iterator[Row]:
    """Every strategy against deposits that the model judges, with points beside them."""
    for name in strategies:
        for kind in (each for each in STAKES if each in models):
            given = load_scenario(name)
            model = given.model.model_copy(update={"kind": kind.removesuffix(BINNED), "game": True})
            data = given.data.model_copy(update={"source": "numbers"} if kind.endswith(BINNED) else {})
            played = simulate_seeds(given.model_copy(update={"model": model, "data": data}), seeds)
            gains = {each.team: each for each in played}
            bad, good = gains["coalition"], gains["honest"]
            yield Row("stake", kind, name, _of(bad.units, max), _of(good.units, min))
            yield Row("game", kind, name, _of(bad.points, max), _of(good.points, min))
            if name == "copycat":
                told = [each.copied_earned for each in bad.tallies]
                yield Row("copies of news", kind, name, _of(told, max), None, count=_sum(bad, "copied"))
            if name == "rescue":
                told = [each.rescued_earned for each in bad.tallies]
                yield Row("rescued refunds", kind, name, _of(told, max), None, count=_sum(bad, "rescued"))


def _of(values: Sequence[int], worst: Callable[[Sequence[int]], int]) -> tuple[float, float]:
    return sum(values) / len(values), worst(values)


def _sum(gains: Gains, what: str) -> int:
    return sum(getattr(each, what) for each in gains.tallies)


def markets(seeds: int, models: Sequence[str]) -> Iterator[Row]:
    """Every play in a market."""
    for kind in (each for each in MARKETS if each in models):
        given = load_market("strategic")
        numbers = {"kind": "binned", "separation": 0.8}
        data = given.data.model_copy(update=numbers if kind.endswith(BINNED) else {})
        plain = {"model": kind.removesuffix(BINNED), "seeds": seeds, "data": data}
        for row in run(given.model_copy(update=plain)):
            coalition = _pair(row.coalition, row.coalition_worst)
            yield Row("market", kind, row.play, coalition, _pair(row.honest, row.honest_worst), row.kept)


def _pair(mean: float | None, worst: float | None) -> tuple[float, float] | None:
    return None if mean is None or worst is None else (mean, worst)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--mechanism", choices=["stake", "market"])
    parser.add_argument(
        "--strategy", action="append", choices=STRATEGIES, help="against deposits; repeatable"
    )
    parser.add_argument("models", nargs="*", choices=[*STAKES, []], metavar="MODEL")
    options = parser.parse_args()
    parts: dict[str, Callable[[int, Sequence[str]], Iterator[Row]]] = {
        "stake": lambda seeds, models: stakes(seeds, models, options.strategy or STRATEGIES),
        "market": markets,
    }
    sys.stdout.write("| mechanism | model | play | coalition | honest | kept | |\n" + "| --- " * 7 + "|\n")
    missed = 0
    for part in [parts[options.mechanism]] if options.mechanism else parts.values():
        for row in part(options.seeds, options.models or STAKES):
            missed += bool(row.missed)
            sys.stdout.write(f"{row}\n")
            sys.stdout.flush()
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
