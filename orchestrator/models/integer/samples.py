"""Samples to bytes and back: features as bytes, then the label."""

import numpy as np
from numpy.typing import ArrayLike

from orchestrator.errors import DataError
from orchestrator.models.integer.models import INT32, Integers, as_bytes


def sample_size(features: int, classes: int) -> int:
    """Bytes of a sample: its features and one byte of label, or four with `classes` 0."""
    return features + (1 if classes else 4)


def encode_samples(features: ArrayLike, labels: ArrayLike, classes: int) -> bytes:
    """Samples one behind the other. Raises DataError for a label not below `classes` (0: not an int32)."""
    labels = np.asarray(labels)
    low, high = (0, classes - 1) if classes else (int(INT32.min), int(INT32.max))
    wrong = np.flatnonzero((labels < low) | (labels > high) | (labels != labels.astype(np.int64)))
    if wrong.size:
        raise DataError(
            f"label {labels[wrong[0]]} of sample {wrong[0]} is not {low}…{high}",
            "Number the classes from 0, or choose a coarser unit of the labels.",
        )
    rows = as_bytes(features, np.shape(features)[1]).astype(np.uint8)
    if len(rows) != len(labels):
        raise DataError(f"{len(rows)} samples have {len(labels)} labels", "Give one label a sample.")
    tail = labels.astype("u1" if classes else ">i4").view(np.uint8).reshape(len(labels), -1)
    return np.hstack([rows, tail]).tobytes()


def decode_samples(data: bytes, features: int, classes: int) -> tuple[Integers, Integers]:
    """Features (samples, features) and labels (samples,) of encoded samples.

    Raises DataError if the bytes are not whole samples.
    """
    size = sample_size(features, classes)
    if len(data) % size:
        raise DataError(f"{len(data)} bytes are not whole samples of {size}", "Check the data's shape.")
    rows = np.frombuffer(data, np.uint8).reshape(-1, size)
    tail = np.ascontiguousarray(rows[:, features:])
    labels = tail[:, 0] if classes else tail.view(">i4")[:, 0]
    return rows[:, :features].astype(np.int64), labels.astype(np.int64)
