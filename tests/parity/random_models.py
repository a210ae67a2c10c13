"""Random integer models, extremes included, for comparing Python with the EVM."""

from itertools import pairwise

import numpy as np

from orchestrator.models.integer import IntegerNetwork, IntegerTrees, Layer, Tree


def random_network(rng: np.random.Generator, widest: int = 40, outputs: int | None = None) -> IntegerNetwork:
    """A network of one to three layers; now and then all weights and biases are extreme."""
    sizes = [int(rng.integers(1, widest + 1)) for _ in range(int(rng.integers(2, 5)))]
    if outputs is not None:
        sizes[-1] = outputs
    reach = int(rng.choice([10, 2_000, 200_000, 2**31 - 1]))
    extreme = rng.random() < 0.15
    return IntegerNetwork(tuple(_layer(rng, n, m, reach, extreme) for n, m in pairwise(sizes)))


def _layer(rng: np.random.Generator, inputs: int, outputs: int, reach: int, extreme: bool) -> Layer:
    if extreme:
        weights = rng.choice([-128, 127], (outputs, inputs))
        biases = rng.choice([-reach - 1, reach], outputs)
    else:
        weights = rng.integers(-128, 128, (outputs, inputs))
        biases = rng.integers(-reach, reach + 1, outputs)
    return Layer(weights.astype(np.int64), biases.astype(np.int64), int(rng.choice([0, 3, 7, 9, 12, 20, 31])))


def random_trees(rng: np.random.Generator, outputs: int | None = None) -> IntegerTrees:
    """Up to six trees of depth up to six."""
    inputs = int(rng.integers(1, 20))
    rows = int(rng.integers(1, 30))
    width = outputs or int(rng.integers(1, 5))
    trees = tuple(_tree(rng, inputs, rows) for _ in range(int(rng.integers(1, 7))))
    return IntegerTrees(
        inputs,
        trees,
        rng.integers(-32768, 32768, (rows, width)),
        rng.integers(-(2**31), 2**31, width),
        int(rng.integers(0, 32)),
    )


def _tree(rng: np.random.Generator, inputs: int, rows: int) -> Tree:
    nodes: list[list[int]] = []

    def grow(depth: int) -> None:
        here = len(nodes)
        if depth == 0 or rng.random() < 0.2:
            nodes.append([-1, 0, int(rng.integers(rows))])
            return
        nodes.append([int(rng.integers(inputs)), int(rng.integers(256)), 0])
        grow(depth - 1)
        nodes[here][2] = len(nodes)
        grow(depth - 1)

    grow(int(rng.integers(0, 7)))
    features, thresholds, targets = zip(*nodes, strict=True)
    return Tree(features, thresholds, targets)


def random_samples(rng: np.random.Generator, count: int, inputs: int) -> np.ndarray:
    """Bytes, now and then only 0 and 255."""
    if rng.random() < 0.25:
        return rng.choice([0, 255], (count, inputs)).astype(np.int64)
    return rng.integers(0, 256, (count, inputs))
