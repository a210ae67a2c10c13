"""The options of commands that let browsers and tools ask this machine over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socket import socket
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.console import lazy_imports
from orchestrator.errors import UsageError

with lazy_imports():
    from orchestrator.chain import visitors
    from orchestrator.systems.prove import listening

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session

PORT = 8600


@dataclass(frozen=True)
class Listen:
    """Where a server listens, and the names that others reach it by."""

    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes a free one.")] = (
        PORT
    )
    host: Annotated[
        str, typer.Option("--host", help="The address to listen on; others need --allow-host.")
    ] = "127.0.0.1"
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="A name that browsers reach it by, as in its URL."),
    ] = None

    @property
    def public(self) -> bool:
        """Whether others than this machine reach it: there, or through a proxy under a name of its own."""
        return bool(self.allow_host) or not visitors.is_loopback(self.host)


@contextmanager
def open_server(session: "Session", listen: Listen) -> "Iterator[tuple[socket, visitors.Visitors]]":
    """The listening socket, and who may ask; the chain is reached before. Raises UsageError."""
    if listen.public and not listen.allow_host:
        raise UsageError(
            f"others reach {listen.host} under a name that is not known here",
            "Add --allow-host NAME, as it stands in their browser's address; or leave --host out.",
        )
    _ = session.chain
    with listening.bind(listen.host, listen.port) as listener:
        port = int(listener.getsockname()[1])
        yield listener, visitors.Visitors.of(port, listen.allow_host or ())


def on_page(session: "Session", route: str) -> str:
    """Where the page shows something of this session's chain, for people."""
    network = session.settings.network.name
    shown = "`diln page`" if network == "embedded" else f"`diln page --network {network}`"
    return f"{shown} shows it in a browser: http://127.0.0.1:{PORT}/#/{route}"


__all__ = ["PORT", "Listen", "on_page", "open_server"]
