"""by_group and importances, through train."""

import builtins
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import ModelError, SpecError
from orchestrator.learning.data import load_dataset
from orchestrator.learning.report import write_report
from orchestrator.learning.spec import Data, Model, Project, Report, Spec
from orchestrator.learning.training import Training, train


def applicants(folder: Path) -> Spec:
    """Skill decides on men; women are refused whatever they can. One applicant is of a group of its own."""
    lines = ["sex,skill,noise,hired"]
    for row in range(400):
        sex = ("man", "woman")[row % 2] if row else "other"
        hired = sex == "man" and row % 40 > 19
        lines.append(f"{sex},{row % 40},{row * 7919 % 101},{'yes' if hired else 'no'}")
    (folder / "a.csv").write_text("\n".join(lines) + "\n")
    data = Data(file="a.csv", target="hired")
    report = Report(groups=["sex"], importances=True)
    model = Model(estimator="decision_tree_classifier")
    return Spec(project=Project(name="a"), data=data, model=model, report=report)


def trained(folder: Path, spec: Spec) -> Training:
    return train(spec, load_dataset(spec.data, folder))


def test_train__groups_and_importances__tell_who_is_refused_and_why(tmp_path: Path) -> None:
    metrics = trained(tmp_path, applicants(tmp_path)).metrics
    groups = metrics.groups["sex"]
    assert set(groups) == {"man", "woman"}, "a group of one person has no figures"
    assert groups["woman"]["selection_rate"] == 0.0
    assert groups["man"]["selection_rate"] == pytest.approx(0.5, abs=0.2)
    assert sum(group["rows"] for group in groups.values()) in (79, 80)
    assert set(metrics.importances) == {"sex", "skill", "noise"}
    assert metrics.importances["skill"] > 0.1 > metrics.importances["noise"]
    assert metrics.to_json()["groups"]["sex"]["man"]["accuracy"] == 1.0


def test_write_report__with_groups__has_their_tables(tmp_path: Path) -> None:
    write_report(trained(tmp_path, applicants(tmp_path)), tmp_path / "report")
    page = (tmp_path / "report" / "report.md").read_text()
    assert "| sex | rows | accuracy | recall | selection_rate |" in page
    assert "| skill | 0." in page


def test_train__nothing_asked__records_neither(tmp_path: Path) -> None:
    spec = applicants(tmp_path).model_copy(update={"report": Report()})
    assert {"groups", "importances"}.isdisjoint(trained(tmp_path, spec).metrics.to_json())


def test_train__groups_of_a_regression__are_measured_by_mae(tmp_path: Path) -> None:
    rows = "".join(f"{'ab'[row % 2]},{row % 17},{row * 1.37 + 0.5}\n" for row in range(100))
    (tmp_path / "r.csv").write_text("kind,x,y\n" + rows)
    spec = Spec(
        project=Project(name="r"),
        data=Data(file="r.csv", target="y"),
        model=Model(estimator="ridge"),
        report=Report(groups=["kind"], importances=True),
    )
    metrics = trained(tmp_path, spec).metrics
    assert set(metrics.groups["kind"]["a"]) == {"rows", "mae"}
    assert set(metrics.importances) == {"kind", "x"}


@pytest.mark.parametrize("name", ["skill", "nothing"])
def test_train__groups_of_no_category__are_refused(tmp_path: Path, name: str) -> None:
    spec = applicants(tmp_path).model_copy(update={"report": Report(groups=[name])})
    with pytest.raises(SpecError, match="not a column of categories"):
        trained(tmp_path, spec)


def test_train__groups_without_fairlearn__say_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.startswith("fairlearn"):
            raise ImportError(name)
        return real(name, *rest, **named)

    for name in [name for name in sys.modules if name.startswith("fairlearn")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModelError, match="need fairlearn") as refused:
        trained(tmp_path, applicants(tmp_path))
    assert "diln[report]" in refused.value.hint
