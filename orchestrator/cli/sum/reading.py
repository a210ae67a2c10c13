"""`diln sum list`, `show`, `replay` and `leaderboard`: what only looks."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.models.options import EncoderOption, amount, currency, listed
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
    progress_bar,
)
from orchestrator.errors import ModelError
from orchestrator.text import shown
from orchestrator.times import instant, show_duration

with lazy_imports():
    from orchestrator.models.online import finding
    from orchestrator.systems.sum import leaderboard as leaderboards
    from orchestrator.systems.sum import opening, plots, replaying

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session
    from orchestrator.models.online.clone import Clone
    from orchestrator.models.online.descriptor import TestSet
    from orchestrator.models.online.factory import Created
    from orchestrator.systems.sum.records import Terms
    from orchestrator.types import Address

STANDS = Sender("Whose balance is shown too; nothing is sent.")


@command(shared, "list")
def list_models(session: "Session") -> Answer:
    """List the shared models of this chain."""
    columns = ["name", "model", "contributions", "creator", "address"]

    def read(created: "Created", name: str, model: "Clone") -> dict[str, Any]:
        return _row(session, created, name, model.composition.name, model.count())

    def unread(created: "Created", name: str, error: Exception) -> dict[str, Any]:
        reason = shown(str(error), 80)
        return _row(session, created, name, Shown(None, f"unusable: {reason}"), None, reason)

    return listed(session, opening, read, unread, columns)


def _row(
    session: "Session",
    created: "Created",
    name: str,
    kind: str | Shown,
    count: int | None,
    reason: str | None = None,
) -> dict[str, Any]:
    row = {"name": name, "model": kind, "contributions": count}
    creator = Shown(created.creator, session.name_of(created.creator))
    return row | {"creator": creator, "address": created.address, "error": reason}


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
    viewer = session.settings.sender
    who = session.address(viewer) if viewer else None
    with session.chain.ahead(*_reads(opened, who)):
        return _shown(session, opened, who, png)


def _reads(opened: "opening.SharedModel", who: "Address | None") -> "list[Callable[[], object]]":
    """What `show` asks of the contract: all at once."""
    contract = opened.shared.contract
    own: list[Callable[[], object]] = [lambda: contract.account(who)] if who else []
    return [
        contract.status,
        contract.length,
        lambda: contract.creator,
        lambda: contract.money,
        opened.shared.price,
        *own,
    ]


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
    value = _replayed(done)
    told = f"all {done.words} words are what {done.contributions} contributions make of the first model"
    plot = png if done.history else None
    return Answer(value, told, Facts({"accuracy_now": value["accuracy_now"], "plot": plot}))


def _replayed(done: "replaying.Replay") -> dict[str, Any]:
    last = done.history[-1].accuracy if done.history else None
    return {
        "contributions": done.contributions,
        "words": done.words,
        "identical": True,
        "accuracy_now": None if last is None else round(last, 4),
        "history": [vars(point) | {"time": instant(point.time)} for point in done.history],
    }


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
