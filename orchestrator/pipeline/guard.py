"""Keep asking whether a model may still be used, and remember why not."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from orchestrator.errors import DilnError


class Guard:
    """Runs `check` when entered, then every `interval` seconds, and at once when `changed` says so.

    `changed` is asked every `poll` seconds; it is cheap (has the registry spoken about this model?), `check`
    is thorough (hash, anchor, status, signatures) and raises a DilnError where something is wrong. A check
    that cannot be made counts as failed: a model that cannot be checked is not served. A later check that
    passes lifts the refusal, so a node that comes back needs no restart.
    """

    def __init__(
        self,
        check: Callable[[], object],
        changed: Callable[[], bool],
        *,
        interval: float = 60.0,
        poll: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._check = check
        self._changed = changed
        self._interval = interval
        self._poll = poll
        self._clock = clock
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="guard", daemon=True)
        self._last_check = clock()
        self.refusal: DilnError | None = None

    def __enter__(self) -> Self:
        """Raises what the first check raises: a model that never passed is not served at all."""
        self._check()
        self._last_check = self._clock()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def look(self) -> None:
        """One turn of the watch: check if something changed, the interval is over, or the last one failed."""
        try:
            due = self._clock() - self._last_check >= self._interval
            if self._changed() or due or self.refusal:
                self._last_check = self._clock()
                self._check()
                self.refusal = None
        except DilnError as error:
            self.refusal = error

    def _watch(self) -> None:
        while not self._stopped.wait(self._poll):
            self.look()
