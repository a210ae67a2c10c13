"""Real weights to integer layers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import ModelError
from orchestrator.learning.integer.models import INT32, MAX_SHIFT, IntegerNetwork, Layer

Reals = NDArray[np.float64]

CLIPS = (1.0, 0.7, 0.5, 0.35, 0.25, 0.18, 0.12, 0.08, 0.05)


@dataclass(frozen=True)
class RealLayer:
    """Weights (outputs, inputs) and biases (outputs,)."""

    weights: Reals
    biases: Reals


def quantize_network(layers: list[RealLayer], samples: Reals, *, numbers: bool) -> IntegerNetwork:
    """Integer layers whose activations use the whole byte on `samples` (samples, inputs), which are bytes.

    A hidden neuron's unit is free, since the next layer's weights absorb it: each row gets the finest unit
    that its weights and its largest activation allow. With `numbers` the output is in the labels' own unit.
    """
    units = np.ones(samples.shape[1])  # what 1 of each input stands for
    values = samples
    quantized = []
    for layer in layers[:-1]:
        inputs = values / units
        values = np.maximum(0, values @ layer.weights.T + layer.biases)
        integers, units = _hidden(RealLayer(layer.weights * units, layer.biases), inputs, values.max(axis=0))
        quantized.append(integers)
    last = RealLayer(layers[-1].weights * units, layers[-1].biases)
    quantized.append(_scalar(last) if numbers else _scores(last, values / units))
    return IntegerNetwork(tuple(quantized))


def _hidden(layer: RealLayer, inputs: Reals, largest: Reals) -> tuple[Layer, Reals]:
    rows = [RealLayer(row[None], layer.biases[:1]) for row in layer.weights]
    by_weights = np.array([_finest(row, inputs) for row in rows])
    by_bias = np.abs(layer.biases) / _reach(layer)  # a larger bias decides alone, and would cost gas
    by_range = largest / 255  # the unit of the activation that makes the largest one a full byte
    alive = by_range > 0
    wanted = np.log2(by_range[alive] / by_weights[alive]) if alive.any() else np.zeros(1)
    shift = int(np.clip(np.floor(np.median(wanted)), 0, MAX_SHIFT))
    unit = np.maximum.reduce([by_weights, by_range / 2**shift, by_bias])
    half = (1 << shift) >> 1  # the shift rounds down; half a unit makes it round to the nearest
    return _integers(layer, unit, shift, half), unit * 2**shift


def _scores(layer: RealLayer, inputs: Reals) -> Layer:
    """Outputs that are only compared with each other, or with zero: one unit for all."""
    unit = max(_finest(layer, inputs), np.abs(layer.biases).max() / (2 * _reach(layer)), 1e-12)
    return _integers(layer, np.full(len(layer.biases), unit), 0, 0)


def _scalar(layer: RealLayer) -> Layer:
    """One output in the unit of the labels after the shift."""
    largest = max(np.abs(layer.weights).max() / 127, np.abs(layer.biases).max() / 2**30, 2.0**-MAX_SHIFT)
    shift = int(np.floor(-np.log2(largest)))
    if shift < 0:
        raise ModelError(
            "the model does not quantize: its last weights are larger than the labels' unit allows",
            "Choose a coarser unit for the labels, or a hidden layer with more neurons.",
        )
    return _integers(layer, np.full(len(layer.biases), 2.0**-shift), shift, (1 << shift) >> 1)


def _finest(layer: RealLayer, inputs: Reals) -> float:
    """The unit of the weights that changes the sums for `inputs` the least.

    The largest weight sets it, unless it sits on an input that is almost always zero and is better clipped.
    """
    largest = max(float(np.abs(layer.weights).max()), 1e-9)
    units = [largest * clip / 127 for clip in CLIPS]
    return min(units, key=lambda unit: _damage(layer, inputs, unit))


def _damage(layer: RealLayer, inputs: Reals, unit: float) -> float:
    integers = np.clip(np.rint(layer.weights / unit), -128, 127)
    return float(np.mean((inputs @ (integers * unit - layer.weights).T) ** 2))


def _reach(layer: RealLayer) -> float:
    """What the weights of a neuron can add up to, in its units."""
    return 127.0 * 255.0 * float(layer.weights.shape[1])


def _integers(layer: RealLayer, unit: Reals, shift: int, half: int) -> Layer:
    if not (np.isfinite(layer.weights).all() and np.isfinite(layer.biases).all()):
        raise ModelError("the model does not quantize: a weight is not finite", "Train it again.")
    weights = np.clip(np.rint(layer.weights / unit[:, None]), -128, 127).astype(np.int64)
    biases = np.clip(np.rint(layer.biases / unit) + half, INT32.min, INT32.max).astype(np.int64)
    return Layer(weights, biases, shift)
