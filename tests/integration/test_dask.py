"""Training on a real Dask cluster of processes gives the same model as on this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.errors import EngineError, SpecError
from orchestrator.learning.data import load_dataset
from orchestrator.learning.modelfile import model_bytes
from orchestrator.learning.spec import Data, Model, Project, Search, Spec
from orchestrator.learning.training import train

distributed = pytest.importorskip("distributed", reason="needs dask: pip install 'diln[dask]'")

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a cluster of two processes."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", host="127.0.0.1"
    ) as running:
        yield running.scheduler_address


def spec_of(estimator: str, search: Search | None = None, **parameters: object) -> Spec:
    model = Model(estimator=estimator, parameters=dict(parameters))
    return Spec(project=Project(name="trial"), data=Data(sklearn="breast_cancer"), model=model, search=search)


@pytest.mark.parametrize(
    "spec",
    [
        spec_of("logistic_regression", Search(parameters={"C": [0.01, 0.1, 1.0]}, folds=3)),
        spec_of("random_forest_classifier", n_estimators=8),
        spec_of(
            "random_forest_classifier", Search(kind="halving", parameters={"max_depth": [1, 2, 3]}, folds=2)
        ),
    ],
    ids=["search", "forest", "halving"],
)
def test_train__dask_cluster__gives_the_same_bytes_as_local(cluster: str, spec: Spec) -> None:
    dataset = load_dataset(spec.data, Path())
    seen: list[tuple[int, int]] = []
    remote = train(
        spec, dataset, engine="dask", address=cluster, progress=lambda done, total: seen.append((done, total))
    )
    local = train(spec, dataset)
    assert model_bytes(remote.model) == model_bytes(local.model)
    assert remote.metrics == local.metrics
    assert remote.candidates == local.candidates
    assert [done for done, _ in seen] == list(range(1, seen[-1][1] + 1))


def test_train__fit_that_fails_on_the_cluster__is_explained(cluster: str) -> None:
    spec = spec_of("logistic_regression", Search(parameters={"solver": ["no such solver"]}, folds=2))
    with pytest.raises(SpecError, match=r"search\.parameters\.solver"):
        train(spec, load_dataset(spec.data, Path()), engine="dask", address=cluster)


def test_train__no_cluster_at_the_address__says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.learning.engines.CONNECT_SECONDS", 1)
    spec = spec_of("logistic_regression")
    with pytest.raises(EngineError, match="does not answer") as caught:
        train(spec, load_dataset(spec.data, Path()), engine="dask", address="tcp://127.0.0.1:9")
    assert "dask scheduler" in caught.value.hint


def test_train__cluster_without_workers__says_so() -> None:
    spec = spec_of("logistic_regression")
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=":0", host="127.0.0.1") as empty,
        pytest.raises(EngineError, match="has no workers"),
    ):
        train(spec, load_dataset(spec.data, Path()), engine="dask", address=empty.scheduler_address)
