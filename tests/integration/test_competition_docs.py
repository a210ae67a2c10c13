"""The tutorial on competitions is run, line by line, on the embedded chain."""

import json
import shlex
from pathlib import Path

import pytest

from orchestrator.cli.dispatch import run
from tests.unit.test_docs import blocks


def test_compete__commands__run_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in ("DILN_HOME", "DILN_NETWORK", "DILN_FROM", "DILN_STORAGE"):
        monkeypatch.delenv(variable, raising=False)
    for language, content in blocks("docs/compete.md", "console", "python"):
        if language == "python":
            exec(compile(content, "docs/compete.md", "exec"), {})
            continue
        for line in content.splitlines():
            assert run(shlex.split(line.removeprefix("$ "))[1:]) == 0, f"{line}\n{capsys.readouterr().err}"
    capsys.readouterr()
    assert run(["competition", "show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["outcome"] == "decided"
    assert [each["status"] for each in shown["standings"]] == ["revealed"] * 3
    assert max(each["score"] for each in shown["standings"]) > 0.9
    assert [each["rank"] for each in shown["standings"]].count(1) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["show"], 1, "CompetitionFactory is not deployed"),
        (["create", "no.csv", "--target", "y", "--prize", "1", "--criterion", "1"], 1, "There is no file"),
        (
            ["create", "a.csv", "--target", "y", "--prize", "much", "--criterion", "1"],
            2,
            "no amount of money",
        ),
        (
            ["create", "a.csv", "--target", "y", "--prize", "1", "--criterion", "1", "--training", "soon"],
            2,
            "not a length of time",
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
