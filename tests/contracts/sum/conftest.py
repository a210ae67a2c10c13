"""Fixtures of the tests of shared models."""

from collections.abc import Callable

import pytest

from orchestrator.models.online.references import SparsePerceptron
from tests.sum_system import System, Terms, Workshop

DIMS = 41


@pytest.fixture
def workshop() -> Workshop:
    return Workshop()


@pytest.fixture
def create(workshop: Workshop) -> Callable[..., System]:
    """A sparse perceptron that has learned nothing, with deposits."""

    def make(terms: Terms | None = None, **options: object) -> System:
        reference = SparsePerceptron(DIMS, rate=100, bits=8, limit=20).with_weights([[0] * DIMS])
        return workshop.create(reference, terms or Terms(), **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def system(create: Callable[..., System]) -> System:
    return create()
