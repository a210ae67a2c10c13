"""Strategic participants against honest ones, at default terms: who gains what.

figures as published, of fewer seeds → what must hold does
numpy measuring → the reference's integers
scenario with bad input → one error
command with options that markets do not have → refused
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.dispatch import run as diln
from orchestrator.errors import SpecError
from orchestrator.systems.market.reference.measuring import Measuring
from orchestrator.systems.market.reference.rules import Rules
from orchestrator.systems.market.simulation import Row, load_market, run
from orchestrator.systems.market.simulation.running import play
from orchestrator.systems.market.simulation.world import World

SHARE = 0.8
"""Of what the honest earn alone, that they keep beside noise; 0.9 beside a parasite."""


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    scenario = load_market("strategic")
    wanted = ("honest", "parasite", "noise sybils", "100 noise sybils", "default with a sybil")
    players = tuple(player for player in scenario.player if player.name in wanted)
    return {row.play: row for row in run(scenario.model_copy(update={"seeds": 10, "player": players}))}


def test_load_market__shipped__plays_at_default_terms() -> None:
    scenario = load_market("strategic")
    assert asdict(scenario.market_rules) == asdict(Rules())
    assert scenario.seeds >= 10


def test_run__honest_alone__worth_contributing(rows: dict[str, Row]) -> None:
    row = rows["honest alone"]
    assert row.honest is not None
    assert row.honest > 0.3


@pytest.mark.parametrize("place", ["alone", "before", "after"])
def test_run__parasite_on_the_trial_portion__earns_next_to_nothing(rows: dict[str, Row], place: str) -> None:
    row = rows[f"parasite {place}"]
    assert row.coalition is not None
    assert row.coalition <= 0.04
    assert place == "alone" or (row.kept is not None and row.kept >= 0.9)


@pytest.mark.parametrize(
    "play", ["noise sybils alone", *(f"100 noise sybils {p}" for p in ("before", "among", "after"))]
)
def test_run__noise_sybils__lose_and_leave_the_honest_their_share(rows: dict[str, Row], play: str) -> None:
    row = rows[play]
    assert row.coalition is not None
    assert row.coalition <= 0
    assert row.kept is None or row.kept >= SHARE


def test_run__default_with_a_sybil__costs_the_bond_at_least(rows: dict[str, Row]) -> None:
    row, bond = rows["default with a sybil after"], load_market("strategic").bond
    assert row.coalition_worst is not None
    assert row.coalition_worst <= -bond


@pytest.mark.parametrize("model", ["bayes", "perceptron"])
@pytest.mark.parametrize("validation", [0, 4])
def test_play__measured_in_numpy__as_by_the_reference(
    monkeypatch: pytest.MonkeyPatch, model: str, validation: int
) -> None:
    scenario = load_market("strategic").model_copy(
        update={"model": model, "rules": {"validation": validation, "margin": 20}}
    )
    played: list[Any] = []
    for fast in (True, False):
        world = World(scenario, seed=3)
        honest = [lot for player in scenario.player[:1] for lot in world.submissions(player, [])]
        noise = world.submissions(scenario.player[3], [])[:10]
        if not fast:
            monkeypatch.setattr("orchestrator.systems.market.simulation.running.FastMeasuring", Measuring)
        played.append(play(world, noise + honest))
    assert played[0] == played[1]


@pytest.mark.parametrize(
    "text",
    ["", "title = 'market", "title = 't'\nrules = {stakes = 1}\nplayer = []"],
)
def test_load_market__malformed__refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(SpecError):
        load_market(str(tmp_path / "bad.toml"))


@pytest.mark.parametrize("rules", [{"stakes": 1}, {"threshold": 2_000}])
def test_load_market__rules_that_no_market_has__refused(tmp_path: Path, rules: dict[str, int]) -> None:
    [(name, value)] = rules.items()
    player = "[[player]]\nname = 'honest'\nkind = 'honest'\nsamples = 5\n"
    (tmp_path / "bad.toml").write_text(f"title = 't'\nrules = {{{name} = {value}}}\n{player}")
    with pytest.raises(SpecError):
        load_market(str(tmp_path / "bad.toml"))


# -- commands ------------------------------------------------------------------------------------------

SMALL = """
title = "small"
seeds = 3
rules = {portions = 3}

[data]
words = 20

[[player]]
name = "honest"
kind = "honest"
samples = 4
"""


def test_simulate__seeds__plays_so_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "small.toml").write_text(SMALL)
    assert diln(["market", "simulate", str(tmp_path / "small.toml"), "--seeds", "2"]) == 0
    assert "mean and worst of 2 seeds" in capsys.readouterr().out
