"""Flower's records as vectors in the federation's units, and back."""

import numpy as np
from flwr.app import Array, ArrayRecord

from orchestrator.learning.aggregation import Template
from orchestrator.learning.aggregation.chunks import Integers
from orchestrator.learning.aggregation.template import UNIT


def template_of(record: ArrayRecord) -> Template:
    """Raises DataError for arrays that cannot be averaged."""
    return Template.of({name: array.numpy() for name, array in record.items()})


def to_units(template: Template, record: ArrayRecord) -> Integers:
    """Raises DataError for other arrays than the template's."""
    return template.flatten({name: array.numpy() for name, array in record.items()})


def from_units(template: Template, vector: Integers) -> ArrayRecord:
    return ArrayRecord({name: Array(np.asarray(each)) for name, each in template.restore(vector).items()})


def difference(template: Template, record: ArrayRecord, vector: Integers) -> float:
    """The largest difference between Flower's floats and our integers, in units."""
    floats = np.concatenate(
        [record[slot.name].numpy().astype(np.float64).ravel() * UNIT for slot in template.slots]
    )
    return float(np.abs(floats - vector).max())
