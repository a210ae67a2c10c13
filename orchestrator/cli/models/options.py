"""What commands of contracts with a model share: options, reading samples, training, printing."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.console import Answer, Shown, Table, lazy_imports, nameless
from orchestrator.console import amount as amount_of
from orchestrator.errors import DataError, NodeUnavailable, UsageError
from orchestrator.times import instant, show_time
from orchestrator.types import ZERO_ADDRESS

with lazy_imports():
    from orchestrator.kernel import money as moneys
    from orchestrator.models.online import encoders, encoding, factory, finding, planning, training

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.cli.showing import Row
    from orchestrator.kernel.money import Currency
    from orchestrator.kernel.session import Session
    from orchestrator.models.online.factory import Created
    from orchestrator.models.online.finding import Instance

EncoderOption = Annotated[
    Path | None,
    typer.Option("--encoder", metavar="FILE", help="The descriptor's file, if storage does not have it."),
]
CsvOption = Annotated[
    Path | None, typer.Option("--csv", metavar="FILE", exists=True, help="Many samples, with a header.")
]
TextColumn = Annotated[
    str | None, typer.Option(metavar="NAME", help="The CSV's column of texts; else all others are numbers.")
]
LabelColumn = Annotated[str, typer.Option(metavar="NAME", help="The CSV's column of labels.")]


@dataclass(frozen=True)
class Samples:
    """Rows as an encoder takes them; `encoded`, as the contract does. `labels` may be empty."""

    rows: list[Any]
    labels: list[str]
    encoded: bool = False


@dataclass(frozen=True)
class SampleOptions:
    """The four ways to give samples: of these options just one is given."""

    text: Annotated[str | None, typer.Option("--text", metavar="TEXT", help="A text.")] = None
    numbers: Annotated[
        str | None,
        typer.Option("--numbers", metavar="1.5,2,…", help="A row of numbers, in the encoder's order."),
    ] = None
    features: Annotated[
        str | None,
        typer.Option("--features", metavar="3,17,…", help="Features as the contract has them."),
    ] = None
    csv: CsvOption = None
    text_column: TextColumn = None

    def samples(self) -> Samples:
        """Raises UsageError, DataError."""
        self._check()
        if self.csv is not None:
            return Samples(training.read_table(self.csv, self.text_column, None).rows(), [])
        return self._single([])

    def _check(self) -> None:
        if sum(each is not None for each in (self.text, self.numbers, self.features, self.csv)) != 1:
            raise UsageError("give one of --text, --numbers, --features and --csv", "See --help.")

    def _single(self, labels: list[str]) -> Samples:
        if self.text is not None:
            return Samples([self.text], labels)
        parts = (self.numbers or self.features or "").split(",")
        try:
            if self.numbers is not None:
                return Samples([[float(each) for each in parts]], labels)
            return Samples([[int(each) for each in parts]], labels, encoded=True)
        except ValueError as error:
            raise UsageError("a number is malformed", "Write them with commas between.") from error


@dataclass(frozen=True)
class LabelledSampleOptions(SampleOptions):
    """The same, and the label of each."""

    label: Annotated[str | None, typer.Option(help="The sample's label.")] = None
    label_column: LabelColumn = "label"

    def samples(self, opened: "Instance | None" = None) -> Samples:
        """With `opened`, the column of texts is looked for if none is named. Raises UsageError, DataError."""
        self._check()
        if self.csv is None:
            if self.label is None:
                raise UsageError("the sample has no label", "Add --label NAME.")
            return self._single([self.label])
        column = text_column_of(opened, self.csv, self.text_column, self.label_column)
        table = training.read_table(self.csv, column, self.label_column if self.label is None else None)
        labels = table.labels if self.label is None else [self.label] * len(table)
        return Samples(table.rows(), labels)


@dataclass(frozen=True)
class Training:
    """How a model to begin with is trained."""

    label_column: Annotated[str, typer.Option(metavar="NAME", help="The column of labels.")] = "label"
    text_column: TextColumn = None
    words: Annotated[int, typer.Option(help="The most frequent words to know.", min=1)] = 1000
    buckets: Annotated[int | None, typer.Option(help="Hash words into so many features.", min=2)] = None
    rate: Annotated[float | None, typer.Option(help="Learning rate, in the trained model's units.")] = None

    def plan(
        self,
        csv: Path,
        kind: str,
        model: Path | None = None,
        *,
        share: float = 0.2,
        test: Path | None = None,
    ) -> "planning.Plan":
        """A model of integers, trained from a CSV or read from a file and tested with it.

        `share` of the samples is tested on, unless there is a `test` CSV. Raises UsageError.
        """
        known = next((each for each in training.KINDS if each == kind), None)
        if known is None:
            raise UsageError(f"there is no kind `{kind}`", f"Choose one of {', '.join(training.KINDS)}.")
        if not 0 < share < 1:
            raise UsageError("the share to test on lies between 0 and 1", "Such as 0.2.")
        table, tests = self.table(csv), self.table(test) if test else None
        if model:
            trained = training.read_pipeline(model, table, share, test=tests)
        else:
            trained = training.train(
                table, known, words=self.words, buckets=self.buckets, share=share, test=tests
            )
        return planning.plan(trained, self.rate)

    def table(self, csv: Path) -> "training.Table":
        return training.read_table(csv, self.text_column, self.label_column)


def listed(
    session: "Session",
    system: ModuleType,
    read: "Callable[[Created, str, Any], Row]",
    unread: "Callable[[Created, str, Exception], Row | None]",
    columns: list[str],
) -> Answer:
    """All contracts that `system` opens; of what cannot be read a row of `unread`, if it makes one.

    Both take what the factory told, and the name, if it is known.
    """
    rows: list[Row | None] = []
    for created, descriptor in finding.models(session):
        name = descriptor.name if descriptor else ""
        try:
            composition = factory.recognize(session.chain, created.address)
            if composition.policy in system.POLICIES:
                rows.append(read(created, name, system.bind(composition, session.chain, created.address)))
        except NodeUnavailable:
            raise
        except Exception as error:  # strangers made it
            rows.append(unread(created, name, error))
    found = [each for each in rows if each]
    return Answer(
        found, Table(found, columns, "none was created"), *nameless(sum(not each["name"] for each in found))
    )


def encode(opened: "Instance", samples: Samples) -> list[bytes]:
    """The samples' bytes. Raises DataError where they do not fit the model."""
    found = []
    for number, row in enumerate(samples.rows, 1):
        try:
            encoder = encoding.encode_features if samples.encoded else encoding.encode_row
            found.append(encoder(opened, row))
        except DataError as error:
            where = f"row {number}: " if len(samples.rows) > 1 else ""
            raise DataError(where + error.message, error.hint) from error
    return found


def encode_many(opened: "Instance", samples: Samples) -> "tuple[list[int], list[bytes], Counter[str]]":
    """The rows of a CSV that fit the model, their bytes, and how many were dropped for which reason.

    A single sample that does not fit raises DataError, and so does a CSV of which nothing fits.
    """
    if samples.encoded or len(samples.rows) == 1:
        return list(range(len(samples.rows))), encode(opened, samples), Counter()
    kept, xs, dropped = [], [], Counter[str]()
    for number, row in enumerate(samples.rows):
        try:
            xs.append(encoding.encode_row(opened, row))
            kept.append(number)
        except DataError as error:
            dropped[error.message.split(":")[0]] += 1
    if not kept:
        raise DataError(f"no row fits the model: {next(iter(dropped))}", "`show` describes the encoder.")
    return kept, xs, dropped


def text_column_of(opened: "Instance | None", csv: Path, given: str | None, label_column: str) -> str | None:
    """The column of texts: the one that was named, else for a model of texts the one that has the longest."""
    if given or opened is None or not isinstance(opened.descriptor.encoder, encoders.TextEncoder):
        return given
    import pandas as pd

    try:
        head = pd.read_csv(csv, nrows=100, dtype=str).drop(columns=label_column, errors="ignore")
    except (OSError, ValueError):
        return given  # whoever reads it says what is wrong with it
    lengths = {str(name): head[name].fillna("").str.len().mean() for name in head.columns}
    return max(lengths, key=lambda name: lengths[name], default=None)


def amount(opened: "Instance", value: int) -> Shown:
    """An amount of the model's or market's money."""
    return amount_of(opened.shared.money, value)


def currency_in(session: "Session", token: str | None) -> "Currency":
    """The currency of a token that a person named, ether without one. Raises as `read_currency` does."""
    address = session.address(token, paid=True) if token else ZERO_ADDRESS
    return moneys.read_currency(session.chain, address)


def currency(money: "Currency") -> Shown:
    """Which money it is: what an amount in smallest units is of."""
    return Shown(
        {"currency": money.address, "symbol": money.symbol, "decimals": money.decimals}, money.symbol
    )


def when(time: int) -> str:
    """A time on the chain, in UTC."""
    return show_time(time)


def moment(time: int) -> Shown:
    """The same in facts: machines count with it."""
    return Shown(instant(time), when(time))
