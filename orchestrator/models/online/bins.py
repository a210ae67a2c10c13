"""Numbers as the intervals that they are in: how a sparse model learns from columns of numbers.

A bin's weight is at first the classifier's weight times the mean of what it saw of the numbers in the bin, so
the model predicts alike; afterwards each bin learns by itself, and the model can bend where the line could
not. A sample has one feature for each column, so it costs as much gas as a text of that many words.
"""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from orchestrator.errors import ModelError
from orchestrator.models.online.encoders import BinnedEncoder
from orchestrator.models.online.inputs import Floats, SparseInput, read_scaling, read_table

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

BINS = 16
NUMBERS = 11_000
"""Weights that fit a contract, with room to spare."""


def read_bins(pipeline: "Pipeline", samples: object, rows: int, most: int) -> SparseInput:
    """The bins of a pipeline that scales numbers, for a model of `rows` weight vectors.

    Bins hold about as many of the samples each; at most `most` columns. Raises ModelError, DataError.
    """
    from scipy.sparse import csr_array

    found = read_scaling(pipeline, samples)
    columns = found.table.shape[1]
    if columns > most:
        raise ModelError(
            f"{columns} columns are too many for logistic regression in a contract; {most} fit",
            "Leave columns out, or train without log_loss: a dense perceptron takes more.",
        )
    bins = most_bins(rows, columns)
    edges = [_edges(column, bins) for column in found.table.T]
    places = [
        np.searchsorted(each, column, side="right") for each, column in zip(edges, found.table.T, strict=True)
    ]
    values = np.concatenate(
        [
            slope * _means(column, place, each) + start
            for column, place, each, slope, start in zip(
                found.table.T, places, edges, found.slopes, found.starts, strict=True
            )
        ]
    )
    firsts = np.cumsum([0, *(len(each) + 1 for each in edges)])
    features = np.stack(places, axis=1) + firsts[:-1]
    count = len(found.table)
    present = csr_array(
        (np.ones(features.size), features.ravel(), np.arange(count + 1) * columns),
        shape=(count, int(firsts[-1])),
    )
    encoder = BinnedEncoder(found.names, tuple(tuple(each.tolist()) for each in edges))
    return SparseInput(encoder, np.repeat(found.order, np.diff(firsts)), values, found.seen, present)


def most_bins(rows: int, columns: int) -> int:
    """Into how many bins each of so many columns is cut, for a model of `rows` weight vectors."""
    return int(np.clip(NUMBERS // (rows * columns), 2, BINS))


def read_discretized(pipeline: "Pipeline", samples: object, most: int) -> SparseInput:
    """The bins that a KBinsDiscretizer at the head of a pipeline has cut: nothing is lost.

    At most `most` columns. Raises ModelError, DataError.
    """
    from scipy.sparse import csr_array

    discretizer = pipeline.steps[0][1]
    if len(pipeline.steps) > 2 or discretizer.encode not in ("onehot", "onehot-dense"):
        raise ModelError(
            "a KBinsDiscretizer must encode one-hot, right before the classifier",
            "Train it with encode='onehot', and no other step.",
        )
    names, table = read_table(samples)
    if table.shape[1] > most:
        raise ModelError(f"{table.shape[1]} columns are too many; {most} fit", "Leave columns out.")
    edges = tuple(tuple(np.asarray(each, dtype=float)[1:-1].tolist()) for each in discretizer.bin_edges_)
    seen = csr_array(pipeline[:-1].transform(samples))
    encoder = BinnedEncoder(names, edges)
    if seen.shape[1] != encoder.features:
        raise ModelError("the KBinsDiscretizer's bins are not as many as its columns", "Train it again.")
    count = encoder.features
    return SparseInput(encoder, np.arange(count), np.ones(count), seen, seen)


def _edges(column: Floats, bins: int) -> Floats:
    """Between the values where they are few, else between the quantiles."""
    values = np.unique(column)
    if len(values) > bins:
        values = np.unique(np.quantile(column, np.linspace(0, 1, bins + 1)[1:-1]))
        above: Floats = values[values > column.min()]
        return above
    middles: Floats = (values[1:] + values[:-1]) / 2
    return middles


def _means(column: Floats, place: npt.NDArray[np.int64], edges: Floats) -> Floats:
    """The mean of the numbers in each bin; of an empty one, its middle."""
    counts = np.bincount(place, minlength=len(edges) + 1)
    sums = np.bincount(place, weights=column, minlength=len(edges) + 1)
    limits = np.concatenate([[column.min()], edges, [column.max()]])
    middles = (limits[1:] + limits[:-1]) / 2
    means: Floats = np.where(counts > 0, sums / np.maximum(counts, 1), middles)
    return means
