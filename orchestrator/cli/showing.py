"""What commands of several systems show alike: lists of strangers' instances, and demos."""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from orchestrator.config import Settings, load_settings
from orchestrator.console import Answer, Note, Shown, Table, labelled, nameless, status
from orchestrator.console.printing import show_signing
from orchestrator.errors import ConfigError, NodeUnavailable, UsageError
from orchestrator.text import shown

if TYPE_CHECKING:
    from orchestrator.chain.bound import ContractEnum, Event
    from orchestrator.kernel.finding import Instance

T = TypeVar("T")
I = TypeVar("I", bound="Instance")  # noqa: E741
Row = dict[str, Any]


def each_row(
    instances: Iterable[T], facts: Callable[[T], Row], otherwise: Callable[[T, Exception], Row]
) -> list[Row]:
    """A row for each: what cannot be read is one that says why, and never ends the list."""
    rows = []
    for each in instances:
        try:
            rows.append(facts(each))
        except (NodeUnavailable, ConfigError):
            raise
        except Exception as error:  # strangers wrote what is read
            rows.append(otherwise(each, error))
    return rows


def listed(instances: Iterable[I], facts: Callable[[I], Row], columns: Sequence[str]) -> Answer:
    """All instances of a system; the first of `columns` is what they are."""

    def unread(each: I, error: Exception) -> Row:
        reason = shown(str(error), 100)
        return {columns[0]: each.address, "name": Shown(None, reason), "error": reason}

    rows = each_row(instances, facts, unread)
    unknown = sum("error" not in row and not row["name"] for row in rows)
    return Answer(rows, Table(rows, columns, "none was created"), *nameless(unknown))


def arguments(event: "Event", forms: Mapping[str, Callable[[Any], object]]) -> Row:
    """Where an event came and which it is; its arguments, a struct's in its place, by `forms` if any."""
    place = ("block_number", "tx_hash", "log_index")
    own = [(name, value) for name, value in vars(event).items() if name not in place]
    told = [vars(value).items() if is_dataclass(value) else [(name, value)] for name, value in own]
    row = {"block": event.block_number, "event": event.signature, "transaction": event.tx_hash}
    return row | {name: forms.get(name, _hex)(value) for each in told for name, value in each}


def choice(member: "ContractEnum") -> Shown:
    """A member of a contract's enum, for machines as offers have it."""
    return Shown(in_one(member.word), member.word)


def in_one(words: str) -> str:
    """Words as a single one, which machines compare."""
    return words.replace(" ", "-")


def _hex(value: object) -> object:
    if isinstance(value, tuple):
        return list(map(_hex, value))
    return value.hex() if isinstance(value, bytes) else value


def demo_steps(
    folder: Path | None, demo: Callable[[Settings, Path], Iterator[tuple[str, str]]], begin: str
) -> Iterator[Answer | Note]:
    """Each step of a demo in `folder`, or in one that is removed afterwards; `begin` is how one's own begins.

    Raises UsageError for a folder that is not empty.
    """
    began = time.perf_counter()
    show_signing(False)  # a story: who signs is one of its lines
    with status("starting") as say, tempfile.TemporaryDirectory() as temporary:
        place = folder or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        if any(place.iterdir()):
            raise UsageError(
                f"{place} is not empty", "Give a new folder: the demo would mix with what is there."
            )
        for step, sentence in demo(load_settings(home=place / ".diln"), place):
            say(f"after {step} …")
            yield Answer({"step": step, "sentence": sentence}, labelled(f"{step:<9} ", "bold", sentence))
    yield Note(f"done in {time.perf_counter() - began:.1f} s; yours begins with {begin}")
