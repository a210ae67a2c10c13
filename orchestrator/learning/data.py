"""A data set to learn from, and the record of where it came from."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from orchestrator.errors import DataError
from orchestrator.learning.catalogue import Task
from orchestrator.learning.cleaning import Cleaned, clean
from orchestrator.learning.columns import Kind
from orchestrator.learning.reading import DataFile, Source, read
from orchestrator.learning.spec import Cleaning, Data

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

Label = int | str


@dataclass(frozen=True)
class ColumnStatistics:
    """What one column holds, after cleaning; the same in whatever order the rows stand.

    Numbers, and dates as days since 1970, have min, max, mean and std (of the population); categories and
    texts have `distinct`, categories their five most frequent values with counts, `top`.
    """

    name: str
    type: Kind
    missing: int
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    std: float | None = None
    distinct: int | None = None
    top: tuple[tuple[str, int], ...] = ()

    def public(self, rows: int) -> dict[str, Any]:
        """What tells nothing of any row: the type, and which share of the `rows` has no value."""
        return {"name": self.name, "type": self.type, "missing": round(self.missing / max(rows, 1), 4)}

    def to_json(self) -> dict[str, Any]:
        """Without what does not apply."""
        fields = {key: value for key, value in asdict(self).items() if value is not None and value != ()}
        return fields | ({"top": [list(pair) for pair in self.top]} if self.top else {})


@dataclass(frozen=True)
class DataProvenance:
    """Where data came from.

    `sha256` (hex) is of the canonical bytes, which `reading.py` defines; `collected_at` is UTC in ISO 8601.
    """

    sha256: str
    source: str
    files: tuple[DataFile, ...]
    rows: int
    target: str
    task: Task
    columns: tuple[ColumnStatistics, ...]
    removed: Mapping[str, int]
    collected_at: str
    imputed: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    ignored: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain dicts, lists, strings and finite numbers."""
        return {
            "sha256": self.sha256,
            "source": self.source,
            "files": [asdict(file) for file in self.files],
            "rows": self.rows,
            "target": self.target,
            "task": self.task,
            "columns": [column.to_json() for column in self.columns],
            "removed": dict(self.removed),
            "imputed": {name: dict(counts) for name, counts in self.imputed.items()},
            "ignored": dict(self.ignored),
            "collected_at": self.collected_at,
        }


@dataclass(frozen=True)
class Feature:
    """One input of a model: its name and type, and whether it may be missing (then it is imputed).

    A missing text is an empty one.
    """

    name: str
    type: Kind
    optional: bool = False

    def to_json(self) -> dict[str, Any]:
        """As `predict_rows` accepts it."""
        return asdict(self)


@dataclass(frozen=True)
class Reading:
    """How training read cells, so that prediction reads them alike.

    `separator` and `decimal` are of CSV files and of numbers in texts, `missing_marks` the cells that mean
    "no value"; `bad_values` is "impute" where a word among numbers counts as missing.
    """

    separator: str = ","
    decimal: str = "."
    missing_marks: tuple[str, ...] = tuple(Cleaning().missing_marks)
    bad_values: str = "error"

    @classmethod
    def of(cls, data: Data) -> Self:
        """As the spec says."""
        rules = data.cleaning
        return cls(data.separator, data.decimal, tuple(rules.missing_marks), rules.bad_values)


@dataclass(frozen=True)
class Dataset:
    """Features and labels.

    `X` has float64 columns for numbers and object columns (str, NaN for missing) for categories; `y` holds
    int or str labels, or float64 for a regression. `classes` are sorted; `positive` is the class that
    precision, recall and F1 of two classes are about: the one that the spec names, else the rarer (of equals
    the last). `content` is what to store for this data: the path of
    its file or folder, or the canonical bytes; `paths` are the files that were read.
    """

    X: "pd.DataFrame"
    y: "pd.Series[Any]"
    task: Task
    classes: tuple[Label, ...]
    positive: Label | None
    schema: tuple[Feature, ...]
    provenance: DataProvenance
    content: Path | bytes
    paths: tuple[Path, ...] = ()


def _now() -> datetime:
    return datetime.now(UTC)


def load_dataset(data: Data, folder: Path, *, clock: Callable[[], datetime] = _now) -> Dataset:
    """Read, clean and describe the data that a spec names; relative paths begin at `folder`.

    Raises DataError, naming file, row and column where there is one.
    """
    source, table = read(data, folder)
    cleaned = clean(table, data)
    classes = _classes(cleaned, data)
    optional = "impute" in (data.cleaning.missing, data.cleaning.bad_values)
    return Dataset(
        X=cleaned.X,
        y=cleaned.y,
        task=cleaned.task,
        classes=classes,
        positive=_positive(classes, cleaned.y, data),
        schema=tuple(Feature(name, kind, optional or kind == "text") for name, kind in cleaned.kinds.items()),
        provenance=_provenance(source, cleaned, data, clock()),
        content=source.content,
        paths=source.paths,
    )


def _classes(cleaned: Cleaned, data: Data) -> tuple[Label, ...]:
    if cleaned.task == "regression":
        if cleaned.y.nunique() < 2:
            raise DataError(f"Every value of {data.target!r} is {cleaned.y.iloc[0]:g}: nothing to learn")
        return ()
    classes = tuple(sorted(set(cleaned.y)))
    if len(classes) < 2:
        raise DataError(
            f"All labels are {classes[0]!r}: a classifier needs two classes", "look at data.target"
        )
    return classes


def _positive(classes: tuple[Label, ...], labels: "pd.Series[Any]", data: Data) -> Label | None:
    """For two classes the one that the spec names, else the rarer; None for more classes."""
    if data.positive is None or not classes:
        first, last = classes if len(classes) == 2 else (None, None)
        return first if (labels == first).sum() < (labels == last).sum() else last
    named = next((label for label in classes if str(label) == str(data.positive)), None)
    if named is None:
        listed = ", ".join(map(str, classes))
        raise DataError(f"data.positive is {data.positive!r}, but the classes are {listed}")
    return named if len(classes) == 2 else None


def _provenance(source: Source, cleaned: Cleaned, data: Data, time: datetime) -> DataProvenance:
    label_kind: Kind = "numeric" if cleaned.task == "regression" else "categorical"
    columns = [_statistics(name, kind, cleaned.cells[name]) for name, kind in cleaned.kinds.items()]
    return DataProvenance(
        sha256=source.sha256,
        source=source.name,
        files=source.files,
        rows=len(cleaned.y),
        target=data.target,
        task=cleaned.task,
        columns=(*columns, _statistics(data.target, label_kind, cleaned.y.to_numpy())),
        removed=cleaned.removed,
        imputed=cleaned.imputed,
        ignored=cleaned.ignored,
        collected_at=time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def _statistics(name: str, kind: Kind, column: "npt.NDArray[Any]") -> ColumnStatistics:
    """Describe one column."""
    values = column[column == column]
    missing = len(column) - len(values)
    if kind == "text":
        return ColumnStatistics(name, kind, missing, distinct=len(set(values)))
    if kind == "categorical":
        counts = Counter(map(str, values))
        top = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:5]
        return ColumnStatistics(name, kind, missing, distinct=len(counts), top=tuple(top))
    if not len(values):  # the rows that had one were dropped
        return ColumnStatistics(name, kind, missing)
    mean, std = _moments(name, values)
    return ColumnStatistics(name, kind, missing, float(values.min()), float(values.max()), mean, std)


def _moments(name: str, values: "npt.NDArray[np.float64]") -> tuple[float, float]:
    """Mean and standard deviation; scaled, so that squares do not overflow.

    `math.fsum` is exact, so that the order of the rows does not show in the last digit.
    """
    import numpy as np

    try:
        mean = math.fsum(values.tolist()) / len(values)
    except OverflowError as error:
        raise DataError(
            f"The numbers of column {name!r} are too large to add up", "scale them first"
        ) from error
    with np.errstate(over="ignore", under="ignore"):
        distances = np.abs(values - mean)
        widest = float(distances.max())
        if not math.isfinite(widest):
            raise DataError(f"The numbers of column {name!r} are too far apart", "scale them first")
        squares = math.fsum(np.square(distances / widest).tolist()) if widest else 0.0
    return mean, widest * math.sqrt(squares / len(values))
