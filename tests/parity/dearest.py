"""The dearest models that a competition takes: the most work, or memory, that 49,152 bytes can ask for.

    python -m tests.parity.dearest NAME SAMPLES

runs one on that many samples, and prints its CPU-seconds and peak memory in MiB, the interpreter's included.
"""

import json
import re
import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from orchestrator.models.integer import (
    IntegerModel,
    IntegerNetwork,
    IntegerTrees,
    Layer,
    Tree,
    decode_model,
    encode_model,
    predict,
)

MOST_BYTES, MOST_SAMPLES = 49_152, 65_536
LEAF = Tree((-1,), (0,), (0,))


def _layers(*sizes: int) -> IntegerNetwork:
    rng = np.random.default_rng(sizes)
    pairs = pairwise(sizes)
    return IntegerNetwork(
        tuple(Layer(rng.integers(-128, 128, (m, n)), rng.integers(-(2**20), 2**20, m), 7) for n, m in pairs)
    )


def _trees(inputs: int, trees: Sequence[Tree], rows: int, outputs: int = 1) -> IntegerTrees:
    rng = np.random.default_rng([inputs, rows, outputs])
    values, biases = rng.integers(-(2**15), 2**15, (rows, outputs)), rng.integers(-(2**31), 2**31, outputs)
    return IntegerTrees(inputs, tuple(trees), values, biases, 3)


def _chain(length: int, furthest: int) -> Tree:
    """A tree whose walks visit nearly all nodes: each inner node goes on with the next, or a few further."""
    rng, last = np.random.default_rng(length), length - 1
    targets = [min(last, node + 1 + int(rng.integers(0, furthest))) for node in range(last)]
    features, thresholds = rng.integers(0, 90, last).tolist(), rng.integers(0, 256, last).tolist()
    return Tree((*features, -1), (*thresholds, 0), (*targets, 0))


def _stump(seed: int) -> Tree:
    return Tree((seed % 90, -1, -1), (seed * 7 % 256, 0, 0), (2, 0, 1))


MODELS: dict[str, tuple[Callable[[], IntegerModel], int]] = {
    "7019 trees of one leaf": (lambda: _trees(1, [LEAF] * 7_019, 1), 0),
    "7016 leaves of two outputs": (lambda: _trees(1, [LEAF] * 7_016, 1, 2), 2),
    "2880 stumps": (lambda: _trees(90, [_stump(each) for each in range(2_880)], 2), 0),
    "one chain of 9820 nodes": (lambda: _trees(90, [_chain(9_820, 1)], 1), 0),
    "one braid of 9820 nodes": (lambda: _trees(90, [_chain(9_820, 4)], 1), 0),
    "64 trees of 256 outputs": (lambda: _trees(90, [_stump(each) for each in range(64)], 2, 256), 256),
    "network 1-4096-1": (lambda: _layers(1, 4_096, 1), 0),
    "network 1-4096-1-4090-1": (lambda: _layers(1, 4_096, 1, 4_090, 1), 0),
    "network 90-500-2": (lambda: _layers(90, 500, 2), 2),
    "network of eight narrow layers": (lambda: _layers(78, 78, 78, 78, 78, 78, 78, 78, 2), 2),
}


def samples_for(model: IntegerModel, count: int) -> Any:
    return np.random.default_rng(count).integers(0, 256, (count, model.inputs))


def main(name: str, count: int) -> None:
    make, classes = MODELS[name]
    encoded = encode_model(make())
    samples = samples_for(decode_model(encoded), count)
    started = time.process_time()
    predict(decode_model(encoded), samples, classes)
    seconds = time.process_time() - started
    [told] = re.findall(
        r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text()
    )  # not a parent's, as rusage's
    peak = int(told) / 1024
    sys.stdout.write(json.dumps({"bytes": len(encoded), "seconds": round(seconds, 2), "MiB": round(peak)}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
