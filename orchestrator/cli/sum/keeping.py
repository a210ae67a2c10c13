"""`diln sum refund`, `report` and `keep`: what moves money."""

from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.keeping import kept
from orchestrator.cli.models.options import EncoderOption
from orchestrator.cli.sum import shared
from orchestrator.cli.sum.options import ReferenceArgument, outcome_facts, outcomes_table
from orchestrator.console import SENDS, Answer, Stream, Table, command, lazy_imports

with lazy_imports():
    from orchestrator import times
    from orchestrator.kernel import system as systems
    from orchestrator.systems.sum import claiming, duties, opening, sealing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.kernel.session import Session
    from orchestrator.systems.sum.claiming import Verb
    from orchestrator.types import Address

MOST_WAITED = 10
NumberOption = Annotated[list[int] | None, typer.Option(help="Only this contribution; repeatable.")]


@command(shared, sender=SENDS)
def refund(
    session: "Session",
    reference: ReferenceArgument,
    number: NumberOption = None,
    everyone: Annotated[bool, typer.Option("--everyone", help="Not only one's own.")] = False,
    encoder: EncoderOption = None,
) -> Answer:
    """Get due deposits back where the model now agrees."""
    opened, account = opening.open_model(session, reference, encoder), session.sender
    numbers = number or ()
    done = list(claiming.settle(session, opened, account, ("refund",), everyone=everyone, numbers=numbers))
    if not numbers:
        done += sealing.release(session, opened, account, everyone=everyone)
    table = outcomes_table([outcome_facts(opened, each) for each in done])
    return Answer(table.rows, table, *([] if done else _waited_for(session, opened, account.address)))


def _waited_for(session: "Session", opened: "opening.SharedModel", who: "Address") -> "Iterator[str]":
    """Why one's own deposits that are still in cannot be returned now; the first of them."""
    now, labels = session.chain.now(), opened.descriptor.labels
    own = claiming.waiting(opened, who)
    for each in own[:MOST_WAITED]:
        said = f"contribution {each.contribution.number} "
        if each.predicted is not None and not each.agrees:
            told, predicted = labels[each.contribution.facts.label], labels[each.predicted]
            yield said + f"says {told}, the model {predicted}: nothing is refunded while they differ"
        else:
            yield said + f"is due {times.show_moment(max(each.due_at, each.next_at), now)}"
    if len(own) > MOST_WAITED:
        yield f"and {len(own) - MOST_WAITED} more"


@command(shared, sender=SENDS)
def report(
    session: "Session",
    reference: ReferenceArgument,
    number: NumberOption = None,
    encoder: EncoderOption = None,
) -> Table:
    """Report due contributions that the model disagrees with, take the shares that are ready, sweep the rest.

    Half of what nobody took is swept: by the creator after its wait, by anyone after theirs.
    """
    verbs: tuple[Verb, ...] = ("report", "take", "sweep")
    opened, account = opening.open_model(session, reference, encoder), session.sender
    done = claiming.settle(session, opened, account, verbs, everyone=False, numbers=number or ())
    return outcomes_table([outcome_facts(opened, each) for each in done])


@command(shared, sender=SENDS)
def keep(
    session: "Session",
    reference: ReferenceArgument,
    once: Annotated[bool, typer.Option("--once", help="Look once, do what is due, end.")] = False,
    every: Annotated[float, typer.Option(help="Seconds between two looks.", min=1)] = 60,
    everyone: Annotated[bool, typer.Option("--everyone", help="Refund others too.")] = False,
    encoder: EncoderOption = None,
) -> Stream | Answer:
    """Keep: reveal, refund, report, take and sweep what is due, until interrupted or killed at any moment."""
    opened = opening.open_model(session, reference, encoder)
    roles = duties.EVERYBODY if everyone else duties.EVERYBODY - {systems.ANYBODY}
    return kept(session, duties.SYSTEM, opened, every, once=once, roles=roles)
