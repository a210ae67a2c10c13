from pathlib import Path

from tests.unit.cli.conftest import Diln


def test_an_experiment__is_printed_and_written(diln: Diln, tmp_path: Path) -> None:
    said = diln("federation", "experiment", "confirm", "-o", tmp_path, "--json")
    assert said.code == 0
    assert all(check["met"] for check in said.json["checks"])
    assert [Path(file).name for file in said.json["files"]] == ["confirm.png", "confirm.json"]
    assert "policy" in diln("federation", "experiment", "confirm", "-o", tmp_path).out


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
