"""What the commands of competitions say, and tell machines.

show, list, create → numbers, amounts and times for machines, as people read them for people
submit → says where a model misses the criterion
withdraw → amounts with their currency
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.cli.dispatch import run
from orchestrator.kernel.money import ETHER
from orchestrator.models.integer import IntegerNetwork, Layer, encode_model
from tests.unit.competition.stage import Stage, write_points

COIN = 10**18
Diln = Callable[..., Any]


@pytest.fixture
def diln(stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Diln:
    """Run a command in the stage's folder: what it says, read as JSON where that was asked for."""
    monkeypatch.chdir(stage.folder)
    monkeypatch.setenv("DILN_HOME", str(stage.session.settings.home))

    def said(*words: str) -> Any:
        assert run(["competition", *words]) == 0
        printed = capsys.readouterr()
        return json.loads(printed.out) if "--json" in words else printed.out + printed.err

    return said


def write_model(file: Path, weights: list[int]) -> str:
    """Predicts `above` where the sum of the weighted coordinates is not above zero."""
    layer = Layer(np.array([weights], np.int64), np.array([0], np.int64), 0)
    file.write_bytes(encode_model(IntegerNetwork((layer,))))
    return str(file)


def test_show__json__holds_numbers_amounts_and_times(stage: Stage, diln: Diln) -> None:
    found = stage.create()
    shown, terms = diln("show", "--json"), found.terms
    assert shown["prize"] == ETHER.json(COIN) == {"value": str(COIN), "currency": "0x" + "0" * 40}
    assert shown["bond"] == ETHER.json(2 * COIN)
    assert shown["largest_model"] == 32_768
    assert shown["data"] == {"groups": 8, "group_size": 25, "test_groups": 3, "features": 2, "classes": 2}
    assert shown["test_groups"] == found.test_groups()
    assert shown["until"]["unix"] == found.schedule().training
    assert shown["criterion"] == 0.8
    [row] = diln("list", "--json")
    assert {name: shown[name] for name in row} == row

    people = diln("show")
    assert "prize          1 ether" in people
    assert f"largest model  {terms.max_model_bytes} bytes" in people
    assert "8 groups of 25, 3 for testing; 2 features, 2 classes" in people


def test_create__json__tells_the_trivial_models_apart(stage: Stage, diln: Diln) -> None:
    file = write_points(stage.folder / "points.csv")
    words = ["--target", "side", "--prize", "1", "--criterion", "0.99", "--groups", "8"]
    constant, question = diln("create", str(file), *words, "--json")["trivial_models"]
    assert constant["says"].startswith("always side = ")
    assert 0.5 <= constant["score"] < question["score"] < 1
    assert (constant["passes"], question["passes"]) == (False, False)


def test_show__submitter_of_this_machine__is_named_for_people(stage: Stage, diln: Diln) -> None:
    stage.create()
    diln("submit", "--model", write_model(stage.folder / "m.bin", [100, -100]), "--from", "bob")
    [row] = diln("show", "--json")["leaderboard"]
    bob = stage.session.account("bob").address
    assert row["submitter"] == bob
    assert "bob" in diln("show")
    assert bob not in diln("show")


@pytest.mark.parametrize(("weights", "passes"), [([100, -100], True), ([-100, 100], False)])
@pytest.mark.parametrize("sends", [True, False], ids=["submit", "dry-run"])
def test_submit__score_below_the_criterion__says_that_it_cannot_win(
    stage: Stage, diln: Diln, weights: list[int], passes: bool, sends: bool
) -> None:
    stage.create()
    words = ["submit", "--model", write_model(stage.folder / "m.bin", weights), "--from", "bob"]
    words += [] if sends else ["--dry-run"]
    assert ("misses the criterion of 0.8" in diln(*words)) != passes
    again = diln(*words, "--json")
    assert again["passes"] is passes
    assert again.get("known") is (True if sends else None)


def test_submit__write__keeps_the_integer_model_as_the_contract_takes_it(stage: Stage, diln: Diln) -> None:
    stage.create()
    model, written = write_model(stage.folder / "m.bin", [100, -100]), stage.folder / "w.bin"
    diln("submit", "--model", model, "--dry-run", "--write", str(written))
    assert written.read_bytes() == Path(model).read_bytes()


def test_submit__mean_error_above_the_criterion__says_so(stage: Stage, diln: Diln) -> None:
    rng = np.random.default_rng(1)
    rows = "\n".join(f"{x},{y},{x}" for x, y in rng.integers(0, 256, (200, 2)))
    (stage.folder / "numbers.csv").write_text(f"x,y,side\n{rows}\n")
    stage.create(stage.folder / "numbers.csv", metric="mae", criterion=5.0)
    right, wrong = (write_model(stage.folder / f"{w[0]}.bin", w) for w in ([1, 0], [0, 1]))
    assert "misses" not in diln("submit", "--model", right, "--dry-run")
    assert "misses the criterion of 5" in diln("submit", "--model", wrong, "--dry-run")


def test_withdraw__json__names_reason_and_amount(stage: Stage, diln: Diln) -> None:
    found = stage.create()
    diln("submit", "--model", write_model(stage.folder / "m.bin", [100, -100]), "--from", "bob")
    assert diln("withdraw", "--from", "bob", "--json") == []
    stage.session.chain.advance(found.schedule().final - stage.session.chain.now() + 1)
    diln("finalize", "--from", "bob")  # nobody has revealed

    [paid] = diln("withdraw", "--from", "alice", "--json")
    tenth, deposit = found.terms.bond // 10, found.terms.deposit
    assert paid == {"reason": "credit", "amount": ETHER.json(3 * COIN - tenth + deposit)}
