"""test_hostile: competitions of strangers that are made to end other people's commands.

├── tokens that tell nothing, data that are nowhere, no description, or one with control characters
│   ├── every command: ends with a sentence, and never with a traceback or anything raw on the terminal
│   └── list: a row for each
├── descriptions with numbers and names nobody can work with: refused
└── paying one: asked first, never without --yes where nobody can be asked, never more than the maximum
"""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_utils.address import to_checksum_address

from orchestrator.cli.dispatch import run
from orchestrator.config import load_settings
from orchestrator.errors import DataError
from orchestrator.storage.cid import Cid
from orchestrator.systems.competition.archive import Archive
from orchestrator.systems.competition.creating import create, prepare
from orchestrator.systems.competition.encoding import Encoding
from orchestrator.systems.competition.finding import competitions, factory_of, find
from orchestrator.types import Wei
from tests.evm import artifact
from tests.unit.competition.stage import Stage, offer_of, write_points

EVIL = "\x1b[2J\u202eevil\n[bold]"


def plant(stage: Stage) -> list[str]:
    """Four competitions of a stranger, whose addresses are returned."""
    session, stranger = stage.session, stage.account("stranger")
    compiled = artifact("MuteToken")
    factory = session.chain.web3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
    mute = session.chain.send(factory.constructor(), stranger).contract_address
    terms = prepare(session, offer_of(write_points(stage.folder / "bad.csv", seed=5)), stranger).terms
    line = json.dumps(
        {"format": EVIL, "name": EVIL, "target": EVIL, "features": [], "classes": [], "unit": 1}
    )
    nonsense = Cid.parse(session.storage.put(line.encode()).cid)
    deep = Cid.parse(session.storage.put(b"[" * 200_000).cid)
    for number, changed in enumerate(
        (
            replace(terms, token=to_checksum_address(str(mute))),
            replace(terms, cid_digest=b"\x11" * 32),
            replace(terms, cid_codec=nonsense.codec, cid_digest=nonsense.digest),
            replace(terms, cid_codec=deep.codec, cid_digest=deep.digest),
        )
    ):
        unlike = replace(changed, root=bytes([number + 1]) * 32)
        value = 0 if unlike.token == mute else unlike.prize + unlike.bond
        session.send(factory_of(session).create(unlike), stranger, value=value)
    session.chain.mine(20)
    found = competitions(session)[-4:]
    for each in found:
        session.send(each.draw_split(), stranger)
    return [each.address for each in found]


@pytest.fixture
def planted(deployed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    shutil.copytree(deployed / "home", tmp_path / "home")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DILN_HOME", str(tmp_path / "home"))
    with Stage.open(load_settings(home=tmp_path / "home", environ={}), tmp_path) as stage:
        return plant(stage)


COMMANDS: dict[str, list[str]] = {
    "show": [],
    "data": [],
    "train-baseline": [],
    "submit": ["--dry-run", "--model", "m.skops"],
    "reveal": [],
    "publish-test": [],
    "evaluate": ["--all"],
    "claim": ["--submission", "0"],
    "refute": [],
    "finalize": [],
    "withdraw": [],
    "publish": ["--submission", "0"],
    "keep": ["--once"],
}


def test_commands__hostile_competitions__each_ends_with_a_sentence(
    planted: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("m.skops").write_bytes(b"\x01\x01")
    for address in planted:
        for command, options in COMMANDS.items():
            for role in (["--role", "organizer"], ["--role", "refuter"]) if command == "keep" else ([],):
                code = run(["competition", command, address, *options, *role])
                said = capsys.readouterr()
                assert code in (0, 1, 2), (command, address)
                assert "Traceback" not in said.err
                assert not set("\x1b\u202e") & set(said.out + said.err), (command, said)


def test_list__hostile_competitions__a_row_for_each(
    planted: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token without decimals used to end the list for everybody."""
    assert run(["competition", "list"]) == 0
    rows = capsys.readouterr().out
    assert all(address in rows for address in planted)
    assert "units of 0x" in rows

    def unreadable(*_: Any) -> Any:
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, EVIL)

    monkeypatch.setattr("orchestrator.systems.competition.overview.overview", unreadable)
    assert run(["competition", "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["phase"], bool(row["error"])) for row in rows] == [(None, True)] * 4


@pytest.fixture
def described() -> dict[str, Any]:
    encoding = Encoding("side", ("x", "y"), (0.0, 0.0), (1.0, 1.0), ("above", "below"), 1.0)
    return encoding.to_json()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("low", 10**400),
        ("low", float("nan")),
        ("low", float("inf")),
        ("low", "7"),
        ("low", True),
        ("step", 0),
        ("step", -1.0),
        ("step", float("nan")),
        ("step", 10**400),
        ("name", ""),
        ("name", "y"),
        ("name", "side"),
        ("name", "x" * 2_000),
        ("name", 7),
        ("name", None),
        ("unit", 0),
        ("unit", 10**400),
        ("classes", "ab"),
        ("classes", [1, 1]),
        ("classes", [True, False]),
        ("classes", [1.5, 2]),
        ("classes", [10**30, 2]),
        ("classes", [["a"], "b"]),
        ("classes", None),
        ("features", [7]),
        ("features", None),
    ],
)
def test_from_json__nobody_can_work_with_it__is_refused(
    described: dict[str, Any], key: str, value: Any
) -> None:
    assert Encoding.from_json(described).to_json() == described
    where = described if key in described else described["features"][0]
    where[key] = value
    with pytest.raises((KeyError, TypeError, ValueError)):
        Encoding.from_json(described)


def test_parse__numbers_that_no_float_holds__one_sentence(stage: Stage) -> None:
    """A number of 400 digits used to end in a traceback."""
    organizer, offer = stage.account("organizer"), offer_of(write_points(stage.folder / "points.csv"))
    draft = prepare(stage.session, offer, organizer)
    content = stage.session.storage.read(draft.terms.cid)
    line, _, body = content.partition(b"\n")
    found = json.loads(line)
    assert Archive.parse(content, draft.terms).encoding.features == ("x", "y")
    found["features"][0]["low"] = 10**400
    with pytest.raises(DataError, match="no description"):
        Archive.parse(json.dumps(found).encode() + b"\n" + body, draft.terms)


# money


def enter(address: str, *options: str) -> int:
    return run(["competition", "submit", address, "--model", "m.bin", "--from", "bob", *options])


def test_submit__competition_that_this_folder_does_not_know__asked_first(
    deployed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five hundred ether used to leave for whoever had created the last competition."""
    shutil.copytree(deployed / "home", tmp_path / "home")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DILN_HOME", str(tmp_path / "home"))
    Path("m.bin").write_bytes(bytes.fromhex("010100020001000000000080ff"))
    with Stage.open(load_settings(home=tmp_path / "home", environ={}), tmp_path) as stage:
        organizer, offer = stage.account("organizer"), offer_of(write_points(tmp_path / "p.csv"))
        found = create(
            stage.session,
            prepare(stage.session, replace(offer, prize=Wei(10**19), deposit=Wei(5 * 10**18)), organizer),
            organizer,
        )
        address = found.competition.address
    shutil.rmtree(tmp_path / "home" / "known")

    assert enter("latest") == 1
    assert "no competition was created or entered from this folder" in capsys.readouterr().err
    assert enter(address) == 2
    said = capsys.readouterr().err
    assert "5 ether go from bob to competition" in said
    assert "--yes" in said
    assert enter(address, "--json") == 2
    assert enter(address, "--yes", "--max-deposit", "4.9") == 1
    assert "5 ether would leave the wallet" in capsys.readouterr().err
    with Stage.open(load_settings(home=tmp_path / "home", environ={}), tmp_path) as stage:
        assert find(stage.session, address).progress().committed == 0
        assert not stage.session.known.knows(address)

    assert enter(address, "--yes", "--max-deposit", "5") == 0
    assert enter("latest") == 0  # known by now; the same model is one submission
    with Stage.open(load_settings(home=tmp_path / "home", environ={}), tmp_path) as stage:
        assert find(stage.session).progress().committed == 1
