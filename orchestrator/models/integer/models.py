"""Integer networks and tree ensembles: the reference that the contracts are held against.

Samples are run in blocks, so that memory does not grow with their number. Sums of networks are computed as
float64, whose integers up to 2^53 are exact: at most 4096 · 255 · 128 + 2^31 here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import ModelError

Integers = NDArray[np.int64]

MAX_LAYERS, MAX_WIDTH, MAX_SHIFT = 8, 4096, 31
MAX_INPUTS, MAX_TABLE = 0xFFFE, 0xFFFF
INT32 = np.iinfo(np.int32)
MAX_ADDITIONS = 16_384
"""Trees times outputs, see TreeModel.sol: so that one sample can always be refuted in one transaction."""

BLOCK = 1 << 20
"""Activations, or sums, that are held at once."""


@dataclass(frozen=True)
class Layer:
    """A fully connected layer: `weights` int8 (outputs, inputs), `biases` int32 (outputs,), `shift` bits."""

    weights: Integers
    biases: Integers
    shift: int

    def __post_init__(self) -> None:
        outputs, inputs = self.weights.shape
        _require(0 < inputs <= MAX_WIDTH and 0 < outputs <= MAX_WIDTH, f"a layer is {inputs}×{outputs}")
        _require(self.biases.shape == (outputs,), "biases and weights do not match")
        _require(0 <= self.shift <= MAX_SHIFT, f"a shift is {self.shift}, not 0…{MAX_SHIFT}")
        _require(_within(self.weights, np.iinfo(np.int8)), "a weight is not an int8")
        _require(_within(self.biases, INT32), "a bias is not an int32")


@dataclass(frozen=True)
class IntegerNetwork:
    """Layers, each but the last followed by min(255, max(0, sum) >> shift)."""

    kind: ClassVar[str] = "network"
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        _require(0 < len(self.layers) <= MAX_LAYERS, f"{len(self.layers)} layers, not 1…{MAX_LAYERS}")
        for left, right in zip(self.layers, self.layers[1:], strict=False):
            _require(left.weights.shape[0] == right.weights.shape[1], "two layers do not fit together")

    @property
    def inputs(self) -> int:
        return int(self.layers[0].weights.shape[1])

    @property
    def outputs(self) -> int:
        return int(self.layers[-1].weights.shape[0])

    @property
    def shift(self) -> int:
        return self.layers[-1].shift

    @property
    def gas(self) -> int:
        """What one sample takes on the chain, from above for most networks."""
        return 1_000 + 8 * sum(layer.weights.size for layer in self.layers)

    def run(self, samples: object) -> Integers:
        """The outputs (samples, outputs) for bytes (samples, inputs)."""
        values = as_bytes(samples, self.inputs)
        widest = max(self.inputs, *(len(layer.biases) for layer in self.layers))
        exact = [(layer.weights.T.astype(float), layer.biases.astype(float)) for layer in self.layers]
        outputs = np.empty((len(values), self.outputs), np.int64)
        for block in _blocks(len(values), widest):
            activations = values[block].astype(float)
            for layer, (weights, biases) in zip(self.layers[:-1], exact, strict=False):
                sums = activations @ weights + biases
                activations = np.minimum(255, np.floor(np.maximum(0, sums) / 2**layer.shift))
            outputs[block] = activations @ exact[-1][0] + exact[-1][1]
        return outputs


@dataclass(frozen=True)
class Tree:
    """A binary tree, node by node: where input `features[i]` <= `thresholds[i]` it goes on with node i + 1.

    Else with node `targets[i]`. A leaf has feature -1, and its target is a row of the ensemble.
    """

    features: tuple[int, ...]
    thresholds: tuple[int, ...]
    targets: tuple[int, ...]

    def rows(self, columns: NDArray[np.uint8]) -> Integers:
        """The row at the end of each sample's walk, for bytes (inputs, samples).

        All samples walk at once: a node passes those that reach it on, in two parts.
        """
        reached = np.empty(columns.shape[1], np.int64)
        waiting = {0: np.arange(columns.shape[1])}
        for node, (feature, threshold, target) in enumerate(
            zip(self.features, self.thresholds, self.targets, strict=True)
        ):
            here = waiting.pop(node, None)
            if here is None:
                continue
            if feature < 0:
                reached[here] = target
                continue
            goes_on = columns[feature][here] <= threshold
            for following, part in ((node + 1, here[goes_on]), (target, here[~goes_on])):
                if part.size:
                    met = waiting.get(following)
                    waiting[following] = part if met is None else np.concatenate([met, part])
        return reached


@dataclass(frozen=True)
class IntegerTrees:
    """A sum of trees: `rows` int16 (rows, outputs) are what leaves point to, `biases` int32 (outputs,)."""

    kind: ClassVar[str] = "trees"
    inputs: int
    trees: tuple[Tree, ...]
    rows: Integers
    biases: Integers
    shift: int

    def __post_init__(self) -> None:
        nodes = sum(len(tree.features) for tree in self.trees)
        _require(0 < self.inputs <= MAX_INPUTS, f"{self.inputs} inputs, not 1…{MAX_INPUTS}")
        _require(
            len(self.trees) <= MAX_TABLE and nodes <= MAX_TABLE, f"{nodes} nodes are more than {MAX_TABLE}"
        )
        _require(len(self.rows) <= MAX_TABLE, f"{len(self.rows)} leaves are more than {MAX_TABLE}")
        _require(
            self.rows.shape[1:] == self.biases.shape and len(self.biases) > 0, "rows and biases do not match"
        )
        _require(0 <= self.shift <= MAX_SHIFT, f"the shift is {self.shift}, not 0…{MAX_SHIFT}")
        _require(_within(self.rows, np.iinfo(np.int16)), "a leaf is not an int16")
        _require(_within(self.biases, INT32), "a bias is not an int32")
        _require(len(self.trees) > 0, "it has no trees")
        _require(
            len(self.trees) * self.outputs <= MAX_ADDITIONS,
            f"{len(self.trees)} trees with {self.outputs} outputs each are more than the contract adds up",
        )
        for tree in self.trees:
            self._check(tree)

    def _check(self, tree: Tree) -> None:
        count = len(tree.features)
        _require(count > 0, "a tree is empty")
        for node, (feature, threshold, target) in enumerate(
            zip(tree.features, tree.thresholds, tree.targets, strict=True)
        ):
            if feature < 0:
                _require(0 <= target < len(self.rows), "a leaf points to no row")
                continue
            _require(feature < self.inputs and 0 <= threshold <= 255, "a node asks for no input, or over 255")
            _require(node < target < count and node + 1 < count, "a node's branch does not lie behind it")

    @property
    def outputs(self) -> int:
        return len(self.biases)

    @property
    def gas(self) -> int:
        """What one sample takes on the chain, from above for most ensembles."""
        return 3_000 + 4_000 * len(self.trees) + 300 * self.outputs * len(self.trees)

    def run(self, samples: object) -> Integers:
        """The outputs (samples, outputs) for bytes (samples, inputs)."""
        columns = np.ascontiguousarray(as_bytes(samples, self.inputs).T.astype(np.uint8))
        sums = np.tile(self.biases.astype(np.int64), (columns.shape[1], 1))
        for block in _blocks(len(sums), max(self.outputs, 16)):
            for tree in self.trees:
                sums[block] += self.rows[tree.rows(columns[:, block])]
        return sums


IntegerModel = IntegerNetwork | IntegerTrees


def predict(model: IntegerModel, samples: object, classes: int) -> Integers:
    """What the contract predicts: a class below `classes`, or with `classes` 0 an int32.

    Raises ModelError if the model's outputs are not what that takes.
    """
    check_outputs(model.outputs, classes)
    outputs = model.run(samples)
    if model.outputs > 1:
        predictions = outputs.argmax(axis=1)
    elif classes == 0:
        predictions = np.clip(outputs[:, 0] >> model.shift, INT32.min, INT32.max)
    else:
        predictions = outputs[:, 0] > 0
    return np.asarray(predictions, np.int64)


def check_outputs(outputs: int, classes: int) -> None:
    """Raise ModelError unless a model of `outputs` outputs tells `classes` classes (0: numbers) apart."""
    fits = outputs == 1 if classes == 0 else outputs == classes or (classes == 2 and outputs == 1)
    wanted = "one output" if classes == 0 else f"{classes} outputs"
    _require(fits, f"the model has {outputs} outputs where the task takes {wanted}")


def as_bytes(samples: object, inputs: int) -> Integers:
    """`samples` as integers (samples, inputs) from 0 to 255; raises ModelError if they are not."""
    values = np.atleast_2d(np.asarray(samples))
    _require(values.ndim == 2 and values.shape[1] == inputs, f"samples are not rows of {inputs} inputs")
    integers = values.astype(np.int64)
    _require(bool(np.all(integers == values)), "an input is not an integer")
    _require(not len(values) or (integers.min() >= 0 and integers.max() <= 255), "an input is not 0…255")
    return integers


def _blocks(count: int, width: int) -> Iterator[slice]:
    """Slices of `count` samples, each with `width` numbers, that hold BLOCK numbers or one sample."""
    size = max(1, BLOCK // width)
    return (slice(start, start + size) for start in range(0, count, size))


def _within(values: Integers, limits: np.iinfo[Any]) -> bool:
    return not values.size or (int(values.min()) >= limits.min and int(values.max()) <= limits.max)


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise ModelError(f"this is not an integer model: {what}", "Quantize it again, or make it smaller.")
