"""Small classifiers as flat vectors of weights: what simulated parties train.

Features are floats (rows, inputs), labels whole numbers from 0, weights floats (parameters,).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from orchestrator.learning.privacy.dpsgd import Noise, clipped, hidden_mean, sampled

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Network:
    """Softmax regression, or with `hidden` > 0 a layer of so many rectified units before it."""

    inputs: int
    classes: int
    hidden: int = 0

    @cached_property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Of weights and biases, layer by layer."""
        if not self.hidden:
            return (self.inputs, self.classes), (self.classes,)
        return (self.inputs, self.hidden), (self.hidden,), (self.hidden, self.classes), (self.classes,)

    @cached_property
    def size(self) -> int:
        return sum(int(np.prod(shape)) for shape in self.shapes)

    def initial(self, rng: np.random.Generator) -> Floats:
        """Where training starts: zeros, or random weights (He et al., 2015) where there is a hidden layer."""
        if not self.hidden:
            return np.zeros(self.size)
        first = rng.normal(0, (2 / self.inputs) ** 0.5, self.inputs * self.hidden)
        second = rng.normal(0, (1 / self.hidden) ** 0.5, self.hidden * self.classes)
        return np.concatenate([first, np.zeros(self.hidden), second, np.zeros(self.classes)])

    def layers(self, weights: Floats) -> list[Floats]:
        found, at = [], 0
        for shape in self.shapes:
            size = int(np.prod(shape))
            found.append(weights[at : at + size].reshape(shape))
            at += size
        return found

    def probabilities(self, weights: Floats, features: Floats) -> Floats:
        """(rows, classes)."""
        return self._forward(weights, features)[1]

    def _forward(self, weights: Floats, features: Floats) -> tuple[Floats, Floats]:
        """The last layer's inputs, and the probabilities."""
        layers, last = self.layers(weights), features
        if self.hidden:
            last = np.maximum(features @ layers[0] + layers[1], 0)
        logits = last @ layers[-2] + layers[-1]
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return last, powers / powers.sum(axis=1, keepdims=True)

    def gradient(self, weights: Floats, features: Floats, labels: Labels) -> Floats:
        """Of the mean cross-entropy."""
        last, error = self._forward(weights, features)
        error[np.arange(len(labels)), labels] -= 1
        error /= len(labels)
        top = [(last.T @ error).ravel(), error.sum(axis=0)]
        if not self.hidden:
            return np.concatenate(top)
        below = (error @ self.layers(weights)[2].T) * (last > 0)
        return np.concatenate([(features.T @ below).ravel(), below.sum(axis=0), *top])

    def record_gradients(self, weights: Floats, features: Floats, labels: Labels) -> Floats:
        """(rows, parameters): of the cross-entropy of each row by itself."""
        last, error = self._forward(weights, features)
        error[np.arange(len(labels)), labels] -= 1
        rows = len(labels)
        top = [(last[:, :, None] * error[:, None, :]).reshape(rows, -1), error]
        if not self.hidden:
            return np.concatenate(top, axis=1)
        below = (error @ self.layers(weights)[2].T) * (last > 0)
        first = (features[:, :, None] * below[:, None, :]).reshape(rows, -1)
        return np.concatenate([first, below, *top], axis=1)

    def accuracy(self, weights: Floats, features: Floats, labels: Labels) -> float:
        return float((self.probabilities(weights, features).argmax(axis=1) == labels).mean())

    def loss(self, weights: Floats, features: Floats, labels: Labels) -> float:
        """The mean cross-entropy."""
        chosen = self.probabilities(weights, features)[np.arange(len(labels)), labels]
        return float(-np.log(chosen + 1e-12).mean())

    def absolute_error(self, weights: Floats, features: Floats, labels: Labels) -> float:
        """The mean absolute error of all probabilities: a committee's score (Lu et al., 2020)."""
        error = self.probabilities(weights, features)
        error[np.arange(len(labels)), labels] -= 1
        return float(np.abs(error).mean())


@dataclass(frozen=True)
class Training:
    """How a party trains: `proximal` pulls it back to where it began (FedProx; Li et al., 2020)."""

    epochs: int = 5
    rate: float = 0.3
    batch: int = 16
    proximal: float = 0.0


@dataclass(frozen=True)
class PrivateTraining:
    """How a party trains that hides its rows: `steps` steps, each on rows drawn with the chance `sampling`.

    Each row's gradient is shortened to `clip`; noise has the deviation of `noise` times that.
    """

    steps: int
    rate: float
    sampling: float
    clip: float
    noise: float


def train(
    network: Network,
    start: Floats,
    features: Floats,
    labels: Labels,
    rng: np.random.Generator,
    training: Training = Training(),
) -> Floats:
    """The weights after stochastic gradient descent from `start`; with no rows, `start` itself."""
    weights, size = start.copy(), training.batch
    for _ in range(training.epochs):
        order = rng.permutation(len(labels))
        for rows in (order[i : i + size] for i in range(0, len(order), size)):
            step = network.gradient(weights, features[rows], labels[rows])
            if training.proximal:
                step += training.proximal * (weights - start)
            weights -= training.rate * step
    return weights


def train_privately(
    network: Network,
    start: Floats,
    features: Floats,
    labels: Labels,
    rng: np.random.Generator,
    plan: PrivateTraining,
    noise: Noise,
) -> Floats:
    """The weights after DP-SGD from `start` (Abadi et al., 2016).

    `rng` draws the rows of a step, `noise` gives standard normal numbers.
    """
    weights, expected = start.copy(), max(plan.sampling * len(labels), 1.0)
    block = max(_NUMBERS // network.size, 1)
    for _ in range(plan.steps):
        rows, total = sampled(len(labels), plan.sampling, rng), np.zeros(network.size)
        for some in (rows[at : at + block] for at in range(0, len(rows), block)):
            gradients = network.record_gradients(weights, features[some], labels[some])
            total += clipped(gradients, plan.clip).sum(axis=0)
        weights -= plan.rate * hidden_mean(total, plan.clip, plan.noise, expected, noise)
    return weights


_NUMBERS = 1 << 23
"""Of gradients that are held at once: 64 MiB."""
