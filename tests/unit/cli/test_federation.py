from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import Diln


def test_an_experiment__is_printed_and_written(diln: Diln, tmp_path: Path) -> None:
    said = diln("federation", "experiment", "vertical", "-o", tmp_path, "--json")
    assert said.code == 0
    assert all(check["met"] for check in said.json["checks"])
    assert [Path(file).name for file in said.json["files"]] == ["vertical.png", "vertical.json"]
    assert "better than each alone" in diln("federation", "experiment", "vertical", "-o", tmp_path).out


def test_experiments__are_listed(diln: Diln) -> None:
    listed = diln("federation", "experiment", "--json").json
    assert {"poq-noise", "majority", "masks"} <= {each["name"] for each in listed}
    assert diln("federation", "experiment", "nothing").code == 2


def test_a_scenario__is_played(diln: Diln) -> None:
    played = diln("federation", "simulate", "hospitals", "--json").json
    assert len(played["rounds"]) == 9
    assert {each["character"] for each in played["parties"]} == {"honest", "poisoner", "absent"}
    assert "there is no scenario" in diln("federation", "simulate", "nothing").err


def test_alignment__begins_with_the_own_list(diln: Diln, tmp_path: Path) -> None:
    table = tmp_path / "ids.csv"
    table.write_text("id,x\na,1\nb,2\n")
    done = diln("federation", "align", table, "-o", tmp_path, "--json").json
    assert Path(done["wrote"][0]).exists()
    assert done["common"] is None


OFFER = """
name = "clinics"
target = "ill"
features = ["height"]
classes = ["no", "yes"]
reward = "0.1"
deposit = "0.1"
rounds = 1
quorum = 2
start = "1h"
"""


def test_federation__on_a_chain__is_listed_joined_and_shown(diln: Diln, tmp_path: Path) -> None:
    (tmp_path / "offer.toml").write_text(OFFER)
    (tmp_path / "rows.csv").write_text("height,ill\n" + "0.5,no\n1.5,yes\n" * 20)
    assert diln("migrate", "federation").code == 0
    created = diln("federation", "create", tmp_path / "offer.toml", "--json")
    made = created.json
    assert f"/#/federations/{made['federation']}" in "".join(created.err.split())
    assert diln("federation", "list").out.splitlines()[1].startswith(made["federation"])
    joined = diln("federation", "join", "--data", tmp_path / "rows.csv", "--from", "bob", "--yes")
    assert joined.code == 0
    assert "Kubo" not in joined.out  # nobody else reads an embedded chain
    status = diln("federation", "status", "--json").json
    assert set(status["until"]) == {"unix", "rfc3339"}
    assert (status["target"], status["features"], status["classes"]) == ("ill", ["height"], ["no", "yes"])
    assert (status["accuracy"], status["left_out"], status["remarks"]) == (None, [], [])
    assert diln("federation", "status", "--json", "--from", "bob").json["accuracy"] == 0.5
    shown = diln("federation", "status").out
    assert "yes" in shown
    assert "True" not in shown
    assert "there is nothing to withdraw" in diln("federation", "withdraw", "--from", "bob").out


def test_status__budget_is_spent__says_that_nothing_is_committed_and_what_raises_it(
    diln: Diln, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestrator.systems.federation.accounting import Budget

    (tmp_path / "offer.toml").write_text(OFFER + "epsilon = 8.0\ndelta = 1e-3\nsampling = 0.2\n")
    (tmp_path / "rows.csv").write_text("height,ill\n" + "0.5,no\n1.5,yes\n" * 20)
    diln("migrate", "federation")
    assert diln("federation", "create", tmp_path / "offer.toml").code == 0
    join = ("federation", "join", "--from", "bob", "--yes")
    assert diln(*join, "--data", tmp_path / "rows.csv").code == 0
    again = diln(*join, "--epsilon", "7.9")
    assert "bob has seat 0 already: nothing was paid again." in again.err
    monkeypatch.setattr(Budget, "is_over", True)  # as after an update
    for command in ("status", "step"):
        shown = " ".join(diln("federation", command, "--from", "bob").out.split())
        assert "no more are committed to" in shown


def test_list__storage_that_is_set_up_wrongly__is_what_is_told(
    diln: Diln, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "offer.toml").write_text(OFFER)
    diln("migrate", "federation")
    assert diln("federation", "create", tmp_path / "offer.toml").code == 0
    monkeypatch.setenv("DILN_STORAGE", "kubo")
    monkeypatch.setenv("DILN_KUBO", "127.0.0.1:5001")
    listed = diln("federation", "list")
    assert listed.code == 1
    assert "127.0.0.1:5001" in listed.err
    assert "without a name" not in listed.out


def test_create__token_that_is_none__the_hint_names_no_option_that_it_lacks(
    diln: Diln, tmp_path: Path
) -> None:
    (tmp_path / "offer.toml").write_text(OFFER + f'token = "0x{"1" * 40}"')
    diln("migrate", "federation")
    refused = diln("federation", "create", tmp_path / "offer.toml")
    assert (refused.code, "--token" in refused.err) == (1, False)


def test_find__none_was_used_here__the_hint_names_the_option(diln: Diln) -> None:
    assert diln("migrate", "federation").code == 0
    assert "name one with --federation" in diln("federation", "status").err


def test_create__answered_before__says_whose_it_is_and_makes_one_only_again(
    diln: Diln, tmp_path: Path
) -> None:
    (tmp_path / "offer.toml").write_text(OFFER)
    (tmp_path / "rows.csv").write_text("height,ill\n" + "0.5,no\n1.5,yes\n" * 20)
    diln("migrate", "federation")
    create = ("federation", "create", tmp_path / "offer.toml")
    first = diln(*create, "--json").json
    assert first["answer"] is None
    for name in ("bob", "carol"):
        assert diln("federation", "join", "--data", tmp_path / "rows.csv", "--from", name, "--yes").code == 0
    diln("chain", "advance", "1h")
    while diln("federation", "status", "--json").json["phase"] != "closed":
        for name in ("bob", "carol", "bob", "carol"):
            diln("federation", "step", "--from", name, "--yes")
        diln("chain", "advance", "4h")
    _check_history(diln("federation", "history", "--json").json)
    assert "in: seats 0, 1" in diln("federation", "history").out
    answered = diln(*create, "--from", "dave", "--json").json
    assert answered["federation"] == first["federation"]
    assert answered["answer"]["rounds"] == 1
    assert len(answered["answer"]["parties"]) == 2
    assert answered["answer"]["version"] is None
    said = diln(*create, "--from", "dave").out
    assert "in a federation of alice: 1 rounds" in said
    assert "bob, carol" in said
    again = diln(*create, "--from", "dave", "--again", "--json").json
    assert again["federation"] != first["federation"]
    assert again["answer"] is None


def _check_history(told: list[dict[str, Any]]) -> None:
    """What the contract packs is told as docs/json.md says."""
    assert {"block", "event", "transaction"} <= set.intersection(*(set(each) for each in told))
    last = {each["event"]: each for each in told}
    claim = last["Claimed"]
    assert (claim["accepted"], claim["selected"], claim["leader"]) == ([0, 1], [0, 1], None)
    assert all(0 < each <= 1 for each in claim["factors"][:2])
    assert claim["merits"][:2] == [1, 1]
    assert len(claim["factors"]) == len(claim["merits"]) > 2
    assert last["Begun"]["seats"] == last["Finalized"]["accepted"] == [0, 1]
    assert claim["cid"].startswith("bafk")
    assert last["Revealed"]["cid"].startswith("bafk")
    assert last["Closed"]["returned"]["value"] == "0"
