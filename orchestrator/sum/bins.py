"""Numbers as the intervals that they are in: how a sparse model learns from columns of numbers.

A bin's weight is at first the classifier's weight times the mean of what it saw of the numbers in the bin, so
the model predicts alike; afterwards each bin learns by itself, and the model can bend where the line could
not. A sample has one feature for each column, so it costs as much gas as a text of that many words.
"""

import numpy as np
import numpy.typing as npt
from sklearn.pipeline import Pipeline

from orchestrator.errors import ModelError
from orchestrator.sum.encoders import BinnedEncoder
from orchestrator.sum.inputs import Floats, SparseInput, read_scaling

BINS = 16
NUMBERS = 11_000
"""Weights that fit a contract, with room to spare."""


def read_bins(pipeline: Pipeline, samples: object, rows: int, most: int) -> SparseInput:
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
    bins = int(np.clip(NUMBERS // (rows * columns), 2, BINS))
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
