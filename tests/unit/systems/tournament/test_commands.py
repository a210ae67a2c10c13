"""What the commands of tournaments tell machines: amounts, times and numbers, as docs/json.md promises."""

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.kernel.money import ETHER
from orchestrator.systems.tournament.finding import find
from tests.unit.systems.tournament.conftest import ETHER as COIN
from tests.unit.systems.tournament.conftest import OFFER, Stage


def test_commands__json__holds_amounts_and_times(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    found = stage.entered("anna")

    def said(*words: str) -> Any:
        assert stage.diln(*words, "--json") == 0
        return json.loads(capsys.readouterr().out)

    shown = said("show")
    assert (shown["pot"], shown["bond"]) == (ETHER.json(2 * COIN), ETHER.json(COIN))
    assert shown["most_of_a_stake"] == 0.05
    assert shown["organizer"] == found.terms.organizer
    assert shown["rounds"][0]["closes"]["unix"] == found.times_of(0).closes
    assert said("list") == [{name: value for name, value in shown.items() if name != "rounds"}]
    assert ETHER.json(COIN) in [event.get("stake") for event in said("history")]
    funded = said("fund", "2", "--from", "bob")
    assert (funded["paid"], funded["free"]) == (ETHER.json(2 * COIN), ETHER.json(2 * COIN))
    assert said("withdraw", "--leave", "0.5", "--from", "bob")["withdrawn"] == ETHER.json(3 * COIN // 2)
    assert said("withdraw", "--from", "bob")["withdrawn"] == ETHER.json(COIN // 2)
    assert said("withdraw", "--from", "bob")["withdrawn"] == ETHER.json(0)


def test_history__scores__are_told_as_people_count(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    found = stage.revealed("anna")
    stage.score(found, "anna")
    assert stage.diln("history", "--json") == 0
    [told] = [each for each in json.loads(capsys.readouterr().out) if each["event"] == "Scored"]
    assert -1 <= told["correlation"] <= 1
    assert 0 < abs(told["contribution"]) < 10


def test_create__same_offer_again__asks_for_a_word(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [f"{name} = {json.dumps(value)}" for name, value in vars(OFFER).items()]
    (stage.folder / "offer.toml").write_text("\n".join(lines))
    words = ["create", str(stage.folder / "offer.toml"), "--from", "alice"]
    assert stage.diln(*words) == 0
    first = find(stage.session).address
    capsys.readouterr()
    assert stage.diln(*words) == 2
    assert f"{first} is a tournament of this very offer" in capsys.readouterr().err.replace("\n", " ")
    assert find(stage.session).address == first
    assert stage.diln(*words, "--again") == 0
    assert find(stage.session).address != first


def test_verify__targets_are_not_public__nothing_was_checked_and_the_code_says_so(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.entered("anna")
    assert stage.diln("verify", "0") == 3
    assert "the targets of this round are not public" in capsys.readouterr().out


def test_data__predictions_exist__are_not_overwritten(
    stage: Stage, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    stage.create()
    mine = tmp_path / "mine.csv"
    mine.write_text("id,prediction\n")
    assert stage.diln("data", "0", "--predict", str(mine)) == 2
    assert "already" in capsys.readouterr().err
    assert mine.read_text() == "id,prediction\n"


def test_watch__round_of_others__is_nobodys_duty(stage: Stage) -> None:
    found = stage.entered("anna")
    assert "end rounds without targets" in [each.duty for each in stage.keeper(found, "anna").due()]
    assert stage.keeper(found, "stranger").due() == []
    others = stage.keeper(found, "stranger", others=True).due()
    assert "end rounds without targets" in [each.duty for each in others]
