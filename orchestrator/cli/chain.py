"""`diln chain`, `node`, `migrate` and `compile`."""

import re
import signal
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.chain import Accounts, Chain, connect
from orchestrator.cli.console import out, print_facts, print_json, print_table, progress_bar
from orchestrator.cli.options import (
    FromOption,
    HomeOption,
    JsonOption,
    NetworkOption,
    ask_password,
    chosen_sender,
    new_app,
    settings_from,
)
from orchestrator.errors import UsageError

app = new_app()
chain = typer.Typer(help="Show the chain, or let time pass on a development chain.", no_args_is_help=True)
app.add_typer(chain, name="chain")

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@chain.command()
def show(network: NetworkOption = None, home: HomeOption = None, json: JsonOption = False) -> None:
    """Show the chain's id, height and time."""
    with connect(settings_from(network=network, home=home)) as connected:
        facts = _facts(connected)
    print_json(facts) if json else print_facts(facts)


@chain.command()
def advance(
    duration: Annotated[str, typer.Argument(metavar="DURATION", help="Such as 90s, 15m, 2h, 7d or 1w.")],
    network: NetworkOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Let time pass on a development chain."""
    with connect(settings_from(network=network, home=home)) as connected:
        connected.advance(seconds(duration))
        facts = _facts(connected)
    print_json(facts) if json else print_facts(facts)


@app.command()
def migrate(
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="[JOB]…", help="registry, sum, market, competition, or a contract's name."),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Deploy contracts of this folder's own, though others stand.")
    ] = False,
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Let the contracts of a job stand on the chain (without one, the registry); what stands is used."""
    from orchestrator.chain import migrate as run_migrations

    settings = settings_from(network=network, sender=sender, home=home)
    deployer = Accounts(settings, ask_password).get(chosen_sender(settings))
    with connect(settings) as connected, progress_bar("migrating") as progress:
        before = connected.head().number
        standing = run_migrations(
            settings, connected, deployer, what or ["registry"], progress=progress, fresh=fresh
        )
    if json:
        print_json([vars(each) for each in standing])
        return
    rows = [
        [each.name, each.address, "deployed now" if each.block > before else f"since block {each.block}"]
        for each in standing
    ]
    print_table(["contract", "address", ""], rows)


@app.command()
def node(port: Annotated[int, typer.Option(help="On 127.0.0.1.")] = 8545, home: HomeOption = None) -> None:
    """Start a local Anvil node that keeps its state, and run it until interrupted."""
    from orchestrator.chain import start_node
    from orchestrator.chain.node import PORT

    process = start_node(settings_from(home=home), port=port)
    reach = "--network development" if port == PORT else f"--rpc-url http://127.0.0.1:{port}"
    out.print(f"Anvil listens on 127.0.0.1:{port}; use it with {reach}, end it with Ctrl-C")

    def end(*_: object) -> None:
        process.send_signal(signal.SIGINT)  # Anvil saves its state, then ends

    for wish in (signal.SIGTERM, signal.SIGHUP):  # as systemd, Docker and CI send them
        signal.signal(wish, end)
    try:
        process.wait()
    except KeyboardInterrupt:
        end()
        process.wait()


@app.command(name="compile")
def compile_contracts(
    root: Annotated[Path, typer.Option(help="The checkout.")] = Path(), json: JsonOption = False
) -> None:
    """Compile the contracts into the package; needs a checkout."""
    from orchestrator.chain.compiler import compile_sources, write_artifacts
    from orchestrator.chain.migrations import write_addresses

    if not (root / "contracts").is_dir():
        raise UsageError(f"there is no contracts/ in {root.resolve()}", "Run it in a checkout of DILN.")
    artifacts = compile_sources(root, settings_from().compiler)
    write_artifacts(artifacts)
    write_addresses()
    if json:
        print_json(sorted(artifacts))
    else:
        out.print(f"compiled {len(artifacts)} contracts: {', '.join(sorted(artifacts))}")


def seconds(duration: str) -> int:
    """`7d` → 604800. Raises UsageError."""
    match = re.fullmatch(r"(\d+)([smhdw]?)", duration.strip())
    if not match:
        raise UsageError(f"`{duration}` is not a duration", "Write 90s, 15m, 2h, 7d or 1w.")
    return int(match[1]) * _UNITS[match[2] or "s"]


def _facts(connected: Chain) -> dict[str, object]:
    from datetime import UTC, datetime

    head = connected.head()
    return {
        "network": connected.network.name,
        "chain id": connected.chain_id,
        "block": head.number,
        "time": datetime.fromtimestamp(head.timestamp, UTC).isoformat(),
        "genesis": connected.genesis_hash,
    }
