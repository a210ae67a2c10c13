"""train
├── a plain spec → metrics on held-out rows, the gate's lines, a model
├── with a search → the best candidate first, progress for every fit
└── what cannot be trained → SpecError with the line's key, DataError
"""

import sys
import types
from collections.abc import Callable
from typing import Any

import joblib
import pytest

from orchestrator.errors import DataError, EngineError, SpecError, UsageError
from orchestrator.learning.data import Dataset
from orchestrator.learning.modelfile import model_bytes
from orchestrator.learning.search import _results
from orchestrator.learning.spec import Features, Range, Search, Selection, Spec, Split
from orchestrator.learning.training import train

Specs = Callable[..., Spec]


def test_train__breast_cancer__passes_its_gate(spec_of: Specs, cancer: Dataset) -> None:
    training = train(spec_of(dataset="breast_cancer", gate={"f1": 0.9, "gap": 0.05}), cancer)
    assert training.passed
    assert training.metrics["roc_auc"] > 0.98
    assert training.metrics.positive == "malignant"
    assert sum(map(sum, training.metrics.confusion)) == training.metrics.rows == 114


def test_train__gate_out_of_reach__does_not_pass(spec_of: Specs, cancer: Dataset) -> None:
    training = train(spec_of("dummy_classifier", gate={"f1": 0.9}), cancer)
    assert not training.passed
    assert str(training.gate[0]) == "f1 0.0000 ≥ 0.9: failed"


def test_train__same_seed__gives_the_same_bytes(spec_of: Specs, iris: Dataset) -> None:
    spec = spec_of("random_forest_classifier", parameters={"n_estimators": 5})
    assert model_bytes(train(spec, iris).model) == model_bytes(train(spec, iris).model)


def test_train__other_seed__gives_another_model(spec_of: Specs, iris: Dataset) -> None:
    models = [train(spec_of("sgd_classifier", split=Split(seed=seed)), iris).model for seed in (1, 2)]
    assert model_bytes(models[0]) != model_bytes(models[1])


@pytest.mark.parametrize(
    ("search", "fits"),
    [
        (Search(parameters={"C": [0.01, 1.0]}, folds=3), 7),
        (Search(kind="random", iterations=4, folds=2, parameters={"C": Range(low=0.1, high=9.0)}), 9),
        (Search(kind="halving", folds=2, parameters={"C": [0.01, 0.1, 1.0, 10.0]}), 2 * (4 + 2 + 1) + 1),
    ],
)
def test_train__search__reports_every_fit(spec_of: Specs, iris: Dataset, search: Search, fits: int) -> None:
    seen: list[tuple[int, int]] = []
    expected = [(done, fits) for done in range(1, fits + 1)]
    training = train(spec_of(search=search), iris, progress=lambda done, total: seen.append((done, total)))
    assert seen == expected
    assert training.best_params == training.candidates[0].parameters
    assert training.best_params["C"] == training.model[-1].C


def test_train__search_by_mae__takes_the_smallest_error(spec_of: Specs, diabetes: Dataset) -> None:
    search = Search(parameters={"alpha": [1000.0, 0.5]}, scoring="mae")
    assert train(spec_of("ridge", "diabetes", search=search), diabetes).best_params == {"alpha": 0.5}


def test_train__regression__measures_r2_and_errors(spec_of: Specs, diabetes: Dataset) -> None:
    metrics = train(spec_of("ridge", "diabetes"), diabetes).metrics
    assert set(metrics.values) == {"r2", "mae", "rmse", "gap"}
    assert metrics.score == "r2"


def test_train__selection__keeps_the_best_features(spec_of: Specs, iris: Dataset) -> None:
    features = Features(selection=Selection(best=2), scaler="none")
    assert train(spec_of(features=features), iris).model[-1].n_features_in_ == 2


@pytest.mark.parametrize(
    ("tables", "key"),
    [
        ({"parameters": {"max_depht": 3}}, "model.parameters.max_depht"),
        ({"parameters": {"C": -1.0}}, "model.parameters.C"),
        ({"parameters": {"C": "x"}}, "model.parameters.C"),
        ({"search": Search(parameters={"C": [-1.0, 1.0]})}, "search.parameters.C"),
        ({"search": Search(parameters={"C": [1.0]}, scoring="r2")}, "search.scoring"),
        ({"gate": {"r2": 0.5}}, "gate.r2"),
        ({"estimator": "ridge"}, "model.estimator"),
        ({"features": Features(selection=Selection(best=9))}, "features.selection.best"),
    ],
)
def test_train__wrong_in_the_spec__names_the_key(
    spec_of: Specs, iris: Dataset, tables: dict[str, Any], key: str
) -> None:
    with pytest.raises(SpecError, match=key):
        train(spec_of(**tables), iris)


@pytest.mark.parametrize(
    ("rows", "tables", "message"),
    [
        ("1,a\n2,a\n3,b\n4,a\n5,a\n", {}, "Class 'b' has a single row"),
        ("1,a\n2,a\n3,b\n4,b\n5,c\n6,c\n", {"split": Split(test_size=0.34)}, None),
        ("1,a\n2,a\n3,b\n4,b\n5,c\n6,c\n", {}, "too few for one of each of 3 classes"),
        ("1,a\n2,a\n3,b\n4,b\n", {}, "too few to hold out"),
        (
            "1,a\n2,a\n3,b\n4,b\n5,a\n6,b\n",
            {"search": Search(parameters={"C": [1.0]})},
            "too few for 5 folds",
        ),
    ],
)
def test_train__few_rows_of_a_class__is_refused(
    spec_of: Specs, csv_data: Callable[..., Dataset], rows: str, tables: dict[str, Any], message: str | None
) -> None:
    dataset = csv_data("x,target\n" + rows)
    if message is None:
        assert train(spec_of(**tables), dataset).metrics.rows == 3
        return
    with pytest.raises(DataError, match=message):
        train(spec_of(**tables), dataset)


def test_train__unknown_engine__is_wrong_usage(spec_of: Specs, iris: Dataset) -> None:
    with pytest.raises(UsageError, match="no engine 'spark'"):
        train(spec_of(), iris, engine="spark")


@pytest.mark.parametrize("engine", ["dask", "ray"])
def test_train__engine_without_address__is_wrong_usage(spec_of: Specs, iris: Dataset, engine: str) -> None:
    with pytest.raises(UsageError, match="needs an address"):
        train(spec_of(), iris, engine=engine)


@pytest.mark.parametrize(("engine", "module"), [("dask", "distributed"), ("ray", "ray")])
def test_train__engine_not_installed__says_how_to_install_it(
    spec_of: Specs, iris: Dataset, monkeypatch: pytest.MonkeyPatch, engine: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(EngineError, match="not installed") as caught:
        train(spec_of(), iris, engine=engine, address="tcp://127.0.0.1:1")
    assert f"diln[{engine}]" in caught.value.hint


def test_train__ray_address_that_nobody_answers__says_so(
    spec_of: Specs, iris: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ray itself would try for minutes; no socket is opened here."""
    stand_in = types.ModuleType("ray")
    backend = types.ModuleType("ray.util.joblib")
    backend.register_ray = lambda: None  # type: ignore[attr-defined]
    modules = {"ray": stand_in, "ray.util": types.ModuleType("ray.util"), "ray.util.joblib": backend}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)

    def refuse(*_: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("socket.create_connection", refuse)
    with pytest.raises(EngineError, match=r"Ray cluster at 127\.0\.0\.1:9 does not answer"):
        train(spec_of(), iris, engine="ray", address="127.0.0.1:9")


def test_results__engine_without_generators__come_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    from joblib._parallel_backends import ThreadingBackend
    from sklearn.utils.parallel import delayed

    monkeypatch.setattr(ThreadingBackend, "supports_return_generator", False)
    with joblib.parallel_config("threading", n_jobs=2):
        assert list(_results([delayed(abs)(-number) for number in range(9)])) == list(range(9))
