"""A line for each request, written by a thread of its own: a terminal that is stopped stops no server."""

import queue
import threading
from typing import IO

MOST_LINES = 10_000
"""Lines that wait for a stream that takes none; those beyond are counted and dropped."""


class RequestLog:
    """Writes lines to `stream`; a context manager that ends with what can be written in a second."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._lines: queue.Queue[str | None] = queue.Queue(MOST_LINES)
        self._dropped = 0
        self._thread = threading.Thread(target=self._work, name="request log", daemon=True)

    def __enter__(self) -> "RequestLog":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.write(None)
        self._thread.join(timeout=1.0)

    def write(self, line: str | None) -> None:
        """Take a line; never waits."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._dropped += 1

    def _work(self) -> None:
        while (line := self._lines.get()) is not None:
            dropped, self._dropped = self._dropped, 0
            try:
                self._stream.write(f"{line}\n" + (f"({dropped} lines were dropped)\n" if dropped else ""))
                self._stream.flush()
            except (OSError, ValueError):  # whoever read along is gone; requests are answered on
                return
