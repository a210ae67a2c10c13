"""What a command returns: a value for machines, and how people see it.

A command prints nothing of its result: it returns one of these, and `present` prints it.

Facts: one thing. Table: rows. Answer: a value, and what people see instead. Stream: one after another.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import typer
from rich.text import Text
from rich.tree import Tree

from orchestrator.console.printing import (
    err,
    labelled,
    out,
    print_facts,
    print_json,
    print_line,
    print_table,
)

IN_PART = 3
"""The exit code where something that was asked for could not be checked."""


class Result:
    """The base of all results. `code` is the exit code of the command that returns it."""

    code: int = 0

    def to_json(self) -> Any:
        """What machines read."""
        raise NotImplementedError

    def show(self) -> None:
        """Print it for people."""
        raise NotImplementedError


@dataclass(frozen=True)
class Facts(Result):
    """One thing: a name and a value in each line. People do not see what is None or empty.

    Names are in snake_case, which people read with spaces.
    """

    values: Mapping[str, Any]

    def to_json(self) -> Any:
        return self.values

    def show(self) -> None:
        print_facts({_title(name): value for name, value in self.values.items()})


@dataclass(frozen=True)
class Table(Result):
    """Rows. People see the `columns`, or `empty` if there is no row.

    Unless named, the columns are those of the first row; a mapping gives them titles.
    """

    rows: Sequence[Mapping[str, Any]]
    columns: Sequence[str] | Mapping[str, str] = ()
    empty: str = ""

    def to_json(self) -> Any:
        return self.rows

    def show(self) -> None:
        columns = self.columns or list(self.rows[0] if self.rows else ())
        if self.empty and not self.rows:
            out.print(self.empty)
        elif columns:
            titled = columns.values() if isinstance(columns, Mapping) else map(_title, columns)
            print_table(list(titled), [[row.get(column) for column in columns] for row in self.rows])


def _title(name: str) -> str:
    return name.replace("_", " ")


@dataclass(frozen=True)
class Note(Result):
    """A remark for people alone; with a label, on stderr."""

    text: str
    label: str = ""

    def show(self) -> None:
        if self.label:
            err.print(labelled(self.label, "yellow", self.text))
        else:
            out.print(self.text)


@dataclass(frozen=True)
class Document(Result):
    """A text of many lines, printed as it is: whoever makes it sees to it that no terminal obeys it."""

    text: str

    def to_json(self) -> Any:
        return self.text

    def show(self) -> None:
        typer.echo(self.text, nl=False)


class Answer(Result):
    """A `value` for machines; people see the `parts`: sentences, other results, notes.

    `after` is called once all is printed.
    """

    def __init__(
        self,
        value: object,
        *parts: str | Text | Tree | Result,
        code: int = 0,
        after: Callable[[], None] | None = None,
    ) -> None:
        self.value, self.parts, self.code, self.after = value, parts, code, after

    def to_json(self) -> Any:
        return self.value

    def show(self) -> None:
        for part in self.parts:
            part.show() if isinstance(part, Result) else out.print(part)


@dataclass(frozen=True)
class Stream:
    """Results that come one after the other. Each is printed at once: for machines in a line of its own.

    A `whole` one is a single list for machines, printed in the end.
    """

    items: Iterable[Result]
    whole: bool = False


def present(result: "Result | Stream | Iterator[Result] | None", *, as_json: bool) -> int:
    """Print what a command returned, and return its exit code. All results that machines read pass here."""
    if result is None:
        return 0
    if not isinstance(result, Result):
        return _present_all(result if isinstance(result, Stream) else Stream(result), as_json)
    if as_json:
        print_json(result.to_json())
    else:
        result.show()
    if isinstance(result, Answer) and result.after:
        sys.stdout.flush()  # whoever is killed from here on has been told
        result.after()
    return result.code


def _present_all(stream: Stream, as_json: bool) -> int:
    values = []
    for each in stream.items:
        if not as_json:
            each.show()
        elif isinstance(each, Note):
            continue
        elif stream.whole:
            values.append(each.to_json())
        else:
            print_line(each.to_json())
    if as_json and stream.whole:
        print_json(values)
    return 0
