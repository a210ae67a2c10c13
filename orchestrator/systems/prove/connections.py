"""HTTP connections that cannot be held open, or filled, by whoever sends or reads slowly."""

from asyncio import TimerHandle, Transport
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

HEAD_SECONDS, HEAD_BYTES = 10.0, 1 << 16
"""What a request's head may take."""

STALLED_SECONDS = 30.0
"""So long an answer waits for a client that does not read it."""


class Connection(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """uvicorn's protocol (httptools where it is installed, else h11), with these bounds."""

    _timer: TimerHandle | None = None
    _stalled: TimerHandle | None = None
    _head = 0

    def connection_made(self, transport: Transport) -> None:
        super().connection_made(transport)
        if wire := transport.get_extra_info("socket"):
            # An answer leaves in two writes: without this, the second waits 40 ms for the first's receipt.
            # asyncio does it only where the listening socket names its protocol.
            wire.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop("_timer")
        self._stop("_stalled")
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._asked():
            self._stop("_timer")
            self._head = 0
            return
        if self._timer is None:
            self._wait_for_head()
        self._head += len(data)
        if self._head > HEAD_BYTES:
            self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.call_later(STALLED_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop("_stalled")
        super().resume_writing()

    def _asked(self) -> bool:
        """Whether a request is being answered."""
        cycle: Any = self.cycle
        return cycle is not None and not cycle.response_complete

    def _wait_for_head(self) -> None:
        self._head = 0
        self._timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _give_up(self) -> None:
        self._timer = None
        if not self._asked():
            self.transport.close()

    def _stop(self, name: str) -> None:
        timer = getattr(self, name)
        if timer is not None:
            timer.cancel()
            setattr(self, name, None)
