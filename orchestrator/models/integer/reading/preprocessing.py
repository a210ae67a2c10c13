"""The steps of a scikit-learn pipeline before its model, folded into one affine map of the inputs."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.errors import ModelError
from orchestrator.models.integer.real import Affine

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator
    from sklearn.compose import ColumnTransformer
    from sklearn.decomposition import PCA
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler


_HINT = (
    "What can be folded into a model: StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler, PCA, "
    "a choice of columns, or nothing."
)


def split_pipeline(estimator: object) -> tuple[list[tuple[str, Any]], Any]:
    """The named steps before the model, and the model."""
    steps = list(estimator.steps) if hasattr(estimator, "steps") else [("model", estimator)]
    return steps[:-1], steps[-1][1]


def fold_steps(steps: Sequence[tuple[str, Any]], model: object, names: Sequence[str]) -> Affine:
    """What fitted `steps` make of inputs that are called `names`, as `model` takes it.

    Raises ModelError that names a step which is not an affine map, or a column that is not among `names`.
    """
    columns = Affine.identity(len(names))
    first = steps[0][1] if steps else model
    if type(first).__name__ != "ColumnTransformer":
        columns = columns.chosen(_in_order(first, names))
    for label, step in steps:
        columns = _step(label, step, columns, names)
    _check_width(getattr(model, "n_features_in_", len(columns.biases)), len(columns.biases))
    return columns


def _in_order(step: object, names: Sequence[str]) -> Any:
    known = getattr(step, "feature_names_in_", None)
    if known is not None:
        return [_place(name, names) for name in known]
    _check_width(getattr(step, "n_features_in_", len(names)), len(names))
    return slice(None)


def _check_width(wanted: int, given: int) -> None:
    if wanted != given:
        raise ModelError(
            f"the model takes {wanted} inputs, the competition's samples have {given}",
            "Train it on the file that `diln competition data` writes.",
        )


def _place(name: object, names: Sequence[str]) -> int:
    try:
        return list(names).index(str(name))
    except ValueError:
        raise ModelError(
            f"the model takes a column {str(name)!r}, which the competition's data do not have",
            "Train it on the file that `diln competition data` writes.",
        ) from None


def _step(label: str, step: "BaseEstimator", columns: Affine, names: Sequence[str]) -> Affine:
    kind = type(step).__name__
    if step is None or step == "passthrough" or (kind == "FunctionTransformer" and step.func is None):
        return columns
    if kind == "Pipeline":
        for inner_label, inner in step.steps:
            columns = _step(f"{label}.{inner_label}", inner, columns, names)
        return columns
    if kind == "ColumnTransformer":
        return _beside(list(_parts(label, step, columns, names)), columns)
    if hasattr(step, "get_support") and hasattr(step, "inverse_transform"):
        return columns.chosen(step.get_support(indices=True))
    if kind in _AFFINE:
        return _AFFINE[kind](step, columns)
    raise ModelError(f"step `{label}` ({kind}) cannot be folded into an integer model", _HINT)


def _parts(
    label: str, transformer: "ColumnTransformer", columns: Affine, names: Sequence[str]
) -> Iterator[Affine]:
    """What each part makes of its columns, one beside the other."""
    known = getattr(transformer, "feature_names_in_", None)
    places = [_place(name, names) for name in known] if known is not None else range(len(names))
    _check_width(transformer.n_features_in_, len(places))
    for part, step, chosen in transformer.transformers_:
        if isinstance(step, str) and step == "drop":
            continue
        numbers = np.atleast_1d(np.asarray(_numbers(chosen, () if known is None else known), np.int64))
        if len(numbers):
            taken = columns.chosen([places[number] for number in numbers])
            yield _step(f"{label}.{part}", step, taken, names)


def _numbers(chosen: Any, known: Sequence[str]) -> Sequence[int]:
    """A choice of columns (names, numbers, a mask or a slice) as numbers."""
    if isinstance(chosen, slice):
        return range(*chosen.indices(len(known)))
    listed = [chosen] if isinstance(chosen, str) else list(chosen)
    if listed and isinstance(listed[0], (bool, np.bool_)):
        return [int(each) for each in np.flatnonzero(listed)]
    return [list(known).index(each) if isinstance(each, str) else each for each in listed]


def _beside(parts: list[Affine], columns: Affine) -> Affine:
    if not parts:
        raise ModelError("the model uses none of the columns", _HINT)
    joined = parts[0]
    for part in parts[1:]:
        joined = joined.beside(part)
    return joined


def _standard(step: "StandardScaler", columns: Affine) -> Affine:
    spread = np.asarray(1.0 if step.scale_ is None else step.scale_)
    return columns.scaled(1 / spread, -np.asarray(step.mean_ if step.with_mean else 0.0) / spread)


def _minmax(step: "MinMaxScaler", columns: Affine) -> Affine:
    return columns.scaled(step.scale_, step.min_)


def _maxabs(step: "MaxAbsScaler", columns: Affine) -> Affine:
    return columns.scaled(1 / np.asarray(step.scale_))


def _robust(step: "RobustScaler", columns: Affine) -> Affine:
    spread = np.asarray(1.0 if step.scale_ is None else step.scale_)
    return columns.scaled(1 / spread, -np.asarray(0.0 if step.center_ is None else step.center_) / spread)


def _pca(step: "PCA", columns: Affine) -> Affine:
    spread = np.sqrt(step.explained_variance_) if step.whiten else np.ones(len(step.components_))
    weights = step.components_ / spread[:, None]
    return columns.then(Affine(weights, -weights @ step.mean_))


def _imputer(step: "SimpleImputer", columns: Affine) -> Affine:
    """Bytes are never missing, so it passes them on."""
    kept = len(columns.biases) == len(step.statistics_) and not np.isnan(step.statistics_.astype(float)).any()
    missing_is_nan = isinstance(step.missing_values, float) and np.isnan(step.missing_values)
    if step.add_indicator or not kept or not missing_is_nan:
        raise ModelError("the imputer of the model drops, adds or replaces columns", _HINT)
    return columns


_AFFINE = {
    "StandardScaler": _standard,
    "MinMaxScaler": _minmax,
    "MaxAbsScaler": _maxabs,
    "RobustScaler": _robust,
    "PCA": _pca,
    "SimpleImputer": _imputer,
}
