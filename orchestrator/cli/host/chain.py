"""`diln chain`: the chain, and what was sent to it from here."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.host import chain
from orchestrator.cli.host.listen import Listen, open_server
from orchestrator.console import SENDS, Answer, Facts, Shown, Table, amount, command, lazy_imports
from orchestrator.times import instant, seconds, show_time

with lazy_imports():
    from orchestrator import chain as chains
    from orchestrator.kernel import money as moneys
    from orchestrator.page import serving
    from orchestrator.systems.prove import listening

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session


@command(chain)
def show(
    session: "Session",
    block: Annotated[
        int | None, typer.Argument(metavar="[BLOCK]", min=0, help="Default: the latest.")
    ] = None,
) -> Facts:
    """Show the chain's id, and a block's height, time and hash."""
    return Facts(_facts(session.chain, block))


@command(chain)
def advance(
    session: "Session",
    duration: Annotated[str, typer.Argument(metavar="DURATION", help="Such as 90s, 15m, 2h, 7d or 1w.")],
) -> Facts:
    """Let time pass on a development chain."""
    session.chain.advance(seconds(duration))
    return Facts(_facts(session.chain))


@command(chain)
def pending(session: "Session") -> Table:
    """List what was sent from here and is not final."""
    rows = [
        {
            "account": each.entry.sender,
            "nonce": each.entry.nonce,
            "block": Shown(None, "none") if each.block is None else each.block,
            "transaction": each.entry.last.hash,
        }
        for each in chains.sent(session.chain)
    ]
    return Table(rows, ["account", "nonce", "block", "transaction"])


WhichArgument = Annotated[
    str | None, typer.Argument(metavar="[TRANSACTION]", help="Its hash or nonce; default: the first.")
]
MaxFeeOption = Annotated[
    float | None,
    typer.Option("--max-fee", metavar="GWEI", help="For each gas; default: 10 times the first offer."),
]


@command(chain, sender=SENDS)
def speed_up(session: "Session", which: WhichArgument = None, max_fee: MaxFeeOption = None) -> Facts:
    """Offer more for a transaction that is not mined, and wait for it."""
    receipt = chains.speed_up(session.chain, session.sender, which, _wei(max_fee))
    return Facts(
        {
            "transaction": receipt.tx_hash,
            "block": receipt.block_number,
            "fee": amount(moneys.ETHER, receipt.fee),
        }
    )


@command(chain, sender=SENDS)
def cancel(session: "Session", which: WhichArgument = None, max_fee: MaxFeeOption = None) -> Facts:
    """Cancel a transaction that is not mined, by one with its nonce that does nothing."""
    receipt = chains.cancel(session.chain, session.sender, which, _wei(max_fee))
    return Facts({"cancelled": receipt is None, "transaction": receipt and receipt.tx_hash})


@command(chain)
def serve(session: "Session", listen: Listen) -> Iterator[Answer]:
    """Answer JSON-RPC over HTTP, for wallets and other tools of this machine."""
    with open_server(session, listen) as (listener, visitors):
        url = listening.url(listener)
        told = {"url": url, "network": session.chain.network.name, "chain_id": session.chain.chain_id}
        yield Answer(told, f"chain {told['chain_id']} ({told['network']}) is at {url}; Ctrl-C ends it")
        listening.run(serving.rpc_of(session, visitors, public=listen.public), listener)


def _wei(gwei: float | None) -> int | None:
    return None if gwei is None else round(gwei * 10**9)


def _facts(connected: "chains.Chain", block: int | None = None) -> dict[str, Any]:
    number = connected.head().number if block is None else block
    time = connected.time_of(number)
    return {
        "network": connected.network.name,
        "chain_id": connected.chain_id,
        "block": number,
        "time": Shown(instant(time), show_time(time)),
        "hash": "0x" + connected.block_hash(number).hex(),
        "genesis": connected.genesis_hash,
    }
