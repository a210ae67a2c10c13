"""The page in Chromium, beside the embedded chain.

verify   the twelve cases have the checks that `diln verify` makes
views    axe, 375 pixels, the keyboard, no foreign request, no error
grow     a newcomer with a development key: predict, add, ask back, withdraw, hide, reveal
"""

import json
from pathlib import Path

import pytest

from tests.integration.page.conftest import Run
from tests.integration.page.world import World

pytestmark = [pytest.mark.integration, pytest.mark.early]


def test_verify__twelve_cases__are_told_as_diln_does(
    browse: Run, url: str, world: World, tmp_path: Path
) -> None:
    assert len(world.cases) == 12
    assert (
        sum(any(outcome == "failed" for _, outcome in each["checks"]) for each in world.cases.values()) == 5
    )
    cases = tmp_path / "cases.json"
    cases.write_text(json.dumps(world.cases))
    told = browse("verify.mjs", url, cases)
    assert {name: each["checks"] for name, each in told["found"].items()} == {
        name: each["checks"] for name, each in world.cases.items()
    }
    assert all(each["saysWhatIsNotProven"] for each in told["found"].values())
    assert quiet(told["faults"]) == []


def quiet(faults: list[str]) -> list[str]:
    """Without what Chromium itself says of a manifest that no storage has: the page asked, and said so."""
    return [each for each in faults if "404" not in each]


def test_views__each__is_fit_for_all(
    browse: Run, url: str, world: World, shots: Path, tmp_path: Path
) -> None:
    good = world.cases["parent revoked"]["files"]
    views = {
        "verify-empty": {"hash": "verify", "ready": ".drop"},
        "verify": {"hash": "verify", "ready": "article", "files": world.cases["good"]["files"]},
        "verify-failed": {"hash": "verify", "ready": "article.bad", "files": good},
        "projects": {"hash": "registry", "ready": "td a"},
        "project": {"hash": f"registry/{world.tumours}", "ready": "td a"},
        "version": {"hash": f"registry/{world.tumours}/0x{digest(good[0])}", "ready": ".tree"},
        "competitions": {"hash": "competitions", "ready": "td a"},
        "competition": {"hash": f"competitions/{world.competition}", "ready": ".timeline"},
        "sign": {"hash": "sign", "ready": ".drop"},
        "models": {"hash": "models", "ready": "td a"},
        "model": {"hash": f"models/{world.model}", "ready": "#sample"},
    }
    file = tmp_path / "views.json"
    file.write_text(json.dumps(views))
    assert quiet(browse("views.mjs", url, file, shots)) == []


def digest(file: str) -> str:
    import hashlib

    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


def test_grow__newcomer_with_a_development_key__gets_the_deposit_back(
    browse: Run, url: str, world: World, shots: Path
) -> None:
    found = browse("grow.mjs", url, world.model, shots)
    told = found["told"]
    assert told["predicted"] == "nature"
    assert told["addedWithoutWallet"]
    assert "done in block" in told["added"]
    assert "open already" in told["addedAgain"]
    assert "done in block" in told["askedBack"]
    assert "done in block" in told["withdrawn"]
    assert told["secret"].startswith("diln-secret-")
    assert "done in block" in told["committed"]
    assert "done in block" in told["revealed"]
    assert quiet(found["wrong"]) == []
