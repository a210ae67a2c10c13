"""`diln sum list`, `show`, `predict`, `replay` and `leaderboard`: what only looks."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.console import out, print_facts, print_json, print_one, progress_bar
from orchestrator.cli.marketprinting import print_market, print_replay, print_standing
from orchestrator.cli.options import (
    HomeOption,
    JsonOption,
    NetworkOption,
    StandingOption,
    StorageOption,
)
from orchestrator.cli.sumcommon import (
    CsvOption,
    EncoderOption,
    FeaturesOption,
    NumbersOption,
    ReferenceArgument,
    TextColumn,
    TextOption,
    amount_in,
    anything_from,
    connection_from,
    encode,
    print_rows,
    samples_from,
)
from orchestrator.errors import UsageError
from orchestrator.text import shown

if TYPE_CHECKING:
    from orchestrator.sum.descriptor import TestSet
    from orchestrator.sum.opening import Opened
    from orchestrator.sum.records import Terms
    from orchestrator.sum.replaying import Point


def list_models(
    network: NetworkOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """List the shared models and markets of this chain."""
    from orchestrator.errors import DilnError
    from orchestrator.sum.opening import models

    rows = []
    with connection_from(network, None, storage, home) as connection:
        for created, descriptor in models(connection):
            try:
                shared = connection.factory.open(created)
                kind, count = shared.composition, shared.count()
            except (DilnError, ValueError, TypeError, OverflowError) as error:
                kind, count = f"unusable: {shown(str(error), 80)}", 0
            rows.append(
                {
                    "name": descriptor.name if descriptor else "",
                    "model": kind,
                    "contributions": count,
                    "creator": connection.name_of(created.creator),
                    "address": created.address,
                }
            )
    print_rows(["name", "model", "contributions", "creator", "address"], rows, json)


def show(
    reference: ReferenceArgument,
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="Plot the accuracy over time.")] = None,
    encoder: EncoderOption = None,
    network: NetworkOption = None,
    sender: StandingOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show a model or market: its settings, how it stands, and what the account --from has with it.

    With --png a model's accuracy since it was created is plotted; `replay` checks every word of it as well.
    """
    from orchestrator.sum.opening import OpenedMarket, read_test_set
    from orchestrator.sum.replaying import accuracy_on

    with connection_from(network, sender, storage, home) as connection:
        opened = anything_from(connection, reference, encoder)
        if isinstance(opened, OpenedMarket):
            print_market(connection, opened, json)
            return
        shared, descriptor = opened.shared, opened.descriptor
        test, status = read_test_set(connection, descriptor), shared.status()
        accuracy = accuracy_on(opened.twin(), test) if test else None
        viewer = connection.settings.sender
        standing = shared.standing(connection.address(viewer)) if viewer else None
        quality = descriptor.quality
        facts: dict[str, Any] = {
            "name": opened.name,
            "address": shared.address,
            "contract": shared.composition,
            "creator": connection.name_of(shared.creator),
            "labels": list(descriptor.labels),
            "encoder": descriptor.encoder.kind,
            "features": descriptor.encoder.features,
            "contributions": status.count,
            "deposits in": shared.money.symbol,
            "deposit now": amount_in(opened, shared.price(), json),
            **_terms(shared.terms, json),
            "accuracy at first": round(quality.quantized, 4) if quality else None,
            "test samples unseen": ("yes" if quality.unseen else "not known") if quality else None,
            "accuracy now": round(accuracy, 4) if accuracy is not None else None,
            "tested on": len(test.labels) if test else None,
            "your balance": amount_in(opened, standing.balance, json) if standing else None,
            "your reputation": f"{standing.valid} of {status.valid}" if standing else None,
        }
        if png:
            _plot(opened, test, png)
    print_one(facts, json)


def _terms(terms: "Terms", json: bool) -> dict[str, Any]:
    """All that the creator chose about deposits: seconds for machines, days for people."""
    waits = ("refund_wait", "take_gap", "creator_wait", "any_wait")

    def told(wait: int) -> int | str:
        return wait if json else f"{wait / 86_400:g} days"

    return {"cost weight": terms.cost_weight, **{w.replace("_", " "): told(getattr(terms, w)) for w in waits}}


def predict(
    reference: ReferenceArgument,
    text: TextOption = None,
    numbers: NumbersOption = None,
    features: FeaturesOption = None,
    csv: CsvOption = None,
    text_column: TextColumn = None,
    encoder: EncoderOption = None,
    network: NetworkOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Ask the contract for a label: text (or numbers) in, label out. Free."""
    with connection_from(network, None, storage, home) as connection:
        opened = anything_from(connection, reference, encoder)
        xs = encode(opened, samples_from(text, numbers, features, csv, text_column))
        found = [opened.descriptor.labels[label] for label in opened.shared.predict_many(xs)]
    if json:
        print_json([{"label": label} for label in found])
    else:
        for label in found:
            out.print(label, markup=False)


def replay(
    reference: ReferenceArgument,
    png: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Plot the accuracy over the contributions.")
    ] = None,
    encoder: EncoderOption = None,
    network: NetworkOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Rebuild the model from its events alone, and compare it with the chain bit for bit."""
    from orchestrator.sum.opening import OpenedMarket, read_test_set
    from orchestrator.sum.replaying import replay as replay_model

    with connection_from(network, None, storage, home) as connection:
        opened = anything_from(connection, reference, encoder)
        if isinstance(opened, OpenedMarket):
            if png:
                raise UsageError("a market's accuracy is not plotted", "Leave --png out.")
            print_replay(connection, opened, json)
            return
        test = read_test_set(connection, opened.descriptor)
        with progress_bar("replaying") as progress:
            done = replay_model(opened, test, progress)
    if png and done.history:
        _draw(opened, done.history, png)
    last = done.history[-1].accuracy if done.history else None
    facts: dict[str, Any] = {
        "contributions": done.contributions,
        "words": done.words,
        "identical": True,
        "accuracy now": round(last, 4) if last is not None else None,
    }
    if json:
        print_json(facts | {"history": [vars(point) for point in done.history]})
    else:
        out.print(
            f"all {done.words} words are what {done.contributions} contributions make of the first model"
        )
        print_facts({"accuracy now": facts["accuracy now"], "plot": png if done.history else None})


def leaderboard(
    reference: ReferenceArgument,
    network: NetworkOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show who helped the model most; in a market, what everybody gets."""
    from orchestrator.sum.leaderboard import leaderboard as rank
    from orchestrator.sum.opening import OpenedMarket

    with connection_from(network, None, storage, home) as connection:
        opened = anything_from(connection, reference)
        if isinstance(opened, OpenedMarket):
            print_standing(connection, opened, json)
            return
        ranked, currency = rank(opened), opened.shared.money
        rows = [vars(row) | {"name": connection.name_of(row.address)} for row in ranked]
    money = ("deposited", "refunded", "taken")
    if not json:
        rows = [row | {key: currency.show(row[key]) for key in money} for row in rows]
    print_rows(["name", "points", "level", "valid", "contributions", *money], rows, json)


def _plot(opened: "Opened", test: "TestSet | None", png: Path) -> None:
    from orchestrator.errors import ModelError
    from orchestrator.sum.replaying import replay as replay_model

    if not test:
        raise ModelError("no test set was published with this model", "Its accuracy cannot be plotted.")
    with progress_bar("replaying") as progress:
        _draw(opened, replay_model(opened, test, progress).history, png)


def _draw(opened: "Opened", history: "Sequence[Point]", png: Path) -> None:
    from orchestrator.sum.plots import draw_history

    draw_history(history, f"{opened.name}: accuracy over time", png)
