"""From a table to bytes: how features became bytes 0…255 and labels classes or whole numbers, published.

A feature's byte b stands for `low + step * b`. Whole numbers from 0 to 255 are multiplied by the largest
whole number that keeps them bytes; everything else is spread over the range that it has. So every column
fills the byte, and none needs weights that leave little of an int8 for the others. Labels of classes are
numbered in their sorted order; a label y that is a number becomes round(y / unit).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import DataError

if TYPE_CHECKING:
    from orchestrator.learning.data import Dataset

Integers = NDArray[np.int64]
FINEST = 10_000
"""Units between the least and the largest label where no unit is given."""
LARGEST = 1e300
"""No number of a description is larger."""
LONGEST_NAME = 1_000


@dataclass(frozen=True)
class Encoding:
    """What a competition publishes about its columns. `classes` is empty where labels are numbers."""

    target: str
    features: tuple[str, ...]
    lows: tuple[float, ...]
    steps: tuple[float, ...]
    classes: tuple[int | str, ...]
    unit: float

    def features_of(self, table: object) -> Integers:
        """Rows of numbers (samples, features), in the columns' own units, as bytes; clipped to 0…255."""
        scaled = (np.asarray(table, np.float64) - np.array(self.lows)) / np.array(self.steps)
        return np.asarray(np.clip(np.rint(scaled), 0, 255), np.int64)

    def label(self, prediction: int) -> int | str | float:
        """What a prediction of the contract means."""
        return self.classes[prediction] if self.classes else prediction * self.unit

    def to_json(self) -> dict[str, Any]:
        columns = zip(self.features, self.lows, self.steps, strict=True)
        return {
            "target": self.target,
            "features": [{"name": name, "low": low, "step": step} for name, low, step in columns],
            "classes": list(self.classes),
            "unit": self.unit,
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Self:
        """Raises KeyError, TypeError or ValueError for what is not an encoding that rows can be read with."""
        columns = found["features"]
        names = [_name(each) for each in (found["target"], *(column["name"] for column in columns))]
        if len(set(names)) < len(names):
            raise ValueError("a column is named twice")
        return cls(
            target=names[0],
            features=tuple(names[1:]),
            lows=tuple(_number(column["low"]) for column in columns),
            steps=tuple(_positive(column["step"]) for column in columns),
            classes=_classes(found["classes"]),
            unit=_positive(found["unit"]),
        )


@dataclass(frozen=True)
class Table:
    """All usable rows: `features` (rows, columns) of bytes, `labels` (rows). `removed` counts the others."""

    encoding: Encoding
    features: Integers
    labels: Integers
    removed: int

    def shuffled(self, seed: bytes) -> Self:
        """The rows in an order that `seed` decides, so that no group is special."""
        order = np.random.default_rng(int.from_bytes(seed, "big")).permutation(len(self.labels))
        return replace(self, features=self.features[order], labels=self.labels[order])


def read_table(
    file: Path, target: str, *, numbers: bool, unit: float | None = None, drop: bool = False
) -> Table:
    """Read and encode a CSV or Parquet file. `numbers`: labels are numbers, else classes.

    Raises DataError that names file, row and column: a missing value (unless `drop`), a word among numbers, a
    column of words, a single class, labels that no int32 holds.
    """
    data = _load(file, target, numbers=numbers, drop=drop)
    words = [feature.name for feature in data.schema if feature.type != "numeric"]
    if words:
        raise DataError(f"column {words[0]!r} does not hold numbers", "Encode it as numbers, or remove it.")
    values = data.X.to_numpy(np.float64)
    lows, steps = _scaling(values)
    encoding = Encoding(
        target=target,
        features=tuple(map(str, data.X.columns)),
        lows=tuple(lows.tolist()),
        steps=tuple(steps.tolist()),
        classes=data.classes,
        unit=(unit or _unit(data.y.to_numpy(np.float64))) if numbers else 1.0,
    )
    removed = sum(data.provenance.removed.values())
    return Table(encoding, encoding.features_of(values), _labels(data, encoding), removed)


def _name(found: object) -> str:
    if not isinstance(found, str) or not 0 < len(found) <= LONGEST_NAME:
        raise ValueError(f"the name of a column has 1 to {LONGEST_NAME} characters")
    return found


def _number(found: object) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float) or not abs(found) < LARGEST:
        raise ValueError("a column's scale is not a finite number")
    return float(found)


def _positive(found: object) -> float:
    if not (number := _number(found)) > 0:
        raise ValueError("a step or a unit is not above zero")
    return number


def _classes(found: object) -> tuple[int | str, ...]:
    if not isinstance(found, list) or not all(type(each) in (int, str) for each in found):
        raise ValueError("a class is neither a whole number nor a text")
    if any(len(str(each)) > LONGEST_NAME if isinstance(each, str) else abs(each) >= 2**63 for each in found):
        raise ValueError("the name of a class is too long")
    if len(set(found)) < len(found):
        raise ValueError("a class is named twice")
    return tuple(found)


def _load(file: Path, target: str, *, numbers: bool, drop: bool) -> "Dataset":
    from orchestrator.learning.data import load_dataset
    from orchestrator.learning.spec import Cleaning, Data

    rules = Cleaning(missing="drop" if drop else "error", bad_values="error", duplicates="drop")
    task: Literal["regression", "classification"] = "regression" if numbers else "classification"
    try:
        return load_dataset(Data(file=str(file), target=target, task=task, cleaning=rules), Path())
    except DataError as error:
        raise DataError(error.message, _hint(error.hint)) from error


def _hint(hint: str) -> str:
    """What to do about it here, where there is no spec to change."""
    if "missing" in hint:
        return "Repair the row, or leave such rows out with --drop-missing."
    if "bad_values" in hint:
        return "Repair the row: every feature is a number."
    return "Name the column of labels with --target." if "data." in hint else hint


def _scaling(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    low, high = values.min(axis=0), values.max(axis=0)
    whole = (values == np.rint(values)).all(axis=0) & (low >= 0) & (high <= 255)
    multiples = np.floor(255 / np.maximum(high, 1))
    spread = np.where(high > low, (high - low) / 255, 1.0)
    return np.where(whole, 0.0, low), np.where(whole, 1 / np.maximum(multiples, 1), spread)


def _unit(labels: NDArray[np.float64]) -> float:
    """1 for whole numbers, else the power of ten that makes at most FINEST units of their range."""
    if np.array_equal(labels, np.rint(labels)):
        return 1.0
    spread = float(labels.max() - labels.min()) or 1.0
    return float(10.0 ** np.ceil(np.log10(spread / FINEST)))


def _labels(data: "Dataset", encoding: Encoding) -> Integers:
    if encoding.classes:
        places = {label: place for place, label in enumerate(encoding.classes)}
        return np.array([places[label] for label in data.y], np.int64)
    labels = np.rint(data.y.to_numpy(np.float64) / encoding.unit)
    if np.abs(labels).max() >= 2**31:
        raise DataError(
            f"labels up to {np.abs(labels).max():.4g} units of {encoding.unit:g} do not fit into an int32",
            "Choose a coarser unit with --label-unit.",
        )
    return labels.astype(np.int64)
