"""Bindings are what the generator makes of the shipped artifacts and the sources."""

import json
from pathlib import Path

import pytest

from orchestrator.bindings import competition, registry
from orchestrator.bindings import sum as sums
from orchestrator.chain import artifact_names, load_artifact
from orchestrator.chain.binding import BINDINGS, write_bindings
from orchestrator.chain.bound import snake
from orchestrator.chain.reverts import ERRORS
from orchestrator.chain.solidity import declarations

HERE = Path(__file__).parents[3]


def test_write_bindings__again__gives_what_is_shipped(tmp_path: Path) -> None:
    write_bindings(HERE, tmp_path / "bindings", tmp_path / "errors.json")
    made = {path.name: path.read_text() for path in (tmp_path / "bindings").iterdir()}
    assert made == {path.name: path.read_text() for path in BINDINGS.glob("*.py")}, (
        "python -m orchestrator.chain.binding"
    )
    assert (tmp_path / "errors.json").read_text() == ERRORS.read_text()


def test_write_bindings__stale_module__goes(tmp_path: Path) -> None:
    (tmp_path / "bindings").mkdir()
    stale = tmp_path / "bindings" / "gone.py"
    stale.write_text("")
    write_bindings(HERE, tmp_path / "bindings", tmp_path / "errors.json")
    assert not stale.exists()


def test_errors__every_contracts__are_told() -> None:
    told = {(each["name"], len(each["inputs"])) for each in json.loads(ERRORS.read_text())}
    for name in artifact_names():
        own = [each for each in load_artifact(name).abi if each["type"] == "error"]
        assert {(each["name"], len(each["inputs"])) for each in own} <= told


def test_bindings__enum__members_in_the_sources_order() -> None:
    assert [each.name for each in registry.CidKind] == ["NONE", "RAW", "DAG_PB", "DAG_PB_V0"]
    assert competition.Scheme(1) is competition.Scheme.BY_SCORE
    assert competition.Scheme.BY_SCORE.word == "by score"


def test_bindings__names_that_an_implementation_leaves_out__come_from_its_interface() -> None:
    assert list(sums.Account.__dataclass_fields__) == ["balance", "valid", "nonce", "points"]


@pytest.mark.parametrize(
    ("name", "python"),
    [
        ("drawSplit", "draw_split"),
        ("IMPLEMENTATION", "implementation"),
        ("SEED_DELAY", "seed_delay"),
        ("DagPbV0", "dag_pb_v0"),
        ("tokenURI", "token_uri"),
        ("root_", "root"),
        ("from", "from_"),
    ],
)
def test_snake__a_name_of_solidity__as_python_has_it(name: str, python: str) -> None:
    assert snake(name) == python


def test_declarations__what_is_said__belongs_to_what_follows(tmp_path: Path) -> None:
    (tmp_path / "Other.sol").write_text(
        "/// @notice Of a colour.\n/// @param Green like\n/// grass\n"
        "enum Colour {\n    Red, // like blood\n    /* no */ Green\n}\n"
    )
    (tmp_path / "Top.sol").write_text(
        'import {Colour} from "./Other.sol";\n'
        "/** An essay. */\n\n"
        "error Plain();\n"
        "/// First words\n/// go on. @dev not these\n/// @param x not this\n"
        "function f(uint256 x, Colour) external view returns (Colour seen, bytes memory);\n"
        "/**\n * @title Not this\n * @notice But this.\n */\ncontract Top {\n"
        "    /// @notice Kept.\n    mapping(address who => bool) public isKept;\n}\n"
    )
    found = {each.name: each for each in declarations(tmp_path, "Top.sol")}
    assert found["Colour"].members == ["Red", "Green"]
    assert found["Colour"].notice == "Of a colour."
    assert found["Colour"].notes == {"Red": "like blood", "Green": "like grass"}
    assert found["Plain"].notice == ""
    assert found["f"].signature == (["x", ""], ["seen", ""])
    assert found["f"].notice.startswith("First words go on.")
    assert found["Top"].notice == "But this."
    assert found["isKept"].notice == "Kept."
