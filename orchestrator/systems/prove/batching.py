"""One thread that answers the bodies of requests: whatever came while it was busy is answered together.

The event loop only moves bytes. Parsing, cleaning, predicting and the disk are this thread's, so that no body
makes another connection wait for longer than Python's threads take turns.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from orchestrator.errors import DataError, DilnError
from orchestrator.systems.prove.answering import Answerer, Prediction, Question
from orchestrator.systems.prove.rows import parse_json

MOST_ROWS = 10_000
"""Rows of one request."""

MOST_TOGETHER = 256
BATCH_BYTES = 1 << 18
"""A batch takes in requests until it has so many, or so many bytes of them."""

LARGE, REST = 1 << 16, 0.005
"""Before a body of so many bytes the thread rests for so many seconds: parsing it holds Python's lock, which
the loop gives and takes several times until it has answered one request."""

SHAPE = 'Send {"rows": [{"column": value, …}, …]}.'

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Body:
    """What a request's body was answered with: a status and JSON, and the number of rows for the log line."""

    status: int
    content: bytes
    rows: int = 0


@dataclass(frozen=True)
class _Waiting:
    data: bytes
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Body]"


class Batcher:
    """Answers bodies by an `Answerer`; a context manager, whose thread ends with it."""

    def __init__(self, answerer: Answerer) -> None:
        self._answerer = answerer
        self._model = to_json(answerer.model.to_json())
        self._queue: deque[_Waiting] = deque()
        self._filled = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._work, name="batcher", daemon=True)

    def __enter__(self) -> "Batcher":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._filled:
            self._ended = True
            self._filled.notify()
        self._thread.join()

    async def ask(self, data: bytes) -> Body:
        """Answer the body of one request; never raises for what it holds."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(data, loop, loop.create_future())
        with self._filled:
            self._queue.append(waiting)
            self._filled.notify()
        return await waiting.future

    def _work(self) -> None:
        while batch := self._take():
            bodies = self._answer([waiting.data for waiting in batch])
            by_loop: dict[asyncio.AbstractEventLoop, list[Callable[[], None]]] = {}
            for waiting, body in zip(batch, bodies, strict=True):
                by_loop.setdefault(waiting.loop, []).append(_resolver(waiting.future, body))
            for loop, resolvers in by_loop.items():
                if not loop.is_closed():
                    loop.call_soon_threadsafe(_run, resolvers)  # one wake-up for all

    def _take(self) -> list[_Waiting]:
        """What waits, up to the bounds of a batch; nothing once the batcher has ended."""
        with self._filled:
            self._filled.wait_for(lambda: self._queue or self._ended)
            batch: list[_Waiting] = []
            size = 0
            while self._queue and len(batch) < MOST_TOGETHER and size < BATCH_BYTES:
                batch.append(self._queue.popleft())
                size += len(batch[-1].data)
            return batch

    def _answer(self, bodies: Sequence[bytes]) -> list[Body]:
        try:
            read = [self._question(data) for data in bodies]
            answers = iter(self._answerer.answer_all([each for each in read if isinstance(each, list)]))
            return [self._body(next(answers)) if isinstance(each, list) else each for each in read]
        except DilnError as error:  # nothing was logged, so nobody is answered
            return [problem(500, error)] * len(bodies)
        except Exception:
            _log.exception("a batch of %s requests failed", len(bodies))
            return [problem(500, DilnError("the server failed at this", "See its log."))] * len(bodies)

    def _question(self, data: bytes) -> Question | Body:
        if len(data) > LARGE:
            time.sleep(REST)
        try:
            return self._answerer.inputs.clean(_rows(parse_json(data, "The body")))
        except DataError as error:  # not kept: its frames hold the body
            return problem(422, error)

    def _body(self, answers: list[Prediction] | DataError) -> Body:
        if isinstance(answers, DataError):
            return problem(422, answers)
        predictions = [{"index": each.index, **each.output} for each in answers]
        content = b'{"model":%s,"predictions":%s}' % (self._model, to_json(predictions))
        return Body(200, content, len(answers))


def problem(status: int, error: DilnError) -> Body:
    """What an error looks like to whoever asked."""
    return Body(status, to_json({"error": error.message, "hint": error.hint}))


def _rows(content: object) -> list[Any]:
    if not isinstance(content, dict):
        raise DataError("The body is not an object", SHAPE)
    rows = content.get("rows")
    if not isinstance(rows, list):
        raise DataError("rows: the list of rows is missing", SHAPE)
    if not 1 <= len(rows) <= MOST_ROWS:
        raise DataError(f"rows: {len(rows)} rows; from 1 to {MOST_ROWS} are answered at once", SHAPE)
    return rows


def _resolver(future: "asyncio.Future[Body]", body: Body) -> Callable[[], None]:
    return lambda: None if future.done() else future.set_result(body)


def _run(resolvers: list[Callable[[], None]]) -> None:
    for resolve in resolvers:
        resolve()
