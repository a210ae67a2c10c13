"""Find a command's module, run it, and turn whatever it raises into a sentence and an exit code."""

import difflib
import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.completion import completion_init  # type: ignore[attr-defined]

from orchestrator.cli import COMPLETE, SECTIONS
from orchestrator.console import err, root
from orchestrator.console.printing import print_error, print_json, show_signing
from orchestrator.errors import DilnError, StorageError, Unsent, UsageError
from orchestrator.text import shown

if TYPE_CHECKING:
    from typer.core import TyperArgument, TyperOption

INTERRUPTED = 130

MODULES = {
    command: f"orchestrator.cli.{module}"
    for section in SECTIONS.values()
    for command, (module, _) in section.items()
}
"""Where each command is written."""


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; whatever it raises becomes a sentence."""
    try:
        return perform(arguments)
    except DilnError as error:
        print_error(error, as_json="--json" in arguments)
        return error.exit_code
    except Unsent as unsent:
        print_json(unsent.transaction)
        err.print(
            "nothing was sent: let the wallet send this, then run the same command again for what follows"
        )
        return 0
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("\ninterrupted: run the same command again to go on\n")
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has enough of it, such as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def perform(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Raises DilnError, Unsent, KeyboardInterrupt, Abort."""
    show_signing("--json" not in arguments)
    try:
        return _run(arguments)
    except BrokenPipeError:
        raise
    except OSError as error:
        hint = "Check free space and permissions, then run it again."
        raise StorageError(f"the system refused: {error}", hint) from error


def complete() -> int:
    """Print what a shell may put at the cursor; typer reads the words before it from the environment."""
    completion_init()
    return int(imported(MODULES)(args=[], prog_name="diln", complete_var=COMPLETE) or 0)


def imported(commands: Iterable[str]) -> Any:
    """The command line as typer has it, with at least these commands."""
    for command in commands:
        import_module(MODULES[command])
    return typer.main.get_command(root.app)


def _run(arguments: Sequence[str]) -> int:
    name = arguments[0]
    if name not in MODULES:
        close = difflib.get_close_matches(name, MODULES, n=1)
        meant = f"Did you mean `diln {close[0]}`? " if close else ""
        raise UsageError(f"there is no command `{name}`", f"{meant}`diln --help` lists them all.")
    try:
        code = imported([name])(args=list(arguments), prog_name="diln", standalone_mode=False)
    except _WRONG_USAGE as error:
        return _explain(error, arguments)
    if code == INTERRUPTED:  # typer has caught it, and says nothing
        raise KeyboardInterrupt
    return int(code or 0)


def _explain(error: Any, arguments: Sequence[str]) -> int:
    if "--json" in arguments:
        command, words = error.ctx.command, error.ctx.command_path
        own = [_called(each) for each in command.params if each.name != "help"] or [*command.commands]
        raise UsageError(error.format_message(), f"It takes {', '.join(own)}; `{words} --help` explains it.")
    said = shown(error.format_message(), sys.maxsize)  # it repeats arguments, such as names of files
    error.format_message = lambda: said
    error.show()
    return int(error.exit_code)


def _called(parameter: "TyperOption | TyperArgument") -> str:
    if parameter.param_type_name == "option":
        return str(parameter.opts[0])
    return str(parameter.metavar or parameter.name)


_WRONG_USAGE: Any = typer.BadParameter.__base__
"""What typer raises for a command line that it cannot parse; it has no public name."""
