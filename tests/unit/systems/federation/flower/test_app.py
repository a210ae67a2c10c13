"""Apps in folders, as `flwr run` takes them: loaded, asked for their first model, refused with a reason."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("flwr", reason="Flower is not installed: pip install 'diln[flower]'")

from orchestrator.cli.dispatch import run
from orchestrator.errors import SpecError, UsageError
from orchestrator.learning.aggregation.template import read_arrays
from orchestrator.systems.federation.flower import app as apps

CODE = """
from tests.integration.flowerapps import make_plain_server
from tests.unit.systems.federation.flower.memory import make_app

server = make_plain_server()
client = make_app(None, 2)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    from tests.integration.flowerapps import write_app

    path = list(sys.path)
    yield write_app(tmp_path / "app", CODE, rounds=2, report="")
    sys.path[:] = path
    sys.modules.pop("digits_app", None)


def test_an_app_is_loaded_with_its_configuration(folder: Path) -> None:
    loaded = apps.load(folder, "rounds=5")
    assert loaded.config == {"rounds": 5, "report": ""}
    arrays = loaded.first_arrays(2)
    assert {name: each.shape for name, each in arrays.items()} == {"W": (64, 10), "b": (10,)}
    with pytest.raises(SpecError, match="sends no record `weights`"):
        loaded.first_arrays(2, "weights")


def test_its_first_model_is_written_for_an_offer(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "first.npz"
    assert run(["federation", "first-model", str(folder), "--output", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["parameters"] == 650
    arrays = read_arrays(file)
    assert list(arrays) == ["W", "b"]
    assert not np.concatenate([each.ravel() for each in arrays.values()]).any()


def test_what_is_no_app_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="is not a Flower app"):
        apps.load(tmp_path)
    with pytest.raises(UsageError, match="has no `lr`"):
        apps.load(folder, "lr=0.1")
    with pytest.raises(UsageError, match="is not a configuration"):
        apps.load(folder, "rounds=[")
    text = (folder / "pyproject.toml").read_text()
    (folder / "pyproject.toml").write_text(text.replace("digits_app:client", "digits_app:server"))
    with pytest.raises(SpecError, match="not a ServerApp and a ClientApp"):
        apps.load(folder)
