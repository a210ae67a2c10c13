"""Listen on a port, and hand its connections to an application."""

import gc
import socket
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.chain.visitors import Visitors, is_loopback
from orchestrator.config import Settings
from orchestrator.errors import UsageError

if TYPE_CHECKING:
    from starlette.types import ASGIApp


BACKLOG = 2048
MOST_CONNECTIONS = 1000
"""Beyond it, a request is answered 503: below the usual limit of open files."""

TURN = 0.001
"""Seconds after which Python lets another thread run: the loop is never far from its turn."""

COLLECTED = 50_000, 20, 100
"""When garbage is collected: so seldom that a body of many small objects does not make everybody wait."""


def bind(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A listening socket; `port` 0 takes a free one. Raises UsageError if it cannot be had.

    Of those `shared` by servers of one user, the system gives each connection to one.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        made = socket.create_server(address[:2], family=family, backlog=BACKLOG, reuse_port=shared)
        # asyncio sends small answers at once (TCP_NODELAY) only where a socket says that it is TCP; else each
        # waits 40 ms for the other side's acknowledgement of its head.
        return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=made.detach())
    except (OSError, ValueError) as error:  # ValueError: no system for shared ports
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{host}, port {port}: {reason}", "Choose another: --port, --host.") from error


def url(listener: socket.socket) -> str:
    """Where it listens."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def visitors(listener: socket.socket, host: str, names: Iterable[str]) -> Visitors | None:
    """Who is answered: where only this machine listens, or `names` were given, those that ask by them.

    Any web page could make a browser of this machine ask, under a name that it lets lead here. None:
    everybody, where others reach `host` under a name that is not known here.
    """
    port = int(listener.getsockname()[1])
    return Visitors.of(port, names) if names or is_loopback(host) else None


def impatient(settings: Settings, interval: float) -> Settings:
    """The settings, so that neither a silent node nor a search for blocks holds up a check for long."""
    network, storage = settings.network, settings.storage
    return replace(
        settings,
        network=replace(network, timeout=min(network.timeout, max(1.0, interval / 6))),
        storage=replace(storage, timeout=min(storage.timeout, max(1.0, interval / 2))),
    )


def run(app: "ASGIApp", listener: socket.socket) -> None:
    """Answer until a signal ends it."""
    import uvicorn

    from orchestrator.systems.prove.connections import Connection

    sys.setswitchinterval(TURN)
    gc.collect()
    gc.freeze()  # what stands by now, hundreds of thousands of objects, is not looked through again
    gc.set_threshold(*COLLECTED)
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=5,
    )
    with suppress(KeyboardInterrupt):  # uvicorn raises it again once it has ended in order
        uvicorn.Server(config).run(sockets=[listener])
