"""Logs that took many questions, kept on disk, so that the next command asks for new blocks only.

logs/<chain>-<genesis>/<what was asked of whom>.jsonl: a line for each stretch of blocks, appended when read.
Beside it <…>.topics: of many logs, what they are filtered by alone.
Only final blocks are kept, and only for the node that told them: another node is asked again.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3.datastructures import AttributeDict
from web3.types import LogReceipt

from orchestrator.errors import StorageError
from orchestrator.files import replace_file

_BYTES = ("topics", "data", "transactionHash", "blockHash")
_PLAIN = ("address", "blockNumber", "transactionIndex", "logIndex")


@dataclass(frozen=True)
class Stretch:
    """All logs of the blocks `first` to `last`; `block_hash` is of the last."""

    first: int
    last: int
    block_hash: str
    logs: tuple[LogReceipt, ...]


class Scan:
    """What is kept of one question (`address`, `topics`) to the node at `url`. Raises nothing."""

    def __init__(self, folder: Path, url: str, question: object) -> None:
        self._path = folder / f"{_name(url, question)}.jsonl"

    def stretches(self) -> list[Stretch]:
        """What was kept, without gaps, oldest first; what cannot be read ends it."""
        found: list[Stretch] = []
        for line in self._lines():
            try:
                each = _stretch(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError):
                break
            if found and each.first != found[-1].last + 1:
                continue  # two commands have read the same at once
            found.append(each)
        return found

    def add(self, stretch: Stretch) -> None:
        content = {**vars(stretch), "logs": [_json(log) for log in stretch.logs]}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(content) + "\n")
        except OSError:
            return  # then it is asked for again

    def forget(self) -> None:
        try:
            self._path.unlink(missing_ok=True)
        except OSError:
            return

    def _lines(self) -> Sequence[str]:
        try:
            return self._path.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError):
            return ()


@dataclass(frozen=True)
class Topics:
    """The topics of all logs of the blocks `first` to `last`, oldest first; `block_hash` is of the last."""

    first: int
    last: int
    block_hash: str
    rows: tuple[tuple[bytes, ...], ...]


class TopicIndex:
    """The topics of what a question to the node at `url` found. Raises nothing.

    A line of JSON, then the topics as they are: a thousand logs are read in a millisecond.
    """

    def __init__(self, folder: Path, url: str, question: object) -> None:
        self._path = folder / f"{_name(url, question)}.topics"

    def read(self) -> Topics | None:
        """What was kept; None where nothing was, or it is damaged."""
        try:
            head, _, body = self._path.read_bytes().partition(b"\n")
            known = json.loads(head)
            first, last, count, width = (int(known[name]) for name in ("first", "last", "count", "width"))
            block_hash = str(known["block_hash"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if len(body) != 32 * count * width or known.get("sha256") != hashlib.sha256(body).hexdigest():
            return None
        topics = [body[at : at + 32] for at in range(0, len(body), 32)]
        rows = tuple(tuple(topics[at : at + width]) for at in range(0, count * width, max(width, 1)))
        return Topics(first, last, block_hash, rows)

    def write(self, topics: Topics) -> None:
        """Keep these instead of what was kept; all have as many."""
        body = b"".join(topic for row in topics.rows for topic in row)
        head = {
            "first": topics.first,
            "last": topics.last,
            "block_hash": topics.block_hash,
            "count": len(topics.rows),
            "width": len(topics.rows[0]) if topics.rows else 0,
            "sha256": hashlib.sha256(body).hexdigest(),
        }
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self._path, json.dumps(head).encode() + b"\n" + body)
        except (OSError, StorageError):
            return  # then it is asked for again


def _name(url: str, question: object) -> str:
    return keccak(text=json.dumps([url, question], sort_keys=True, default=str)).hex()[:32]


def within(stretches: Sequence[Stretch], first: int, last: int) -> Iterator[list[LogReceipt]]:
    """The kept logs of the blocks `first` to `last`."""
    for stretch in stretches:
        yield [log for log in stretch.logs if first <= log["blockNumber"] <= last]


def _json(log: LogReceipt) -> dict[str, Any]:
    found: Mapping[str, Any] = log
    texts = {name: HexBytes(found[name]).to_0x_hex() for name in _BYTES if name != "topics"}
    return {
        **{name: found[name] for name in _PLAIN},
        **texts,
        "topics": [HexBytes(topic).to_0x_hex() for topic in found["topics"]],
    }


def _stretch(content: Mapping[str, Any]) -> Stretch:
    first, last = int(content["first"]), int(content["last"])
    logs = tuple(_log(each) for each in content["logs"])
    if not all(first <= log["blockNumber"] <= last for log in logs):
        raise ValueError("logs of other blocks")
    return Stretch(first, last, str(content["block_hash"]), logs)


def _log(content: Mapping[str, Any]) -> LogReceipt:
    values = {name: content[name] for name in _PLAIN}
    values |= {name: HexBytes(content[name]) for name in _BYTES if name != "topics"}
    values["topics"] = [HexBytes(topic) for topic in content["topics"]]
    log: Any = AttributeDict(values)
    return log  # type: ignore[no-any-return]
