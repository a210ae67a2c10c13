"""The tutorial on competitions is run, line by line, on the embedded chain."""

import json
import shlex
from pathlib import Path

import pytest

from orchestrator.cli.dispatch import run
from orchestrator.config import Settings, load_settings
from orchestrator.kernel.session import Session
from orchestrator.systems.competition.evaluating import model_of
from orchestrator.systems.competition.finding import find
from tests.unit.test_docs import blocks


def at_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for variable in ("DILN_HOME", "DILN_NETWORK", "DILN_FROM", "DILN_STORAGE"):
        monkeypatch.delenv(variable, raising=False)


def play(page: str, capsys: pytest.CaptureFixture[str], heading: str | None = None) -> None:
    """Run what a page, or the section under a heading, shows."""
    for language, content in blocks(page, "console", "sh", "python", heading=heading):
        if language == "python":
            exec(compile(content, page, "exec"), {})
            continue
        for line in content.splitlines():
            assert run(shlex.split(line.removeprefix("$ "))[1:]) == 0, f"{line}\n{capsys.readouterr().err}"
    capsys.readouterr()


def test_compete__commands__run_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_home(tmp_path, monkeypatch)
    play("docs/compete.md", capsys)
    assert run(["competition", "show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["outcome"] == "decided"
    assert [each["status"] for each in shown["leaderboard"]] == ["revealed"] * 3
    assert max(each["score"] for each in shown["leaderboard"]) >= 0.8
    assert [each["rank"] for each in shown["leaderboard"]].count(1) == 1


@pytest.mark.integration
def test_readme__second_example__runs_on_anvil(
    anvil: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same lines run on the embedded chain with the rest of the README."""
    config = f"diln: {{network: local, networks: {{local: {{url: '{anvil.network.url}'}}}}}}"
    (tmp_path / "brownie-config.yaml").write_text(config)
    at_home(tmp_path, monkeypatch)
    assert run(["migrate", "competition", "--from", "judy"]) == 0
    play("README.md", capsys, heading="## A competition, end to end")
    assert run(["competition", "show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["outcome"] == "decided"
    assert [each["rank"] for each in shown["leaderboard"]].count(1) == 1
    with Session(load_settings(folder=tmp_path)) as session:
        found = find(session)
        assert session.chain.balance(found.address) == 0
        layers = [model_of(found, 0).inputs, *(len(layer.biases) for layer in model_of(found, 0).layers)]
        assert layers == [64, 16, 10]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["show", "0x" + "11" * 20], 1, "CompetitionFactory is not deployed"),
        (["show"], 1, "CompetitionFactory is not deployed"),
        (["create", "no.csv", "--target", "y", "--prize", "1", "--criterion", "1"], 1, "There is no file"),
        (
            ["create", "a.csv", "--target", "y", "--prize", "much", "--criterion", "1"],
            2,
            "is not an amount of ether",
        ),
        (
            ["create", "a.csv", "--target", "y", "--prize", "1", "--criterion", "1", "--training", "soon"],
            2,
            "is not a duration",
        ),
    ],
)
def test_competition__wrong_usage__is_a_sentence(
    arguments: list[str],
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["competition", *arguments]) == code
    assert said in capsys.readouterr().err
