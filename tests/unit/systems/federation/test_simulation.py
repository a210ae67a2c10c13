from pathlib import Path

import numpy as np
import pytest

from orchestrator.errors import SpecError
from orchestrator.learning.aggregation import Rule, Settings
from orchestrator.systems.federation.experiments.riders import RIDES, earned
from orchestrator.systems.federation.simulation import judging
from orchestrator.systems.federation.simulation.characters import (
    CHARACTERS,
    Absent,
    Character,
    Flipper,
    Honest,
    Liar,
    Poisoner,
)
from orchestrator.systems.federation.simulation.datasets import cancer, digits, shared
from orchestrator.systems.federation.simulation.networks import (
    Network,
    PrivateTraining,
    Training,
    train,
    train_privately,
)
from orchestrator.systems.federation.simulation.playing import Plan, Played, Policy, play
from orchestrator.systems.federation.simulation.running import simulate
from orchestrator.systems.federation.simulation.scenario import SHIPPED, load_scenario

NETWORK = Network(inputs=30, classes=2)


def run(cast: list[Character], **changes: object) -> Played:
    data = cancer(0)
    parts = shared(data.labels, len(cast), np.random.default_rng(0))
    plan = Plan(NETWORK, Training(epochs=2), **({"rounds": 4} | changes))  # type: ignore[arg-type]
    return play(plan, data, parts, cast, 0)


@pytest.mark.parametrize("network", [Network(4, 3), Network(4, 3, hidden=5)])
def test_gradients_are_those_of_the_loss(network: Network) -> None:
    rng = np.random.default_rng(0)
    weights, features = rng.normal(size=network.size), rng.normal(size=(7, 4))
    labels = rng.integers(0, 3, 7)
    gradient = network.gradient(weights, features, labels)
    for place in range(network.size):
        step = np.zeros(network.size)
        step[place] = 1e-6
        rise = network.loss(weights + step, features, labels) - network.loss(weights - step, features, labels)
        assert gradient[place] == pytest.approx(rise / 2e-6, abs=1e-6)
    alone = network.record_gradients(weights, features, labels)
    assert alone.mean(axis=0) == pytest.approx(gradient)
    assert alone[2] == pytest.approx(network.gradient(weights, features[2:3], labels[2:3]))


def test_a_party_without_rows_sends_no_change() -> None:
    start = np.ones(NETWORK.size)
    none = np.zeros((0, 30)), np.zeros(0, np.int64)
    assert (train(NETWORK, start, *none, np.random.default_rng(0)) == start).all()


def test_the_pull_back_keeps_a_party_near() -> None:
    data, start = cancer(0), np.zeros(NETWORK.size)
    moved = [
        np.linalg.norm(
            train(
                NETWORK, start, data.features, data.labels, np.random.default_rng(0), Training(proximal=pull)
            )
        )
        for pull in (0.0, 1.0)
    ]
    assert moved[1] < moved[0] / 2


def test_rows_are_shared_among_all_and_each_once() -> None:
    data, rng = digits(3), np.random.default_rng(0)
    for parts in (shared(data.labels, 7, rng), shared(data.labels, 7, rng, 0.1)):
        assert sorted(np.concatenate(parts).tolist()) == list(range(1400))
    skewed = shared(data.labels, 7, rng, 0.1)
    shares = [np.bincount(data.labels[part], minlength=10).max() / len(part) for part in skewed]
    assert np.mean(shares) > 0.3


def test_a_run_is_the_same_for_the_same_seed() -> None:
    cast: list[Character] = [Honest(), Poisoner(), Absent(), Honest()]
    first, again = run(cast), run(cast)
    assert first.model.tolist() == again.model.tolist()
    assert first.accuracy == again.accuracy


def test_honest_parties_learn_and_all_are_in() -> None:
    played = run([Honest()] * 5, policy=Policy.COMMITTEE)
    assert played.accuracy[-1] > 0.94 > played.accuracy[0]
    assert [tally.accepted for tally in played.tallies] == [4] * 5
    assert sum(tally.led for tally in played.tallies) == 4


@pytest.mark.parametrize("policy", [Policy.COMMITTEE, Policy.MAJORITY])
@pytest.mark.parametrize("bad", [Poisoner(norm=50), Flipper(strength=5)])
def test_a_policy_keeps_a_minority_out_and_not_a_majority(policy: Policy, bad: Character) -> None:
    few = run([bad] * 2 + [Honest()] * 5, policy=policy, committee=7)
    assert few.accuracy[-1] > 0.9
    assert sum(tally.accepted for tally in few.tallies[:2]) <= 1
    many = run([bad] * 5 + [Honest()] * 2, policy=policy, committee=7)
    assert many.accuracy[-1] < few.accuracy[-1] - 0.1
    assert min(tally.accepted for tally in many.tallies[:5]) >= 3


def test_liars_of_a_minority_run_nobody_down() -> None:
    played = run([Liar()] * 2 + [Honest()] * 5, policy=Policy.COMMITTEE, committee=7)
    assert min(tally.accepted for tally in played.tallies) >= 3


def test_who_is_always_away_sends_nothing_and_a_round_without_updates_changes_nothing() -> None:
    played = run([Absent(chance=1.0), Honest()])
    assert played.tallies[0].sent == 0 < played.tallies[1].sent
    nothing = run([Absent(chance=1.0)] * 2, policy=Policy.COMMITTEE)
    assert len(set(nothing.accuracy)) == 1


def test_updates_of_a_byte_reach_what_those_of_four_reach() -> None:
    fine, coarse = run([Honest()] * 4), run([Honest()] * 4, width=1)
    assert coarse.accuracy[-1] == pytest.approx(fine.accuracy[-1], abs=0.02)
    assert coarse.bytes_sent < fine.bytes_sent / 3


def test_weights_are_rows() -> None:
    data = cancer(0)
    order = np.random.default_rng(0).permutation(len(data.labels))
    parts = [order[:400], order[400:]]
    cast = [Honest(), Poisoner(norm=3)]
    found = [
        play(Plan(NETWORK, rounds=3, weighted=weighted), data, parts, cast, 0).accuracy[-1]
        for weighted in (True, False)
    ]
    assert found[0] > found[1]


@pytest.mark.parametrize("character", list(CHARACTERS))
def test_every_character_plays_under_every_policy(character: str) -> None:
    for policy in Policy:
        played = run(
            [CHARACTERS[character](), *[Honest()] * 3],
            policy=policy,
            rounds=2,
            settings=Settings(Rule.NEAREST_CLIPPED, keep=3),
        )
        assert len(played.accuracy) == 3


def test_scores_and_judgements_are_whole_numbers() -> None:
    assert [judging.score(error) for error in (0.0, 0.5, 1.0, 2.0, -1.0)] == [0, 32768, 65535, 65535, 0]
    assert judging.medians([[1, 9], [2, 8], [3, 7]], [None] * 3) == [2, 8]
    assert judging.medians([[1, 9], [2, 8], [3, 7]], [0, 1, None]) == [2, 7]
    assert judging.accepted([10, 15, 16, 9, 11]) == [0, 1, 2, 3, 4]
    assert judging.accepted([10, 10, 18, 12]) == [0, 1, 3]
    assert judging.accepted([10, 15, 16, 10, 10]) == [0, 1, 3, 4]
    assert judging.leader([5, 3, 3]) == 1
    votes = [[True, True, False], [True, False, False], [True, False, True], [False, False, False]]
    assert judging.majority(votes, 4) == [0]
    assert judging.majority(votes[:3], 6) == []


@pytest.mark.parametrize("name", sorted(each.stem for each in SHIPPED.glob("*.toml")))
def test_shipped_scenarios_are_read(name: str) -> None:
    assert 2 <= len(load_scenario(name).cast) <= 16


def test_a_scenario_is_compared_with_its_honest_parties() -> None:
    result = simulate(load_scenario("hospitals"))
    assert result.rounds[-1]["accuracy"] > 0.93
    assert abs(result.rounds[-1]["accuracy"] - result.rounds[-1]["honest_alone"]) < 0.03
    parties = {each["character"]: each for each in result.parties}
    assert parties["poisoner"]["accepted"] <= 2 < parties["honest"]["accepted"]
    assert sum(each["merit"] for each in result.parties) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "title = 7",
        'title = "x"',
        'title = "x"\nparty = []',
        'title = "x"\n[[party]]\ncharacter = "honest"',
        'title = "x"\n[[party]]\ncharacter = "angel"\ncount = 2',
        'title = "x"\n[[party]]\ncharacter = "honest"\ncount = 17',
        'title = "x"\n[[party]]\ncharacter = "honest"\ncount = 9\n[[party]]\ncharacter = "liar"\ncount = 9',
        'title = "x"\n[[party]]\ncharacter = "honest"\nnorm = 3.0\ncount = 2',
        'title = "x"\nwhat = 1\n[[party]]\ncharacter = "honest"\ncount = 2',
        'title = "x"\nbytes = 3\n[[party]]\ncharacter = "honest"\ncount = 2',
        'title = "x"\n[rule]\nname = "best"\n[[party]]\ncharacter = "honest"\ncount = 2',
        "title = \xff",
    ],
)
def test_a_scenario_that_makes_no_sense_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "scenario.toml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(SpecError):
        load_scenario(str(file))
    with pytest.raises(SpecError, match="there is no scenario"):
        load_scenario("nowhere")


def test_private_training__no_noise_and_every_row__is_descent_on_the_mean() -> None:
    network, rng = Network(3, 2), np.random.default_rng(3)
    features, labels = rng.normal(size=(20, 3)), rng.integers(0, 2, 20)
    plan = PrivateTraining(steps=4, rate=0.5, sampling=1.0, clip=1e9, noise=0.0)
    found = train_privately(network, np.zeros(network.size), features, labels, rng, plan, np.zeros)
    wanted = train(network, np.zeros(network.size), features, labels, rng, Training(4, 0.5, 20))
    assert found == pytest.approx(wanted)


def test_private_training__one_row__moves_it_by_rate_times_norm_a_step_at_most() -> None:
    network, rng = Network(3, 2), np.random.default_rng(3)
    plan = PrivateTraining(steps=1, rate=0.5, sampling=1.0, clip=0.1, noise=0.0)
    features = np.full((1, 3), 1e6)
    found = train_privately(
        network, np.zeros(network.size), features, np.zeros(1, np.int64), rng, plan, np.zeros
    )
    assert np.linalg.norm(found) == pytest.approx(0.05)


def test_private_training__no_rows__is_noise_alone() -> None:
    network, rng = Network(3, 2), np.random.default_rng(3)
    plan = PrivateTraining(steps=3, rate=0.5, sampling=0.5, clip=1.0, noise=1.0)
    nothing = np.zeros((0, 3)), np.zeros(0, np.int64)
    found = train_privately(network, np.zeros(network.size), *nothing, rng, plan, np.ones)
    assert found == pytest.approx(-1.5)


@pytest.mark.parametrize("ride", RIDES)
def test_rider__by_pay__as_the_experiment_says(ride: str) -> None:
    got = earned(ride, 0, None)
    assert got["equal"] < 1 + 1e-9
    assert (got["alignment"] > 1.1) == (ride not in ("other than the last", "sleeper"))
    assert (got["novelty"] > 1.5) == (ride in ("copy and noise", "other than the last"))
    if ride in ("copy", "sleeper"):
        assert got["novelty"] < 0.05
