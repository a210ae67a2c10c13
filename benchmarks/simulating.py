"""Simulate the survey's figure 4 on Python references: how many contributions a minute, on one core.

    python -m benchmarks.simulating [--data PATH]

Needs the prepared film reviews (imdb_500words.npz); without them the scenario `quick` is made longer. Exits 1
below 20,000 contributions a minute.
"""

import argparse
from pathlib import Path

from orchestrator.errors import DataError
from orchestrator.systems.sum.simulation.reviews import Samples, load_samples
from orchestrator.systems.sum.simulation.running import run
from orchestrator.systems.sum.simulation.scenario import Scenario, load_scenario

LEAST = 20_000


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    scenario, samples = prepared(parser.parse_args().data)
    track = run(scenario, samples, scenario.agent)
    speed = 60 * track.contributions / track.seconds
    print(f"scenario         {scenario.title}, {scenario.days:g} days")
    print(f"contributions    {track.contributions:8,}")
    print(f"a minute         {speed:8,.0f} (at least {LEAST:,})")
    return int(speed < LEAST)


def prepared(data: Path | None) -> tuple[Scenario, Samples]:
    scenario = load_scenario("figure4")
    try:
        return scenario, load_samples(scenario.data, data, scenario.seed)
    except DataError:
        made = load_scenario("quick").model_copy(update={"days": 2_000.0, "measure": 100.0})
        return made, load_samples(made.data, None, made.seed)


if __name__ == "__main__":
    raise SystemExit(main())
