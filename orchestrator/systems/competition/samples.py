"""Samples of some groups as arrays."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from orchestrator.bindings.competition import Group
from orchestrator.models.integer import decode_samples
from orchestrator.systems.competition.encoding import Integers
from orchestrator.systems.competition.records import Terms


@dataclass(frozen=True)
class Samples:
    """Samples in order: `features` (samples, features) of bytes, called `names`, and `labels` (samples)."""

    features: Integers
    labels: Integers
    names: tuple[str, ...]

    @classmethod
    def of(cls, groups: Iterable[Group], terms: Terms, names: Sequence[str] = ()) -> Self:
        """`names` are the columns' own, where they matter; else they are numbered."""
        data = b"".join(group.data for group in groups)
        features, labels = decode_samples(data, terms.features, terms.classes)
        return cls(features, labels, tuple(names or map(str, range(terms.features))))
