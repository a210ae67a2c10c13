"""The page in Chromium, beside the embedded chain.

verify   the recorded cases have the checks that `diln verify` makes
views    axe, 375 pixels, the keyboard, no foreign request, no error
sign     two of three sign and publish; the owner marks, revokes, pauses, adds a member
grow     a newcomer with a development key: predict, add, ask back, withdraw, hide, reveal
"""

import json
import re
from pathlib import Path

import pytest

from orchestrator.bindings.registry import Status
from orchestrator.kernel.session import Session
from orchestrator.provenance.manifest import Manifest
from orchestrator.provenance.openings import OPENING, Opening
from orchestrator.provenance.signing import SignatureFile
from orchestrator.types import Digest
from tests.integration.page.conftest import PAGE, Run
from tests.integration.page.world import World

pytestmark = [pytest.mark.integration, pytest.mark.early]


def test_verify__recorded_cases__are_told_as_diln_does(
    browse: Run, url: str, world: World, tmp_path: Path
) -> None:
    assert len(world.cases) == 36
    assert (
        sum(any(outcome == "failed" for _, outcome in each["checks"]) for each in world.cases.values()) == 19
    )
    cases = tmp_path / "cases.json"
    cases.write_text(json.dumps(world.cases))
    told = browse("verify.mjs", url, cases, *useless_openings(world, tmp_path))
    assert {name: each["checks"] for name, each in told["found"].items()} == {
        name: each["checks"] for name, each in world.cases.items()
    }
    for name in ("folder", "changed folder"):
        assert told["found"][name]["dropped"] == world.cases[name]["checks"]
    assert all(each["saysWhatIsNotProven"] for each in told["found"].values())
    for name, each in world.cases.items():
        assert [said for said in each["said"] if said not in told["found"][name]["said"]] == [], name
    assert len(world.cases["private"]["said"]) > len(world.cases["private, in part"]["said"]) == 7
    by_salt = r"known as [0-9a-f]{64} by its salt, is version \d+ of project “free”"
    assert re.search(by_salt, told["found"]["private"]["said"])
    assert "bytes with this opening (SHA-256" in told["found"]["private, another's opening"]["said"]
    alone = told["found"]["private, no opening"]["said"]
    assert "that is found only by its opening.json. Drop it with the model" in alone
    assert "The opening does not tell the field `digest`" in told["refused"]["unfound"]
    assert "This is not an opening of a private model: it tells no field" in told["refused"]["noOpening"]
    assert "and 2 signatures again here" in told["found"]["good"]["said"]
    assert "is not theirs, or was changed" in told["found"]["forged signature"]["said"]
    named = world.tumours
    assert f"the project “tumours” with the id {named}, owned by" in told["found"]["proof"]["said"]
    for name in ("proof", "stranger's proof"):
        assert "is the one you trust: anybody may publish this model" in told["found"][name]["said"]
    assert named not in told["found"]["stranger's proof"]["said"]
    assert ["project", "failed"] in told["found"]["stranger's proof, another named"]["checks"]
    assert "is a prediction's proof: drop it by itself" in told["refused"]["together"]
    assert "Drop the folder without unknown.bin" in told["refused"]["besides"]
    assert told["faults"] == []


def useless_openings(world: World, folder: Path) -> list[Path]:
    """One by which no file is found, and one that is none."""
    opening = Opening.read(Path(world.private[2]))
    files = [folder / name / OPENING for name in ("without digest", "empty")]
    for file, content in zip(files, (opening.only(["training"]).to_bytes(), b'{"fields": {}}'), strict=True):
        file.parent.mkdir()
        file.write_bytes(content)
    return files


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
        "markets": {"hash": "markets", "ready": "td a"},
        "market": {"hash": f"markets/{world.market}", "ready": "#samples"},
        "tournaments": {"hash": "tournaments", "ready": "td a"},
        "tournament": {"hash": f"tournaments/{world.tournament}", "ready": "#round"},
        "federations": {"hash": "federations", "ready": "td a"},
        "federation": {"hash": f"federations/{world.federation}", "ready": ".timeline"},
        "competitions": {"hash": "competitions", "ready": "td a"},
        "competition": {"hash": f"competitions/{world.competition}", "ready": ".timeline"},
        "sign": {"hash": "sign", "ready": ".drop"},
        "models": {"hash": "models", "ready": "td a"},
        "model": {"hash": f"models/{world.model}", "ready": "#sample"},
    }
    assert {each["hash"].partition("/")[0] for each in views.values()} == set(
        re.findall(r'name: "(\w+)"', (PAGE / "src/views/index.ts").read_text())
    )
    file = tmp_path / "views.json"
    file.write_text(json.dumps(views))
    assert browse("views.mjs", url, file, shots) == []


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
    assert told["aboveMaximum"] == "Adding: The deposit is now above the most that you allowed."
    assert "open already" in told["addedAgain"]
    assert re.search(r"right in \d+\.\d %", told["right"])
    head, *points = told["csv"].splitlines()
    assert head == 'block,"Accuracy on the test set"'
    assert len(points) == told["table"] >= 4
    assert all(0 <= float(point.split(",")[1]) <= 1 for point in points)
    assert "done in block" in told["allDue"]
    assert "done in block" in told["askedBack"]
    assert "done in block" in told["withdrawn"]
    assert told["secret"].startswith("diln-secret-")
    assert "done in block" in told["committed"]
    assert "done in block" in told["revealed"]
    assert found["wrong"] == []


def test_sign__two_of_three_in_the_browser__is_published_and_governed(
    browse: Run, url: str, world: World, tmp_path: Path
) -> None:
    model, manifest = world.unpublished
    version = "0x" + digest(model)
    told_to = {"model": model, "manifest": manifest, "project": world.tumours, "version": version}
    hidden, public, opening = world.private
    commitment = Manifest.parse(Path(public).read_bytes()).artifact_hash.hex()
    sealed = tmp_path / "model.age"
    sealed.write_bytes(b"what age made of it")
    told_to["private"] = {
        "model": hidden,
        "manifest": public,
        "opening": opening,
        "another": world.cases["private, another's opening"]["files"][2],
        "sealed": str(sealed),
        "commitment": commitment,
    }
    file = tmp_path / "world.json"
    file.write_text(json.dumps(told_to))
    found = browse("sign.mjs", url, tmp_path, file)
    told = found["told"]
    kept = told["private"]
    assert "drop its opening.json with them" in kept["unopened"]
    assert "describes another model: the digest differs" in kept["anothers"]
    assert "does not tell parents: nobody can sign what they are not told" in kept["inPart"]
    assert "model.age is not the encrypted file" in kept["unsealed"]
    assert ("0 of 2 signed" in kept["atFirst"], "1 of 2 signed" in kept["then"]) == (True, True)
    assert f"0x{commitment}" in kept["review"]
    assert digest(hidden) not in kept["review"]
    assert "the same with model.age, the encrypted file" in kept["published"]
    assert f"Salted commitment to its SHA-256{commitment}" in kept["version"]
    assert "Nameprivate model: its manifest holds salted commitments" in kept["version"]
    assert "Measured" not in kept["version"]
    assert re.match(r"version \d+ \(private\).*withheld$", kept["project"])
    assert "0 of 2 signed" in told["atFirst"]
    assert told["publishableByOne"] is False
    assert "1 of 2 signed" in told["then"]
    assert "2 of 2 signed" in told["inTheEnd"]
    assert {"Domain hash", "Message hash", "Digest, which the registry makes too"} <= set(told["digests"])
    for act in (
        "published", "deprecated", "revoked", "paused", "goesOn", "added", "publisher", "offered", "accepted"
    ):  # fmt: skip
        assert "done in block" in told[act], told[act]
    assert (told["revokedUntyped"], told["handedUntyped"], told["strangerGoverns"]) == (False, False, False)
    assert told["members"] == 5
    assert found["wrong"] == []
    with Session(world.settings) as session:
        [published] = session.registry.find_versions(Digest(bytes.fromhex(digest(model))))
        assert published.status is Status.REVOKED
        project = session.registry.project(published.project_id)
        assert project.threshold == 3
        assert project.owner == session.account("erin").address
        kept = SignatureFile(tmp_path / "signatures.json").read()
        assert [each.participant for each in kept] == [session.account(n).address for n in ("alice", "bob")]
