"""Layers of a network to integer layers."""

import numpy as np

from orchestrator.errors import ModelError
from orchestrator.models.integer.models import INT32, MAX_SHIFT, IntegerNetwork, Layer
from orchestrator.models.integer.real import Affine, Integers, RealNetwork, Reals
from orchestrator.models.integer.rounding import LARGEST, Rounding
from orchestrator.types import Report

LARGEST_OUTPUT = 1e60


def quantize_network(
    network: RealNetwork, samples: Reals, *, numbers: bool, progress: Report | None = None
) -> IntegerNetwork:
    """Integer layers whose activations use the whole byte on `samples` (samples, inputs), which are bytes.

    A hidden neuron's unit is free, since the next layer's weights absorb it: each row gets the finest unit
    that its weights and its largest activation allow. Each layer is calibrated on what the integer layers
    before it really give. With `numbers` the output is in the labels' own unit.
    """
    _check(network, samples)
    units = np.ones(samples.shape[1])  # what 1 of each input stands for
    integers = real = samples
    quantized: list[Layer] = []
    for layer in network.layers[:-1]:
        wanted = layer(real)
        found, units = _hidden(Affine(layer.weights * units, layer.biases), integers, wanted)
        quantized.append(found)
        if progress:
            progress(len(quantized), len(network.layers))
        integers, real = _activations(found, integers), np.maximum(0, wanted)
    last = network.layers[-1]
    output = _scalar if numbers else _scores
    quantized.append(output(Affine(last.weights * units, last.biases), integers, last(real)))
    return IntegerNetwork(tuple(quantized))


def _check(network: RealNetwork, samples: Reals) -> None:
    if not (np.abs(network.run(samples)) < LARGEST_OUTPUT).all():
        raise ModelError("the model does not quantize: its outputs are huge", "Train it again.")


def _hidden(layer: Affine, inputs: Reals, wanted: Reals) -> tuple[Layer, Reals]:
    rounding = Rounding(inputs)
    by_weights = rounding.finest(layer.weights)
    by_bias = np.abs(layer.biases) / _reach(layer)  # a larger bias decides alone, and would cost gas
    by_range = (
        np.maximum(0, wanted.max(axis=0)) / 255
    )  # the unit that makes the largest activation a full byte
    alive = by_range > 0
    steps = np.log2(by_range[alive] / by_weights[alive]) if alive.any() else np.zeros(1)
    shift = int(np.clip(np.floor(np.median(steps)), 0, MAX_SHIFT))
    unit = np.maximum.reduce([by_weights, by_range / 2**shift, by_bias])
    half = (1 << shift) >> 1  # the shift rounds down; half a unit makes it round to the nearest
    return _layer(rounding.round(layer.weights, unit), unit, inputs, wanted, shift, half), unit * 2**shift


def _scores(layer: Affine, inputs: Reals, wanted: Reals) -> Layer:
    """Outputs that are only compared with each other, or with zero: one unit for all."""
    rounding = Rounding(inputs)
    by_bias = np.abs(layer.biases).max() / (2 * _reach(layer))
    unit = np.maximum(rounding.finest(layer.weights, together=True), max(by_bias, 1e-12))
    return _layer(rounding.round(layer.weights, unit), unit, inputs, wanted, 0, 0)


def _scalar(layer: Affine, inputs: Reals, wanted: Reals) -> Layer:
    """One output in the unit of the labels after the shift."""
    by_bias = np.abs(layer.biases).max() / 2**30
    largest = max(np.abs(layer.weights).max() / LARGEST, by_bias, 2.0**-MAX_SHIFT)
    shift = int(np.floor(-np.log2(largest)))
    if shift < 0:
        raise ModelError(
            "the model does not quantize: its last weights are larger than the labels' unit allows",
            "Choose a coarser unit for the labels, or a hidden layer with more neurons.",
        )
    unit = np.full(len(layer.biases), 2.0**-shift)
    rounded = Rounding(inputs).round(layer.weights, unit)
    return _layer(rounded, unit, inputs, wanted, shift, (1 << shift) >> 1)


def _layer(weights: Integers, unit: Reals, inputs: Reals, wanted: Reals, shift: int, half: int) -> Layer:
    """The layer with those biases that make its sums right on average."""
    biases = (wanted - inputs @ weights.T * unit).mean(axis=0)
    return Layer(
        weights, np.clip(np.rint(biases / unit) + half, INT32.min, INT32.max).astype(np.int64), shift
    )


def _activations(layer: Layer, inputs: Reals) -> Reals:
    sums = inputs.astype(np.int64) @ layer.weights.T + layer.biases
    return np.asarray(np.minimum(255, np.maximum(0, sums) >> layer.shift), np.float64)


def _reach(layer: Affine) -> float:
    """What the weights of a neuron can add up to, in its units."""
    return 127.0 * 255.0 * float(layer.weights.shape[1])
