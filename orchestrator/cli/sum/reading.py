"""`diln sum list`, `show`, `replay` and `leaderboard`: what only looks."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.models.options import EncoderOption, amount, currency
from orchestrator.cli.sum import shared
from orchestrator.cli.sum.options import ReferenceArgument
from orchestrator.console import (
    Answer,
    Facts,
    Sender,
    Shown,
    Table,
    command,
    lazy_imports,
    nameless,
    progress_bar,
)
from orchestrator.errors import DilnError, ModelError
from orchestrator.text import shown
from orchestrator.times import instant, show_duration

with lazy_imports():
    from orchestrator.models.online import factory, finding
    from orchestrator.systems.sum import leaderboard as leaderboards
    from orchestrator.systems.sum import opening, plots, replaying

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session
    from orchestrator.models.online.descriptor import TestSet
    from orchestrator.systems.sum.records import Terms
    from orchestrator.types import Address

STANDS = Sender("Whose balance is shown too; nothing is sent.")


@command(shared, "list")
def list_models(session: "Session") -> Answer:
    """List the shared models of this chain."""
    rows = []
    for created, descriptor in finding.models(session):
        kind: str | Shown
        count: int | None
        reason = None
        try:
            composition = factory.recognize(session.chain, created.address)
            if composition.policy not in opening.POLICIES:
                continue
            kind = composition.name
            count = opening.bind(composition, session.chain, created.address).count()
        except (DilnError, ValueError, TypeError, OverflowError) as error:
            reason = shown(str(error), 80)
            kind, count = Shown(None, f"unusable: {reason}"), None
        row = {"name": descriptor.name if descriptor else "", "model": kind, "contributions": count}
        creator = Shown(created.creator, session.name_of(created.creator))
        rows.append(row | {"creator": creator, "address": created.address, "error": reason})
    columns = ["name", "model", "contributions", "creator", "address"]
    unknown = sum(not row["name"] for row in rows)
    return Answer(rows, Table(rows, columns, "none was created"), *nameless(unknown))


@command(shared, sender=STANDS)
def show(
    session: "Session",
    reference: ReferenceArgument,
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="Plot the accuracy over time.")] = None,
    encoder: EncoderOption = None,
) -> Facts | Answer:
    """Show a model: its settings, how it stands, and what the account --from has with it.

    With --png its accuracy since it was created is plotted; `replay` checks every word of it as well.
    """
    opened = opening.open_model(session, reference, encoder)
    contract = opened.shared
    viewer = session.settings.sender
    who = session.address(viewer) if viewer else None
    reads = contract.contract
    with session.chain.ahead(
        reads.status,
        reads.length,
        lambda: reads.creator,
        lambda: reads.money,
        contract.price,
        lambda: who and reads.account(who),
    ):
        return _shown(session, opened, who, png)


def _shown(
    session: "Session", opened: "opening.SharedModel", who: "Address | None", png: Path | None
) -> Facts:
    contract, descriptor, quality = opened.shared, opened.descriptor, opened.descriptor.quality
    test, status = finding.read_test_set(session, descriptor), contract.contract.status()
    accuracy = replaying.accuracy_on(opened.reference(), test) if test else None
    standing = contract.contract.account(who) if who else None
    facts: dict[str, Any] = {
        "name": opened.name,
        "address": contract.address,
        "contract": contract.composition.name,
        "creator": Shown(contract.creator, session.name_of(contract.creator)),
        "labels": list(descriptor.labels),
        "encoder": descriptor.encoder.kind,
        "features": descriptor.encoder.features,
        "contributions": status.count,
        "deposits_in": currency(contract.money),
        "deposit_now": amount(opened, contract.price()),
        **_terms(contract.terms),
        "accuracy_at_first": round(quality.quantized, 4) if quality else None,
        "test_samples_unseen": Shown(quality.unseen or None, "yes" if quality.unseen else "not known")
        if quality
        else None,
        "accuracy_now": round(accuracy, 4) if accuracy is not None else None,
        "tested_on": len(test.labels) if test else None,
        "your_balance": amount(opened, standing.balance) if standing else None,
        "your_reputation": Shown(standing.valid, f"{standing.valid} of {status.valid}") if standing else None,
        "all_reputation": Shown(status.valid, ""),
    }
    if png:
        _plot(opened, test, png)
    return Facts(facts)


def _terms(terms: "Terms") -> dict[str, Any]:
    """All that the creator chose about deposits: seconds for machines, days for people."""
    waits = ("refund_wait", "take_gap", "creator_wait", "any_wait")
    times = {name: getattr(terms, name) for name in waits}
    told = {name: Shown(wait, show_duration(wait)) for name, wait in times.items()}
    return {"cost_weight": terms.cost_weight, **told}


@command(shared)
def replay(
    session: "Session",
    reference: ReferenceArgument,
    png: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Plot the accuracy over the contributions.")
    ] = None,
    encoder: EncoderOption = None,
) -> Facts | Answer:
    """Rebuild the model from its events alone, and compare it with the chain bit for bit."""
    opened = opening.open_model(session, reference, encoder)
    test = finding.read_test_set(session, opened.descriptor)
    with progress_bar("replaying") as progress:
        done = replaying.replay(opened, test, progress)
    if png and done.history:
        _draw(opened, done.history, png)
    last = done.history[-1].accuracy if done.history else None
    accuracy = round(last, 4) if last is not None else None
    value = {
        "contributions": done.contributions,
        "words": done.words,
        "identical": True,
        "accuracy_now": accuracy,
        "history": [vars(point) | {"time": instant(point.time)} for point in done.history],
    }
    told = f"all {done.words} words are what {done.contributions} contributions make of the first model"
    return Answer(value, told, Facts({"accuracy_now": accuracy, "plot": png if done.history else None}))


@command(shared)
def leaderboard(session: "Session", reference: ReferenceArgument) -> Table:
    """Show who helped the model most."""
    opened = opening.open_model(session, reference)
    money = ("deposited", "refunded", "taken")
    ranked = [vars(row) | {"name": session.name_of(row.address)} for row in leaderboards.leaderboard(opened)]
    rows = [row | {key: amount(opened, row[key]) for key in money} for row in ranked]
    return Table(rows, ["name", "points", "level", "valid", "contributions", *money])


def _plot(opened: "opening.SharedModel", test: "TestSet | None", png: Path) -> None:
    if not test:
        raise ModelError("no test set was published with this model", "Its accuracy cannot be plotted.")
    with progress_bar("replaying") as progress:
        _draw(opened, replaying.replay(opened, test, progress).history, png)


def _draw(opened: "opening.SharedModel", history: "Sequence[replaying.Point]", png: Path) -> None:
    plots.draw_history(history, f"{opened.name}: accuracy over time", png)
