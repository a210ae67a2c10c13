"""scikit-learn estimators to integer models, calibrated on training samples."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import ModelError
from orchestrator.learning.integer.models import IntegerModel, as_bytes, predict
from orchestrator.learning.integer.quantized_networks import RealLayer, quantize_network
from orchestrator.learning.integer.quantized_trees import is_tree_model, quantize_trees

Reals = NDArray[np.float64]

SUPPORTED = (
    "MLPClassifier and MLPRegressor (relu or identity), linear and logistic models, "
    "decision trees, random forests, gradient boosting"
)


@dataclass(frozen=True)
class Quantization:
    """An integer model and how far it is from its original on the calibration samples.

    `agreement` is the share of equal predictions, `mean_difference` the mean absolute difference (the labels'
    unit; for classes the share of unequal ones).
    """

    model: IntegerModel
    agreement: float
    mean_difference: float


def quantize(estimator: Any, samples: Any, classes: int) -> Quantization:
    """The integer model of a fitted scikit-learn `estimator` (or a pipeline of scalers and one).

    `samples` are bytes (samples, inputs) like those it was fitted on: activations are scaled to their largest
    values here. `classes` is 0 for numbers. Raises ModelError for what cannot be expressed in the format.
    """
    final, scale, offset = _unwrap(estimator, np.shape(samples)[1])
    values = as_bytes(samples, np.shape(samples)[1])
    _check_classes(final, classes)
    model: IntegerModel
    if is_tree_model(final):
        model = quantize_trees(final, values * scale + offset, scale, offset, classes)
    else:
        layers = _folded(list(_real_layers(final, classes)), scale, offset)
        model = quantize_network(layers, values.astype(np.float64), numbers=classes == 0)
    expected = np.asarray(estimator.predict(values), dtype=np.float64)
    found = predict(model, values, classes)
    difference = np.abs(found - expected) if classes == 0 else (found != expected)
    equal = found == (np.rint(expected) if classes == 0 else expected)
    return Quantization(model, float(np.mean(equal)), float(np.mean(difference)))


def _unwrap(estimator: Any, inputs: int) -> tuple[Any, Reals, Reals]:
    """The last step of a pipeline, and what the steps before do: x · scale + offset."""
    scale, offset = np.ones(inputs), np.zeros(inputs)
    steps = [step for _, step in estimator.steps] if hasattr(estimator, "steps") else [estimator]
    for step in steps[:-1]:
        if step is None or step == "passthrough":
            continue
        factor, shift = _affine(step, inputs)
        scale, offset = scale * factor, offset * factor + shift
    return steps[-1], scale, offset


def _affine(scaler: Any, inputs: int) -> tuple[Reals, Reals]:
    name = type(scaler).__name__
    ones = np.ones(inputs)
    if name == "StandardScaler":
        spread = ones if scaler.scale_ is None else np.asarray(scaler.scale_)
        mean = np.zeros(inputs) if not scaler.with_mean else np.asarray(scaler.mean_)
        return ones / spread, -mean / spread
    if name == "MinMaxScaler":
        return np.asarray(scaler.scale_), np.asarray(scaler.min_)
    if name == "MaxAbsScaler":
        return ones / np.asarray(scaler.scale_), np.zeros(inputs)
    raise ModelError(
        f"a pipeline's step {name} cannot be folded into an integer model",
        "Use StandardScaler, MinMaxScaler or MaxAbsScaler before the model, or none.",
    )


def _check_classes(final: Any, classes: int) -> None:
    known = getattr(final, "classes_", None)
    if (known is None) != (classes == 0):
        raise ModelError(
            f"{type(final).__name__} does not predict {'numbers' if classes == 0 else 'classes'}",
            "Train a classifier for classes and a regressor for numbers.",
        )
    if known is not None and not set(np.asarray(known).tolist()) <= set(range(classes)):
        raise ModelError(
            f"the model knows the classes {list(known)}, the task has 0…{classes - 1}",
            "Train it on labels numbered from 0.",
        )


def _real_layers(final: Any, classes: int) -> Iterator[RealLayer]:
    """The layers of a network or a linear model; the last has the outputs that `classes` needs."""
    if hasattr(final, "coefs_"):
        layers = [RealLayer(w.T, b) for w, b in zip(final.coefs_, final.intercepts_, strict=True)]
        if final.activation == "identity":
            layers = [_product(layers)]
        elif final.activation != "relu":
            raise ModelError(
                f"activation {final.activation} is not supported", "Train with activation='relu'."
            )
    elif hasattr(final, "coef_") and hasattr(final, "intercept_"):
        weights = np.atleast_2d(np.asarray(final.coef_, np.float64))
        layers = [RealLayer(weights, np.broadcast_to(np.asarray(final.intercept_), (len(weights),)))]
    else:
        raise ModelError(f"{type(final).__name__} cannot be quantized", f"Supported: {SUPPORTED}.")
    yield from layers[:-1]
    yield _for_classes(layers[-1], getattr(final, "classes_", None), classes)


def _product(layers: list[RealLayer]) -> RealLayer:
    weights, biases = layers[0].weights, layers[0].biases
    for layer in layers[1:]:
        weights, biases = layer.weights @ weights, layer.weights @ biases + layer.biases
    return RealLayer(weights, biases)


def _for_classes(layer: RealLayer, known: Any, classes: int) -> RealLayer:
    """One output a class, those that were never seen far below all others; one output for two classes."""
    if known is None or list(known) == list(range(classes)):
        if len(layer.biases) == 1 and classes > 2:
            raise ModelError("the model has one output for several classes", "Train it on all classes.")
        return layer
    weights, biases = layer.weights, layer.biases
    if len(biases) == 1:
        weights, biases = np.vstack([-weights, weights]), np.concatenate([-biases, biases])
    reach = np.abs(weights).sum(axis=1).max() * 255 + np.abs(biases).max()
    spread = RealLayer(np.zeros((classes, weights.shape[1])), np.full(classes, -2 * reach))
    spread.weights[known], spread.biases[known] = weights, biases
    return spread


def _folded(layers: list[RealLayer], scale: Reals, offset: Reals) -> list[RealLayer]:
    """The same layers for inputs before scaling."""
    first = layers[0]
    return [RealLayer(first.weights * scale, first.biases + first.weights @ offset), *layers[1:]]
