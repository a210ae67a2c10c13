"""Estimators and ONNX models to integer models, calibrated on training samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.models.integer.models import IntegerModel, as_bytes, check_outputs, predict
from orchestrator.models.integer.quantized_networks import quantize_network
from orchestrator.models.integer.quantized_trees import quantize_trees
from orchestrator.models.integer.reading import read_estimator
from orchestrator.models.integer.real import RealModel, RealTrees, predict_real
from orchestrator.types import Report

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator


@dataclass(frozen=True)
class Quantization:
    """An integer model, what it was before, and how far it is from that on the calibration samples.

    `agreement` is the share of equal predictions, `mean_difference` the mean absolute difference (the labels'
    unit; for classes the share of unequal ones).
    """

    model: IntegerModel
    original: RealModel
    agreement: float
    mean_difference: float


def quantize(
    original: "BaseEstimator",
    samples: "ArrayLike",
    classes: int,
    names: Sequence[str] | None = None,
    progress: Report | None = None,
) -> Quantization:
    """The integer model of a fitted scikit-learn estimator or pipeline, or of a model that was read already.

    `samples` are bytes (samples, inputs) like those it was fitted on: activations are scaled to their largest
    values here. `classes` is 0 for numbers; `names` are those of the inputs, where a pipeline asks for
    some by name. `progress` is called with layers (done, total). Raises
    ModelError for what cannot be expressed in the format.
    """
    values = as_bytes(samples, np.shape(samples)[1])
    names = names or _names(original, values.shape[1])
    real = original if isinstance(original, RealModel) else read_estimator(original, names, classes)
    check_outputs(real.outputs, classes)
    model: IntegerModel
    if isinstance(real, RealTrees):
        model = quantize_trees(real, numbers=classes == 0)
    else:
        model = quantize_network(real, values.astype(np.float64), numbers=classes == 0, progress=progress)
    expected = predict_real(real, values, classes)
    found = predict(model, values, classes)
    difference = np.abs(found - expected) if classes == 0 else (found != expected)
    equal = found == np.rint(expected)
    return Quantization(model, real, float(np.mean(equal)), float(np.mean(difference)))


def _names(original: object, inputs: int) -> list[str]:
    known = getattr(original, "feature_names_in_", None)
    return [str(name) for name in known] if known is not None else [str(number) for number in range(inputs)]
