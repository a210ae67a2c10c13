"""Find a command's module, run it, and turn whatever it raises into a sentence and an exit code."""

import difflib
import sys
from collections.abc import Sequence
from importlib import import_module

import click
import typer

from orchestrator.cli import SECTIONS
from orchestrator.cli.console import print_error
from orchestrator.errors import DilnError, StorageError, UsageError

INTERRUPTED = 130


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    try:
        return _run(arguments)
    except DilnError as error:
        print_error(error, as_json="--json" in arguments)
        return error.exit_code
    except (KeyboardInterrupt, click.exceptions.Abort):
        sys.stderr.write("\ninterrupted: run the same command again to go on\n")
        return INTERRUPTED
    except OSError as error:
        print_error(
            StorageError(
                f"the system refused: {error}", "Check free space and permissions, then run it again."
            )
        )
        return 1


def _run(arguments: Sequence[str]) -> int:
    name = arguments[0]
    modules = {command: module for section in SECTIONS.values() for command, (module, _) in section.items()}
    if name not in modules:
        close = difflib.get_close_matches(name, modules, n=1)
        meant = f"Did you mean `diln {close[0]}`? " if close else ""
        raise UsageError(f"there is no command `{name}`", f"{meant}`diln --help` lists them all.")
    app: typer.Typer = import_module(f"orchestrator.cli.{modules[name]}").app
    try:
        code = app(args=list(arguments), prog_name="diln", standalone_mode=False)
    except click.exceptions.UsageError as error:
        error.show()
        return error.exit_code
    return int(code or 0)
