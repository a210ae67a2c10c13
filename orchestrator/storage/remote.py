"""Services over HTTP: asked again while they are slow or overloaded, their answers limited in size."""

import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from orchestrator.answers import body_of
from orchestrator.errors import ConfigError, StorageUnavailable

if TYPE_CHECKING:
    import requests

PAUSES = (0.5, 1.0, 2.0)
"""Seconds between the tries at a service that hangs: four tries in all."""

_BUSY = frozenset({429, 500, 502, 503})
_PATIENCE = 10
"""Times the time-out: how long one answer may take in all."""


@dataclass(frozen=True)
class Answer:
    """A status and at most as many bytes of the body as were asked for."""

    status: int
    body: bytes


class Remote:
    """The service at `url`, called `name` in messages, with `token` as its bearer token if there is one.

    Raises ConfigError for what is not the URL of a service, or would send a token in the clear.
    """

    def __init__(
        self,
        name: str,
        url: str,
        timeout: float,
        token: str = "",
        session: "requests.Session | None" = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        try:
            parts = urlsplit(url)
        except ValueError:  # half an IPv6 address
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(f"`{url}` is not the URL of {name}", "Write it as https://example.org.")
        if token and parts.scheme == "http" and not _loopback(parts.hostname):
            raise ConfigError(f"{name} at {parts.hostname} would get its token in the clear", "Use https.")
        self.shown = f"{name} at {parts.hostname}"
        self._url = url.rstrip("/")
        self._timeout = (min(5.0, timeout), timeout)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        import requests

        self._session = session or requests.Session()
        self._sleep = sleep

    def ask(
        self,
        method: str,
        path: str,
        limit: int,
        headers: dict[str, str] | None = None,
        seconds: float | None = None,
        **options: object,
    ) -> Answer:
        """Ask, up to four times while it is slow or overloaded; once, for `seconds`, if those are given.

        Reads `limit` bytes of the answer at most; `options` are those of `requests`. Raises
        StorageUnavailable.
        """
        import requests

        reason, pauses = "", PAUSES if seconds is None else ()
        for pause in (*pauses, None):
            try:
                answer = self._ask(
                    method, path, limit, {**self._headers, **(headers or {})}, options, seconds
                )
            except requests.RequestException as error:
                reason = _reason(error)
            else:
                if answer.status not in _BUSY:
                    return answer
                reason = f"status {answer.status}"
            if pause is not None:
                self._sleep(pause)
        raise StorageUnavailable(
            f"{self.shown} did not answer in {len(pauses) + 1} tries: {reason}"
            if pauses
            else f"{self.shown} did not answer in time: {reason}",
            "Try again later; set a longer `timeout` under `storage:` if it is only slow.",
        )

    def _ask(
        self,
        method: str,
        path: str,
        limit: int,
        headers: dict[str, str],
        options: dict[str, Any],
        seconds: float | None,
    ) -> Answer:
        waits = self._timeout if seconds is None else (min(5.0, seconds), seconds)
        longest = _PATIENCE * waits[1] if seconds is None else seconds
        response = self._session.request(
            method, self._url + path, headers=headers, timeout=waits, stream=True, **options
        )
        with response:
            return Answer(response.status_code, body_of(response, limit, longest))

    def close(self) -> None:
        self._session.close()


def _reason(error: "requests.RequestException") -> str:
    """What happened, without the URL: it may hold a key."""
    import requests

    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "no valid certificate"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "it cannot be reached"
    return "the answer was not whole"


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name
        return host == "localhost"


__all__ = ["PAUSES", "Answer", "Remote"]
