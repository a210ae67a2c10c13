"""docs/together.md is played: each person on a state folder of their own, one Anvil, with Kubo and without.

In the first story each command of the two who sign is a process of its own; the others run in this one.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestrator.chain import start_node
from orchestrator.cli.dispatch import run
from orchestrator.config import Settings
from tests.integration.daemons import Kubo
from tests.integration.nodes import ROOT, settings_for
from tests.ports import free_port

pytestmark = pytest.mark.integration

PAGE = ROOT / "docs" / "together.md"
BLOCK = re.compile(
    r"^\*\*You are (?P<who>[^*]+)\.\*\*|^```(?P<language>sh|python)\n(?P<content>.*?)^```$", re.M | re.S
)
# What people read on the screen and type in place of these words, which are in capitals on the page.
READ = {
    "BLOCK": re.compile(r"Compare the hash of block (\d+) yourself"),
    "HASH": re.compile(r"^hash\s+(0x[0-9a-f]{64})$", re.M),
    "ADDRESS": re.compile(r"^(?:address|competition|federation)\s+(0x[0-9a-fA-F]{40})$", re.M),
}


def story(title: str) -> Iterator[tuple[str, str, str]]:
    """The blocks of a story: who types it, in which language, what."""
    text = PAGE.read_text(encoding="utf-8")
    section = text[text.index(f"\n## {title}: ") + 1 :].partition("\n## ")[0]
    who = ""
    for found in BLOCK.finditer(section):
        who = found["who"] or who
        if found["language"]:
            yield who, found["language"], found["content"]


@dataclass
class Company:
    """People with a folder each under `folder`; `environment` is what they all export."""

    folder: Path
    environment: dict[str, str]
    processes: tuple[str, ...] = ()  # whose commands are processes of their own, which takes longer
    read: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def play(self, title: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        for variable in ("DILN_HOME", "DILN_NETWORK", "DILN_FROM", "DILN_STORAGE", "DILN_KUBO"):
            monkeypatch.delenv(variable, raising=False)
        for variable, value in self.environment.items():
            monkeypatch.setenv(variable, value)
        monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        for who, language, content in story(title):
            name, _, how = who.partition(", ")
            if how == "without Kubo" and "DILN_KUBO" in self.environment:
                continue
            home = self.folder / name.lower()
            home.mkdir(exist_ok=True)
            monkeypatch.chdir(home)
            if language == "python":
                exec(compile(content, str(PAGE), "exec"), {})
                continue
            for line in content.splitlines():
                self._type(name, line, capfd)

    def _type(self, name: str, line: str, capfd: pytest.CaptureFixture[str]) -> None:
        command, _, expected = line.partition("  # exit ")
        for word, value in self.read.items():
            command = re.sub(rf"\b{word}\b", value, command)
        capfd.readouterr()
        if name in self.processes or not command.startswith("diln "):
            done = subprocess.run(
                ["bash", "-ec", command], capture_output=True, text=True, timeout=120, check=False
            )
            code, out, err = done.returncode, done.stdout, done.stderr
        else:
            code = run(shlex.split(command)[1:])
            out, err = capfd.readouterr()
        assert code == int(expected or 0), f"{name}: {command}\n{out}\n{err}"
        assert "Traceback" not in err
        self.read |= {word: found[-1] for word, form in READ.items() if (found := form.findall(out))}
        self.said.append(f"{name}$ {line}\n{out}{err}")

    def saw(self, command: str) -> str:
        """What was printed after the last line that begins with `command` ("Bob$ diln …")."""
        return next(said for said in reversed(self.said) if said.startswith(command))


@pytest.fixture
def anvil(anvil_installed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """An Anvil for one story: names are taken once."""
    monkeypatch.chdir(ROOT)  # where node_modules is
    settings = settings_for(tmp_path / "chain", free_port(), chain_id=31337)
    process = start_node(settings)
    yield settings
    process.send_signal(signal.SIGINT)
    process.wait(timeout=30)


@pytest.fixture
def by_file(anvil: Settings, tmp_path: Path) -> Company:
    """Nobody has Kubo: what is pinned is sent as files."""
    return Company(tmp_path, {"ETH_RPC_URL": str(anvil.network.url)})


@pytest.fixture
def by_kubo(anvil: Settings, kubo_daemon: Kubo, tmp_path: Path) -> Company:
    """All read from one Kubo."""
    environment = {"DILN_STORAGE": "kubo", "DILN_KUBO": kubo_daemon.config.kubo}
    return Company(tmp_path, {"ETH_RPC_URL": str(anvil.network.url), **environment})


@pytest.fixture(params=["by_file", "by_kubo"])
def company(request: pytest.FixtureRequest) -> Company:
    return request.getfixturevalue(request.param)


def test_prove__by_file_in_processes__judy_deceives_nobody(
    by_file: Company, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    by_file.processes = ("Alice", "Bob")
    by_file.play("Prove", monkeypatch, capfd)
    check_prove(by_file)


def test_prove__by_kubo__judy_deceives_nobody(
    by_kubo: Company, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    by_kubo.play("Prove", monkeypatch, capfd)
    check_prove(by_kubo)


def check_prove(company: Company) -> None:
    """Each is told why, in words."""
    assert "bob (0x" in company.saw("Carol$ diln verify wine.skops --project alice/wine --signed-by bob")
    assert "carol (0x" in company.saw("Carol$ diln verify wine.skops --project alice/wine --signed-by carol")
    assert "It holds in part: not checked is block" in company.saw(
        "Carol$ diln verify wine-1.car --offline  #"
    )
    assert "It holds." in company.saw(
        "Carol$ diln verify wine-1.car --offline --block-hash HASH --project alice"
    )
    assert "It holds." in company.saw("Carol$ diln verify prediction-0.json --project")
    assert "No version" in company.saw("Carol$ diln verify ../judy/forged.skops")
    assert "bob (0x70997970C51812dc3A010C7d01b50e0d17dc79C8) did not sign" in company.saw(
        "Carol$ diln verify wine.skops --project judy/wine"
    )


def test_grow__poisoned__judy_alone_pays(
    company: Company, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    company.play("Grow", monkeypatch, capfd)
    assert "nothing is due" in company.saw("Judy$ diln sum refund")
    assert "nothing to withdraw" in company.saw("Judy$ diln sum withdraw")
    rows = [line.split() for line in company.saw("Bob$ diln sum leaderboard").splitlines()]
    (judy,) = [row for row in rows if row[:1] == ["judy"]]
    (bob,) = [row for row in rows if row[:1] == ["bob"]]
    assert judy[-4:-2] == ["0", "ether"], "nothing was refunded to her"
    assert float(bob[-2]) > 0, "what was hers is his"
    assert "all 2 words are what" in company.saw("Alice$ diln sum replay")


def test_federate__each_in_a_folder_of_its_own__the_round_is_right_and_paid(
    company: Company, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    company.play("Federate", monkeypatch, capfd)
    assert re.search(r"^0x\w+ +1 +2 +\w+… +none +none", company.saw("Alice$ diln federation verify"), re.M)
    assert re.search(r"^withdrawn +0\.\d+ ether", company.saw("Bob$ diln federation withdraw"), re.M)
    assert "closed" in company.saw("Carol$ diln federation status")


def test_compete__copied__judy_gets_nothing(
    company: Company, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    company.play("Compete", monkeypatch, capfd)
    assert "submitting closed" in company.saw("Judy$ diln competition submit")
    assert "decided" in company.saw("Bob$ diln competition show")
