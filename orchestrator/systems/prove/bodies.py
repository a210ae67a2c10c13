"""Read the body of a request within bounds: bytes, seconds, and memory for all of them together."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.errors import DilnError

if TYPE_CHECKING:
    from starlette.types import Receive


DISCARDED_BYTES, DISCARDED_SECONDS = 32 << 20, 1.0
"""So much of a body that is refused is read and dropped, so that its sender sees the answer."""


@dataclass(frozen=True)
class Limits:
    """`body` and `waiting` are bytes of one request, and of all that wait; `seconds` is for one body."""

    body: int = 1 << 20
    waiting: int = 32 << 20
    seconds: float = 10.0


class ClientGone(Exception):
    """There is nobody left to answer."""


class BodyRefused(Exception):
    """A body that is not read to its end: the HTTP status, and why."""

    def __init__(self, status: int, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.status = status
        self.error = DilnError(problem, hint)


class Bodies:
    """Reads bodies; `held` is the number of bytes of those that were not answered yet."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.held = 0

    async def read(self, receive: "Receive", headers: Mapping[str, str]) -> bytes:
        """The body; count it as `held` until `release`. Raises BodyRefused, ClientGone."""
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" and not kind.endswith("+json"):  # else any web page could ask unseen
            raise BodyRefused(415, "the body is not declared as JSON", "Send Content-Type: application/json.")
        if int(headers.get("content-length") or 0) > self.limits.body:
            if "expect" not in headers:
                await _discard(receive)
            raise self._too_large()
        parts: list[bytes] = []
        try:
            async with asyncio.timeout(self.limits.seconds):
                await self._collect(receive, parts)
        except BaseException as error:
            self.held -= sum(map(len, parts))
            if isinstance(error, TimeoutError):
                problem = f"the body did not end within {self.limits.seconds:g} s"
                raise BodyRefused(408, problem, "Send it at once.") from None
            raise
        return b"".join(parts)

    def release(self, body: bytes) -> None:
        """Say that this body has been answered."""
        self.held -= len(body)

    async def _collect(self, receive: "Receive", parts: list[bytes]) -> None:
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            part, more = message.get("body", b""), message.get("more_body", False)
            size += len(part)
            if size > self.limits.body:
                await _discard(receive)
                raise self._too_large()
            if self.held + len(part) > self.limits.waiting:
                raise BodyRefused(503, "too much is waiting to be answered", "Ask again in a second.")
            parts.append(part)
            self.held += len(part)

    def _too_large(self) -> BodyRefused:
        return BodyRefused(413, f"a body has at most {self.limits.body} bytes", "Send fewer rows at once.")


async def _discard(receive: "Receive") -> None:
    size = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(DISCARDED_SECONDS):
            while size < DISCARDED_BYTES:
                message = await receive()
                size += len(message.get("body", b""))
                if not message.get("more_body"):
                    return
