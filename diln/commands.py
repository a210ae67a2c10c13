"""The commands as a session calls them: by their words, with options by their names of the command line."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from functools import cache, cached_property
from numbers import Integral, Real
from pathlib import Path
from typing import Any, get_args

from orchestrator.cli.called import names_of, reword, told
from orchestrator.errors import DilnError, UsageError

OF_THE_SESSION = frozenset({"calldata", "home", "json", "network", "sender", "signer_url", "storage"})
"""What is chosen when a session is opened, or has no meaning in it."""

_KINDS: Mapping[Any, tuple[Any, str]] = {
    bool: (bool, "True or False"),
    int: (Integral, "a whole number"),
    float: (Real, "a number"),
    str: (str | os.PathLike, "a text"),
    Path: (str | os.PathLike, "a file"),
}


class Command:
    """A command; `made` is typer's."""

    def __init__(self, words: str, made: Any) -> None:
        self.words, self.run = words, made.callback.__wrapped__
        self._parameters = {each.name: each for each in made.params if each.name not in OF_THE_SESSION}

    @cached_property
    def names(self) -> dict[str, str]:
        """What a parameter is called on the command line, where that is no other's name, by its own name."""
        return names_of([*self._parameters.values()])

    def values(self, options: Mapping[str, object], path: Callable[[Any], Path]) -> dict[str, Any]:
        """The options as the command takes them; `path` makes a path of a text. Raises UsageError."""
        own = {called: name for name, called in self.names.items()} | {name: name for name in self.names}
        given = {own.get(called, called): (called, value) for called, value in options.items()}
        if unknown := [called for name, (called, _) in given.items() if name not in self._parameters]:
            raise UsageError(f"`diln {self.words}` takes no `{unknown[0]}`", told(self.names))
        for name, each in self._parameters.items():
            if each.required and given.get(name, ("", None))[1] is None:
                raise UsageError(f"`diln {self.words}` needs `{self.names[name]}`", told(self.names))
        return {
            name: _typed(called, self._parameters[name], value, path)
            for name, (called, value) in given.items()
        }

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Errors speak of options as they are written in Python: `--min-signatures` is min_signatures."""
        try:
            yield
        except DilnError as error:
            reword(error, [*self._parameters.values()])
            raise


@cache
def command_of(words: str) -> Command:
    """The command that `diln WORDS` runs. Raises UsageError where there is none."""
    from orchestrator.cli.dispatch import MODULES, imported

    first, *others = str(words).split() or [""]
    if first in MODULES:
        found = imported([first])
        for word in (first, *others):
            found = getattr(found, "commands", {}).get(word)
        if found is not None and not hasattr(found, "commands"):
            return Command(words, found)
    raise UsageError(f"there is no command `{words}`", "`diln schema` lists them.")


def _typed(name: str, parameter: Any, value: Any, path: Callable[[Any], Path]) -> Any:
    """A value as the command takes it: a text may stand for a path or a choice. Raises UsageError."""
    if value is None and parameter.default is None:
        return None
    kind = parameter.type_descriptor.annotation
    if several := get_args(kind):
        if isinstance(value, str | bytes) or not isinstance(value, Sequence):
            raise UsageError(f"`{name}` is a list, not {value!r}", f"Such as {name}=[{value!r}].")
        return [_one(name, several[0], each, path) for each in value]
    return _one(name, kind, value, path)


def _one(name: str, kind: Any, value: Any, path: Callable[[Any], Path]) -> Any:
    if isinstance(kind, type) and issubclass(kind, Enum):
        choices = {str(each.value): each for each in kind}
        if isinstance(value, kind) or value in choices:
            return value if isinstance(value, kind) else choices[value]
        raise UsageError(f"`{name}` is not {value!r}", f"Choose one of {', '.join(choices)}.")
    wanted, told = _KINDS[kind]
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind is not bool):
        shown = f"Such as {name}={str(value)!r}." if kind is str and isinstance(value, Real) else ""
        raise UsageError(f"`{name}` is {told}, not {value!r}", shown)
    if kind is Path:
        return path(value)
    return value if kind is bool else kind(value)
