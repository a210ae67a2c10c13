"""Keep asking whether a model may still be used, and remember why not."""

import threading
import time
from collections.abc import Callable
from typing import Self

from orchestrator.errors import DilnError, VerificationFailed


class Guard:
    """Runs `check` when entered, then every `interval` seconds, and at once when `changed` says so.

    `changed` is asked every `poll` seconds; it is cheap (has the registry spoken about this model?), `check`
    is thorough (hash, anchor, status, signatures) and raises where something is wrong. A check that cannot be
    made counts as failed: a model that cannot be checked is not served, and so is one of which nothing was
    heard for `interval` seconds, whatever a silent node makes of the watch's thread. A later check that
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
        self._passed = self._heard = clock()
        self._failure: DilnError | None = None

    @property
    def refusal(self) -> DilnError | None:
        """Why the model must not be used now; None while it may."""
        if self._failure:
            return self._failure
        age = self._clock() - self._heard
        if age > self._interval:
            return VerificationFailed(
                f"nothing was heard of the model's status for {age:.0f} s: the check does not end",
                "Check whether the node and the storage answer: `diln doctor`.",
            )
        return None

    def __enter__(self) -> Self:
        """Raises what the first check raises: a model that never passed is not served at all."""
        self._check()
        self._passed = self._heard = self._clock()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(timeout=self._poll)  # a daemon: a check that hangs holds up nobody

    def look(self) -> None:
        """One turn of the watch: check if something changed, the interval is over, or the last one failed."""
        began = self._clock()  # what is heard now may be no newer than the question
        try:
            due = began - self._passed >= self._interval
            if self._changed() or due or self._failure:
                self._check()
                self._passed, self._failure = self._clock(), None
            self._heard = began
        except DilnError as error:
            self._failure = error
        except Exception as error:  # whatever it is, an unchecked model is not served, and the watch goes on
            self._failure = VerificationFailed(
                f"the model could not be checked: {type(error).__name__}: {error}", "See `diln doctor`."
            )

    def _watch(self) -> None:
        while not self._stopped.wait(self._poll):
            self.look()
