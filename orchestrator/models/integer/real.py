"""Models before quantization: what estimators and ONNX files are read as, over bytes as inputs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import ModelError

Reals = NDArray[np.float64]
Integers = NDArray[np.int64]

DEEPEST = 500
LARGEST = 1e30


@dataclass(frozen=True)
class Affine:
    """`weights` (outputs, inputs) times the inputs plus `biases` (outputs,): a layer, or scaled columns."""

    weights: Reals
    biases: Reals

    def __post_init__(self) -> None:
        """Raises ModelError for weights that are not numbers one can work with."""
        if not all((np.abs(part) < LARGEST).all() for part in (self.weights, self.biases)):
            raise ModelError("a weight of the model is huge or not finite", "Train it again.")

    @classmethod
    def identity(cls, width: int) -> "Affine":
        return cls(np.eye(width), np.zeros(width))

    def __call__(self, inputs: Reals) -> Reals:
        return inputs @ self.weights.T + self.biases

    def then(self, following: "Affine") -> "Affine":
        """Both as one."""
        weights = following.weights @ self.weights
        return Affine(weights, following.weights @ self.biases + following.biases)

    def scaled(self, factor: object, offset: object = 0.0) -> "Affine":
        """Outputs times `factor`, plus `offset`: one number, or one an output."""
        outputs = len(self.biases)
        factors = np.broadcast_to(np.asarray(factor, np.float64), (outputs,))
        offsets = np.broadcast_to(np.asarray(offset, np.float64), (outputs,))
        return Affine(self.weights * factors[:, None], self.biases * factors + offsets)

    def chosen(self, outputs: list[int] | Integers) -> "Affine":
        """Some of the outputs, by number."""
        return Affine(self.weights[outputs], self.biases[outputs])

    def beside(self, other: "Affine") -> "Affine":
        """The outputs of both."""
        return Affine(np.vstack([self.weights, other.weights]), np.concatenate([self.biases, other.biases]))


@dataclass(frozen=True)
class RealNetwork:
    """Layers with a ReLU between them."""

    layers: tuple[Affine, ...]

    @property
    def outputs(self) -> int:
        return len(self.layers[-1].biases)

    def run(self, samples: Reals) -> Reals:
        """The outputs (samples, outputs) for samples (samples, inputs)."""
        for layer in self.layers[:-1]:
            samples = np.maximum(0, layer(samples))
        return self.layers[-1](samples)


@dataclass(frozen=True)
class RealTree:
    """A tree over bytes: a node goes `left` where input `features[i]` <= `thresholds[i]`, else `right`.

    All are (nodes,) integers; a leaf has feature -1. `leaves` (nodes, outputs) is what a leaf adds.
    """

    features: Integers
    thresholds: Integers
    left: Integers
    right: Integers
    leaves: Reals
    root: int = 0

    def __post_init__(self) -> None:
        """Raises ModelError unless every walk ends, soon."""
        level, seen = [self.root], 0
        for _ in range(DEEPEST):
            inner = [node for node in level if self.features[node] >= 0]
            seen += len(level)
            if seen > len(self.features):
                break
            if not inner:
                return
            level = [int(child[node]) for node in inner for child in (self.left, self.right)]
        raise ModelError(
            f"a tree is damaged, or deeper than {DEEPEST} levels", "Train it with a smaller max_depth."
        )

    def run(self, samples: Reals) -> Reals:
        nodes = np.full(len(samples), self.root)
        rows = np.arange(len(samples))
        while (inner := self.features[nodes] >= 0).any():
            goes_left = samples[rows, self.features[nodes]] <= self.thresholds[nodes]
            following = np.where(goes_left, self.left[nodes], self.right[nodes])
            nodes = np.where(inner, following, nodes)
        return np.asarray(self.leaves[nodes])


@dataclass(frozen=True)
class RealTrees:
    """A sum of trees over `inputs` bytes, plus `constant` (outputs,)."""

    inputs: int
    trees: tuple[RealTree, ...]
    constant: Reals

    @property
    def outputs(self) -> int:
        return len(self.constant)

    def run(self, samples: Reals) -> Reals:
        """The outputs (samples, outputs) for samples (samples, inputs)."""
        total = np.tile(self.constant, (len(samples), 1))
        for tree in self.trees:
            total += tree.run(samples)
        return total


RealModel = RealNetwork | RealTrees


def predict_real(model: RealModel, samples: object, classes: int) -> Reals:
    """What the model says of each sample: a class, chosen as the contract does, or (`classes` 0) a number."""
    outputs = model.run(np.asarray(samples, np.float64))
    if model.outputs > 1:
        return np.asarray(outputs.argmax(axis=1), np.float64)
    return np.asarray(outputs[:, 0] if classes == 0 else outputs[:, 0] > 0, np.float64)


def threshold_of(
    column: Affine, output: int, bound: float, *, included: bool = True
) -> tuple[int, int, bool]:
    """Where a tree's `column <= bound` (or <, unless `included`) changes its mind, in terms of a byte.

    The input, the largest byte for which it goes the same way as 0, and whether the two ways are swapped
    because a greater byte makes a smaller column. Raises ModelError for a column that mixes inputs.
    """
    (inputs,) = np.nonzero(column.weights[output])
    if len(inputs) > 1:
        raise ModelError(
            "the steps before the trees mix several columns",
            "Train the trees on the columns themselves, or on scaled ones.",
        )
    offset = float(column.biases[output])
    if not len(inputs):  # a constant: all bytes go one way
        return 0, 255 if (offset <= bound if included else offset < bound) else -1, False
    scale = float(column.weights[output, inputs[0]])
    edge, swapped = (bound - offset) / scale, scale < 0
    below = np.ceil(edge) - 1 if included is swapped else np.floor(edge)
    return int(inputs[0]), int(np.clip(below, -1, 255)), swapped
