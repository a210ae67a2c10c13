"""What the commands of tournaments tell machines: amounts, times and numbers, as docs/json.md promises."""

import json
from typing import Any

import pytest

from orchestrator.cli.dispatch import run
from orchestrator.kernel.money import ETHER
from tests.unit.systems.tournament.conftest import ETHER as COIN
from tests.unit.systems.tournament.conftest import Stage


def test_commands__json__holds_amounts_and_times(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    found = stage.entered("anna")

    def said(*words: str) -> Any:
        assert run(["tournament", *words, "--json", "--home", str(stage.session.settings.home)]) == 0
        return json.loads(capsys.readouterr().out)

    shown = said("show")
    assert (shown["pot"], shown["bond"]) == (ETHER.json(2 * COIN), ETHER.json(COIN))
    assert shown["most_of_a_stake"] == 0.05
    assert shown["organizer"] == found.terms.organizer
    assert shown["rounds"][0]["closes"] == found.times_of(0).closes
    assert said("list") == [{name: value for name, value in shown.items() if name != "rounds"}]
    assert ETHER.json(COIN) in [event.get("stake") for event in said("history")]
    assert said("withdraw", "--from", "bob")["withdrawn"] == ETHER.json(0)
