"""`diln keep`: what is due in all that a folder takes part in."""

import json
from pathlib import Path

import pytest

from orchestrator.cli.dispatch import run
from orchestrator.cli.keeping import ROOMS, systems
from tests.unit.competition.stage import Stage


def test_systems__each_room__has_one_of_its_own_name() -> None:
    found = systems()
    assert len({each.name for each in found}) == len({each.kind for each in found}) == len(ROOMS)
    assert all(each.duties for each in found)


def test_keep__competition_of_this_folder__is_told_kept_and_closed(
    stage: Stage, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    found = stage.create()
    options = ["--home", str(stage.session.settings.home), "--once"]

    def keep(*more: str) -> str:
        assert run(["keep", *options, *more]) == 0
        return capsys.readouterr().out

    told = json.loads(keep("--from", "alice", "--json"))
    assert [each["duty"] for each in told["due"]] == ["close-the-competition"]
    assert told["due"][0]["instance"] == found.address
    assert keep("--from", "bob") == "nothing is due\n"
    stage.pass_until(told["due"][0]["at"]["unix"])
    said = keep("--from", "alice")
    assert "closed the competition: decided" in said
    assert "withdrew" in said
    assert json.loads(keep("--from", "alice", "--json")) | {"time": 0} == {
        "time": 0,
        "done": [],
        "remarks": [],
        "due": [],
    }
