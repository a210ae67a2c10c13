"""Every command that a hint, an error or a help text names can be typed: it exists, with these options."""

import ast
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from orchestrator import errors
from orchestrator.cli.dispatch import MODULES, imported, run

ROOT = Path(__file__).parents[3] / "orchestrator"
COMMAND = re.compile(r"\bdiln ((?:[a-z][a-z-]*)(?: [a-zA-Z0-9@/._=-]+| --?[a-z-]+)*)")


def texts(file: Path) -> Iterator[str]:
    """The strings of a module."""
    return texts_in(ast.parse(file.read_text(encoding="utf-8")))


def texts_in(tree: ast.AST) -> Iterator[str]:
    """The strings in a part of a module; what is computed within one is a word in capitals."""
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(each.value) if isinstance(each, ast.Constant) else "X" for each in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            yield node.value


def named(text: str) -> Iterator[str]:
    """The commands in a text: in backticks whole, or after a colon to the end of the sentence."""
    yield from re.findall(r"`(diln [^`]*)`", text)
    yield from re.findall(r": (diln [a-z][^`\n]*?)(?:\.|$)", text)


def advice() -> Iterator[tuple[str, str]]:
    """What errors advise to do, by module."""
    kinds = {name for name, kind in vars(errors).items() if isinstance(kind, type)}
    for file in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in kinds:
                for part in [*node.args[1:], *(each.value for each in node.keywords)]:
                    yield from ((str(file.relative_to(ROOT)), text) for text in texts_in(part))


def hints() -> list[tuple[str, str]]:
    return sorted(
        {
            (str(file.relative_to(ROOT)), command)
            for file in ROOT.rglob("*.py")
            for text in texts(file)
            for command in named(text)
        }
    )


@cache
def all_commands() -> Any:
    return imported(MODULES)


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """The command that `words` begin with, and the words after it."""
    found = all_commands()
    while hasattr(found, "commands") and words and words[0] in found.commands:
        found, words = found.commands[words[0]], words[1:]
    return found, words


def fault(command: str) -> str:
    """What is wrong with a command line; empty if it can be typed."""
    words = [word.split("|")[0] for word in command.replace("[", " ").replace("]", " ").split()[1:]]
    if words == ["COMMAND", "--help"] or words[0].startswith("--"):
        return "" if words[-1] in ("--help", "--version") else "no such option"
    if words[0] == "X":
        return ""
    if words[0] not in MODULES:
        return f"there is no command {words[0]}"
    found, rest = command_of(words)
    if hasattr(found, "commands") and rest and rest[0] not in ("--help", "X"):
        return f"there is no command {' '.join(words)}"
    known = {option for parameter in found.params for option in parameter.opts} | {"--help"}
    unknown = [word for word in rest if word.startswith("--") and word not in known]
    return f"there is no option {unknown[0]}" if unknown else ""


def lacking(found: Any, words: list[str]) -> list[str]:
    """The arguments and options that `found` needs and `words` do not give."""
    options = {name: each for each in found.params for name in each.opts if name.startswith("-")}
    given, taken = 0, False
    for word in words:
        if taken or word.startswith("-"):
            taken = not taken and word in options and not options[word].is_flag
        else:
            given += 1
    needed = [each for each in found.params if each.required]
    arguments = [each.metavar or each.name for each in needed if each.param_type_name == "argument"]
    return arguments[given:] + [
        each.opts[0] for each in needed if each.param_type_name == "option" and not {*each.opts} & {*words}
    ]


def test_hints__commands_they_name__can_be_typed() -> None:
    found = hints()
    assert len(found) > 40
    faults = [(file, command, fault(command)) for file, command in found if fault(command)]
    assert faults == []


@pytest.mark.parametrize("command", ["diln gc", "diln pin gc", "diln log X --newest", "diln frobnicate"])
def test_fault__command_that_is_not_there__is_found(command: str) -> None:
    assert fault(command)


SITUATIONS = (
    ["publish"],
    ["log", "x"],
    ["verify", "x"],
    ["project", "show", "x"],
    ["runs", "compare", "a", "b"],
    ["sum", "show", "x"],
    ["market", "list"],
    ["competition", "show"],
    ["tournament", "show"],
    ["log", "x", "--from", "zoe"],
    ["mark", "x", "published"],
    ["alias", "set", "best", "x@1"],
    ["sum", "keep", "x"],
    ["competition", "submit", "x"],
    ["tournament", "verify", "0"],
    ["federation", "status"],
    ["schema", "nonsense"],
)
LOOKS = re.compile(r" list$|^diln schema$")
"""Commands that change nothing: the same error comes again."""


@pytest.mark.parametrize("words", SITUATIONS, ids=" ".join)
def test_hint__commands_that_can_be_typed_as_they_are__work_at_once_and_help(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("DILN_")]:
        monkeypatch.delenv(name)
    before, told, tried = "", "", list[str]()
    while run(words):
        before, told = told, capsys.readouterr().err
        if told == before:
            assert LOOKS.search(tried[-1]), told
            break
        commands = [each for each in named(told.partition("hint:")[2]) if not re.search("[A-Z]{2}", each)]
        commands += re.findall(r"`(diln migrate [A-Za-z]+)`", told)
        assert commands or tried, told
        for command in commands:
            assert run(command.split()[1:]) == 0, f"{told}\n{command}: {capsys.readouterr().err}"
        capsys.readouterr()
        tried += commands
        if not commands:
            break
    assert tried
