"""What parameters of commands are called where they are given by name: in Python, and by tools."""

import re
from collections.abc import Mapping, Sequence
from keyword import iskeyword
from typing import Any

from orchestrator.errors import DilnError


def names_of(parameters: Sequence[Any]) -> dict[str, str]:
    """What each of typer's is called on the command line, where that is no other's name, by its own name."""
    called = {
        str(each.name): _name(each.param_type_name, each.metavar, each.opts) or str(each.name)
        for each in parameters
    }
    given = [*called.values(), *called]
    return {name: it if given.count(it) == 1 + (it == name) else name for name, it in called.items()}


def reword(error: DilnError, parameters: Sequence[Any]) -> None:
    """Let an error speak of options as they are given: `--min-signatures` is min_signatures.

    What stands in backticks is a command line, and stays.
    """
    names = names_of(parameters)
    flags = {flag: names[each.name] for each in parameters for flag in each.opts}

    def by_name(text: str) -> str:
        pieces = text.split("`")
        pieces[::2] = [re.sub(r"--[a-z-]+", lambda it: flags.get(it[0], it[0]), each) for each in pieces[::2]]
        return "`".join(pieces)

    error.reword(by_name)


def told(names: Mapping[str, str]) -> str:
    return f"It takes {', '.join(names.values())}." if names else "It takes nothing."


def _name(kind: str, metavar: str | None, flags: Sequence[str]) -> str:
    """`MODEL` is model, `[FILE]…` file, `--max-price` max_price; empty where that is no word."""
    if kind == "argument":
        word = (metavar or "").strip("[]….")
        return word.lower() if word.isalpha() else ""
    word = next(each for each in flags if each.startswith("--")).lstrip("-").replace("-", "_")
    return "" if iskeyword(word) else word
