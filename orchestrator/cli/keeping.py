"""`diln keep`, and what a keeper says as it goes on."""

from collections.abc import Collection, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.host import host
from orchestrator.cli.showing import Row, in_one
from orchestrator.console import SENDS, Answer, Stream, Table, command, err, lazy_imports
from orchestrator.errors import ChainError

with lazy_imports():
    from orchestrator import times
    from orchestrator.kernel import keeper as keepers
    from orchestrator.kernel import metrics as figures
    from orchestrator.kernel import money as moneys

if TYPE_CHECKING:
    from orchestrator.kernel.keeper import Due, Keeper, Said
    from orchestrator.kernel.session import Consent, Session
    from orchestrator.kernel.system import System
    from orchestrator.types import Report

ROOMS = ("competition", "federation", "market", "sum", "tournament")
"""The rooms with duties, each of which has its System in `duties`."""


@command(host, sender=SENDS, storage=True)
def keep(
    session: "Session",
    once: Annotated[bool, typer.Option("--once", help="Do what is due, tell what comes next, end.")] = False,
    every: Annotated[float, typer.Option(help="Seconds between two looks.", min=1)] = 60,
    everybody: Annotated[bool, typer.Option("--all", help="For all accounts of this folder.")] = False,
    others: Annotated[
        bool,
        typer.Option("--others", help="Also do what anybody is paid for: evaluate, refute, crank, sweep."),
    ] = False,
    min_profit: Annotated[
        str, typer.Option(metavar="ETHER", help="The least that an act for others must earn above its gas.")
    ] = "0",
    metrics: Annotated[
        int | None,
        typer.Option(metavar="PORT", min=1, max=65535, help="Serve figures for Prometheus on this port."),
    ] = None,
) -> Stream | Answer:
    """Do what is due in everything that this folder takes part in, again and again, until interrupted."""
    accounts = session.accounts.list() if everybody else [session.sender]
    known = keepers.Known(session, systems())
    keeper = keepers.Keeper(session, known, accounts, others=others, least=moneys.ETHER.parse(min_profit))
    if once:
        return _looked(session, keeper)
    served = figures.Metrics(metrics) if metrics is not None else None
    names = ", ".join(each.name for each in accounts)
    err.print(
        f"keeping for {names}, a look every {every:g} s; `diln keep --once` tells what comes; Ctrl-C ends it"
    )
    return Stream(_told(session, keeper.run(every, metrics=served), named=True))


def systems() -> "list[System[Any]]":
    """Every system of the house that has duties."""
    return [import_module(f"orchestrator.systems.{room}.duties").SYSTEM for room in ROOMS]


def kept(
    session: "Session",
    system: "System[Any]",
    instance: object,
    every: float,
    *,
    once: bool,
    consent: "Consent | None" = None,
    report: "Report | None" = None,
    others: bool = False,
    roles: Collection[str] = (),
) -> Stream | Answer:
    """What is done in one instance, a line each, until nothing is left to do; with `once` one look.

    What follows `once` is a Keeper's.
    """
    kept, accounts = [(system, instance)], [session.sender]
    keeper = keepers.Keeper(
        session, kept, accounts, roles=roles, others=others, report=report, consent=consent
    )
    return _looked(session, keeper) if once else Stream(_told(session, keeper.run(every, until_over=True)))


def _looked(session: "Session", keeper: "Keeper") -> Answer:
    """What is done now, and what is due next."""
    done, remarks = list(keeper.turn()), list(keeper.remarks())
    due, now = keeper.due(), session.chain.now()
    value = {
        "time": times.instant(now),
        "done": list(map(_coded, done)),
        "remarks": list(map(_coded, remarks)),
        "due": [_coded(each) | {"at": times.instant(each.at)} for each in due],
    }
    rows = [
        {
            "due": times.show_moment(each.at, now) if each.at > now else "now",
            "what": each.duty,
            "for": each.account,
            "in": f"{each.system} {each.instance}",
        }
        for each in due
    ]
    table = Table(rows, empty="" if done else "nothing is due")
    return Answer(value, *map(str, (*done, *remarks)), table, code=int(any(each.failed for each in done)))


def _told(session: "Session", heard: "Iterator[Said]", *, named: bool = False) -> Iterator[Answer]:
    """A line for each; `named` with its instance and account."""
    for said in heard:
        about = f"{said.system} {said.instance}, {said.account}: " if named and said.system else ""
        yield Answer(_coded(said) | {"time": _now(session)}, f"{about}{said}")


def _coded(each: "Said | Due") -> Row:
    """For machines, which compare the duty."""
    return vars(each) | {"duty": in_one(each.duty)}


def _now(session: "Session") -> dict[str, int | str] | None:
    """The chain's time; None where the node is away, as may just have been said."""
    try:
        return times.instant(session.chain.now())
    except ChainError:
        return None
