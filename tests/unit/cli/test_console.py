"""test_command
├── session: opened with the settings of its options, closed at the end, also after an error
├── settings, or neither: no option to reach a chain
├── dataclass: its fields are options; those of the same name are one
├── own option with the flag of a shared one: the own one is meant
└── result
    ├── facts, table, answer, document: for people and for machines
    ├── stream: a line of JSON each, at once; whole, one list
    ├── exit code: the result's
    └── after: called once it is printed
test_lazy_imports: modules run when a name of theirs is used
test_contributing: the example of CONTRIBUTING.md runs
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer.main

from orchestrator.config import Settings
from orchestrator.console import (
    SENDS,
    Answer,
    Consent,
    Document,
    Facts,
    Group,
    Note,
    Result,
    Shown,
    Stream,
    Table,
    command,
)
from orchestrator.errors import UsageError
from tests.unit.cli.conftest import ROOT

Run = Callable[..., str]


class Desk:
    """A group, and the sessions that its commands opened."""

    def __init__(self) -> None:
        self.log: list[Any] = []
        self.group = Group(session=self._open)

    @contextmanager
    def _open(self, settings: Settings) -> Iterator[Settings]:
        self.log.append("opened")
        try:
            yield settings
        finally:
            self.log.append("closed")

    def options(self, name: str) -> set[str]:
        found: Any = vars(typer.main.get_command(self.group.app))["commands"][name]
        return {flag for each in found.params for flag in each.opts if flag.startswith("--")}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk()


@pytest.fixture
def run(desk: Desk, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command of the desk; what it printed."""

    def start(*arguments: str, code: int = 0) -> str:
        found: Any = typer.main.get_command(desk.group.app)
        assert (found(args=list(arguments), standalone_mode=False) or 0) == code
        return capsys.readouterr().out

    return start


def returning(desk: Desk, made: Callable[[], "Result | Stream | Iterator[Result] | None"]) -> None:
    """Give the desk a command `it` that returns this."""

    @command(desk.group)
    def it() -> "Result | Stream | Iterator[Result] | None":
        """Do it."""
        return made()


def test_command__session__has_the_settings_of_its_options_and_is_closed(desk: Desk, run: Run) -> None:
    @command(desk.group, sender=SENDS)
    def look(session: Settings, word: str) -> Facts:
        desk.log.append((word, session.sender, session.network.name, session.calldata))
        return Facts({})

    run("look", "hello", "--from", "bob", "--network", "development", "--calldata")

    assert desk.log == ["opened", ("hello", "bob", "development", True), "closed"]
    assert desk.options("look") == {
        *("--network", "--rpc-url", "--from", "--home", "--signer", "--calldata", "--json")
    }


def test_command__error__closes_the_session(desk: Desk, run: Run) -> None:
    @command(desk.group)
    def fail(session: Settings) -> Iterator[Facts]:
        yield Facts({"a": 1})
        raise UsageError("no", "Yes.")

    with pytest.raises(UsageError):
        run("fail")

    assert desk.log == ["opened", "closed"]


def test_command__settings_or_neither__opens_nothing(desk: Desk, run: Run) -> None:
    @command(desk.group, network=False)
    def home(settings: Settings) -> Facts:
        return Facts({"home": settings.home.name})

    returning(desk, lambda: Facts({"a": 1}))

    assert json.loads(run("home", "--home", "here", "--json")) == {"home": "here"}
    assert run("it") == "a  1\n"
    assert desk.log == []
    assert desk.options("home") == {"--home", "--json"}
    assert desk.options("it") == {"--json"}


@dataclass(frozen=True)
class _Size:
    wide: Annotated[int, typer.Option(min=1)]
    tall: int = 2
    json: Annotated[bool, typer.Option("--json")] = False


def test_command__dataclass__takes_its_fields_as_options(desk: Desk, run: Run) -> None:
    @command(desk.group)
    def area(size: _Size, consent: Consent) -> Facts:
        return Facts({"area": size.wide * size.tall, "json": size.json, "consent": vars(consent)})

    expected = {"area": 12, "json": True, "consent": {"yes": True, "json": True}}
    assert json.loads(run("area", "--wide", "6", "--yes", "--json")) == expected
    assert desk.options("area") == {"--wide", "--tall", "--yes", "--json"}


def test_command__own_signer__takes_the_place_of_the_shared_one(desk: Desk, run: Run) -> None:
    @command(desk.group, sender=SENDS)
    def mark(session: Settings, signer: str = "") -> Facts:
        return Facts({"mine": signer, "url": session.signer})

    assert json.loads(run("mark", "--signer", "bob", "--json")) == {"mine": "bob", "url": ""}


ROWS = [{"name": "a", "coins": Shown(5, "5 ether"), "more": None}]
PLAIN = [{"name": "a", "coins": 5, "more": None}]


@pytest.mark.parametrize(
    ("result", "people", "machines"),
    [
        (Facts({"a": Shown(1, "one"), "b": None}), "a  one\n", {"a": 1, "b": None}),
        (Facts({"c": [1, 2], "d": []}), "c  1, 2\n", {"c": [1, 2], "d": []}),
        (Table(ROWS, ["name", "coins"]), "name  coins\na     5 ether\n", PLAIN),
        (Table(ROWS, {"name": "who"}), "who\na\n", PLAIN),
        (Table([], ["name"], "nobody"), "nobody\n", []),
        (Table([], ["name"]), "name\n", []),
        (Answer({"a": 1}, "one", Facts({"b": 2}), Note("aside", "note: ")), "one\nb  2\n", {"a": 1}),
        (Document("x\ny\n"), "x\ny\n", "x\ny\n"),
        (Answer(None, "nothing"), "nothing\n", None),
    ],
)  # fmt: skip
def test_command__result__is_printed(
    desk: Desk, run: Run, result: Result, people: str, machines: Any
) -> None:
    returning(desk, lambda: result)

    assert run("it") == people
    assert json.loads(run("it", "--json")) == machines


def test_command__nothing__prints_nothing(desk: Desk, run: Run) -> None:
    returning(desk, lambda: None)

    assert run("it") == run("it", "--json") == ""


def test_command__iterator__prints_each_at_once(
    desk: Desk, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    said = []

    def steps() -> Iterator[Result]:
        yield Answer({"step": 1}, "one")
        said.append(capsys.readouterr().out)
        yield Note("aside")
        yield Answer({"step": 2}, "two")

    returning(desk, steps)

    assert run("it") == "aside\ntwo\n"
    assert run("it", "--json") == '{"step": 2}\n'
    assert said == ["one\n", '{"step": 1}\n']


def test_command__whole_stream__is_one_list_for_machines(desk: Desk, run: Run) -> None:
    returning(desk, lambda: Stream([Answer(1, "one"), Note("aside"), Answer(2, "two")], whole=True))

    assert run("it") == "one\naside\ntwo\n"
    assert json.loads(run("it", "--json")) == [1, 2]


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_command__code_and_after__come_last(
    desk: Desk, run: Run, capsys: pytest.CaptureFixture[str], flags: list[str]
) -> None:
    said = []
    after = lambda: said.append(capsys.readouterr().out)  # noqa: E731
    returning(desk, lambda: Answer("x", "x", code=3, after=after))

    assert run("it", *flags, code=3) == ""
    assert "x" in said[0]


def test_lazy_imports__modules__run_when_a_name_is_used() -> None:
    code = """if True:
        import sys
        from orchestrator.console import lazy, lazy_imports
        lazy.alone()
        with lazy_imports():
            from orchestrator import chain
            from orchestrator.systems.sum import opening
        print("web3" in sys.modules or "pandas" in sys.modules)
        print(opening.open_model.__name__, chain.connect.__name__)
        from orchestrator.systems.sum.opening import open_model
        print(open_model is opening.open_model)
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "open_model", "connect", "True"]


@pytest.mark.parametrize("inside", [True, False], ids=["waiting", "at once"])
def test_lazy_imports__package_that_imports_what_is_sought_in_it__has_it_once(inside: bool) -> None:
    """A second `Cid` would equal none of the first."""
    code = f"""if True:
        import sys
        from orchestrator.console import lazy, lazy_imports
        lazy.alone()
        with lazy_imports():
            from orchestrator import storage
            {"from orchestrator.storage import cid" if inside else ""}
        from orchestrator.storage.cid import Cid
        import orchestrator.storage.cid as cid
        print(Cid is storage.Cid, cid.Cid is Cid, cid.__spec__.loader.__class__.__name__)
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "SourceFileLoader"]


def test_contributing__example_of_a_command__runs(tmp_path: Path) -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    example = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[0]
    shown = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[0]
    code = f"{example}\nfrom orchestrator.cli import main\nmain()"
    lines = shown.splitlines()

    def start(arguments: list[str]) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    start(["chain", "advance", "2h"])
    said = [start(line.removeprefix("diln ").split()) for line in lines]

    assert said[0].split()[:2] == ["block", "took"]
    (row,) = json.loads(said[1])
    assert row["took"] >= 7200
