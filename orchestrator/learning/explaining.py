"""How a model treats groups of people, and which columns it looks at: what `[report]` asks for."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from orchestrator.errors import ModelError
from orchestrator.learning.data import Dataset
from orchestrator.learning.metrics import Outcome
from orchestrator.learning.preprocessing import FEWEST_ROWS
from orchestrator.learning.spec import Spec

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

REPEATS = 5
"""How often each column is shuffled."""

Groups = dict[str, dict[str, dict[str, float]]]


def by_group(spec: Spec, dataset: Dataset, test: Outcome, rows: "pd.DataFrame") -> Groups:
    """Figures of held-out rows for each group of each column that the spec names: column → group → figure.

    Classification: accuracy, and of two classes also recall and selection rate (the share that is taken for
    the positive class). Regression: mae. Groups of fewer than three held-out rows are left out: their figures
    would be those of people. Raises SpecError for a column without categories, ModelError without fairlearn.
    """
    found = {}
    for name in spec.report.groups:
        kinds = {feature.name: feature.type for feature in dataset.schema}
        if kinds.get(name) != "categorical":
            raise spec.fault("report.groups", f"{name!r} is not a column of categories that the model sees")
        found[name] = _figures(dataset, test, rows[name])
    return found


def _figures(dataset: Dataset, test: Outcome, column: "pd.Series[Any]") -> dict[str, dict[str, float]]:
    try:
        from fairlearn.metrics import MetricFrame, count, selection_rate
    except ImportError as error:
        raise ModelError("figures by group need fairlearn", "pip install 'diln[report]'") from error
    from sklearn.metrics import accuracy_score, mean_absolute_error, recall_score

    truth, predicted = test.truth, test.predicted
    measures: dict[str, Any] = {"rows": count, "mae": mean_absolute_error}
    if dataset.task == "classification":
        measures = {"rows": count, "accuracy": accuracy_score}
        if dataset.positive is not None:
            truth, predicted = truth == dataset.positive, predicted == dataset.positive
            measures |= {"recall": _recall(recall_score), "selection_rate": selection_rate}
    groups = column.fillna("not known").astype(str).to_numpy()
    frame = MetricFrame(metrics=measures, y_true=truth, y_pred=predicted, sensitive_features=groups)
    found = frame.by_group.to_dict("index")
    return {
        str(group): {name: float(value) for name, value in figures.items() if value == value}
        for group, figures in sorted(found.items())
        if figures["rows"] >= FEWEST_ROWS
    }


def _recall(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda truth, predicted: function(truth, predicted, zero_division=0.0)


def importances(
    spec: Spec, dataset: Dataset, model: "Pipeline", rows: "pd.DataFrame", labels: "pd.Series[Any]"
) -> dict[str, float]:
    """How much the score on held-out rows falls where a column is shuffled, the largest first.

    The score is balanced accuracy, or r2; the mean of five shuffles, seeded with `split.seed`.
    """
    from sklearn.inspection import permutation_importance

    scoring = "balanced_accuracy" if dataset.task == "classification" else "r2"
    found = permutation_importance(
        model, rows, labels, scoring=scoring, n_repeats=REPEATS, random_state=spec.split.seed
    )
    pairs = zip(rows.columns, found.importances_mean.tolist(), strict=True)
    return dict(sorted(((str(name), float(value)) for name, value in pairs), key=lambda pair: -pair[1]))
