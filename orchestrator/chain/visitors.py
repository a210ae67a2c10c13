"""Who may ask a server of this machine over HTTP: programs, its own page and browser extensions.

Any web page can make a browser send requests to 127.0.0.1, and by DNS rebinding under a name of its own. So
`Host` must be a name of the server's, and so must `Origin`, which browsers add to what pages send.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_EXTENSIONS = ("chrome-extension://", "moz-extension://", "safari-web-extension://")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens on `host`."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True)
class Visitors:
    """`hosts` are the values of `Host` under which the server answers: names, each with the port."""

    hosts: frozenset[str]

    @classmethod
    def of(cls, port: int, names: Iterable[str] = ()) -> "Visitors":
        """Those of a server on `port`: the names of this machine, and `names` that others reach it by.

        A name may bring a port of its own, where a proxy stands before the server.
        """
        own = {f"{name}:{port}" for name in LOOPBACK} | (set(LOOPBACK) if port == 80 else set())
        others = {each for name in names for each in (name.lower(), f"{name.lower()}:{port}")}
        return cls(frozenset(own | others))

    def refusal(self, headers: Mapping[str, str]) -> str:
        """Why nobody who sends these headers is answered; empty where there is no reason."""
        if headers.get("host", "").lower() not in self.hosts:
            return (
                "this server answers under its own names only: 127.0.0.1, localhost, or one of --allow-host"
            )
        origin = headers.get("origin")
        if origin is None or origin.startswith(_EXTENSIONS) or self._own(origin):
            return ""
        return "pages of other sites may not ask here"

    def _own(self, origin: str) -> bool:
        parts = urlsplit(origin)
        return parts.scheme in ("http", "https") and parts.netloc.lower() in self.hosts


__all__ = ["LOOPBACK", "Visitors", "is_loopback"]
