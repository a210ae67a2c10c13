"""JSON Schemas of what commands print with --json, made of the types that each folder's `results` has."""

import inspect
from functools import cache
from importlib import import_module
from typing import Any, Union, get_args

from pydantic import TypeAdapter
from typing_extensions import is_typeddict

from orchestrator.console.shapes import Error, Lines

FOLDERS = ("host", "prove", "sum", "market", "competition", "tournament", "federation")
DIALECT = "https://json-schema.org/draft/2020-12/schema"
ERROR = "error"
"""Not a command: what each prints instead where it fails."""


@cache
def results() -> dict[str, Any]:
    """What each command returns, by its words."""
    found: dict[str, Any] = {ERROR: Error}
    for folder in FOLDERS:
        found |= import_module(f"orchestrator.cli.{folder}.results").RESULTS
    return dict(sorted(found.items()))


def about(command: str) -> str:
    """What the command returns, in a sentence."""
    kind = results()[command]
    return _sentence(kind.each if isinstance(kind, Lines) else kind)


def _sentence(kind: object) -> str:
    """That of the first part that has one."""
    if is_typeddict(kind):
        return (inspect.getdoc(kind) or "").partition("\n")[0]
    own = [each.description for each in getattr(kind, "__metadata__", ()) if each.description]
    return next(filter(None, (*own, *map(_sentence, get_args(kind)))), "")


@cache
def schema_of(command: str) -> dict[str, Any]:
    """The JSON Schema of a command's result. Raises KeyError where there is no such command.

    Of a command that prints an object a line, it is that of a line, or of the object that comes instead.
    """
    kind = results()[command]
    head = {"$schema": DIALECT, "title": "an error" if command == ERROR else f"diln {command}"}
    if isinstance(kind, Lines):
        once = " With --once, a single object." if kind.once else ""
        head |= {"description": f"An object a line, as it happens.{once}"}
        kind = Union[kind.each, kind.once] if kind.once else kind.each  # noqa: UP007 - at run time
    return TypeAdapter(kind).json_schema(mode="serialization") | head
