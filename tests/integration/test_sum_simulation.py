"""The same agents on Python references and on the real contracts; and the survey's experiment.

simulate
├── on the contracts: every weight and every unit as on the references
└── figure 4: accuracy holds, the good gain, the bad lose, and quickly
"""

import os
from pathlib import Path

import pytest

from orchestrator.systems.sum.simulation.reviews import load_samples
from orchestrator.systems.sum.simulation.running import run, simulate
from orchestrator.systems.sum.simulation.scenario import load_scenario

REVIEWS = Path(os.environ.get("DILN_SHARED", "../shared")) / "data" / "imdb_500words.npz"


@pytest.mark.parametrize("kind", ["perceptron", "logistic", "bayes"])
def test_run__on_chain__weight_for_weight_and_unit_for_unit(kind):
    scenario = load_scenario("quick")
    model = scenario.model.model_copy(update={"kind": kind})
    scenario = scenario.model_copy(update={"model": model, "days": 9, "measure": 3})
    samples = load_samples(scenario.data, None, scenario.seed)
    references = run(scenario, samples, scenario.agent)
    chain = run(scenario, samples, scenario.agent, on_chain=True)
    for name in ("given", "refused", "words", "units", "times", "balances", "accuracy"):
        assert getattr(references, name) == getattr(chain, name), name
    assert references.contributions > 15


@pytest.mark.skipif(not REVIEWS.is_file(), reason="the prepared film reviews are not here (DILN_SHARED)")
def test_simulate__figure_4__accuracy_holds_and_money_moves_to_the_good():
    result = simulate(load_scenario("figure4"), data=REVIEWS)
    track, without = result.track, result.without
    gaps = [b - a for a, b in zip(track.accuracy, without.accuracy, strict=True)]
    assert max(gaps) <= 0.03
    assert track.balances["good"][-1] > 1.1 * 10_000
    assert track.balances["bad"][-1] < 0.02 * 10_000
    assert track.contributions / track.seconds * 60 >= 20_000  # ten times as many on an idle core


@pytest.mark.parametrize("name", ["rescue", "copycat"])
def test_run__attackers_on_chain__weight_for_weight_and_unit_for_unit(name):
    """A third as busy as the scenario, long enough for disputes; with the points of a game."""
    scenario = load_scenario(name)
    model = scenario.model.model_copy(update={"game": True})
    agents = [agent.model_copy(update={"pace": 3 * agent.pace, "look": 360}) for agent in scenario.agent]
    scenario = scenario.model_copy(update={"model": model, "days": 18, "measure": 9, "agent": tuple(agents)})
    samples = load_samples(scenario.data, None, scenario.seed)
    references = run(scenario, samples, scenario.agent)
    chain = run(scenario, samples, scenario.agent, on_chain=True)
    fields = ("given", "refused", "words", "units", "reputation", "points", "tallies", "balances", "accuracy")
    for field in fields:
        assert getattr(references, field) == getattr(chain, field), field
    assert references.reputation["ann"] > 0
    assert name == "copycat" or references.points["reporter"] > 0
