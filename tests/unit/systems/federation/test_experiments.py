"""Every experiment shows what it has to show; the slow ones in the long run only."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from orchestrator.cli.dispatch import run
from orchestrator.errors import EngineError, UsageError
from orchestrator.systems.federation import experiments
from orchestrator.systems.federation.experiments import base, contribution, pol
from orchestrator.systems.federation.simulation import judging

FAST = ("learningchain-privacy", "privacy", "leader", "confirm", "psi", "vertical")


def _cases() -> list[Any]:
    return [
        name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in experiments.NAMES
    ]


@pytest.mark.parametrize("name", _cases())
def test_what_has_to_hold_holds_or_is_explained(name: str) -> None:
    if name == "flower":
        pytest.importorskip("flwr", reason="Flower is not installed: pip install 'diln[flower]'")
    outcome = experiments.load(name).run(None)
    missed = [check for check in outcome.checks if not check.met]
    assert [check.claim for check in missed if not check.reason] == []
    assert len(missed) < len(outcome.checks)
    for column in (outcome.picture.x, *outcome.picture.lines):
        assert all(column in row for row in outcome.rows)


def test_figures_and_picture_are_written_and_the_same_again(tmp_path: Any) -> None:
    experiment = experiments.load("vertical")
    files = base.write(experiment, experiment.run(None), tmp_path / "a")
    again = base.write(experiment, experiment.run(None), tmp_path / "b")
    assert [file.name for file in files] == ["vertical.png", "vertical.json"]
    assert [file.read_bytes() for file in files] == [file.read_bytes() for file in again]
    with Image.open(files[0]) as picture:
        assert picture.size[0] > 1000


def test_all_are_run_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One whose extra is not installed is told of; a miss without a reason is a failure."""
    outcome = base.Outcome(
        [{"x": 1, "y": 2}],
        [base.Check("it holds", True), base.Check("it is small", False)],
        base.Picture("x", ("y",), "y"),
        {},
    )

    def absent(progress: object) -> base.Outcome:
        raise EngineError("Flower is not installed")

    made = {
        "one": base.Experiment("one", "One", "nobody", lambda progress: outcome),
        "two": base.Experiment("two", "Two", "nobody", absent),
    }
    monkeypatch.setattr(experiments, "NAMES", tuple(made))
    monkeypatch.setattr(experiments, "load", made.__getitem__)
    assert run(["federation", "experiment", "all", "--output", str(tmp_path), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)["experiments"]
    assert [(each["met"], each["missed"], each["note"]) for each in said] == [
        (1, ["it is small"], "a miss without a reason"),
        (0, [], "Flower is not installed"),
    ]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["one.json", "one.png"]


def test_names_are_modules_and_others_are_refused() -> None:
    for name in experiments.NAMES:
        assert experiments.load(name).name == name
    with pytest.raises(UsageError, match="there is no experiment"):
        experiments.load("../secrets")


def test_bounds_tell_what_was_found() -> None:
    assert base.Check.at_least("x", [0.5, 0.7], 0.6).met is False
    assert base.Check.at_least("x", [0.65, 0.7], 0.6).met is True
    assert base.Check.at_most("x", [0.5, 0.7], 0.6).met is False
    assert base.Check.at_most("x", [0.5, 0.55], 0.6).figures == "greatest 0.550, allowed 0.6"


def test_rankings_need_more_than_half() -> None:
    assert pol.ranking([[3, 5, 4], [3, 5, 4], [9, 9, 9]]) == [1, 2, 0]
    assert pol.ranking([[3, 5, 4], [1, 2, 3], [9, 9, 9]]) == []
    assert pol.ranking([[4, 4], [4, 4], [4, 4]]) == [0, 1]


def test_a_leader_by_its_own_word_is_who_says_the_least() -> None:
    honest = [[100, 200, 300], [110, 190, 320], [120, 210, 310]]
    assert [judging.literal(honest, gamma) for gamma in (0.0, 1.0, 5.0)] == [0, 0, 0]
    lying = [*honest[:2], [0, 0, 0]]
    assert judging.literal(lying, 1.0) == 2
    assert judging.leader(judging.medians(lying, [0, 1, 2])) == 0
    assert judging.literal([[10, 0], [0, 30]], 1.0) == 0
    assert judging.literal([[30, 0], [0, 10]], 1.0) == 1


def test_shapley_values_are_those_of_games_with_known_ones() -> None:
    """Additive games give each its own; a coalition of two that only wins together shares the win."""
    own = np.arange(contribution.PARTIES) / 10
    additive = contribution.shapley(lambda members: sum(own[i] for i in range(10) if members >> i & 1))
    assert additive == pytest.approx(own)
    pair = contribution.shapley(lambda members: float(members & 0b101 == 0b101))
    assert pair == pytest.approx([0.5, 0, 0.5, 0, 0, 0, 0, 0, 0, 0])
    estimated = contribution.gtg_shapley(
        lambda members: sum(own[i] for i in range(10) if members >> i & 1), np.random.default_rng(0)
    )
    assert np.abs(estimated - own).max() < 0.3
