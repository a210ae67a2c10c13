"""The estimators that a spec may name, and that a model file may hold. Names only: nothing heavy is imported.

The list is closed on purpose. Every estimator in it can be stored by skops without loss, gives the same model
for the same seed, and can be checked before use: nothing in its file makes scikit-learn read outside its
arrays once `modelcheck.py` has passed it. Bagging, stacking and user code are not in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

Task = Literal["classification", "regression"]


@dataclass(frozen=True)
class Estimator:
    """An estimator: its short name, the dotted name of its class, and what it learns."""

    name: str
    path: str
    task: Task

    def load(self) -> type[Any]:
        """Import the class."""
        module, _, name = self.path.rpartition(".")
        loaded: type[Any] = getattr(import_module(module), name)
        return loaded


_CLASSIFIERS = {
    "adaboost_classifier": "sklearn.ensemble.AdaBoostClassifier",
    "decision_tree_classifier": "sklearn.tree.DecisionTreeClassifier",
    "dummy_classifier": "sklearn.dummy.DummyClassifier",
    "extra_trees_classifier": "sklearn.ensemble.ExtraTreesClassifier",
    "gaussian_nb": "sklearn.naive_bayes.GaussianNB",
    "gradient_boosting_classifier": "sklearn.ensemble.GradientBoostingClassifier",
    "hist_gradient_boosting_classifier": "sklearn.ensemble.HistGradientBoostingClassifier",
    "k_neighbors_classifier": "sklearn.neighbors.KNeighborsClassifier",
    "linear_discriminant": "sklearn.discriminant_analysis.LinearDiscriminantAnalysis",
    "linear_svc": "sklearn.svm.LinearSVC",
    "logistic_regression": "sklearn.linear_model.LogisticRegression",
    "mlp_classifier": "sklearn.neural_network.MLPClassifier",
    "nearest_centroid": "sklearn.neighbors.NearestCentroid",
    "perceptron": "sklearn.linear_model.Perceptron",
    "random_forest_classifier": "sklearn.ensemble.RandomForestClassifier",
    "ridge_classifier": "sklearn.linear_model.RidgeClassifier",
    "sgd_classifier": "sklearn.linear_model.SGDClassifier",
    "svc": "sklearn.svm.SVC",
}
_REGRESSORS = {
    "decision_tree_regressor": "sklearn.tree.DecisionTreeRegressor",
    "dummy_regressor": "sklearn.dummy.DummyRegressor",
    "elastic_net": "sklearn.linear_model.ElasticNet",
    "extra_trees_regressor": "sklearn.ensemble.ExtraTreesRegressor",
    "gradient_boosting_regressor": "sklearn.ensemble.GradientBoostingRegressor",
    "hist_gradient_boosting_regressor": "sklearn.ensemble.HistGradientBoostingRegressor",
    "huber": "sklearn.linear_model.HuberRegressor",
    "k_neighbors_regressor": "sklearn.neighbors.KNeighborsRegressor",
    "lasso": "sklearn.linear_model.Lasso",
    "linear_regression": "sklearn.linear_model.LinearRegression",
    "linear_svr": "sklearn.svm.LinearSVR",
    "mlp_regressor": "sklearn.neural_network.MLPRegressor",
    "random_forest_regressor": "sklearn.ensemble.RandomForestRegressor",
    "ridge": "sklearn.linear_model.Ridge",
    "sgd_regressor": "sklearn.linear_model.SGDRegressor",
    "svr": "sklearn.svm.SVR",
}

ESTIMATORS: Mapping[str, Estimator] = {
    **{name: Estimator(name, path, "classification") for name, path in _CLASSIFIERS.items()},
    **{name: Estimator(name, path, "regression") for name, path in _REGRESSORS.items()},
}

TRANSFORMERS: tuple[str, ...] = (
    "sklearn.compose.ColumnTransformer",
    "sklearn.feature_extraction.text.HashingVectorizer",
    "sklearn.feature_extraction.text.TfidfTransformer",
    "sklearn.feature_selection.SelectKBest",
    "sklearn.feature_selection.VarianceThreshold",
    "sklearn.impute.SimpleImputer",
    "sklearn.pipeline.Pipeline",
    "sklearn.preprocessing.MinMaxScaler",
    "sklearn.preprocessing.OneHotEncoder",
    "sklearn.preprocessing.OrdinalEncoder",
    "sklearn.preprocessing.RobustScaler",
    "sklearn.preprocessing.StandardScaler",
)

RESERVED: Mapping[str, str] = {
    "random_state": "the seed is split.seed",
    "n_jobs": "the engine decides how many workers there are",
    "verbose": "progress is shown by diln",
    "warm_start": "every training starts afresh, so that it can be repeated",
    "algorithm": "it is chosen so that the model file can be checked",
    "categorical_features": "categories are encoded by features.encoder",
    "estimator": "only estimators of the list can be nested",
    "loss_function": "no code in a spec",
    "metric": "only the metrics that need no code: use p",
    "callbacks": "progress is shown by diln",
}
"""Parameters that a spec may not set, and why."""


def find_estimator(name: str) -> Estimator | None:
    """Look an estimator up by its short name, its dotted name or its class name; None if it is not listed."""
    if name in ESTIMATORS:
        return ESTIMATORS[name]
    for estimator in ESTIMATORS.values():
        if name in (estimator.path, estimator.path.rpartition(".")[2]):
            return estimator
    return None
