"""What needs no chain: help, version, wrong usage, and how little is imported for them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
import typer.main

from orchestrator import __version__
from orchestrator.cli import SECTIONS, help_text, main
from orchestrator.console import root
from tests.unit.cli.conftest import ROOT

COMMANDS = {name: module for section in SECTIONS.values() for name, (module, _) in section.items()}
SUMMARIES = {name: text for section in SECTIONS.values() for name, (_, text) in section.items()}
HEAVY = {
    "typer",
    "click",
    "rich",
    "numpy",
    "pandas",
    "sklearn",
    "web3",
    "eth_account",
    "starlette",
    "uvicorn",
    "pydantic",
    "yaml",
}
PARSING = {"typer", "click", "rich", "pydantic", "yaml"}
"""What parsing a command takes."""


def run(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code or 0, *capsys.readouterr()


def words_of(command: Any) -> Iterator[list[str]]:
    """All commands of a group, and of the groups in it, as their words."""
    for name, each in getattr(command, "commands", {}).items():
        yield [name]
        yield from ([name, *words] for words in words_of(each))


def tree() -> Any:
    for module in COMMANDS.values():
        import_module(f"orchestrator.cli.{module}")
    return typer.main.get_command(root.app)


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help__is_help_text(arguments, capsys):
    assert run(arguments, capsys) == (0, help_text(), "")


@pytest.mark.parametrize("arguments", [["--version"], ["-V"]])
def test_version__is_the_package_s(arguments, capsys):
    assert run(arguments, capsys) == (0, f"diln {__version__}\n", "")


def test_version__as_json(capsys):
    assert run(["--version", "--json"], capsys) == (0, f'{{"version": "{__version__}"}}\n', "")


def test_help_text__lists_every_command_with_its_summary():
    lines = help_text().splitlines()
    for name, summary in SUMMARIES.items():
        assert f"  {name:<11} {summary}" in lines
    assert max(map(len, lines)) <= 100


def test_sections__commands__are_all_that_the_modules_have():
    assert set(tree().commands) == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_command_help__of_each__says_what_it_does(command, capsys):
    code, out, err = run([command, "--help"], capsys)
    assert (code, err) == (0, "")
    assert out.startswith(f"Usage: diln {command}")
    assert "--help" in out


def test_subcommand_help__of_each_group__says_what_it_does(capsys):
    for words in words_of(tree()):
        code, out, _ = run([*words, "--help"], capsys)
        assert (code, out.startswith(f"Usage: diln {' '.join(words)}")) == (0, True)


def test_unknown_command__suggests_the_nearest(capsys):
    code, out, err = run(["pubish"], capsys)
    assert (code, out) == (2, "")
    assert "there is no command `pubish`" in err
    assert "Did you mean `diln publish`?" in err


def test_unknown_command__like_none__points_to_the_help(capsys):
    code, _, err = run(["xyzzy", "--json"], capsys)
    assert (code, err) == (2, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["publish", "--nonsense"],
        ["mark", "flowers@1"],
        ["prove", "minus", "flowers"],
        ["predict", "a", "no-such-file"],
    ],
)
def test_wrong_usage__exits_2_and_says_what(arguments, capsys):
    code, out, err = run(arguments, capsys)
    assert (code, out) == (2, "")
    assert "Error: " in err
    assert "Traceback" not in err


def test_wrong_usage__name_of_a_file_with_a_trick__is_shown_and_not_obeyed(capsys):
    _, _, err = run(["train", "x\u202e\x1b[2Jevil"], capsys)
    assert r"x\u202e\x1b[2Jevil" in err
    assert not {"\u202e", "\x1b"} & set(err)


def test_wrong_usage__with_json__is_json(capsys):
    import json

    code, out, err = run(["publish", "--nonsense", "--json"], capsys)
    found = json.loads(out)
    assert (code, err, found["error"]) == (2, "", "UsageError")
    assert "--nonsense" in found["message"]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["sum", "show"], "It takes MODEL, --png, --encoder, "),
        (["sum", "shwo"], "It takes create, simulate, "),
    ],
)
def test_wrong_usage__with_json__hint_lists_what_is_taken(words, hint):
    """In a process of its own: commands stand in the order in which they were imported first."""
    import json

    code = "from orchestrator.cli import script; script()"
    done = subprocess.run([sys.executable, "-c", code, *words, "--json"], capture_output=True, text=True)
    found = json.loads(done.stdout)
    assert hint in found["hint"]
    command = " ".join(words).removesuffix(" shwo")
    assert found["hint"].endswith(f"`diln {command} --help` explains it.")


@pytest.mark.parametrize("words", [["sum", "show", "-h"], ["help", "sum", "show"]])
def test_help__other_spellings__show_the_same(words, capsys):
    assert run(words, capsys) == run(["sum", "show", "--help"], capsys)
    assert run(["help"], capsys) == run(["-h"], capsys) == run(["--help"], capsys)


@pytest.mark.parametrize(
    "line", ["--help", "--version", "sum -h", "sum create walks --help", "publish model.skops --help"]
)
def test_start__for_help_and_version__imports_nothing_heavy(line):
    code = (
        "import sys\n"
        "from orchestrator.cli import main\n"
        "try: main()\n"
        "except SystemExit: print('MODULES', *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *line.split()],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "60"},
        capture_output=True,
        text=True,
        check=True,
    )
    modules = {name.partition(".")[0] for name in done.stdout.rpartition("MODULES")[2].split()}
    assert modules & HEAVY == set()
    assert len(modules - set(sys.stdlib_module_names)) <= 5, modules - set(sys.stdlib_module_names)


@pytest.mark.parametrize(
    ("words", "code"), [(["--version"], 0), (["pubish"], 2), (["chain", "show", "--home", "/dev/null/x"], 1)]
)
def test_script__ends_at_once__with_its_code_and_all_that_was_printed_and_registered(words, code):
    start = (
        "import atexit, sys; sys.argv[0] = 'diln'; atexit.register(print, 'registered')\n"
        "from orchestrator.cli import script\n"
        "script()\n"
        "print('not reached')"
    )
    done = subprocess.run([sys.executable, "-c", start, *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == code
    assert done.stdout.endswith("registered\n")
    assert bool(done.stderr) == (code != 0)


@pytest.mark.parametrize("module", sorted(set(COMMANDS.values())))
def test_command_help__imports_nothing_heavy(module):
    code = (
        "import sys; from orchestrator.console import lazy; lazy.alone()\n"
        f"import orchestrator.cli.{module}; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {name.partition(".")[0] for name in done.stdout.split()} & HEAVY <= PARSING


def test_role_of_watch__is_one_of_the_workflow():
    from orchestrator.cli.competition.judging import Role
    from orchestrator.systems.competition import duties

    assert [*map(str, Role)] == [*map(str, duties.Role)]
