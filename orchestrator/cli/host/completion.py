"""`diln completion`: what a shell needs to complete commands and options."""

from typing import Annotated

import typer

from orchestrator.cli.host import host
from orchestrator.console import Answer, Document, among, command
from orchestrator.errors import UsageError

SHELLS = ("bash", "zsh", "fish")


@command(host)
def completion(
    shell: Annotated[
        str,
        typer.Argument(
            metavar="SHELL",
            help=f"{', '.join(SHELLS[:-1])} or {SHELLS[-1]}.",
            autocompletion=among(*SHELLS),
        ),
    ],
) -> Answer:
    """Print what makes a shell complete the commands; in bash: source <(diln completion bash)."""
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    from orchestrator.cli import COMPLETE

    if shell not in SHELLS:
        raise UsageError(f"there is no completion for `{shell}`", f"Choose one of {', '.join(SHELLS)}.")
    script = get_completion_script(prog_name="diln", complete_var=COMPLETE, shell=shell)
    return Answer({"shell": shell, "script": script}, Document(script + "\n"))
