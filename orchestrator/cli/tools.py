"""The commands as tools for a program: what each takes and gives as JSON Schema, and how it is called.

Made of the same table, parameters and result types as the command line. Two kinds: those that read, and those
that change or send something. What runs until it is ended, runs an app, asks at a terminal, deletes, gives
away, or hands out a signature that others can spend is not a tool.
"""

import contextlib
import enum
import io
import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import typer

from orchestrator.cli import confining, dispatch, schemas
from orchestrator.cli.called import names_of, reword, told
from orchestrator.config import HOME
from orchestrator.console.printing import print_json
from orchestrator.errors import DilnError, Unsent, UsageError

READING = frozenset(
    {
        "abi",
        "account list",
        "alias list",
        "chain pending",
        "chain show",
        "competition list",
        "competition show",
        "diff",
        "doctor",
        "federation history",
        "federation list",
        "federation status",
        "federation verify",
        "lineage",
        "log",
        "pin ls",
        "project list",
        "project show",
        "runs compare",
        "runs list",
        "schema",
        "sum leaderboard",
        "sum list",
        "market leaderboard",
        "market list",
        "market predict",
        "market replay",
        "market show",
        "sum predict",
        "sum replay",
        "sum show",
        "tournament history",
        "tournament leaderboard",
        "tournament list",
        "tournament show",
        "tournament verify",
        "verify",
    }
)
"""What neither sends nor signs nor writes a file."""

NEVER = frozenset(
    {
        "account import",
        "account new",
        "chain cancel",
        "chain serve",
        "chain speed-up",
        "compile",
        "completion",
        "demo",
        "disclose",
        "federation first-model",
        "federation flower",
        "federation watch",
        "keep",
        "mcp",
        "node",
        "page",
        "pin rm",
        "project members",
        "project transfer",
        "runs delete",
        "serve",
        "sign",
        "market relay",
        "sum relay",
        "sum sign",
    }
)
_FIXED = frozenset({"network", "home", "storage", "sender", "signer_url", "calldata"})
"""Options that whoever starts the tools decides, not who calls them."""

_LEFT_OUT = frozenset({"address", "engine", "json", "once", "signed", "signer", "signing_key", "to", "yes"})
"""What nobody can answer, signs for others, or names a machine to train on."""

_NOT_TO_READ = frozenset({"picture", "png"})
"""What would write a file."""

_TYPES: Mapping[Any, str] = {bool: "boolean", int: "integer", float: "number"}
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class Tool:
    """A command; `parameters` are typer's."""

    command: str
    about: str
    parameters: tuple[Any, ...]

    @property
    def name(self) -> str:
        return self.command.replace(" ", "_").replace("-", "_")

    @property
    def reads(self) -> bool:
        return self.command in READING

    @property
    def names(self) -> dict[str, str]:
        """What each of its arguments is called, as in Python, by its own name."""
        return names_of([*self._own()])

    @property
    def takes(self) -> dict[str, Any]:
        """The JSON Schema of its arguments."""
        shown = {self.names[each.name]: _schema(each) for each in self._own()}
        needed = [self.names[each.name] for each in self._own() if each.required]
        return {"type": "object", "properties": shown, "required": needed, "additionalProperties": False}

    @property
    def gives(self) -> dict[str, Any]:
        """The JSON Schema of its answer: an object whose `result` is the command's."""
        found = dict(schemas.schema_of(self.command))
        definitions = {"$defs": found.pop("$defs")} if "$defs" in found else {}
        found.pop("$schema", None)
        return {"type": "object", "properties": {"result": found}, "required": ["result"], **definitions}

    def call(self, given: Mapping[str, Any], fixed: Mapping[str, str]) -> Any:
        """What the command prints as JSON. Raises DilnError where it fails, UsageError for other arguments.

        `fixed` has the options that hold for all tools, where they are not the defaults.
        """
        given = self._by_own_names(given)
        words = [*self.command.split(), *self._words(given, fixed)]
        self._confine(given, fixed.get("home", HOME))
        printed = io.StringIO()
        with _ONE_AT_A_TIME, contextlib.redirect_stdout(printed):
            try:
                dispatch.perform(words)
            except DilnError as error:
                reword(error, [*self._own()])
                raise
            except Unsent as unsent:
                print_json(unsent.transaction)
            except (KeyboardInterrupt, typer.Abort):
                raise UsageError(
                    "the command was ended before it was done", "Run it at a terminal."
                ) from None
        text = printed.getvalue()
        return json.loads(text) if text.strip() else None

    def _confine(self, given: Mapping[str, Any], home: str) -> None:
        """Raises UsageError for a file that is not for tools: as a path, or as a text that may name one."""
        for each in self._own():
            for value in map(str, _values(given.get(each.name, each.default))):
                is_path = _one_of(each.type_descriptor.annotation) is Path or os.path.lexists(Path(value))
                if is_path and value != str(each.default):
                    confining.refuse_outside(value, home)

    def _own(self) -> Iterator[Any]:
        left_out = _FIXED | _LEFT_OUT | (_NOT_TO_READ if self.reads else frozenset())
        return (each for each in self.parameters if each.name not in left_out)

    def _by_own_names(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Raises UsageError for an argument that it does not have."""
        own = {called: name for name, called in self.names.items()} | {name: name for name in self.names}
        if unknown := given.keys() - own.keys():
            raise UsageError(f"{self.name} takes no `{sorted(unknown)[0]}`", told(self.names))
        return {own[called]: value for called, value in given.items()}

    def _words(self, given: Mapping[str, Any], fixed: Mapping[str, str]) -> Iterator[str]:
        """The command line: no value can pass for an option."""
        own = {each.name: each for each in self._own()}
        for each in self.parameters:
            if each.param_type_name == "option":
                value = fixed.get(each.name) if each.name in _FIXED else given.get(each.name)
                yield from _option(each, value)
        yield "--json"
        for each in self.parameters:
            if each.name in ("once", "yes"):  # nobody can be asked; what may leave is bounded by the budget
                yield f"--{each.name}"
        yield "--"
        for each in own.values():
            if each.param_type_name == "argument" and given.get(each.name) is not None:
                yield from map(str, _values(given[each.name]))


def tools(*, changing: bool = False) -> dict[str, Tool]:
    """The tools by name: those that read, and, where `changing` is given, all others."""
    found = [Tool(name, command.help or "", tuple(command.params)) for name, command in commands()]
    return {each.name: each for each in found if each.reads or (changing and each.command not in NEVER)}


def commands() -> Iterator[tuple[str, Any]]:
    """Every command by its words, as typer has it."""
    yield from _leaves("", dispatch.imported(dispatch.MODULES))


def _leaves(name: str, command: object) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
    for word, each in (inner or {}).items():
        yield from _leaves(f"{name} {word}".strip(), each)


def _one_of(kind: object) -> Any:
    """The type of a value, where `kind` may be that of none or of many."""
    if get_origin(kind) in (Union, UnionType):
        kind = next(each for each in get_args(kind) if each is not NoneType)
    return get_args(kind)[0] if get_origin(kind) is list else kind


def _schema(parameter: Any) -> dict[str, Any]:
    """The JSON Schema of a parameter's value."""
    kind = _one_of(parameter.type_descriptor.annotation)
    several = parameter.multiple or parameter.nargs != 1
    one: dict[str, Any] = {"type": _TYPES.get(kind, "string")}
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        one = {"type": "string", "enum": [str(each.value) for each in kind]}
    shown: dict[str, Any] = {"type": "array", "items": one} if several else one
    if parameter.help:
        shown["description"] = parameter.help
    default = parameter.default
    if isinstance(default, str | int | float | bool):
        shown["default"] = default.value if isinstance(default, enum.Enum) else default
    elif isinstance(default, Path):
        shown["default"] = str(default)
    return shown


def _option(parameter: Any, value: object) -> Iterator[str]:
    if value is None:
        return
    flag = next(each for each in parameter.opts if each.startswith("--"))
    if parameter.is_flag:
        no = parameter.secondary_opts
        if value or no:
            yield flag if value else no[0]
        return
    for each in _values(value):
        yield f"{flag}={each}"


def _values(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]
