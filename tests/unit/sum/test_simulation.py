"""Scenarios: read, run, written; money conserved.

load_scenario
├── shipped: valid
└── malformed: names the key
simulate
├── same seed: same result; money conserved
├── bad agents lose, good ones gain
├── strategic agents lose together at default terms, the honest do not
└── missing data: a DataError
"""

import json

import pytest

from orchestrator.cli.dispatch import run as diln
from orchestrator.errors import DataError, SpecError
from orchestrator.systems.sum.simulation.agents import Crowd
from orchestrator.systems.sum.simulation.reviews import load_samples
from orchestrator.systems.sum.simulation.running import first_model, run, simulate, simulate_seeds, write
from orchestrator.systems.sum.simulation.scenario import COIN, SHIPPED, load_scenario
from orchestrator.systems.sum.simulation.world import ReferenceWorld


@pytest.mark.parametrize("name", sorted({path.stem for path in SHIPPED.glob("*.toml")} - {"market"}))
def test_load_scenario__shipped__valid(name):
    assert load_scenario(name).agent


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("days = 16", "days = -1", "days"),
        ("words = 40", "wordz = 40", "wordz"),
        ('kind = "perceptron"', 'kind = "oracle"', "model.kind"),
        ("days = 16", "days = ", "TOML"),
    ],
)
def test_load_scenario__malformed__names_the_key(tmp_path, old, new, named):
    path = tmp_path / "mine.toml"
    path.write_text((SHIPPED / "quick.toml").read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(SpecError, match=named):
        load_scenario(str(path))


def test_load_scenario__unknown__names_those_that_ship():
    with pytest.raises(SpecError) as caught:
        load_scenario("unheard-of")
    assert "figure4" in caught.value.hint


def test_simulate__twice__same_result():
    scenario = load_scenario("quick")
    first, second = simulate(scenario), simulate(scenario)
    assert (first.track.words, first.track.units) == (second.track.words, second.track.units)


def test_run__any_moment__no_unit_is_made_or_lost():
    scenario = load_scenario("quick")
    samples = load_samples(scenario.data, None, scenario.seed)
    model = first_model(scenario.model, samples, scenario.data.initial, scenario.seed)
    starts = [round(agent.start * COIN) for agent in scenario.agent]
    world = ReferenceWorld(model, scenario.contract_terms, starts, 1)
    crowd = Crowd(world, scenario.agent, samples, scenario.data.initial, scenario.contract_terms, 0)
    seen = []
    crowd.run(50 * 86_400, 86_400, lambda _: seen.append(world.owed()))
    assert set(seen) == {sum(starts)}
    assert sum(person.given for person in crowd.people) > 50


def test_simulate__long_enough__good_gain_what_the_bad_lose():
    scenario = load_scenario("quick").model_copy(update={"days": 120})
    track = simulate(scenario).track
    assert track.units["bad"] < 0.1 * 500 * COIN
    assert sum(track.units[name] for name in ("good", "patient")) > 2_600 * COIN


ATTACKS = ("sybil-reporter", "rescue", "thief", "whale", "sleeper", "copycat")


@pytest.mark.parametrize("kind", ["perceptron", "bayes"])
@pytest.mark.parametrize("name", ATTACKS)
def test_simulate_seeds__attackers_together__lose_and_the_honest_lose_nothing(name, kind):
    """At default terms; all ten seeds are told in docs/security/mechanisms.md."""
    scenario = load_scenario(name)
    scenario = scenario.model_copy(update={"model": scenario.model.model_copy(update={"kind": kind})})
    gains = {each.team: each.to_json() for each in simulate_seeds(scenario, 10 if name == "copycat" else 3)}
    assert gains["coalition"]["mean"] <= 0
    assert gains["honest"]["mean"] >= 0


def test_simulate_seeds__farmer_of_reputation__gets_less_than_a_hundredth_of_the_deposits():
    scenario = load_scenario("farming")
    gains = {each.team: each.to_json() for each in simulate_seeds(scenario, 2)}
    assert gains["coalition"]["mean"] < 300_000
    assert gains["honest"]["mean"] > -600_000


def test_simulate_seeds__denier_of_reputation__pays_dearly_for_it():
    scenario = load_scenario("denial")
    gains = {each.team: each.to_json() for each in simulate_seeds(scenario, 1)}
    assert gains["honest"]["reputation"] < 200  # alone they earn some 340
    assert gains["coalition"]["mean"] < -20_000_000
    assert gains["honest"]["mean"] > 20_000_000


def test_run__more_agents_than_the_chain_has_accounts__refused():
    scenario = load_scenario("quick")
    samples = load_samples(scenario.data, None, scenario.seed)
    with pytest.raises(SpecError, match="12 agents"):
        run(scenario, samples, scenario.agent * 4, on_chain=True)


def test_write__result__picture_and_json(tmp_path):
    result = simulate(load_scenario("quick"))
    picture, content = write(result, tmp_path)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert json.loads(content.read_text())["summary"]["contributions"] == result.track.contributions


def test_load_samples__no_reviews_here__says_what_to_give(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DILN_SHARED", raising=False)
    with pytest.raises(DataError) as caught:
        load_samples(load_scenario("figure4").data, None, 0)
    assert "--data" in caught.value.hint


def test_load_samples__full_reviews__by_their_most_frequent_words(tmp_path):
    for part in ("train", "test"):
        for name, word in (("neg", "dreadful"), ("pos", "lovely")):
            folder = tmp_path / "aclImdb" / part / name
            folder.mkdir(parents=True)
            for number in range(6):
                text = f"A {word} film<br />number{number}"
                (folder / f"{number}_1.txt").write_text(text, encoding="utf-8")
    section = load_scenario("figure4").data.model_copy(update={"initial": 4, "words": 3})
    samples = load_samples(section, tmp_path / "aclImdb", 0)
    assert samples.train.shape == samples.test.shape == (12, 3)
    assert sorted(samples.labels.tolist()) == [0] * 6 + [1] * 6


def test_simulate__seeds_and_a_folder__refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert diln(["sum", "simulate", "quick", "--seeds", "2", "-o", "pictures"]) == 2
    assert "nothing is written" in capsys.readouterr().err


@pytest.mark.parametrize("source", ["made", "numbers"])
def test_simulate_seeds__copies_of_news_and_rescued_refunds__earn_nothing(source):
    """Neither reputation nor points; that there are some is part of it."""
    for name, what in (("copycat", "copied"), ("rescue", "rescued")):
        scenario = load_scenario(name)
        model = scenario.model.model_copy(update={"game": True})
        data = scenario.data.model_copy(update={"source": source})
        played = simulate_seeds(scenario.model_copy(update={"model": model, "data": data}), 1)
        [tally] = {each.team: each for each in played}["coalition"].tallies
        assert getattr(tally, what) > 0
        assert getattr(tally, f"{what}_earned") == 0
