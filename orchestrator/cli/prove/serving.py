"""`diln serve`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.prove import prove
from orchestrator.console import VIEWS, Answer, IdentityOption, ModelArgument, command, lazy_imports

with lazy_imports():
    from orchestrator.systems.prove import (
        answering,
        batching,
        bodies,
        listening,
        loading,
        requestlog,
        serving,
    )

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session


@command(prove, sender=VIEWS, storage=True)
def serve(
    session: "Session",
    model: ModelArgument,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 8000,
    share_port: Annotated[
        bool, typer.Option("--share-port", help="Answer beside other servers there: one for each core.")
    ] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="A name that it is reached by, as in its URL."),
    ] = None,
    identity: IdentityOption = None,
    interval: Annotated[float, typer.Option(min=1, help="Seconds between full checks.")] = 60.0,
    max_body: Annotated[int, typer.Option(min=1, help="The largest body, in KiB.")] = 1024,
    quiet: Annotated[bool, typer.Option("--quiet", help="No line for each request.")] = False,
) -> Iterator[Answer]:
    """Serve a model over HTTP; once a check against the chain fails, it answers 503 with the reason."""
    session.settings = listening.impatient(session.settings, interval)
    loaded = loading.load_published(session, model, session.viewer, identity)
    known = f"{loaded.name}, {loaded.known_by}: every check passed"
    yield Answer({"model": loaded.name, "sha256": loaded.version.artifact_hash.hex()}, known)
    limits = bodies.Limits(body=max_body << 10, waiting=max(32, 2 * max_body >> 10) << 20)
    with (
        listening.bind(host, port, shared=share_port) as listener,
        _app(session, loaded, interval, limits, quiet) as app,
    ):
        url, app.visitors = listening.url(listener), listening.visitors(listener, host, allow_host or ())
        yield Answer({"url": url}, f"listening on {url}; /docs shows how to ask; Ctrl-C ends it")
        listening.run(app, listener)


@contextmanager
def _app(
    session: "Session",
    loaded: "loading.PublishedModel",
    interval: float,
    limits: "bodies.Limits",
    quiet: bool,
) -> "Iterator[serving.Server]":
    """What answers, for as long as its guard and its workers run."""
    with (
        serving.model_guard(session, loaded, interval=interval) as guard,
        batching.Batcher(answering.Answerer(session.settings, loaded)) as batcher,
        requestlog.RequestLog(sys.stderr) as requests,
    ):
        log = None if quiet else requests.write
        yield serving.create_app(loaded, guard, batcher, limits=limits, log=log)
