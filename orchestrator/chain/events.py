"""Events by eth_getLogs, in ranges as long as the node answers, and read once where that takes long."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from web3.contract.contract import ContractEvent
from web3.exceptions import Web3RPCError
from web3.types import EventData, LogReceipt

from orchestrator.chain.decoding import decoded_events
from orchestrator.chain.failures import as_diln_errors, busy_words, rpc_message
from orchestrator.chain.finality import final_block
from orchestrator.chain.ranges import Ranges
from orchestrator.chain.scans import Scan, Stretch, TopicIndex, Topics, within
from orchestrator.errors import ChainError, NodeUnavailable

if TYPE_CHECKING:
    from orchestrator.chain.connection import Chain

MANY = 50
"""Questions after which what was read is kept, and again after as many."""
MOST = 3_000
"""Questions of one reading, before a person is told. At five a second they take ten minutes."""
WORTH_KEEPING = 100
"""Logs whose topics are kept."""
SILENT = 5.0  # seconds of reading before anything is said of it, and between two times
_log = logging.getLogger(__name__)


class Reader:
    """Reads the logs of one connection, and remembers how the node wants to be asked."""

    def __init__(self, chain: "Chain", folder: Path) -> None:
        self._chain = chain
        self._folder = folder
        self._ranges = Ranges()

    def events(
        self, event: ContractEvent, first: int, last: int, filters: dict[str, Any]
    ) -> Iterator[EventData]:
        """The events in blocks `first` to `last`, oldest first; raises as `logs` does."""
        names = [each["name"] for each in event._get_event_abi()["inputs"] if not each.get("indexed")]
        plain = {name: filters[name] for name in names if name in filters}  # nodes filter by topics only
        for logs in self.logs(event, first, last, filters):
            yield from (found for found in decoded_events(event, logs) if _allowed(found, plain))

    def logs(
        self, event: ContractEvent, first: int, last: int, filters: dict[str, Any]
    ) -> Iterator[list[LogReceipt]]:
        """The logs of an event in blocks `first` to `last`, not decoded, by ranges of blocks, oldest first.

        Raises NodeUnavailable, and ChainError if the node refuses for another reason than a range, refuses
        a single block, or would have to be asked more than MOST times: then the next reading goes on.
        """
        reading = _Reading(self._chain, self._folder, event, filters)
        known = reading.kept(first)
        yield from within(known, first, last)
        start = known[-1].last + 1 if known else first
        began = said = time.monotonic()
        at, questions = start, 0
        while at <= last:
            end = min(at + self._ranges.length - 1, last)
            logs = self._ask(reading, at, end)
            if logs is None:
                continue
            yield logs
            at, questions = end + 1, questions + 1
            reading.keep(start, end, logs, questions)
            if time.monotonic() - said > SILENT:
                said = time.monotonic()
                _tell(at - start, last - start + 1, self._ranges.length, said - began)
            if questions >= MOST and at <= last:
                raise reading.too_long(last - at + 1, self._ranges.length)

    def topics(
        self, event: ContractEvent, first: int, last: int, filters: dict[str, Any]
    ) -> list[tuple[bytes, ...]]:
        """The topics alone of the logs that `logs` reads; of many they are kept, whatever they cost to read.

        Raises as `logs` does.
        """
        reading = _Reading(self._chain, self._folder, event, filters)
        known = reading.indexed(first, last)
        start = known.last + 1 if known else first
        fresh = [log for logs in self.logs(event, start, last, filters) for log in logs]
        if len(fresh) >= WORTH_KEEPING:
            reading.index(known, start, last, fresh)
        return [*(known.rows if known else ()), *map(_topics, fresh)]

    def _ask(self, reading: "_Reading", first: int, last: int) -> list[LogReceipt] | None:
        """The logs of a range; None where the node wants to be asked for fewer blocks."""
        try:
            logs = reading.ask(first, last)
        except Web3RPCError as error:
            message = rpc_message(error)
            if busy_words(message):
                raise NodeUnavailable(
                    f"the node asks for fewer questions at a time: {message}",
                    "Run the command again later, or use another node.",
                ) from error
            if self._ranges.refused(message, first, last - first + 1):
                return None
            with as_diln_errors():
                raise
        self._ranges.accepted(last - first + 1)
        return sorted(logs, key=lambda each: (each["blockNumber"], each["logIndex"]))


class _Reading:
    """One question over many blocks: what is kept of it, and what is not kept yet."""

    def __init__(self, chain: "Chain", folder: Path, event: ContractEvent, filters: dict[str, Any]) -> None:
        self._chain, self._event, self._filters = chain, event, filters
        wanted = self._wanted(0, 0)
        network = chain.network
        question = network.url or "", [wanted.get("address"), wanted["topics"]]
        self._scan, self._index = Scan(folder, *question), TopicIndex(folder, *question)
        self._keeps = not network.embedded
        self._logs: list[LogReceipt] = []
        self._from: int | None = None

    def ask(self, first: int, last: int) -> list[LogReceipt]:
        return list(self._chain.web3.eth.get_logs(self._wanted(first, last)))

    def kept(self, first: int) -> list[Stretch]:
        """What an earlier command kept that begins at `first` or before and that the chain still has."""
        found = self._scan.stretches() if self._keeps else []
        if not found or found[0].first > first:
            return []
        if found[-1].last + 1 < first:  # nothing to go on with, but of use to others
            self._keeps = False
            return []
        if self._hash(found[-1].last) != found[-1].block_hash:
            self._scan.forget()  # what was called final was none
            return []
        self._from = found[-1].last + 1
        return found

    def keep(self, start: int, last: int, logs: list[LogReceipt], questions: int) -> None:
        """Take note of what was read; every MANY questions, write down what is final."""
        if not self._keeps:
            return
        self._logs += logs
        if questions % MANY:
            return
        first = start if self._from is None else self._from
        final = min(last, final_block(self._chain))
        if final < first:
            return
        if self._from is None:
            self._scan.forget()  # another beginning, which is of no use here
        told = tuple(each for each in self._logs if each["blockNumber"] <= final)
        self._scan.add(Stretch(first, final, self._hash(final), told))
        self._logs = [each for each in self._logs if each["blockNumber"] > final]
        self._from = final + 1

    def indexed(self, first: int, last: int) -> Topics | None:
        """What is kept of the blocks from `first` on that the chain still has, and none beyond `last`."""
        known = self._index.read()
        if known is None or known.first != first or known.last > last:
            return None
        return known if known.block_hash == self._hash(known.last) else None

    def index(self, known: Topics | None, start: int, last: int, fresh: list[LogReceipt]) -> None:
        """Keep the topics of what is final."""
        final = min(last, final_block(self._chain))
        rows = [_topics(log) for log in fresh if log["blockNumber"] <= final]
        if rows:
            first, before = (known.first, known.rows) if known else (start, ())
            self._index.write(Topics(first, final, self._hash(final), (*before, *rows)))

    def _hash(self, number: int) -> str:
        return "0x" + self._chain.block_hash(number).hex()

    def too_long(self, blocks: int, length: int) -> ChainError:
        return ChainError(
            f"{blocks} blocks are still to be read, and the node gives {length} at a time",
            "Run the command again: it goes on from here. Or use a node that gives more blocks at a time.",
        )

    def _wanted(self, first: int, last: int) -> Any:
        abi = self._event._get_event_abi()
        return self._event._get_event_filter_params(abi, self._filters, first, last)


def _tell(done: int, blocks: int, length: int, seconds: float) -> None:
    left = seconds * (blocks - done) / max(done, 1)
    _log.warning(
        "reading events: %d of %d blocks, %d at a time, about %.0f s to go", done, blocks, length, left
    )


def _topics(log: LogReceipt) -> tuple[bytes, ...]:
    return tuple(bytes(topic) for topic in log["topics"])


def _allowed(event: EventData, filters: dict[str, Any]) -> bool:
    return all(
        event["args"][name] in (wanted if isinstance(wanted, list | tuple) else [wanted])
        for name, wanted in filters.items()
    )
