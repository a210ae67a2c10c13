"""Predict rows that came from a user: check them against the features that the model was trained on first."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from orchestrator.errors import DataError
from orchestrator.learning.data import Feature

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

Row = Mapping[str, Any]


def predict_rows(
    model: "Pipeline", rows: "pd.DataFrame | Sequence[Row]", schema: Sequence[Feature | Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Predict each row: `{"label": …}`, and `"probabilities": {class: share}` where the model gives them.

    Values are JSON's: str, int or float. Columns beyond the schema are ignored. Raises DataError, naming row
    and column, for a missing column or value, a word or an infinite number where a number belongs.
    """
    frame = features_frame(rows, schema)
    labels = [_plain(label) for label in model.predict(frame)]
    if not hasattr(model, "predict_proba"):
        return [{"label": label} for label in labels]
    classes = [str(_plain(label)) for label in model.classes_]
    shares = [dict(zip(classes, row, strict=True)) for row in model.predict_proba(frame).tolist()]
    return [{"label": label, "probabilities": share} for label, share in zip(labels, shares, strict=True)]


def features_frame(
    rows: "pd.DataFrame | Sequence[Row]", schema: Sequence[Feature | Mapping[str, Any]]
) -> "pd.DataFrame":
    """Rows as the frame that a model of this schema takes: float64 and object columns, in its order."""
    import numpy as np
    import pandas as pd

    records = _records(rows)
    if not records:
        raise DataError("There is no row to predict")
    columns = {}
    for feature in (entry if isinstance(entry, Feature) else Feature(**entry) for entry in schema):
        cells = [_cell(row, feature, number) for number, row in enumerate(records, 1)]
        kind = np.float64 if feature.type == "numeric" else object
        columns[feature.name] = pd.Series(cells, dtype=kind)
    return pd.DataFrame(columns)


def _records(rows: "pd.DataFrame | Sequence[Row]") -> list[Row]:
    if hasattr(rows, "to_dict"):
        return [{str(name): cell for name, cell in row.items()} for row in rows.to_dict("records")]
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise DataError(
                f"Row {number} is a {type(row).__name__}, not an object with a value for each column"
            )
    return list(rows)


def _cell(row: Row, feature: Feature, number: int) -> float | str:
    where = f"Row {number}, column {feature.name!r}"
    if feature.name not in row:
        if feature.optional:
            return math.nan
        raise DataError(f"{where}: the column is missing")
    value = row[feature.name]
    if value is None or value != value or value == "":
        if feature.optional:
            return math.nan
        raise DataError(f"{where}: the value is missing", "this model was trained on complete rows")
    return _number(value, where) if feature.type == "numeric" else _category(value, where)


def _number(value: Any, where: str) -> float:
    try:
        number = float(value) if not isinstance(value, str) or "_" not in value else math.nan
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number) or isinstance(value, bytes):
        raise DataError(f"{where}: {value!r} is not a finite number")
    return number


def _category(value: Any, where: str) -> str:
    """As training read it: texts without blanks around them, whole numbers without a decimal point."""
    if isinstance(value, dict | list | tuple | bytes):
        raise DataError(f"{where}: {value!r} is not a category")
    return str(value).strip()


def _plain(label: Any) -> Any:
    return label.item() if hasattr(label, "item") else label
