"""`diln serve`."""

from typing import Annotated

import typer

from orchestrator.cli.console import out
from orchestrator.cli.options import (
    FromOption,
    HomeOption,
    IdentityOption,
    ModelArgument,
    NetworkOption,
    StorageOption,
    new_app,
    workspace_from,
)

app = new_app()


@app.command()
def serve(
    model: ModelArgument,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8000,
    identity: IdentityOption = None,
    interval: Annotated[float, typer.Option(min=1, help="Seconds between full checks.")] = 60.0,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
) -> None:
    """Serve a model over HTTP; once a check against the chain fails, it answers 503 with the reason."""
    import uvicorn

    from orchestrator.pipeline.loading import load_published
    from orchestrator.pipeline.serving import create_app, model_guard

    with workspace_from(network, sender, home, storage) as workspace:
        loaded = load_published(workspace, model, workspace.viewer, identity)
        out.print(f"{loaded.name}, SHA-256 {loaded.version.artifact_hash.hex()}: every check passed")
        out.print(f"http://{host}:{port}/docs shows how to ask; Ctrl-C ends it")
        with model_guard(workspace, loaded, interval=interval) as guard:
            uvicorn.run(create_app(workspace, loaded, guard), host=host, port=port, log_level="warning")
