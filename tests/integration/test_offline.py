"""
verify --offline, on a real node's proofs
├── the trusted block's hash: holds, with no node
├── no hash: holds in part, and says what to compare
├── revoked, another block, another project or registry, another model or manifest: does not hold
└── any byte of the proof changed: refused or failed, never holds
"""

import json
import pickle
import zlib
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest

from orchestrator.chain import migrate
from orchestrator.config import Settings
from orchestrator.errors import DilnError, UsageError
from orchestrator.kernel.session import Session
from orchestrator.provenance import Outcome, Policy, Status
from orchestrator.provenance.openings import Opening
from orchestrator.provenance.stateproof import StateProof
from orchestrator.systems.prove.about import About
from orchestrator.systems.prove.bundling import ANCHOR, export_bundle, import_bundle
from orchestrator.systems.prove.describing import describe_model
from orchestrator.systems.prove.marking import mark
from orchestrator.systems.prove.offline import verify_bundle
from orchestrator.systems.prove.projects import offline_project
from orchestrator.systems.prove.publishing import publish
from orchestrator.systems.prove.references import find_version
from orchestrator.systems.prove.runs import find_run
from orchestrator.systems.prove.training import train
from tests.unit.pipeline.desk import write_spec

pytestmark = pytest.mark.integration


@pytest.fixture
def name(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Each test's own project: the node, and its registry, are everybody's."""
    return f"offline-{zlib.crc32(request.node.name.encode())}"


@pytest.fixture
def session(anvil: Settings, tmp_path: Path, name: str):
    settings = replace(anvil, home=tmp_path / ".diln")
    train(settings, write_spec(tmp_path, name=name, seed=5))
    with Session(settings) as session:
        alice = session.account("alice")
        migrate(settings, session.chain, alice, ["registry"])
        publish(session, find_run(settings, name), alice)
        yield session


def export(session, name: str, dest: Path) -> tuple[Path, bytes]:
    file = export_bundle(session, f"alice/{name}@1", dest)
    return file, session.chain.block_hash(session.chain.head().number)


def outcomes(verification):
    return {check.name: check.outcome for check in verification.checks}


def test_verify_bundle__trusted_block__holds_until_it_is_revoked(session, name, tmp_path):
    file, block = export(session, name, tmp_path / "a.car")
    now = session.chain.now()
    found = verify_bundle(file, block, Policy(min_signatures=1, status=Status.DEPLOYABLE, max_age=3600), now)
    assert found.whole, found.failures
    alone = verify_bundle(file, None, Policy(), now)
    assert alone.ok
    assert outcomes(alone)["block"] is Outcome.NOT_CHECKED
    other = verify_bundle(file, bytes(32), Policy(), now)
    assert [check.name for check in other.failures] == ["block"]
    asked = verify_bundle(file, block, Policy(signed_by=(session.account("bob").address,)), now)
    assert outcomes(asked)["signed by"] is Outcome.NOT_CHECKED
    mark(
        session,
        find_version(session, f"alice/{name}@1"),
        Status.REVOKED,
        session.account("alice"),
        reason="wrong labels",
    )
    revoked, block = export(session, name, tmp_path / "b.car")
    assert [each.name for each in verify_bundle(revoked, block, Policy(), now).failures] == ["status"]


def test_verify_bundle__pickle__says_that_loading_it_runs_code(session, name, tmp_path):
    model = tmp_path / f"{name}-p.pkl"
    model.write_bytes(pickle.dumps(name))
    publish(session, describe_model(session, model, About()), session.account("alice"))
    file, block = export(session, f"{name}-p", tmp_path / "a.car")
    found = verify_bundle(file, block, Policy(), session.chain.now())
    assert found.whole, found.failures
    assert any("runs code" in each for each in found.not_proven)


def test_verify_bundle__private_model__says_what_its_opening_keeps_back(session, name, tmp_path):
    key = str(pyrage.x25519.Identity.generate().to_public())
    run, _ = train(session.settings, write_spec(tmp_path, name=f"{name}-s"), encrypt_to=(key,))
    publish(session, run, session.account("alice"))
    file, block = export(session, f"{name}-s", tmp_path / "a.car")
    whole = Opening.read(run.opening)
    for opening, asked in ((None, True), (whole.only(["name"]), True), (whole, False)):
        found = verify_bundle(file, block, Policy(), session.chain.now(), opening=opening)
        assert found.whole, found.failures
        assert any("Ask for `evaluation.gate`" in each for each in found.not_proven) is asked
        assert any("what the registry says it was made from" in each for each in found.not_proven)


def test_verify_bundle__project_is_named__is_compared(session, name, tmp_path):
    file, block = export(session, name, tmp_path / "a.car")
    number = find_version(session, f"alice/{name}@1").project_id.hex()
    for meant, holds in {
        f"alice/{name}": True,
        f"{session.account('alice').address}/{name}": True,
        f"0x{number}": True,
        f"bob/{name}": False,
        "ab" * 32: False,
    }.items():
        project = offline_project(session, meant)
        found = verify_bundle(file, block, Policy(), session.chain.now(), project=project)
        assert (found.whole, [each.name for each in found.failures]) == (holds, [] if holds else ["project"])
    assert any("--project" in each for each in verify_bundle(file, block, Policy(), 0).not_proven)


def test_verify_bundle__proof_of_another_contract__fails(session, name, tmp_path):
    file, block = export(session, name, tmp_path / "a.car")
    fresh = "0x" + "11" * 20
    found = verify_bundle(file, block, Policy(), session.chain.now(), registry=fresh)
    assert [check.name for check in found.failures] == ["registry"]


def test_verify_bundle__proof_of_another_model__fails(session, name, tmp_path):
    other, block = export(session, name, tmp_path / "a.car")
    run, _ = train(session.settings, write_spec(tmp_path, name=f"other-{name}", seed=6))
    publish(session, run, session.account("alice"))
    swapped = rebuilt(session, other, tmp_path, manifest=run)
    found = verify_bundle(swapped, block, Policy(), session.chain.now())
    assert [check.name for check in found.failures] == ["anchor"]


def rebuilt(session, file: Path, tmp_path: Path, manifest=None, anchor: bytes | None = None) -> Path:
    """The bundle in `file`, with another run's manifest and model, or another anchor."""
    [root] = session.storage.import_car(file)
    folder = tmp_path / f"made-{len(list(tmp_path.iterdir()))}"
    session.storage.get(root, folder)
    if manifest:
        (folder / "manifest.json").write_bytes(manifest.manifest_file.read_bytes())
        (folder / "model.skops").write_bytes(manifest.model.read_bytes())
    if anchor is not None:
        (folder / ANCHOR).write_bytes(anchor)
    stored = session.storage.put(folder)
    return session.storage.export_car(stored.cid, folder.with_suffix(".car"))


def test_open__any_byte_of_the_proof_changed__proves_nothing(session, name, tmp_path):
    file, block = export(session, name, tmp_path / "a.car")
    [root] = session.storage.import_car(file)
    content = json.loads(session.storage.read(session.storage.entries(root)[ANCHOR]))
    whole = StateProof.parse(json.dumps(content, sort_keys=True, separators=(",", ":")).encode())
    assert whole.block_hash == block
    want = whole.open()
    for field in ("header", "account", "record", "status"):
        parts = [whole.header] if field == "header" else list(getattr(whole, field))
        for number, part in enumerate(parts):
            for place in range(0, len(part), 37):
                changed = bytearray(part)
                changed[place] ^= 1
                new = [*parts[:number], bytes(changed), *parts[number + 1 :]]
                proof = replace(whole, **{field: new[0] if field == "header" else tuple(new)})
                try:
                    record = proof.open()
                except DilnError:
                    continue
                assert proof.block_hash != block or record == want


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 100_000, b'{"_type":"urn:diln:state:v1"}'])
def test_verify_bundle__rubbish_for_a_proof__is_refused(session, name, tmp_path, content):
    file, block = export(session, name, tmp_path / "a.car")
    with pytest.raises(DilnError):
        verify_bundle(rebuilt(session, file, tmp_path, anchor=content), block, Policy(), 0)


def test_verify_bundle__a_run_that_is_not_published__says_what_to_export(session, name, tmp_path):
    file = export_bundle(session, name, tmp_path / "run.car")
    with pytest.raises(UsageError, match="no proof of its anchor"):
        verify_bundle(file, None, Policy(), 0)
    assert import_bundle(session, file).run == find_run(session.settings, name)
