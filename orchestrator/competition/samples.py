"""Samples of some groups as arrays."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from orchestrator.competition.encoding import Integers
from orchestrator.competition.records import Group, Terms
from orchestrator.learning.integer import decode_samples


@dataclass(frozen=True)
class Samples:
    """Samples in order: `features` (samples, features) of bytes, `labels` (samples)."""

    features: Integers
    labels: Integers

    @classmethod
    def of(cls, groups: Iterable[Group], terms: Terms) -> Self:
        data = b"".join(group.data for group in groups)
        return cls(*decode_samples(data, terms.features, terms.classes))
