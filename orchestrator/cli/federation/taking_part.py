"""`diln federation create`, `join`, `leave`, `step`, `watch`: what one enters, and what is due."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.federation import federation
from orchestrator.cli.federation.options import Reference, facts_of
from orchestrator.cli.host.listen import on_page
from orchestrator.cli.keeping import kept
from orchestrator.config import EMBEDDED
from orchestrator.console import (
    SENDS,
    Answer,
    BoundedConsent,
    Consent,
    Facts,
    Stream,
    command,
    err,
    lazy_imports,
)
from orchestrator.console import amount as amount_of
from orchestrator.errors import UsageError

with lazy_imports():
    from orchestrator.systems.federation import answering, creating, duties, finding, joining
    from orchestrator.systems.federation import offer as offers

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session


@command(federation, sender=SENDS)
def create(
    session: "Session",
    offer: Annotated[Path, typer.Argument(metavar="TOML", help="The terms; docs/federate.md.")],
    again: Annotated[
        bool, typer.Option("--again", help="Make it even if a finished federation has its answer.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="CSV", help="Rows that have to fit, such as your own; they stay here."
        ),
    ] = None,
) -> Answer:
    """Publish a first model and make a federation, with its budget, unless another has answered."""
    organizer = session.sender
    made = creating.plan(session, offers.read_offer(offer), organizer, data)
    finish = partial(creating.finish, session, made)
    for found in () if again else answering.answers(session, made):
        if not found.missing:
            return _answered(session, found, finish)
        err.print(f"{found.federation.address} was asked the same; its answer does not fit: {found.missing}.")
    err.print(*creating.promises(made), sep="\n")
    done = creating.create(session, made, organizer)
    err.print(on_page(session, f"federations/{done.address}"))
    facts = facts_of(session, done)
    return Answer({**facts, "answer": None}, Facts(facts), after=finish)


def _answered(session: "Session", found: "answering.Cached", after: Callable[[], None]) -> Answer:
    """An answer that was there before: whose it is, and what it is worth, before what it is."""
    terms, money = found.federation.terms, joining.money_of(found.federation)
    deposit = money.show(joining.amount(found.federation, terms.deposit))
    names = ", ".join(map(session.name_of, found.parties))
    said = (
        f"This was asked and answered before, in a federation of {session.name_of(terms.organizer)}: "
        f"{found.rounds} rounds, the last of them of {names}, who deposited {deposit} each. Every round "
        "was computed again here, and is right. Nobody can tell who is behind these addresses, "
        "or on what rows they trained. Nothing was created or paid; --again makes a federation of your own."
    )
    answer = {
        "rounds": found.rounds,
        "parties": list(found.parties),
        "record": found.record.hex() if found.record else None,
        "cid": found.cid,
        "version": found.version.number if found.version else None,
    }
    facts = facts_of(session, found.federation)
    shown = {**facts, **{name: value for name, value in answer.items() if name not in ("parties", "rounds")}}
    return Answer({**facts, "answer": answer}, said, Facts(shown), after=after)


@command(federation, sender=SENDS)
def join(
    session: "Session",
    consent: BoundedConsent,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="CSV",
            help="Your rows, to train on; none if an app trains, or if you only judge.",
        ),
    ] = None,
    reference: Reference = "latest",
    admission: Annotated[
        str, typer.Option(metavar="HEX", help="The inviter's signature, where one is needed.")
    ] = "",
    epsilon: Annotated[
        float | None,
        typer.Option(
            metavar="BUDGET", help="How much privacy your updates may spend; the terms', unless given."
        ),
    ] = None,
) -> Answer:
    """Take a seat with a deposit."""
    found = finding.find(session, reference)
    agreed = consent.within(session.known, found.address, finding.KIND, joining.money_of(found))
    given = _signature(admission)
    seat = joining.join(session, found, session.sender, data, agreed, given, epsilon, err.print)
    facts = {"seat": seat.seat, "deposit": amount_of(joining.money_of(found), seat.deposit)}
    return Answer(facts, Facts(facts), *_shared_by_hand(session))


def _shared_by_hand(session: "Session") -> list[str]:
    """What to do where nobody else reads this folder's store, though others read the chain."""
    settings = session.settings
    if settings.storage.kind != EMBEDDED or settings.storage.pinning or settings.network.name == EMBEDDED:
        return []
    return [
        "Your updates stay in this folder's store, and whoever aggregates needs all of a round: use Kubo "
        "(`--storage kubo`), or send them after each reveal (`diln pin export --all -o FILE`, and the others "
        "`diln pin import FILE`)."
    ]


def _signature(admission: str) -> bytes:
    try:
        return bytes.fromhex(admission.removeprefix("0x"))
    except ValueError:
        raise UsageError("an admission is a signature in hexadecimal", "Copy it whole.") from None


@command(federation, sender=SENDS)
def leave(session: "Session", reference: Reference = "latest") -> Facts:
    """Give up your seat, before you commit to a round or when all is over."""
    found = finding.find(session, reference)
    joining.leave(session, found, session.sender)
    free = found.balance_of(session.sender.address)
    return Facts({"free": amount_of(joining.money_of(found), free)})


@command(federation, sender=SENDS)
def step(session: "Session", consent: Consent, reference: Reference = "latest") -> Stream | Answer:
    """Do whatever is due for you: train, commit, reveal, score, aggregate, refute, go on."""
    return _watched(session, consent, reference, others=True, once=True, interval=1.0)


@command(federation, sender=SENDS)
def watch(
    session: "Session",
    consent: Consent,
    reference: Reference = "latest",
    others: Annotated[bool, typer.Option("--others", help="Also refute and crank for the others.")] = False,
    interval: Annotated[float, typer.Option(help="Seconds between two looks.")] = 12.0,
) -> Stream | Answer:
    """Do what is due, round after round, until all is over."""
    return _watched(session, consent, reference, others=others, once=False, interval=interval)


def _watched(
    session: "Session", consent: Consent, reference: str, *, others: bool, once: bool, interval: float
) -> Stream | Answer:
    found = finding.find(session, reference)
    agreed = consent.about(session.known, found.address, finding.KIND)
    return kept(session, duties.SYSTEM, found, interval, once=once, others=others, consent=agreed)
