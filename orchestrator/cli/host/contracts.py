"""`diln migrate`, `node`, `abi` and `compile`."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.host import host
from orchestrator.config import Settings, load_settings
from orchestrator.console import SENDS, Answer, Document, Table, among, command, lazy_imports, progress_bar
from orchestrator.errors import UsageError

with lazy_imports():
    from orchestrator import chain

if TYPE_CHECKING:
    from subprocess import Popen

    from orchestrator.kernel.session import Session


@command(host, sender=SENDS)
def migrate(
    session: "Session",
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[JOB]…",
            help="registry, sum, market, competition, tournament, federation, or a contract's name.",
            autocompletion=among("registry", "sum", "market", "competition", "tournament", "federation"),
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Deploy this folder's own contracts, even where others exist.")
    ] = False,
    record: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write their addresses, as the package ships them for public chains."
        ),
    ] = None,
) -> Answer:
    """Deploy the contracts of a job (without one, the registry); existing ones are used."""
    deployer, jobs = session.sender, what or ["registry"]
    before = session.chain.head().number
    with progress_bar("migrating") as progress:
        standing = chain.migrate(
            session.settings, session.chain, deployer, jobs, progress=progress, fresh=fresh
        )
    written = chain.Deployments(session.settings, session.chain).publish(standing, record) if record else ()
    table = Table([_row(each, before) for each in standing], ["contract", "address", ""])
    noted = [f"wrote {record}: {len(written)} contracts"] if record else []
    return Answer([vars(each) for each in standing], table, *noted)


def _row(standing: "chain.Deployment", before: int) -> dict[str, str]:
    since = "deployed now" if standing.block > before else f"since block {standing.block}"
    return {"contract": standing.name, "address": standing.address, "": since}


@command(host, network=False)
def node(
    settings: Settings, port: Annotated[int, typer.Option(help="On 127.0.0.1.")] = 8545
) -> Iterator[Answer]:
    """Start a local Anvil node that keeps its state, and run it until interrupted."""
    from orchestrator.chain.node import PORT

    process = chain.start_node(settings, port=port)
    url = f"http://127.0.0.1:{port}"
    reach = "--network development" if port == PORT else f"--rpc-url {url}"
    yield Answer({"url": url}, f"Anvil listens on 127.0.0.1:{port}; use it with {reach}, end it with Ctrl-C")
    _end_with(process)


def _end_with(process: "Popen[bytes]") -> None:
    """Wait for the node's end, and pass on whatever wishes this command to end."""

    def end(*_: object) -> None:
        process.send_signal(signal.SIGINT)  # Anvil saves its state, then ends

    # From a keyboard, systemd, Docker and CI; of a background job shells let SIGINT be ignored else.
    for wish in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(wish, end)
    process.wait()


@command(host)
def abi(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The contract, such as ModelRegistry.")],
) -> Answer:
    """Print a contract's ABI as JSON."""
    found = chain.load_artifact(name).abi
    return Answer(found, Document(json.dumps(found, indent=2) + "\n"))


@command(host, "compile")
def compile_contracts(root: Annotated[Path, typer.Option(help="The checkout.")] = Path()) -> Answer:
    """Compile the contracts into the package; needs a checkout."""
    from orchestrator.chain.binding import write_bindings
    from orchestrator.chain.compiler import compile_sources, write_artifacts
    from orchestrator.chain.migrations import write_addresses

    if not (root / "contracts").is_dir():
        raise UsageError(f"there is no contracts/ in {root.resolve()}", "Run it in a checkout of DILN.")
    artifacts = compile_sources(root, load_settings().compiler)
    write_artifacts(artifacts)
    write_addresses()
    write_bindings(root)
    names = sorted(artifacts)
    return Answer(names, f"compiled {len(names)} contracts: {', '.join(names)}")
