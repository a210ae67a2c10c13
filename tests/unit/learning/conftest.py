"""A small table to learn from, and a spec for it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from orchestrator.learning.data import Dataset, load_dataset
from orchestrator.learning.spec import Data, Model, Project, Spec

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def at_noon() -> datetime:
    return NOON


@pytest.fixture
def csv_data(tmp_path: Path) -> Callable[..., Dataset]:
    """Load CSV text with the given [data] settings."""

    def load(text: str, **settings: Any) -> Dataset:
        (tmp_path / "data.csv").write_text(text)
        return load_dataset(Data(file="data.csv", **settings), tmp_path, clock=at_noon)

    return load


@pytest.fixture
def spec_of() -> Callable[..., Spec]:
    """A spec for a data set of scikit-learn."""

    def build(estimator: str = "logistic_regression", dataset: Any = "iris", **tables: Any) -> Spec:
        model = Model(estimator=estimator, parameters=tables.pop("parameters", {}))
        return Spec(project=Project(name="trial"), data=Data(sklearn=dataset), model=model, **tables)

    return build


@pytest.fixture(scope="session")
def iris() -> Dataset:
    return load_dataset(Data(sklearn="iris"), Path(), clock=at_noon)


@pytest.fixture(scope="session")
def cancer() -> Dataset:
    return load_dataset(Data(sklearn="breast_cancer"), Path(), clock=at_noon)


@pytest.fixture(scope="session")
def diabetes() -> Dataset:
    return load_dataset(Data(sklearn="diabetes"), Path(), clock=at_noon)
