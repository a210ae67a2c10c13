"""Whatever file holds a model, its score is known exactly before anything is sent."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper, save
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from orchestrator.cli.competition.options import model_file
from orchestrator.config import load_settings
from orchestrator.errors import ModelError, UntrustedModel
from orchestrator.learning.modelfile import save_model
from orchestrator.models.integer import decode_model
from orchestrator.systems.competition.candidates import Candidate, candidate_of, exact_score
from orchestrator.systems.competition.records import Terms
from orchestrator.systems.competition.samples import Samples
from tests.unit.competition.stage import write_points
from tests.unit.competition.test_data import sealed

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def task(tmp_path_factory: Any) -> tuple[Terms, Samples, Samples]:
    """Terms, groups to train on and groups held out."""
    _, data, terms = sealed(write_points(tmp_path_factory.mktemp("data") / "points.csv", rows=400))
    groups = [data.opened(number) for number in range(terms.groups)]
    names = ("x", "y")
    return terms, Samples.of(groups[:5], terms, names), Samples.of(groups[5:], terms, names)


def frame(samples: Samples) -> pd.DataFrame:
    return pd.DataFrame(samples.features, columns=["x", "y"])


def assert_exact(found: Candidate, terms: Terms, samples: Samples) -> None:
    """The score is that of the very bytes that are committed to."""
    assert round(found.score * 10**9) == exact_score(decode_model(found.encoded), terms, samples)
    assert found.score > 0.9
    assert found.agreement is not None
    assert found.agreement > 0.97
    assert found.float_score is not None
    assert abs(found.float_score - found.score) < 0.03


def test_candidate_of__pipeline_of_diln_train__folded_by_names(task: Any, tmp_path: Path) -> None:
    terms, seen, held_out = task
    columns = ColumnTransformer([("numeric", make_pipeline(StandardScaler()), ["y", "x"])])
    pipeline = Pipeline([("columns", columns), ("model", MLPClassifier((8,), max_iter=500, random_state=0))])
    save_model(pipeline.fit(frame(seen), seen.labels), tmp_path / "model.skops")
    found = candidate_of(tmp_path / "model.skops", terms, seen, held_out)
    assert_exact(found, terms, held_out)
    expected = np.mean(pipeline.predict(frame(held_out)) == held_out.labels)
    assert found.float_score == pytest.approx(expected)


def test_candidate_of__onnx_file__whatever_it_is_called(task: Any, tmp_path: Path) -> None:
    terms, seen, held_out = task
    model = LogisticRegression().fit(seen.features / 255, seen.labels)
    weights = {"w": np.float32(model.coef_.T / 255), "b": np.float32(model.intercept_)}
    nodes = [helper.make_node("Gemm", ["x", "w", "b"], ["h"]), helper.make_node("Sigmoid", ["h"], ["y"])]
    graph = helper.make_graph(
        nodes,
        "model",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    save(helper.make_model(graph), tmp_path / "model.onnx")
    found = candidate_of(tmp_path / "model.onnx", terms, seen, held_out)
    assert_exact(found, terms, held_out)
    (tmp_path / "model.onnx").rename(tmp_path / "model")
    assert candidate_of(tmp_path / "model", terms, seen, held_out).encoded == found.encoded


def test_candidate_of__step_that_cannot_be_folded__names_it(task: Any, tmp_path: Path) -> None:
    terms, seen, _ = task
    columns = ColumnTransformer([("kinds", OneHotEncoder(handle_unknown="ignore"), ["x"])])
    pipeline = Pipeline([("columns", columns), ("model", LogisticRegression())])
    save_model(pipeline.fit(frame(seen), seen.labels), tmp_path / "model.skops")
    with pytest.raises(ModelError, match=r"step `columns.kinds` \(OneHotEncoder\)"):
        candidate_of(tmp_path / "model.skops", terms, seen)


def test_candidate_of__pickle_or_missing__refused(task: Any, tmp_path: Path) -> None:
    terms, seen, _ = task
    with pytest.raises(ModelError, match="cannot be read"):
        candidate_of(tmp_path / "none.skops", terms, seen)
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(UntrustedModel):
        candidate_of(tmp_path / "model.pkl", terms, seen)


def test_model_file__name_of_diln_train__is_its_latest_run(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path / "home", environ={})
    with pytest.raises(ModelError, match="there is no model file points") as caught:
        model_file(settings, "points")
    assert "diln train" in caught.value.hint
    folder = settings.models_dir / "points" / "0123456789ab"
    folder.mkdir(parents=True)
    with pytest.raises(ModelError, match="is encrypted"):
        model_file(settings, "points")
    (folder / "model.skops").touch()
    assert model_file(settings, "points") == model_file(settings, "points/0123") == folder / "model.skops"
    with pytest.raises(ModelError, match=r"there is no model file other.onnx"):
        model_file(settings, "other.onnx")
    with pytest.raises(ModelError, match="no run or file"):
        model_file(settings, "other")
