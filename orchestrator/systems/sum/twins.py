"""The Python twin of a model on a chain."""

from typing import Any

from orchestrator.errors import ModelError
from orchestrator.learning.onchain import (
    DensePerceptron,
    NaiveBayes,
    NearestCentroid,
    OnChainModel,
    SparseLogistic,
    SparseNearestCentroid,
    SparsePerceptron,
)
from orchestrator.learning.onchain.words import Shape

_LINEAR = (SparsePerceptron, SparseLogistic)
_COUNTS = (NaiveBayes, SparseNearestCentroid)
_TWINS: tuple[type[OnChainModel], ...] = (*_LINEAR, *_COUNTS, DensePerceptron, NearestCentroid)


def part_of(composition: str) -> str:
    """The model's name in a composition's. Raises ModelError for one that has no twin."""
    found = [twin.part for twin in _TWINS if composition.startswith(twin.part)]
    if not found:
        raise ModelError(f"there is no Python twin of {composition}", "Use a newer version of DILN.")
    return max(found, key=len)


def twin_of(composition: str, shape: Shape, base: bytes) -> OnChainModel:
    """The twin of a model with these settings, in the state `base`. Raises ModelError."""
    part = part_of(composition)
    kind = next(twin for twin in _TWINS if twin.part == part)
    twin: Any
    if kind in _LINEAR:
        twin = kind(shape.dims, shape.classes, rate=shape.rate, bits=shape.bits, limit=shape.limit)
    elif kind in _COUNTS:
        twin = kind(shape.dims, shape.classes, bits=shape.bits, limit=shape.limit)
    elif kind is DensePerceptron:
        twin = kind(shape.dims, shape.classes, rate=shape.rate, bits=shape.bits)
    else:
        twin = kind(shape.dims, shape.classes, window=shape.rate, bits=shape.bits)
    restored: OnChainModel = twin.restore(base)
    return restored
