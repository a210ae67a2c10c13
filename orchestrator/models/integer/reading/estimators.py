"""Networks and linear models of scikit-learn, and pipelines that end in one, read as real models."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import ModelError
from orchestrator.models.integer.reading.ensembles import is_ensemble, read_ensemble
from orchestrator.models.integer.reading.preprocessing import fold_steps, split_pipeline
from orchestrator.models.integer.real import Affine, RealModel, RealNetwork

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator


SUPPORTED = (
    "MLPClassifier and MLPRegressor (relu or identity), linear and logistic models, "
    "decision trees, random forests, gradient boosting"
)

LINEAR = {
    *("ARDRegression", "BayesianRidge", "ElasticNet", "ElasticNetCV", "HuberRegressor", "Lars", "Lasso"),
    *("LassoCV", "LassoLars", "LinearDiscriminantAnalysis", "LinearRegression", "LinearSVC", "LinearSVR"),
    *("LogisticRegression", "LogisticRegressionCV", "Perceptron", "QuantileRegressor", "Ridge"),
    *(
        "RidgeCV",
        "RidgeClassifier",
        "RidgeClassifierCV",
        "SGDClassifier",
        "SGDRegressor",
        "TheilSenRegressor",
    ),
}
"""By name: others have `coef_` too and mean something else by it."""


def read_estimator(estimator: object, names: Sequence[str], classes: int) -> RealModel:
    """A fitted estimator, or a pipeline that ends in one, over inputs that are called `names`.

    `classes` is 0 for numbers. Raises ModelError that names what stands in the way.
    """
    steps, final = split_pipeline(estimator)
    columns = fold_steps(steps, final, names)
    if type(final).__name__ in LINEAR or hasattr(final, "coefs_") or is_ensemble(final):
        _check_classes(final, classes)
    if is_ensemble(final):
        return read_ensemble(final, columns, classes)
    layers = _layers(final)
    known = getattr(final, "classes_", None)
    last = for_classes(layers[-1], known, classes)
    first, *rest = [*layers[:-1], last]
    return RealNetwork((columns.then(first), *rest))


def for_classes(layer: Affine, known: "NDArray[np.generic] | list[int] | None", classes: int) -> Affine:
    """One output a class, those that were never seen far below all others; one output for two classes."""
    if known is None or list(known) == list(range(classes)):
        if len(layer.biases) == 1 and classes > 2:
            raise ModelError("the model has one output for several classes", "Train it on all classes.")
        return layer
    if len(layer.biases) == 1:
        layer = layer.scaled(-1).beside(layer)
    reach = np.abs(layer.weights).sum(axis=1).max() * 255 + np.abs(layer.biases).max()
    spread = Affine(np.zeros((classes, layer.weights.shape[1])), np.full(classes, -2 * reach))
    spread.weights[known], spread.biases[known] = layer.weights, layer.biases
    return spread


def _check_classes(final: object, classes: int) -> None:
    known = getattr(final, "classes_", None)
    if (known is None) != (classes == 0):
        raise ModelError(
            f"{type(final).__name__} does not predict {'numbers' if classes == 0 else 'classes'}",
            "Train a classifier for classes and a regressor for numbers.",
        )
    if known is not None:
        check_labels(known, classes)


def check_labels(known: "NDArray[np.generic] | Sequence[int]", classes: int) -> None:
    """Raise ModelError unless the classes that a model knows are numbers below `classes`."""
    if not set(np.asarray(known).tolist()) <= set(range(classes)):
        raise ModelError(
            f"the model knows the classes {list(known)}, the task has 0…{classes - 1}",
            "Train it on labels numbered from 0.",
        )


def _layers(final: "BaseEstimator") -> list[Affine]:
    """The layers of a network or a linear model."""
    name = type(final).__name__
    if name in ("MLPClassifier", "MLPRegressor"):
        layers = [Affine(w.T, b) for w, b in zip(final.coefs_, final.intercepts_, strict=True)]
        if final.out_activation_ not in ("identity", "logistic", "softmax"):
            raise ModelError(f"an output of {final.out_activation_} is not supported", "Use squared_error.")
        if final.activation == "identity":
            return [_product(layers)]
        if final.activation != "relu":
            raise ModelError(
                f"activation {final.activation} is not supported", "Train with activation='relu'."
            )
        return layers
    if name not in LINEAR:
        raise ModelError(f"{name} cannot be quantized", f"Supported: {SUPPORTED}.")
    weights = np.atleast_2d(np.asarray(final.coef_, np.float64))
    biases = np.broadcast_to(np.asarray(final.intercept_, np.float64), (len(weights),))
    return [Affine(weights, biases)]


def _product(layers: list[Affine]) -> Affine:
    product = layers[0]
    for layer in layers[1:]:
        product = product.then(layer)
    return product
