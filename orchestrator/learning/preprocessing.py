"""The scikit-learn pipeline that a spec describes: columns → selection → estimator."""

import inspect
from collections import Counter
from typing import TYPE_CHECKING, Any

from orchestrator.errors import DataError
from orchestrator.learning.catalogue import Estimator
from orchestrator.learning.columns import DATES, date_columns
from orchestrator.learning.data import Dataset, Feature
from orchestrator.learning.spec import Features, Spec

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

MAX_CATEGORIES = 64
"""One-hot columns of one feature; the rarer categories have none, like those that training never saw."""

FEWEST_ROWS = 3
"""A category of fewer rows is not in the model: it would teach nothing, and tell who is in the data."""

TEXT_COLUMNS = 512
"""Hashed words of one column of texts: no word of them is in the model."""

HASHING: dict[str, Any] = {"n_features": TEXT_COLUMNS, "alternate_sign": False, "norm": None}
"""Parameters of the vectorizer; a model file with others is refused."""

FIXED: dict[str, Any] = {"algorithm": "brute"}
"""Parameters of k-neighbors estimators: their trees could not be checked in a model file."""


def build_pipeline(spec: Spec, dataset: Dataset) -> "Pipeline":
    """The pipeline, not yet fitted. Its parts are seeded with `split.seed`.

    Raises SpecError for an estimator that does not fit the task, or a parameter that it does not have.
    """
    from sklearn.pipeline import Pipeline

    definition = spec.model.definition
    if definition.task != dataset.task:
        raise spec.fault(
            "model.estimator",
            f"{definition.name} is for {definition.task}; predicting {spec.data.target!r} is {dataset.task}",
            "choose another estimator, or set data.task",
        )
    steps = [("columns", _columns(spec.features, dataset)), *_selection(spec, dataset)]
    return Pipeline([*steps, ("model", _estimator(spec, definition))])


def _columns(features: Features, dataset: Dataset) -> Any:
    from sklearn.compose import ColumnTransformer

    numeric = [name for feature in dataset.schema for name in _numbers_of(feature)]
    known = _known_categories(dataset)
    impute = any(feature.optional and feature.type != "text" for feature in dataset.schema)
    parts: list[tuple[str, Any, Any]] = (
        [("numeric", _numeric(features, impute=impute), numeric)] if numeric else []
    )
    if known:
        parts.append(
            ("categorical", _categorical(features, list(known.values()), impute=impute), list(known))
        )
    texts = [feature.name for feature in dataset.schema if feature.type == "text"]
    parts += [(f"text {number}", _text(), name) for number, name in enumerate(texts, 1)]
    if not parts:
        gone = dataset.provenance.removed.get("duplicates", 0)
        raise DataError(
            f"No column has a category of {FEWEST_ROWS} rows: nothing to learn from"
            + (f" ({gone} rows that repeat another were dropped)" if gone else ""),
            "set data.cleaning.duplicates = 'keep', or add columns" if gone else "add rows",
        )
    return ColumnTransformer(parts, sparse_threshold=0.0)


def _numbers_of(feature: Feature) -> list[str]:
    if feature.type in DATES:
        return date_columns(feature.name)
    return [feature.name] if feature.type == "numeric" else []


def _known_categories(dataset: Dataset) -> dict[str, list[str]]:
    """The categories that the model is to know, by column; a column without any is left out."""
    known = {}
    for feature in dataset.schema:
        if feature.type == "categorical":
            counts = Counter(dataset.X[feature.name].dropna().tolist())
            frequent = sorted(
                (-count, category) for category, count in counts.items() if count >= FEWEST_ROWS
            )
            known[feature.name] = sorted(category for _, category in frequent[:MAX_CATEGORIES])
    return {name: categories for name, categories in known.items() if categories}


def _text() -> Any:
    """TF-IDF of hashed words."""
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

    return _chain([HashingVectorizer(**HASHING), TfidfTransformer()])


def _numeric(features: Features, *, impute: bool) -> Any:
    from sklearn import preprocessing
    from sklearn.impute import SimpleImputer

    scalers = {
        "standard": preprocessing.StandardScaler,
        "minmax": preprocessing.MinMaxScaler,
        "robust": preprocessing.RobustScaler,
    }
    steps = [SimpleImputer(strategy=features.imputer, keep_empty_features=True)] if impute else []
    return _chain([*steps, scalers[features.scaler]()] if features.scaler in scalers else steps)


def _categorical(features: Features, known: list[list[str]], *, impute: bool) -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

    steps = [SimpleImputer(strategy="most_frequent", keep_empty_features=True)] if impute else []
    if features.encoder == "onehot":
        encoder = OneHotEncoder(categories=known, handle_unknown="ignore", sparse_output=False)
        return _chain([*steps, encoder])
    unknown = "use_encoded_value"
    return _chain([*steps, OrdinalEncoder(categories=known, handle_unknown=unknown, unknown_value=-1)])


def _chain(steps: list[Any]) -> Any:
    from sklearn.pipeline import Pipeline

    if not steps:
        return "passthrough"
    return Pipeline([(type(step).__name__.lower(), step) for step in steps])


def _selection(spec: Spec, dataset: Dataset) -> list[tuple[str, Any]]:
    from sklearn.feature_selection import SelectKBest, VarianceThreshold, f_classif, f_regression

    selection = spec.features.selection
    steps: list[tuple[str, Any]] = []
    if selection.variance is not None or selection.best is not None:
        # A constant feature has no score in a univariate test, so it always goes first.
        steps.append(("variance", VarianceThreshold(selection.variance or 0.0)))
    if selection.best is not None:
        if selection.best > len(dataset.schema) and all(
            feature.type == "numeric" for feature in dataset.schema
        ):
            raise spec.fault("features.selection.best", f"there are only {len(dataset.schema)} features")
        score = f_classif if dataset.task == "classification" else f_regression
        steps.append(("best", SelectKBest(score, k=selection.best)))
    return steps


def _estimator(spec: Spec, definition: Estimator) -> Any:
    kind = definition.load()
    known = inspect.signature(kind).parameters
    searched = spec.search.parameters if spec.search else {}
    for table, given in (("model", spec.model.parameters), ("search", searched)):
        for name in given:
            if name not in known:
                raise spec.fault(
                    f"{table}.parameters.{name}",
                    f"{definition.name} has no such parameter",
                    f"it has {', '.join(sorted(known))}",
                )
    fixed = {
        name: value for name, value in FIXED.items() if name in known and ".neighbors." in definition.path
    }
    seed = {"random_state": spec.split.seed} if "random_state" in known else {}
    return kind(**spec.model.parameters, **fixed, **seed)
