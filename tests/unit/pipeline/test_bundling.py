"""
export and import
├── a run: carried to another folder, signed there, carried back, published with both signatures
├── a version: model and manifest, verified where they arrive
├── of any kind: a file, a folder, a private model
├── again: nothing twice
└── changed, cut, foreign or swollen: refused, and nothing is kept of it
"""

import json
import shutil

import pyrage
import pytest

from orchestrator.errors import DilnError, IntegrityError, StorageError, UsageError
from orchestrator.kernel.session import Session
from orchestrator.provenance import verify
from orchestrator.systems.prove import bundling
from orchestrator.systems.prove.about import About
from orchestrator.systems.prove.bundling import export_bundle, import_bundle
from orchestrator.systems.prove.describing import describe_model
from orchestrator.systems.prove.loading import load_published
from orchestrator.systems.prove.projects import create_project
from orchestrator.systems.prove.sealing import seal
from orchestrator.systems.prove.signing import sign
from orchestrator.systems.prove.training import train
from tests.unit.pipeline.desk import PROJECT, Desk, write_spec


@pytest.fixture
def bobs(desk, tmp_path):
    """Bob's folder on another machine: he shares the chain with alice, and no file."""
    home = tmp_path / "bobs"
    (home / ".diln").mkdir(parents=True)
    (home / ".diln" / "chain.sqlite").symlink_to(desk.settings.chain_file)
    return home


@pytest.fixture
def elsewhere(desk, bobs):
    from orchestrator.config import load_settings

    settings = load_settings(home=bobs / ".diln", environ={})
    with Session(settings) as session:
        session.__dict__["chain"] = desk.session.chain
        yield Desk(bobs, session)
        session.__dict__.pop("chain")


@pytest.fixture
def private(desk, tmp_path):
    """A private run, a file with the key that reads it, and the recipient it is encrypted to."""
    identity = pyrage.x25519.Identity.generate()
    key, recipient = tmp_path / "key.txt", str(identity.to_public())
    key.write_text(f"{identity}\n")
    key.chmod(0o600)
    run, _ = train(desk.settings, write_spec(desk.folder, name="secret"), encrypt_to=(recipient,))
    return run, key, recipient


def team(desk):
    create_project(desk.session, PROJECT, desk.who("alice"), participants=["alice", "bob"], threshold=2)


def test_import__a_run__is_signed_elsewhere_and_published_with_both_signatures(desk, elsewhere, tmp_path):
    team(desk)
    file = export_bundle(desk.session, "latest", tmp_path / "to-bob.car")
    run = import_bundle(elsewhere.session, file).run
    assert run.manifest == desk.run.manifest
    assert run.model.read_bytes() == desk.run.model.read_bytes()
    sign(elsewhere.session, run, elsewhere.who("bob"), f"alice/{PROJECT}")
    back = import_bundle(desk.session, export_bundle(elsewhere.session, "latest", tmp_path / "back.car"))
    assert back.signers == (desk.who("bob").address,)
    assert back.run == desk.run
    published = desk.publish(project=f"alice/{PROJECT}")
    assert set(published.signers) == {desk.who("alice").address, desk.who("bob").address}


def test_export__node_that_proves_nothing__says_that_offline_will_not_do(desk, tmp_path, caplog):
    desk.publish()
    export_bundle(desk.session, f"{PROJECT}@1", tmp_path / "one.car")
    assert "`diln verify --offline` will not work" in caplog.text


def test_import__a_version__holds_where_it_arrives(desk, elsewhere, tmp_path):
    desk.publish()
    file = export_bundle(desk.session, f"{PROJECT}@1", tmp_path / "model.car")
    run = import_bundle(elsewhere.session, file).run
    verification = verify(run.model, elsewhere.session.registry)
    assert verification.ok, verification.failures
    assert load_published(elsewhere.session, f"alice/{PROJECT}@1").manifest == run.manifest


def test_import__a_folder__is_the_same_folder(desk, elsewhere, tmp_path):
    folder = desk.folder / "bert"
    (folder / "deep").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "deep" / "weights.bin").write_bytes(b"w" * 3_000_000)
    run = describe_model(desk.session, folder, About())
    file = export_bundle(desk.session, str(run.folder), tmp_path / "folder.car")
    brought = import_bundle(elsewhere.session, file).run
    assert (brought.model / "deep" / "weights.bin").read_bytes() == b"w" * 3_000_000
    assert brought.manifest == run.manifest


def test_import__private_model__needs_the_key_and_carries_no_clear_byte(desk, elsewhere, private, tmp_path):
    run, key, _ = private
    file = export_bundle(desk.session, "secret", tmp_path / "secret.car")
    assert run.model.read_bytes()[:64] not in file.read_bytes()
    with pytest.raises(UsageError, match="private"):
        import_bundle(elsewhere.session, file)
    brought = import_bundle(elsewhere.session, file, identity=key).run
    assert brought.model.read_bytes() == run.model.read_bytes()
    assert (brought.name, brought.id) == ("secret", run.id)  # the name is told within
    assert b"secret" not in file.read_bytes()
    assert import_bundle(elsewhere.session, file).run == brought


@pytest.mark.parametrize("project", ["../escaped", "escaped\0", "escaped\x1b[31m", "escaped" * 40])
def test_import__private_model_of_a_project_that_is_no_folder__is_refused(
    desk, elsewhere, private, tmp_path, project
):
    run, key, recipient = private
    whole = run.described
    predicate = whole.predicate.model_copy(update={"project": project, "withheld": {}})
    evil = seal(
        run,
        whole.model_copy(update={"predicate": predicate}),
        (recipient,),
        publish_metrics=False,
    )
    run.manifest_file.write_bytes(evil.to_bytes())
    file = export_bundle(desk.session, str(run.folder), tmp_path / "evil.car")
    with pytest.raises(IntegrityError, match="cannot be a project's folder"):
        import_bundle(elsewhere.session, file, identity=key)
    assert not [each for each in elsewhere.folder.rglob("*") if "escaped" in each.name]


def test_import__twice__changes_nothing(desk, elsewhere, tmp_path):
    file = export_bundle(desk.session, "latest", tmp_path / "run.car")
    first = import_bundle(elsewhere.session, file)
    pins = {pin.cid for pin in elsewhere.session.storage.pins()}
    assert import_bundle(elsewhere.session, file).run == first.run
    assert {pin.cid for pin in elsewhere.session.storage.pins()} == pins
    manifest = first.run.manifest
    assert pins == {manifest.cid, manifest.artifact_cid}


def test_import__proofs__lie_beside_the_model(desk, elsewhere, tmp_path):
    proof = tmp_path / "p.json"
    proof.write_text('{"a": 1}')
    file = export_bundle(desk.session, "latest", tmp_path / "run.car", proofs=[proof])
    [brought] = import_bundle(elsewhere.session, file).proofs
    assert brought.read_text() == proof.read_text()


def test_import__any_byte_changed_or_cut__is_refused_or_the_same(desk, elsewhere, tmp_path):
    whole = export_bundle(desk.session, "latest", tmp_path / "run.car").read_bytes()
    want = desk.run.manifest
    for place in [*range(0, len(whole), 997), len(whole) - 1]:
        for content in (whole[:place], whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]):
            (tmp_path / "bad.car").write_bytes(content)
            try:
                assert import_bundle(elsewhere.session, tmp_path / "bad.car").run.manifest == want
            except DilnError:
                continue
            finally:
                shutil.rmtree(elsewhere.settings.models_dir, ignore_errors=True)


def bundle_of(desk, tmp_path, **files):
    """A folder of an attacker's making, in one CAR file."""
    folder = tmp_path / "made"
    folder.mkdir()
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_bytes(content)
    stored = desk.session.storage.put(folder)
    return desk.session.storage.export_car(stored.cid, tmp_path / "made.car")


def test_import__another_model_than_the_manifests__is_refused_and_nothing_kept(desk, elsewhere, tmp_path):
    file = bundle_of(desk, tmp_path, manifest_json=desk.run.manifest_file.read_bytes(), model_skops=b"forged")
    with pytest.raises(IntegrityError, match="manifest describes"):
        import_bundle(elsewhere.session, file)
    assert elsewhere.session.storage.pins() == []
    assert not list(elsewhere.settings.models_dir.glob("*/*"))


def test_import__no_bundle__says_what_takes_it(desk, elsewhere, tmp_path):
    with pytest.raises(StorageError, match="not a bundle") as caught:
        import_bundle(elsewhere.session, bundle_of(desk, tmp_path, other_txt=b"x"))
    assert "diln pin import" in caught.value.hint


def test_import__a_model_that_unfolds__is_refused(desk, elsewhere, tmp_path, monkeypatch):
    monkeypatch.setattr(bundling, "MOST_UNFOLDING", 0)
    file = export_bundle(desk.session, "latest", tmp_path / "run.car")
    with pytest.raises(StorageError, match="unfold"):
        import_bundle(elsewhere.session, file)


def forged_signatures(desk):
    team(desk)
    sign(desk.session, desk.run, desk.who("bob"), f"alice/{PROJECT}")
    [signature] = json.loads(desk.run.signatures.read_text())
    return [
        {**signature, "participant": desk.who("alice").address},  # bob's, in alice's name
        {**signature, "signature": "0x" + "11" * 65},
        {**signature, "project": "ab" * 32},
        {**signature, "chainId": 5},
    ]


@pytest.mark.parametrize("number", range(4))
def test_import__signature_that_does_not_count__is_left_out_and_publishing_goes_on(
    desk, elsewhere, tmp_path, number
):
    forged = forged_signatures(desk)[number]
    desk.run.signatures.write_text(json.dumps([forged]))
    imported = import_bundle(elsewhere.session, export_bundle(desk.session, "latest", tmp_path / "r.car"))
    assert imported.signers == ()
    assert len(imported.refused) == 1
    sign(elsewhere.session, imported.run, elsewhere.who("bob"), f"alice/{PROJECT}")


@pytest.mark.parametrize("content", [b"[" * 200_000, b"{}", b"nonsense", b'[{"participant": 5}]'])
def test_import__signatures_of_rubbish__are_left_out(desk, elsewhere, tmp_path, content):
    file = bundle_of(
        desk,
        tmp_path,
        manifest_json=desk.run.manifest_file.read_bytes(),
        model_skops=desk.run.model.read_bytes(),
        signatures_json=content,
    )
    imported = import_bundle(elsewhere.session, file)
    assert imported.signers == ()
    assert imported.refused


def test_import__a_project_that_leads_out_of_the_folder__is_refused(desk, elsewhere, tmp_path):
    model = desk.folder / "m.bin"
    model.write_bytes(b"weights")
    manifest = describe_model(desk.session, model, About(project="x")).manifest
    for project in ("../up", "/etc", ".hidden", "a/b"):
        predicate = manifest.predicate.model_copy(update={"project": project})
        content = manifest.model_copy(update={"predicate": predicate}).to_bytes()
        file = bundle_of(desk, tmp_path, manifest_json=content, model_bin=b"weights")
        shutil.rmtree(tmp_path / "made")
        with pytest.raises(IntegrityError, match="folder"):
            import_bundle(elsewhere.session, file)
