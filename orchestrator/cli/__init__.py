"""The command line. Each command parses, calls one workflow and prints.

This module imports nothing heavy: the table below is all that `diln --help` needs, and a command's own
module is imported only when that command runs.
"""

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Prove a model": {
        "demo": ("prove.demo", "Run the whole job on real data, and see a forgery caught"),
        "init": ("prove.training", "Write a diln.toml to start from"),
        "train": ("prove.training", "Train the model that diln.toml describes, test it, write its manifest"),
        "runs": ("prove.runs", "List, compare and delete what was trained here"),
        "describe": ("prove.publishing", "Write the manifest of a model that was made elsewhere"),
        "disclose": ("prove.publishing", "Disclose fields of a private model to the people you choose"),
        "sign": ("prove.publishing", "Sign a model's manifest with a wallet key"),
        "publish": ("prove.publishing", "Pin a model and its manifest, and anchor them in the registry"),
        "export": (
            "prove.bundling",
            "Write a model and all that proves it into one file, for another person",
        ),
        "import": ("prove.bundling", "Import such a file, and check it"),
        "mark": ("prove.publishing", "Mark a published version deployable, deprecated or revoked"),
        "alias": ("prove.alias", "Give a version a name that can move, such as NAME@champion"),
        "project": ("prove.project", "Create and govern the registry project that versions belong to"),
        "verify": ("prove.checking", "Check a model, a manifest or a proof against the chain"),
        "log": ("prove.checking", "List the published versions of a project"),
        "lineage": ("prove.checking", "Draw a model's ancestry"),
        "card": ("prove.card", "Write a model's card, or its bill of materials, for others"),
        "diff": ("prove.checking", "Compare two models' manifests"),
    },
    "Use a model": {
        "predict": ("prove.predicting", "Predict with a model that was checked against the chain"),
        "serve": ("prove.serving", "Serve a model over HTTP for as long as its checks hold"),
        "anchor-log": ("prove.predicting", "Anchor a Merkle root of the prediction log"),
        "prove": ("prove.predicting", "Write the proof that prediction N is in an anchored log"),
    },
    "Grow a model together": {
        "sum": ("sum.commands", "Models in a contract that learn from anyone and pay for good data"),
        "market": ("market.commands", "Pay for data that make a model better on a secret test set"),
    },
    "Train together": {
        "federation": ("federation.commands", "Train one model with many parties; nobody shows data"),
    },
    "Compete for a prize": {
        "competition": (
            "competition.commands",
            "Create, enter, check and settle competitions that a contract pays",
        ),
        "tournament": ("tournament.commands", "Stake on predictions that a contract scores and pays"),
    },
    "Chain and storage": {
        "keep": ("keeping", "Do what is due in everything that this folder takes part in"),
        "account": ("host.account", "Create, import and list wallets"),
        "migrate": ("host.contracts", "Deploy the contracts, each once"),
        "chain": ("host.chain", "Show the chain, or let time pass on a development chain"),
        "node": ("host.contracts", "Start a local Anvil node"),
        "pin": ("host.pin", "Add, list, get and remove pinned artifacts"),
        "page": ("page", "Open a page for browsers and wallets, on this folder's chain and storage"),
        "doctor": ("host.doctor", "Check node, deployments, storage, wallets and versions"),
        "abi": ("host.contracts", "Print a contract's ABI, for other tools"),
        "schema": ("host.schema", "Print the JSON Schema of what a command prints with --json"),
        "mcp": ("host.mcp", "Offer the commands to a language model's host, as MCP tools"),
        "completion": ("host.completion", "Let bash, zsh or fish complete commands and options"),
        "compile": ("host.contracts", "Compile the contracts into the package"),
    },
}

HELP = Path(__file__).parent / "help"
"""A file for each command; tests/unit/cli/test_golden.py writes and compares them."""

HELP_OPTIONS = {"--help", "-h"}
COMPLETE = "_DILN_COMPLETE"
"""Set in the environment by a shell that asks for completions."""


def script() -> None:
    """The process `diln`: run its command line, and end at once.

    Python would take the modules apart one by one, and look through all objects again and again while they
    are imported: half of the time of a command that reads. OpenBLAS's threads would wait in a loop for more
    work after each small product.
    """
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "14")  # for 2^14 cycles, then they sleep
    gc.set_threshold(400_000, 20, 50)
    try:
        main()
    except SystemExit as ended:
        threads = sys.modules.get("threading")
        if threads is None or threads.active_count() == 1:
            _end(ended.code if isinstance(ended.code, int) else int(ended.code is not None))
        raise


def _end(code: int) -> NoReturn:
    """Exit after what was registered to be done then, without taking anything apart."""
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # whoever read it has gone
            continue
    os._exit(code)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line `argv` (default: the process's own) and exit.

    Exit codes: 0 done, 1 a DilnError (one sentence and a hint on stderr), 2 wrong usage, 130 interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if COMPLETE in os.environ:
        from orchestrator.console import lazy

        lazy.alone()
        from orchestrator.cli.dispatch import complete

        sys.exit(complete())
    if arguments[:1] == ["help"]:
        arguments = [*arguments[1:], "--help"]
    if not arguments or arguments[0] in HELP_OPTIONS:
        sys.stdout.write(help_text())
        sys.exit(0)
    if arguments[0] in ("-V", "--version"):
        from orchestrator import __version__

        told = f'{{"version": "{__version__}"}}' if "--json" in arguments else f"diln {__version__}"
        sys.stdout.write(f"{told}\n")
        sys.exit(0)
    if text := command_help(arguments):
        sys.stdout.write(text)
        sys.exit(0)
    try:
        from orchestrator.chain import lighter
        from orchestrator.console import lazy

        lazy.alone()
        lighter.alone()
        from orchestrator.cli.dispatch import run

        code = run(arguments)
    except KeyboardInterrupt:  # while modules were imported
        sys.stderr.write("\ninterrupted: run the same command again\n")
        code = 130
    sys.exit(code)


def command_help(arguments: Sequence[str]) -> str | None:
    """What a command line prints that asks for help, as the package has it; None where it must be made.

    Made each time, it would take ten times as long: what parses commands is imported for it.
    """
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if HELP_OPTIONS.isdisjoint(options):
        return None
    found, known = None, 0
    while text := _shipped(arguments[: known + 1]):  # ends at the option, which is no command
        found, known = text, known + 1
    if found and _GROUP in found and not arguments[known].startswith("-"):
        return None  # there is no such command in the group
    return found


_GROUP = " COMMAND [ARGS]...\n"


def _shipped(words: Sequence[str]) -> str | None:
    """The help of the command of these words, None where there is none."""
    if not all(word.replace("-", "").isalnum() for word in words):
        return None
    try:
        return (HELP / f"{'.'.join(words)}.txt").read_text(encoding="utf-8")
    except OSError:
        return None


def help_text() -> str:
    """What `diln --help` prints."""
    lines = [
        "Usage: diln COMMAND [OPTIONS]",
        "",
        "Prove, grow and compete with machine-learning models on Ethereum.",
    ]
    for section, commands in SECTIONS.items():
        lines += ["", f"{section}:"]
        lines += [f"  {name:<11} {summary}" for name, (_, summary) in commands.items()]
    lines += ["", "`diln COMMAND --help` explains one; `diln --version` tells the version.", ""]
    return "\n".join(lines)
