"""`diln serve`."""

import sys
from typing import Annotated

import typer

from orchestrator.cli.console import out
from orchestrator.cli.options import (
    HomeOption,
    IdentityOption,
    ModelArgument,
    NetworkOption,
    StorageOption,
    ViewerOption,
    new_app,
    workspace_from,
)

app = new_app()


@app.command()
def serve(
    model: ModelArgument,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 8000,
    identity: IdentityOption = None,
    interval: Annotated[float, typer.Option(min=1, help="Seconds between full checks.")] = 60.0,
    max_body: Annotated[int, typer.Option(min=1, help="The largest body, in KiB.")] = 1024,
    quiet: Annotated[bool, typer.Option("--quiet", help="No line for each request.")] = False,
    network: NetworkOption = None,
    sender: ViewerOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
) -> None:
    """Serve a model over HTTP; once a check against the chain fails, it answers 503 with the reason."""
    from orchestrator.pipeline import listening
    from orchestrator.pipeline.answering import Answerer
    from orchestrator.pipeline.batching import Batcher
    from orchestrator.pipeline.bodies import Limits
    from orchestrator.pipeline.loading import load_published
    from orchestrator.pipeline.requestlog import RequestLog
    from orchestrator.pipeline.serving import create_app, model_guard

    with workspace_from(network, sender, home, storage) as workspace:
        workspace.settings = listening.impatient(workspace.settings, interval)
        loaded = load_published(workspace, model, workspace.viewer, identity)
        out.print(f"{loaded.name}, SHA-256 {loaded.version.artifact_hash.hex()}: every check passed")
        with (
            listening.bind(host, port) as listener,
            model_guard(workspace, loaded, interval=interval) as guard,
            Batcher(Answerer(workspace.settings, loaded)) as batcher,
            RequestLog(sys.stderr) as requests,
        ):
            limits = Limits(body=max_body << 10, waiting=max(32, 2 * max_body >> 10) << 20)
            out.print(f"listening on {listening.url(listener)}; /docs shows how to ask; Ctrl-C ends it")
            log = None if quiet else requests.write
            listening.run(create_app(loaded, guard, batcher, limits=limits, log=log), listener)
