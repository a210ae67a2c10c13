"""Every command with its parameters and its help, as the golden file beside this one has them.

After a change on purpose, run it with UPDATE_GOLDEN=1 in the environment, and read the difference.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer.main

from orchestrator.cli import HELP, SECTIONS, command_help
from orchestrator.console import root
from tests.integration.acts import COMMANDS

GOLDEN = Path(__file__).parent / "commands.json"
ROOT = Path(__file__).parents[3]
WIDTH = "80"
"""Columns of the texts that are shipped."""


def trees() -> Iterator[tuple[str, Any]]:
    """Each command of the first level, with its name."""
    for section in SECTIONS.values():
        for module, _ in section.values():
            import_module(f"orchestrator.cli.{module}")
    commands: dict[str, Any] = vars(typer.main.get_command(root.app))["commands"]
    yield from commands.items()


def walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield name, command
    for inner, each in getattr(command, "commands", {}).items():
        yield from walk(f"{name} {inner}", each)


def record(command: Any) -> dict[str, Any]:
    """What `--help` of a command says: its sentences, and a line for each parameter in any order."""
    context = command.context_class(command)
    parameters = [(each, each.get_help_record(context)) for each in command.params]
    lines = [": ".join(told) if told else f"hidden {each.opts}" for each, told in parameters]
    repeated = [each.name for each in command.params if each.multiple or each.nargs != 1]
    return {"help": command.help, "parameters": sorted(lines), "repeatable": sorted(repeated)}


def found() -> dict[str, Any]:
    return {name: record(command) for first, tree in trees() for name, command in walk(first, tree)}


def test_commands__parameters_and_help__are_those_of_the_golden_file() -> None:
    listed = found()
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(json.dumps(listed, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    golden = json.loads(GOLDEN.read_text())

    assert sorted(listed) == sorted(golden)
    for name, facts in golden.items():
        assert listed[name] == facts, name


def told(words: list[str]) -> str:
    """What typer prints for `--help`."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        typer.main.get_command(root.app)(args=[*words, "--help"], prog_name="diln", standalone_mode=False)
    return text.getvalue()


def help_of_all() -> dict[str, str]:
    """What a new process prints: here, another test may have imported a group's modules in another order."""
    code = "import json, tests.unit.cli.test_golden as golden; print(json.dumps(golden.helps()))"
    environment = {**os.environ, "COLUMNS": WIDTH}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    texts: dict[str, str] = json.loads(done.stdout)
    return texts


def helps() -> dict[str, str]:
    return {name.replace(" ", "."): told(name.split()) for name in found()}


def test_help__of_each_command__is_shipped_as_typer_makes_it() -> None:
    texts = help_of_all()
    if os.environ.get("UPDATE_GOLDEN"):
        for each in HELP.glob("*.txt"):
            each.unlink()
        HELP.mkdir(exist_ok=True)
        for name, text in texts.items():
            (HELP / f"{name}.txt").write_text(text, encoding="utf-8")

    assert {each.stem for each in HELP.glob("*.txt")} == set(texts)
    for name, text in texts.items():
        assert command_help([*name.split("."), "--help"]) == text, name


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("sum -h", "sum"),
        ("sum create walks --help", "sum.create"),
        ("sum --help create", "sum"),
        ("train --encrypt-to x --help", "train"),
        ("publish model.skops -h --json", "publish"),
        ("prove 1 --help -- flowers", "prove"),
        ("schema sum create --help", "schema"),
    ],
)
def test_help__whatever_follows_the_command__is_shipped(
    line: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert command_help(line.split()) == (HELP / f"{command}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "line", ["sum create", "predict flowers -- --help", "nonsense --help", "sum nonsense -h", "../sum --help"]
)
def test_help__not_asked_for_or_of_no_command__is_left_to_typer(line: str) -> None:
    assert command_help(line.split()) is None


def test_commands__options__say_what_they_are_for() -> None:
    silent = [
        f"{name} {each.opts[0]}"
        for first, tree in trees()
        for name, command in walk(first, tree)
        for each in command.params
        if each.param_type_name == "option" and not each.hidden and not each.help
    ]
    assert silent == []


def test_commands__whatever_sends__is_run_under_faults() -> None:
    # They change, or call for, what others send; a Flower app takes part by the steps of `federation step`.
    others = {"chain cancel", "chain speed-up", "mcp", "federation flower"}
    sending = {
        name
        for tree, command in trees()
        for name, each in walk(tree, command)
        if any("--calldata" in parameter.opts for parameter in each.params)
    }
    tried = {" ".join(each.words) for each in COMMANDS.values()}
    missing = {name for name in sending if not any(f"{each} ".startswith(f"{name} ") for each in tried)}
    assert missing == others
