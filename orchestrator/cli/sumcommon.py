"""What the commands of `diln sum` share: options, finding the model, reading samples, printing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.console import out, print_json, print_table
from orchestrator.cli.options import ask_password, settings_from
from orchestrator.errors import UsageError

if TYPE_CHECKING:
    from orchestrator.sum.claiming import Outcome
    from orchestrator.sum.connection import Connection
    from orchestrator.sum.opening import Found, Opened, OpenedMarket
    from orchestrator.sum.records import Contribution

ReferenceArgument = Annotated[str, typer.Argument(metavar="MODEL", help="A shared model's name or address.")]
MarketArgument = Annotated[str, typer.Argument(metavar="MARKET", help="A market's name or address.")]
EncoderOption = Annotated[
    Path | None,
    typer.Option("--encoder", metavar="FILE", help="The descriptor's file, if storage does not have it."),
]
TextOption = Annotated[str | None, typer.Option("--text", metavar="TEXT", help="A text.")]
NumbersOption = Annotated[
    str | None, typer.Option("--numbers", metavar="1.5,2,…", help="A row of numbers, in the encoder's order.")
]
FeaturesOption = Annotated[
    str | None,
    typer.Option("--features", metavar="3,17,…", help="Features as the contract has them."),
]
CsvOption = Annotated[
    Path | None, typer.Option("--csv", metavar="FILE", exists=True, help="Many samples, with a header.")
]
TextColumn = Annotated[
    str | None, typer.Option(metavar="NAME", help="The CSV's column of texts; else all others are numbers.")
]


MaximumOption = Annotated[
    str | None,
    typer.Option("--max-price", "--maximum", metavar="COINS", help="The most to deposit for a sample."),
]


@dataclass(frozen=True)
class Samples:
    """Rows as an encoder takes them; `encoded`, as the contract does. `labels` may be empty."""

    rows: list[Any]
    labels: list[str]
    encoded: bool = False


def connection_from(
    network: str | None, sender: str | None, storage: str | None, home: Path | None
) -> "Connection":
    from orchestrator.sum.connection import Connection

    settings = settings_from(network=network, sender=sender, home=home, storage=storage)
    return Connection(settings, ask_password)


def opened_from(connection: "Connection", reference: str, encoder: Path | None = None) -> "Opened":
    from orchestrator.sum.opening import open_model

    return open_model(connection, reference, encoder)


def anything_from(
    connection: "Connection", reference: str, encoder: Path | None = None
) -> "Opened | OpenedMarket":
    from orchestrator.sum.opening import open_any

    return open_any(connection, reference, encoder)


def market_from(connection: "Connection", reference: str, encoder: Path | None = None) -> "OpenedMarket":
    from orchestrator.sum.opening import open_market

    return open_market(connection, reference, encoder)


def samples_from(
    text: str | None,
    numbers: str | None,
    features: str | None,
    csv: Path | None,
    text_column: str | None,
    label: str | None = None,
    label_column: str | None = None,
) -> Samples:
    """The samples that a command was given, in whichever of four ways. Raises UsageError."""
    if sum(each is not None for each in (text, numbers, features, csv)) != 1:
        raise UsageError("give one of --text, --numbers, --features and --csv", "See --help.")
    labels = [label] if label is not None else []
    if csv is not None:
        from orchestrator.sum.training import read_table

        table = read_table(csv, text_column, label_column if label is None else None)
        return Samples(table.rows(), table.labels if label is None else labels * len(table))
    if label_column is not None and label is None:
        raise UsageError("the sample has no label", "Add --label NAME.")
    if text is not None:
        return Samples([text], labels)
    parts = (numbers or features or "").split(",")
    try:
        if numbers is not None:
            return Samples([[float(each) for each in parts]], labels)
        return Samples([[int(each) for each in parts]], labels, encoded=True)
    except ValueError as error:
        raise UsageError("a number is malformed", "Write them with commas between.") from error


def encode(opened: "Found", samples: Samples) -> list[bytes]:
    """The samples' bytes. Raises DataError where they do not fit the model."""
    from orchestrator.errors import DataError
    from orchestrator.sum.adding import encode_features, encode_row

    found = []
    for number, row in enumerate(samples.rows, 1):
        try:
            found.append(encode_features(opened, row) if samples.encoded else encode_row(opened, row))
        except DataError as error:
            where = f"row {number}: " if len(samples.rows) > 1 else ""
            raise DataError(where + error.message, error.hint) from error
    return found


def encode_many(opened: "Found", samples: Samples) -> "tuple[list[int], list[bytes], Counter[str]]":
    """The rows of a CSV that fit the model, their bytes, and how many were dropped for which reason.

    A single sample that does not fit raises DataError, and so does a CSV of which nothing fits.
    """
    from orchestrator.errors import DataError
    from orchestrator.sum.adding import encode_row

    if samples.encoded or len(samples.rows) == 1:
        return list(range(len(samples.rows))), encode(opened, samples), Counter()
    kept, xs, dropped = [], [], Counter[str]()
    for number, row in enumerate(samples.rows):
        try:
            xs.append(encode_row(opened, row))
            kept.append(number)
        except DataError as error:
            dropped[error.message.split(":")[0]] += 1
    if not kept:
        raise DataError(f"no row fits the model: {next(iter(dropped))}", "`diln sum show` tells the encoder.")
    return kept, xs, dropped


def text_column_of(opened: "Found", csv: Path | None, given: str | None, label_column: str) -> str | None:
    """The column of texts: the one that was named, else for a model of texts the one that has the longest."""
    from orchestrator.sum.encoders import TextEncoder

    if given is not None or csv is None or not isinstance(opened.descriptor.encoder, TextEncoder):
        return given
    import pandas as pd

    try:
        head = pd.read_csv(csv, nrows=100, dtype=str).drop(columns=label_column, errors="ignore")
    except (OSError, ValueError):
        return given  # whoever reads it says what is wrong with it
    lengths = {str(name): head[name].fillna("").str.len().mean() for name in head.columns}
    return max(lengths, key=lambda name: lengths[name], default=None)


def print_rows(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], json: bool) -> None:
    """A table of these columns, or all that there is as JSON."""
    if json:
        print_json(rows)
    else:
        print_table(columns, [[row[column] for column in columns] for row in rows])


def amount_in(opened: "Found", amount: int, json: bool) -> int | str:
    """An amount of the model's or market's money: its smallest units for machines, coins for people."""
    return amount if json else opened.shared.money.show(amount)


def contribution_facts(
    opened: "Opened", contribution: "Contribution", state: str, json: bool
) -> dict[str, Any]:
    facts, shared = contribution.facts, opened.shared
    return {
        "number": contribution.number,
        "label": opened.descriptor.labels[facts.label],
        "deposit": amount_in(opened, facts.deposit * shared.unit, json),
        "surprise": facts.surprise,
        "due": when(shared.due_at(contribution)),
        "state": state,
        "transaction": contribution.transaction,
    }


def outcome_facts(opened: "Found", outcome: "Outcome", json: bool) -> dict[str, Any]:
    told = outcome.contribution
    return {
        "done": _done(outcome),
        "number": told.number if told else "",
        "label": opened.descriptor.labels[told.facts.label] if told else "",
        "amount": amount_in(opened, outcome.amount, json),
        "transaction": outcome.receipt.tx_hash if outcome.receipt else outcome.refusal,
    }


def _done(outcome: "Outcome") -> str:
    if not outcome.receipt:
        return f"no {outcome.verb}"
    return f"first look, to {outcome.verb}" if outcome.looked else outcome.verb


def print_outcomes(facts: Sequence[Mapping[str, Any]]) -> None:
    if facts:
        print_rows(["done", "number", "label", "amount", "transaction"], facts, json=False)
    else:
        out.print("nothing is due")


def when(moment: int) -> str:
    """A time on the chain, in UTC."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
