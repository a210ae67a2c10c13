"""write_report: the files that it writes for each kind of model, and that they are stable."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.learning.data import Dataset
from orchestrator.learning.report import write_report
from orchestrator.learning.spec import Search, Spec
from orchestrator.learning.training import train

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("estimator", "pictures"),
    [
        ("logistic_regression", ["confusion.png", "roc.png", "calibration.png"]),
        ("svc", ["confusion.png", "roc.png"]),
        ("nearest_centroid", ["confusion.png", "roc.png", "calibration.png"]),
    ],
)
def test_write_report__classifier__draws_what_it_can(
    spec_of: Callable[..., Spec], iris: Dataset, tmp_path: Path, estimator: str, pictures: list[str]
) -> None:
    training = train(spec_of(estimator, gate={"f1": 0.5}), iris)
    written = write_report(training, tmp_path / "report")
    assert [path.name for path in written] == ["metrics.json", "report.md", *pictures]
    assert all(path.read_bytes().startswith(PNG) for path in written[2:])
    page = written[1].read_text()
    assert "| F1 |" in page
    assert "passes its gate" in page
    assert all(f"({name})" in page for name in pictures)


def test_write_report__two_classes__names_the_positive_one(
    spec_of: Callable[..., Spec], cancer: Dataset, tmp_path: Path
) -> None:
    training = train(
        spec_of(dataset="breast_cancer", search=Search(parameters={"C": [0.1, 1.0]}, folds=2)), cancer
    )
    write_report(training, tmp_path)
    assert "about `malignant`" in (tmp_path / "report.md").read_text()
    figures = json.loads((tmp_path / "metrics.json").read_text())
    assert figures["metrics"]["values"]["f1"] == training.metrics["f1"]
    assert figures["best_params"] == training.best_params
    assert len(figures["candidates"]) == 2


def test_write_report__regression__draws_predictions_and_residuals(
    spec_of: Callable[..., Spec], diabetes: Dataset, tmp_path: Path
) -> None:
    written = write_report(train(spec_of("ridge", "diabetes"), diabetes), tmp_path)
    assert [path.name for path in written[2:]] == ["predicted.png", "residuals.png"]


def test_write_report__ten_classes__draws_them_all(spec_of: Callable[..., Spec], tmp_path: Path) -> None:
    from orchestrator.learning.data import load_dataset
    from orchestrator.learning.spec import Data

    training = train(spec_of("gaussian_nb", "digits"), load_dataset(Data(sklearn="digits"), Path()))
    assert len(write_report(training, tmp_path)) == 5


def test_write_report__twice__writes_the_same_bytes(
    spec_of: Callable[..., Spec], iris: Dataset, tmp_path: Path
) -> None:
    training = train(spec_of(), iris)
    first, second = (write_report(training, tmp_path / name) for name in ("a", "b"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
