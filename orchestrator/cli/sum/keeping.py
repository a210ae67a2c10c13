"""`diln sum refund`, `report`, `withdraw` and `watch`: what moves money."""

from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.keeping import kept
from orchestrator.cli.market import market
from orchestrator.cli.sum import shared
from orchestrator.cli.sum.options import (
    EncoderOption,
    ReferenceArgument,
    outcome_facts,
    outcomes_table,
)
from orchestrator.console import SENDS, Answer, Facts, Stream, Table, amount, command, lazy_imports

with lazy_imports():
    from orchestrator.kernel import keeper as keepers
    from orchestrator.kernel import system as systems
    from orchestrator.systems.sum import claiming, duties, hiding, opening
    from orchestrator.systems.sum.market import duties as market_duties

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session
    from orchestrator.systems.sum.claiming import Verb

NumberOption = Annotated[list[int] | None, typer.Option(help="Only this contribution; repeatable.")]


@command(shared, sender=SENDS)
def refund(
    session: "Session",
    reference: ReferenceArgument,
    number: NumberOption = None,
    everyone: Annotated[bool, typer.Option("--everyone", help="Not only one's own.")] = False,
    encoder: EncoderOption = None,
) -> Table:
    """Get due deposits back where the model agrees by now."""
    opened, account = opening.open_model(session, reference, encoder), session.sender
    numbers = number or ()
    done = list(claiming.settle(session, opened, account, ("refund",), everyone=everyone, numbers=numbers))
    if not numbers:
        done += hiding.release(session, opened, account, everyone=everyone)
    return outcomes_table([outcome_facts(opened, each) for each in done])


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


@command(market, sender=SENDS)
@command(shared, sender=SENDS)
def withdraw(
    session: "Session",
    reference: ReferenceArgument,
    to: Annotated[str | None, typer.Option(metavar="ACCOUNT", help="Default: the sender.")] = None,
) -> Answer | Facts:
    """Pay out what the model or market owes to the account --from."""
    clone, account = opening.contract_of(session, reference), session.sender
    dest = session.address(to, paid=True) if to else account.address
    if not clone.balance(account.address):
        return Answer({"amount": clone.money.json(0)}, "there is nothing to withdraw")
    receipt = session.send(clone.contract.withdraw(dest), account)
    paid = amount(clone.money, clone.paid_out(receipt))
    return Facts({"amount": paid, "to": dest, "transaction": receipt.tx_hash})


@command(shared, sender=SENDS)
def watch(
    session: "Session",
    reference: ReferenceArgument,
    once: Annotated[bool, typer.Option("--once", help="Look once, do what is due, end.")] = False,
    every: Annotated[float, typer.Option(help="Seconds between two looks.", min=1)] = 60,
    everyone: Annotated[bool, typer.Option("--everyone", help="Refund others too.")] = False,
    encoder: EncoderOption = None,
) -> Stream | Answer:
    """Keep: do what is due in a model or market, until interrupted or killed at any moment.

    In a model it reveals, refunds, reports, takes and sweeps. In a market it reveals and opens what is sealed
    here, measures, pays, and ends when the market does.
    """
    opened, account = opening.open_any(session, reference, encoder), session.sender
    if isinstance(opened, opening.OpenedMarket):
        keeper = keepers.Keeper(session, [(market_duties.SYSTEM, opened)], [account], others=True)
    else:
        roles = duties.EVERYBODY if everyone else duties.EVERYBODY - {systems.ANYBODY}
        keeper = keepers.Keeper(session, [(duties.SYSTEM, opened)], [account], roles=roles)
    return kept(session, keeper, every, once=once)
