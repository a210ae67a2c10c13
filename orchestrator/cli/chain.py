"""`diln chain`, `node`, `migrate` and `compile`."""

import signal
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.chain import Accounts, Chain, connect
from orchestrator.cli.console import out, print_facts, print_json, print_one, print_table, progress_bar
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
from orchestrator.times import seconds

app = new_app()
chain = typer.Typer(help="Show the chain, or let time pass on a development chain.", no_args_is_help=True)
app.add_typer(chain, name="chain")


@chain.command()
def show(
    block: Annotated[
        int | None, typer.Argument(metavar="[BLOCK]", min=0, help="Default: the latest.")
    ] = None,
    network: NetworkOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show the chain's id, and a block's height, time and hash."""
    with connect(settings_from(network=network, home=home)) as connected:
        facts = _facts(connected, block)
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


WhichArgument = Annotated[
    str | None, typer.Argument(metavar="[TRANSACTION]", help="Its hash or nonce; default: the first.")
]
MaxFeeOption = Annotated[
    float | None,
    typer.Option("--max-fee", metavar="GWEI", help="For each gas; default: 10 times the first offer."),
]


@chain.command()
def pending(network: NetworkOption = None, home: HomeOption = None, json: JsonOption = False) -> None:
    """List what was sent from here and is not final."""
    from orchestrator.chain import sent

    with connect(settings_from(network=network, home=home)) as connected:
        found = sent(connected)
    rows = [[each.entry.sender, each.entry.nonce, each.block, each.entry.last.hash] for each in found]
    columns = ["account", "nonce", "block", "transaction"]
    if json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(columns, [["none" if cell is None else cell for cell in row] for row in rows])


@chain.command(name="speed-up")
def speed_up(
    which: WhichArgument = None,
    max_fee: MaxFeeOption = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Offer more for a transaction that is not mined, and wait for it."""
    from orchestrator.chain import speed_up as offer_more

    settings = settings_from(network=network, sender=sender, home=home)
    account = Accounts(settings, ask_password).get(chosen_sender(settings))
    with connect(settings) as connected:
        receipt = offer_more(connected, account, which, _wei(max_fee))
    print_one({"transaction": receipt.tx_hash, "block": receipt.block_number, "fee": receipt.fee}, json)


@chain.command()
def cancel(
    which: WhichArgument = None,
    max_fee: MaxFeeOption = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Take a transaction back that is not mined, by one with its nonce that does nothing."""
    from orchestrator.chain import cancel as take_back

    settings = settings_from(network=network, sender=sender, home=home)
    account = Accounts(settings, ask_password).get(chosen_sender(settings))
    with connect(settings) as connected:
        receipt = take_back(connected, account, which, _wei(max_fee))
    print_one({"cancelled": receipt is None, "transaction": receipt and receipt.tx_hash}, json)


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


def _wei(gwei: float | None) -> int | None:
    return None if gwei is None else round(gwei * 10**9)


def _facts(connected: Chain, block: int | None = None) -> dict[str, object]:
    from datetime import UTC, datetime

    number = connected.head().number if block is None else block
    return {
        "network": connected.network.name,
        "chain id": connected.chain_id,
        "block": number,
        "time": datetime.fromtimestamp(connected.time_of(number), UTC).isoformat(),
        "hash": "0x" + connected.block_hash(number).hex(),
        "genesis": connected.genesis_hash,
    }
