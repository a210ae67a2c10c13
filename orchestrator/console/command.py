"""`@command`: a function becomes a command, with the options that all commands share.

What a function takes is told by its signature. A first parameter `session` is what its group opens, and
closed at the end; `settings` is the settings alone. A parameter whose type is a dataclass takes each field of
it as a parameter. All others are arguments and options as typer reads them. What it returns is printed.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar, get_type_hints

import typer

from orchestrator.config import Settings, load_settings
from orchestrator.console import options
from orchestrator.console.options import Sender
from orchestrator.console.results import Result, Stream, present

Command = TypeVar("Command", bound=Callable[..., "Result | Stream | Iterator[Any] | None"])
Session = Callable[[Settings], AbstractContextManager[Any]]


class Group:
    """Commands under one name; without a name, those of the parent.

    `session` opens what they work with; `storage` and `network` say whether they take those options.
    """

    def __init__(
        self,
        name: str = "",
        help: str = "",  # noqa: A002 - it is that of typer
        *,
        parent: "Group | None" = None,
        session: Session | None = None,
        storage: bool = False,
        network: bool = True,
    ) -> None:
        self.session, self.storage, self.network = session, storage, network
        self.app: typer.Typer
        if parent and not name:
            self.app = parent.app
            return
        self.app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)
        self.app.callback()(lambda: None)  # without it, a single command would not be a group
        if parent:
            parent.app.add_typer(self.app, name=name, help=help)


root = Group()
"""`diln`: it has the commands of those modules that are imported."""


def command(
    group: Group,
    name: str = "",
    *,
    sender: Sender | None = None,
    network: bool | None = None,
    storage: bool | None = None,
) -> Callable[[Command], Command]:
    """A command of `group`; `name` is the function's unless given.

    `sender` says what --from is for, if it takes that; `network` and `storage` (the group's, unless given)
    whether it takes those. The function itself stays as it is.
    """

    def register(function: Command) -> Command:
        given = inspect.signature(function).parameters
        subject = next((each for each in given if each in ("session", "settings")), None)
        own = {each: _options_of(each, kind) for each, kind in given.items() if each != subject}
        reached = group.network if network is None else network
        stored = group.storage if storage is None else storage
        shared = options.shared(sender, network=reached, storage=stored) if subject else []
        signature = _joined([each for parts in own.values() for each in parts], [*shared, options.JSON])

        def result_of(opened: object, values: dict[str, Any]) -> Any:
            arguments = {each: _value(given[each].annotation, each, own[each], values) for each in own}
            return function(opened, **arguments) if subject else function(**arguments)

        def run(**values: Any) -> None:
            options.for_machines.set(values["json"])
            with _opened(group, subject, values) as opened:
                code = present(result_of(opened, values), as_json=values["json"])
            if code:
                raise typer.Exit(code)

        def call(opened: object, **values: Any) -> Any:
            defaults = {each.name: each.default for each in signature if each.default is not each.empty}
            return result_of(opened, {**defaults, **values})

        vars(run).update(call=call, subject=subject)  # for Python: see diln/session.py
        run.__doc__ = function.__doc__
        run.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in signature}
        group.app.command(name or function.__name__.replace("_", "-"))(run)
        return function

    return register


def _joined(own: list[inspect.Parameter], shared: list[inspect.Parameter]) -> list[inspect.Parameter]:
    """Each option once: a shared one at its place at the end, or else an own one that has its flag."""
    names = {each.name for each in shared}
    alone = list({each.name: each for each in own if each.name not in names}.values())
    flags = {_flag(each) for each in alone}
    return alone + [each for each in shared if _flag(each) not in flags]


def _value(kind: object, name: str, parts: list[inspect.Parameter], values: dict[str, Any]) -> Any:
    """What a parameter gets: the value of its option, or a dataclass of those of its fields."""
    if isinstance(kind, type) and is_dataclass(kind):
        return kind(**{each.name: values[each.name] for each in parts})
    return values[name]


def _options_of(name: str, parameter: inspect.Parameter) -> list[inspect.Parameter]:
    """The options that a parameter is made of: itself, or the fields of its dataclass."""
    kind = parameter.annotation
    if not is_dataclass(kind):
        return [options.parameter(name, kind, parameter.default)]
    hints = get_type_hints(kind, include_extras=True)
    defaults = {each.name: each.default for each in fields(kind)}
    return [
        options.parameter(each, hints[each], inspect.Parameter.empty if default is MISSING else default)
        for each, default in defaults.items()
    ]


def _flag(option: inspect.Parameter) -> str:
    """The first flag of an option."""
    declared: Any = getattr(option.annotation, "__metadata__", ())
    # In an annotation, typer takes the first flag for a default until it reads it.
    named = [flag for each in declared for flag in (each.default, *(each.param_decls or ()))]
    flags = [flag for flag in named if isinstance(flag, str) and flag.startswith("--")]
    return flags[0] if flags else "--" + option.name.replace("_", "-")


def _opened(group: Group, subject: str | None, values: dict[str, Any]) -> AbstractContextManager[Any]:
    if subject is None:
        return nullcontext()
    settings = load_settings(
        network=values.get("network"),
        account=values.get("sender"),
        home=values.get("home"),
        storage=values.get("storage"),
        signer=values.get("signer_url"),
        calldata=values.get("calldata", False),
    )
    if subject == "settings":
        return nullcontext(settings)
    if group.session is None:
        raise TypeError("the group does not say what a session of it is")
    return group.session(settings)
