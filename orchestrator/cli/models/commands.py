"""`fund`, `withdraw` and `predict`, which are alike whatever pays for data."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.market import market
from orchestrator.cli.models.options import EncoderOption, SampleOptions, amount, encode
from orchestrator.cli.sum import shared
from orchestrator.console import SENDS, Answer, Consent, Facts, Shown, command, lazy_imports
from orchestrator.console import amount as amount_of

with lazy_imports():
    from orchestrator.models.online import factory, finding, funding

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session
    from orchestrator.models.online.clone import Clone
    from orchestrator.models.online.finding import Instance

OPENERS = {
    "sum": ("orchestrator.systems.sum.opening", "open_model"),
    "market": ("orchestrator.systems.market.opening", "open_market"),
}
"""What opens a contract, by the commands of its policy."""

FUNDING = (
    "{} will have {} there, and can withdraw it; for a token that keeps a part of each payment, up to a "
    "quarter more is paid"
)
AnyArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="A shared model's or a market's name or address.")
]


def open_any(session: "Session", reference: str, encoder: Path | None = None) -> "Instance":
    """The model or market that `reference` names. Raises as its opener does."""
    address = finding.locate(session, reference)
    module, name = OPENERS[factory.recognize(session.chain, address).policy.commands]
    found: Instance = getattr(import_module(module), name)(session, address, encoder)
    return found


def contract_of(session: "Session", reference: str) -> "Clone":
    """The contract alone: by its address, what it owes is paid whatever files are lost."""
    address = finding.locate(session, reference)
    composition = factory.recognize(session.chain, address)
    module, _ = OPENERS[composition.policy.commands]
    found: Clone = import_module(module).bind(composition, session.chain, address)
    return found


@command(market, sender=SENDS)
@command(shared, sender=SENDS)
def fund(
    session: "Session",
    reference: AnyArgument,
    coins: Annotated[str, typer.Argument(metavar="COINS", help="The least that the balance should be.")],
    consent: Consent,
    beneficiary: Annotated[
        str | None, typer.Option("--for", metavar="ACCOUNT", help="Whose balance; default: the sender's.")
    ] = None,
) -> Facts:
    """Fill up a balance that deposits are taken from. A token is approved for exactly what is paid in."""
    opened, account = open_any(session, reference), session.sender
    contract = opened.shared
    whose = session.address(beneficiary, paid=True) if beneficiary else account.address
    wanted = contract.money.parse(coins)
    told = FUNDING.format(session.name_of(whose), contract.money.show(wanted))
    consent.ask(session.known, contract.address, contract.composition.policy.what, [told])
    receipts = funding.fill_up(session, contract, whose, wanted, account, wanted + wanted // 4)  # as it says
    paid = contract.paid_in(receipts[-1]) if receipts else 0
    sent = receipts[-1].tx_hash if receipts else Shown(None, "there was enough")
    balance = amount(opened, contract.balance(whose))
    return Facts({"paid_in": amount(opened, paid), "for": whose, "balance": balance, "transaction": sent})


@command(market, sender=SENDS)
@command(shared, sender=SENDS)
def withdraw(
    session: "Session",
    reference: AnyArgument,
    to: Annotated[str | None, typer.Option(metavar="ACCOUNT", help="Default: the sender.")] = None,
) -> Answer | Facts:
    """Pay out what the model or market owes to the account --from."""
    found, account = contract_of(session, reference), session.sender
    dest = session.address(to, paid=True) if to else account.address
    due = found.balance(account.address)
    if not due:
        return Answer({"amount": found.money.json(0)}, "there is nothing to withdraw")
    receipt = session.send(found.contract.withdraw(dest, due), account)
    paid = amount_of(found.money, found.paid_out(receipt))
    return Facts({"amount": paid, "to": dest, "transaction": receipt.tx_hash})


@command(market)
@command(shared)
def predict(
    session: "Session", reference: AnyArgument, given: SampleOptions, encoder: EncoderOption = None
) -> Answer:
    """Ask the contract for a label: text (or numbers) in, label out. Free."""
    opened = open_any(session, reference, encoder)
    xs = encode(opened, given.samples())
    found = [opened.descriptor.labels[label] for label in opened.shared.predict_many(xs)]
    return Answer([{"label": label} for label in found], *found)
