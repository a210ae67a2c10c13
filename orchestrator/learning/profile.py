"""What a data set turned out to hold, in sentences for whoever trains on it; nothing of it is published."""

from typing import TYPE_CHECKING, Any

from orchestrator.learning.data import Dataset
from orchestrator.learning.spec import Model

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]

RARE = 0.1
"""A class with a smaller share of the rows is named."""
LEAK = 0.98
"""A column that alone predicts the target so well seems to hold it: balanced accuracy, or correlation."""
SAMPLE = 2000
"""Rows looked at for that."""

_PLURALS = {"numeric": "numbers", "categorical": "categories", "text": "texts"}
_PLURALS |= {"date": "dates", "date-dmy": "dates, day first", "date-mdy": "dates, month first"}
_KEEPS_ROWS = ("k_neighbors_classifier", "k_neighbors_regressor", "svc", "svr")


def types_found(dataset: Dataset) -> list[str]:
    """Each type with its columns, and each column that is ignored with the reason."""
    lines = []
    for kind, plural in _PLURALS.items():
        names = [feature.name for feature in dataset.schema if feature.type == kind]
        if names:
            lines.append(f"{plural}: {_listed(names)}")
    return lines + [f"ignored: {name} ({why})" for name, why in dataset.provenance.ignored.items()]


def cleaning_done(dataset: Dataset) -> list[str]:
    """What was dropped, blanked and imputed."""
    reasons = {
        "bad_values": "for bad values",
        "missing": "for missing values",
        "duplicates": "for repeating another",
        "rare_classes": "of rare classes",
    }
    removed = dataset.provenance.removed
    counts = {what: removed.get(key, 0) for key, what in reasons.items()}
    lines = [f"dropped: {count} row{'s' * (count > 1)} {what}" for what, count in counts.items() if count]
    for name, cells in dataset.provenance.imputed.items():
        told = [f"{count} {key.replace('_', ' ')}" for key, count in cells.items() if count]
        lines.append(f"imputed: {name}, {' and '.join(told)}")
    return lines


def warnings_about(dataset: Dataset, model: Model | None = None) -> list[str]:
    """What may make a model of this data worth less than its figures, or tell more than it should."""
    return [*_imbalance(dataset), *_many_categories(dataset), *_leaks(dataset), *_kept(model)]


def _imbalance(dataset: Dataset) -> list[str]:
    if dataset.task == "regression":
        return []
    shares = dataset.y.value_counts(normalize=True)
    rarest, share = min(shares.items(), key=lambda pair: (pair[1], str(pair[0])))
    if share >= RARE:
        return []
    return [f"only {share:.1%} of the rows are {rarest!r}: accuracy says little, look at F1 and the baseline"]


def _many_categories(dataset: Dataset) -> list[str]:
    found = []
    for feature in dataset.schema:
        if feature.type == "categorical":
            values = dataset.X[feature.name].dropna()
            if len(values) >= 20 and values.nunique() > 0.9 * len(values):
                hint = "set data.types to identifier, text, date or numeric"
                found.append(f"nearly every value of {feature.name!r} is another: {hint}")
    return found


def _leaks(dataset: Dataset) -> list[str]:
    """One sentence for each column that predicts the target by itself."""
    rows = min(len(dataset.y), SAMPLE)
    if rows < 20:
        return []
    frame, labels = dataset.X.sample(rows, random_state=0), dataset.y.sample(rows, random_state=0)
    texts = {feature.name for feature in dataset.schema if feature.type == "text"}
    score = _classes_told if dataset.task == "classification" else _values_told
    found = [
        name for name in frame.columns if name not in texts and score(_numbers(frame[name]), labels) >= LEAK
    ]
    return [
        f"{name!r} alone predicts {dataset.provenance.target!r}: is it known before the answer is?"
        for name in found
    ]


def _numbers(column: "pd.Series[Any]") -> "Floats":
    """A column as one number a row: a category by its place, what is missing below all."""
    import numpy as np

    if column.dtype == object:
        return np.asarray(column.astype("category").cat.codes, dtype=np.float64)
    values = column.to_numpy(dtype=np.float64)
    found: Floats = np.where(np.isnan(values), np.nanmin(values, initial=0.0) - 1.0, values)
    return found


def _classes_told(values: "Floats", labels: "pd.Series[Any]") -> float:
    """Balanced accuracy of a tree of eight leaves, fitted and asked on halves of the rows."""
    from sklearn.metrics import recall_score
    from sklearn.tree import DecisionTreeClassifier

    half = len(values) // 2
    names = labels.astype(str).to_numpy()
    column = values.astype("float32", copy=False).reshape(-1, 1)
    tree = DecisionTreeClassifier(max_leaf_nodes=8, random_state=0).fit(column[:half], names[:half])
    told = tree.predict(column[half:])
    return float(recall_score(names[half:], told, average="macro", zero_division=0.0))


def _values_told(values: "Floats", labels: "pd.Series[Any]") -> float:
    import numpy as np

    target = labels.to_numpy(dtype=np.float64)
    if values.std() == 0 or target.std() == 0:
        return 0.0
    return float(abs(np.corrcoef(values, target)[0, 1]))


def _kept(model: Model | None) -> list[str]:
    if model is None or model.definition.name not in _KEEPS_ROWS:
        return []
    return [f"a {model.definition.name} keeps rows of the data in its file: whoever has the file has them"]


def _listed(names: list[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
