"""What commands print: tables and sentences for people, JSON for machines, progress on stderr.

Whatever is printed here may come from strangers, so all of it goes through `shown`, and none of it is markup.
"""

import json
import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.segment import Segment
from rich.text import Text

from orchestrator.errors import DilnError
from orchestrator.text import shown
from orchestrator.types import Report

if TYPE_CHECKING:
    from orchestrator.kernel.money import Currency


_LONGEST_LINE = 1_000_000
_LONGEST_FACT = 20_000
_DRAWN_AFTER, _DRAWN_EVERY = 2.0, 0.2
"""Seconds until a notebook's bar appears, and between two of its states."""

_NOTEBOOK = Console().is_jupyter


@dataclass(frozen=True)
class Shown:
    """A value for machines, and the text that people see instead."""

    value: object
    text: str

    def __str__(self) -> str:
        return self.text


def amount(money: "Currency", value: int) -> Shown:
    """An amount: coins with their name for people, `Currency.json` for machines."""
    found = money.of(value)
    return Shown(found.to_json(), str(found))


class _Terminal(Console):
    """A console whose text is never obeyed: strings are shown as one line each, other things line by line."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(
            highlight=False,
            soft_wrap=True,
            markup=False,
            emoji=False,
            stderr=stderr and not _NOTEBOOK,
            force_jupyter=False,  # what follows each other is one output below the cell
        )
        self.push_render_hook(_Harmless())

    def print(self, *objects: Any, **options: Any) -> None:
        """As `Console.print`; a newline in a string is shown escaped, too."""
        super().print(
            *(shown(each, _LONGEST_LINE) if isinstance(each, str) else each for each in objects), **options
        )


class _Harmless(RenderHook):
    """Escapes what is printed as something else than a string, such as a tree."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Escaped(each) for each in renderables]


class _Escaped:
    def __init__(self, content: ConsoleRenderable) -> None:
        self._content = content

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for text, style, control in console.render(self._content, options):
            if control:
                yield Segment(text, style, control)
            else:
                lines = text.split("\n")
                yield Segment("\n".join(shown(line, _LONGEST_LINE) for line in lines), style)


class _Shown(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """What libraries and modules warn of, in one line."""
        return shown(super().formatMessage(record))


out = _Terminal()
err = _Terminal(stderr=True)
if logging.lastResort:  # where nobody has set up logging, it writes warnings to stderr
    logging.lastResort.setFormatter(_Shown())


class _Signing(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        err.print(record.getMessage())


_signing = logging.getLogger("orchestrator.signing")
_signing.addHandler(_Signing())
_signing.propagate = False


def show_signing(wanted: bool) -> None:
    """Whether what is about to be signed is shown on stderr."""
    _signing.setLevel(logging.INFO if wanted else logging.WARNING)


def print_error(error: DilnError, *, as_json: bool = False) -> None:
    """One sentence, and below it what to do next; with --json an object on stdout."""
    if as_json:
        kind = type(error).__name__
        print_json({"error": kind, "message": error.message, "hint": error.hint})
        return
    err.print(labelled("error: ", "bold red", error.message))
    if error.hint:
        err.print(labelled("hint:  ", "dim", error.hint))


def labelled(label: str, style: str, text: object) -> Text:
    """A line of a styled label and any text after it."""
    return Text.assemble((shown(label), style), shown(str(text), _LONGEST_FACT))


def print_json(value: object) -> None:
    sys.stdout.write(printed(value, 2) + "\n")


def print_line(value: object) -> None:
    """One line of JSON at once, for whoever reads along."""
    sys.stdout.write(printed(value) + "\n")
    sys.stdout.flush()


def print_facts(facts: Mapping[str, Any]) -> None:
    """Aligned lines of a name and a value, lists with commas; empty values are left out."""
    told = {shown(name): text for name, value in facts.items() if (text := _text(value))}
    width = max(map(len, told), default=0)
    for name, text in told.items():
        out.print(labelled(f"{name:<{width}}  ", "dim", text))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Aligned columns; what people copy, such as hashes and addresses, is never cut."""
    cells = [list(columns), *([shown(_text(cell)) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for number, line in enumerate(cells):
        text = "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True))
        out.print(text.rstrip(), style="bold" if number == 0 else None)


@contextmanager
def status(label: str) -> Iterator[Callable[[str], None]]:
    """A spinner on stderr beside what is being done; the yielded callback says what comes next.

    Below a notebook's cell, nothing: it would be drawn in control characters.
    """
    if _NOTEBOOK:
        yield lambda label: None
        return
    with err.status(label) as shown:
        yield shown.update


@contextmanager
def progress_bar(label: str, *, unit: str = "") -> Iterator[Report]:
    """A bar on stderr, or below a notebook's cell; the yielded callback takes (done, total) at any rate."""
    if _NOTEBOOK:
        with _notebook_bar(label, unit) as report:
            yield report
        return
    if not err.is_terminal:
        yield lambda done, total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=err, transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def _notebook_bar(label: str, unit: str) -> Iterator[Report]:
    """HTML's own element, drawn by IPython, which every notebook has; none for what is done at once."""
    from IPython.display import HTML, display  # type: ignore[import-not-found]

    place = None
    due = time.monotonic() + _DRAWN_AFTER

    def report(done: int, total: int) -> None:
        nonlocal due, place
        if time.monotonic() < due:
            return
        due = time.monotonic() + _DRAWN_EVERY
        place = place or display(HTML(""), display_id=True)
        of = f' of {total} {escape(unit)}<progress value="{done}" max="{total}"></progress>' if total else ""
        place.update(HTML(f"<div>{escape(label)} {done}{of}</div>"))

    try:
        yield report
    finally:
        if place:
            place.update(HTML(""))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def printed(value: object, indent: int | None = None) -> str:
    """A value as JSON."""
    # `json` escapes all but ASCII and DEL, which stands in strings only.
    return json.dumps(value, indent=indent, default=_plain).replace("\x7f", "\\u007f")


def _plain(value: object) -> Any:
    return value.value if isinstance(value, Shown) else str(value)


def nameless(count: int) -> list[str]:
    """What to do about things in a list whose descriptors, files that tell their names, are not here."""
    if not count:
        return []
    return [
        f"{count} without a name: the descriptor is not here. Its creator sends it (`diln pin export --all`) "
        "and you take it in (`diln pin import FILE`). With Kubo it is found by itself, once a node provides "
        "it."
    ]
