"""Completion in a shell: the words come from the commands themselves."""

import os
import subprocess
import sys

import pytest

from tests.unit.cli.conftest import ROOT, Diln

START = [sys.executable, "-c", "from orchestrator.cli import main; main()"]


def completed(words: str) -> list[str]:
    """What bash is offered at the end of `words`."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "_DILN_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    done = subprocess.run(START, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("diln co", ["compile", "completion", "competition"]),
        ("diln market re", ["relay", "replay", "reveal"]),
        ("diln verify --si", ["--signed-by"]),
        ("diln sum show --enc", ["--encoder"]),
        ("diln mark wine@1 de", ["deployable", "deprecated"]),
        ("diln sum create walks --kind ", ["bayes", "centroid", "logistic", "perceptron"]),
        ("diln schema su", ["sum"]),
        ("diln schema sum sh", ["show"]),
    ],
)
def test_complete__words__are_commands_and_options(words: str, offered: list[str]) -> None:
    assert sorted(completed(words)) == sorted(offered)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion__shell__prints_its_script(diln: Diln, shell: str) -> None:
    said = diln("completion", shell)

    assert said.code == 0
    assert "_DILN_COMPLETE" in said.out
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=said.out, text=True, check=True)


def test_completion__other_shell__is_refused(diln: Diln) -> None:
    said = diln("completion", "tcsh")

    assert said.code == 2
    assert "bash, zsh, fish" in said.err
