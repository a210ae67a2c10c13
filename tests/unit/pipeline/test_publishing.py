import json

import pytest

from orchestrator.chain import Receipt
from orchestrator.errors import (
    ChainError,
    GateError,
    InsufficientFunds,
    IntegrityError,
    ManifestError,
    SignatureRefused,
    UsageError,
    VerificationFailed,
)
from orchestrator.provenance import Status, sign_publication, verify
from orchestrator.systems.prove import publishing, signing
from orchestrator.systems.prove.loading import load_published
from orchestrator.systems.prove.projects import create_project, find_project
from orchestrator.systems.prove.publishing import publish
from orchestrator.systems.prove.signing import sign
from tests.unit.pipeline.desk import PROJECT


def team(desk, threshold=2, **more):
    create_project(
        desk.session,
        PROJECT,
        desk.who("alice"),
        participants=["alice", "bob", "carol"],
        threshold=threshold,
        **more,
    )
    return find_project(desk.session, f"alice/{PROJECT}")


def signatures(desk, **changes):
    """The first signature of the run's file with some fields changed, written back."""
    [first, *rest] = json.loads(desk.run.signatures.read_text())
    desk.run.signatures.write_text(json.dumps([{**first, **changes}, *rest]))


def test_publish__new_project__anchors_pins_and_verifies(desk):
    published = desk.publish()
    manifest = desk.run.manifest
    assert published.version.number == 1
    assert published.version.status is Status.DEPLOYABLE
    assert published.project.name == PROJECT
    assert published.project.owner == desk.who("alice").address
    assert published.signers == (desk.who("alice").address,)
    assert published.gas_used > published.receipt.gas_used  # the project's creation counts
    pinned = {pin.cid for pin in desk.session.storage.pins()}
    assert pinned == {manifest.artifact_cid, manifest.cid}
    verification = verify(desk.run.model, desk.session.registry, storage=desk.session.storage)
    assert verification.ok, verification.failures


def test_publish__twice__sends_nothing_the_second_time(desk):
    first = desk.publish()
    height = desk.blocks
    again = desk.publish()
    assert (again.receipt, again.gas_used, again.version) == (None, 0, first.version)
    assert desk.blocks == height


def test_publish__twice_after_the_pins_were_lost__pins_again(desk):
    desk.publish()
    for pin in desk.session.storage.pins():
        desk.session.storage.unpin(pin.cid)
    desk.publish()
    assert len(desk.session.storage.pins()) == 2


def test_publish__dry_run__sends_pins_and_signs_nothing(desk):
    team(desk, threshold=1)
    height, journal = desk.blocks, sorted((desk.settings.home / "journal").rglob("*.json"))
    receipt = publish(desk.session, desk.run, desk.who("alice"), dry_run=True)
    assert isinstance(receipt, Receipt)
    assert receipt.gas_used > 50_000
    assert receipt.fee > 0
    assert (desk.blocks, desk.session.storage.pins()) == (height, [])
    assert not desk.run.signatures.exists()
    assert sorted((desk.settings.home / "journal").rglob("*.json")) == journal


def test_publish__dry_run_of_a_first_publication__tells_what_the_project_costs(desk):
    height = desk.blocks
    receipt = publish(desk.session, desk.run, desk.who("alice"), dry_run=True)
    assert receipt.gas_used > 50_000
    assert desk.blocks == height


def test_publish__dry_run_on_chain__counts_the_chunks(desk):
    team(desk, threshold=1)
    plain = publish(desk.session, desk.run, desk.who("alice"), dry_run=True)
    whole = publish(desk.session, desk.run, desk.who("alice"), on_chain=True, dry_run=True)
    assert whole.gas_used > plain.gas_used + 200 * desk.run.model.stat().st_size
    assert whole.fee > plain.fee


def test_publish__after_a_dry_run__publishes(desk):
    publish(desk.session, desk.run, desk.who("alice"), dry_run=True)
    assert desk.publish().receipt


def test_publish__on_chain__is_had_back_from_the_chain_alone(desk, tmp_path):
    seen = []
    published = desk.publish(on_chain=True, progress=lambda done, total: seen.append((done, total)))
    assert published.version.on_chain
    assert published.gas_used > 200 * desk.run.model.stat().st_size
    assert seen[-1][0] == seen[-1][1]
    content, manifest = desk.run.model.read_bytes(), desk.run.manifest.to_bytes()
    desk.run.folder.rename(tmp_path / "elsewhere")
    desk.session.storage.unpin(published.version.artifact_cid)
    desk.session.storage.gc()
    assert desk.session.storage.read(published.version.manifest_cid) == manifest
    model = load_published(desk.session, f"{PROJECT}@1", desk.who("alice").address)
    assert model.path.read_bytes() == content


def test_publish__on_chain_after_it_was_published_without__brings_the_bytes(desk):
    first = desk.publish()
    assert not first.version.on_chain
    whole = desk.publish(on_chain=True)
    assert whole.version.on_chain
    key = whole.version.project_id, whole.version.artifact_hash
    assert desk.session.registry.artifact(*key) == desk.run.model.read_bytes()
    height = desk.blocks
    assert desk.publish(on_chain=True).receipt is None
    assert desk.blocks == height


def test_publish__on_chain_too_large__says_so_before_anything_is_sent(desk, monkeypatch):
    monkeypatch.setattr(publishing, "chunks_of", lambda data: (_ for _ in ()).throw(ChainError("too large")))
    height = desk.blocks
    with pytest.raises(ChainError, match="too large"):
        desk.publish(on_chain=True)
    assert desk.blocks == height


# M of N


def test_publish__two_of_three_signed__is_published_with_both(desk):
    project = team(desk)
    sign(desk.session, desk.run, desk.who("bob"), f"alice/{PROJECT}")
    published = desk.publish()
    assert set(published.signers) == {desk.who("alice").address, desk.who("bob").address}
    assert published.version.approvals == 2
    assert published.project.id == project.id


def test_publish__by_a_publisher_who_is_no_participant__needs_the_others(desk):
    team(desk, publishers=["dave"])
    for name in ("bob", "carol"):
        sign(desk.session, desk.run, desk.who(name), f"alice/{PROJECT}")
    assert desk.publish(sender="dave", project=f"alice/{PROJECT}").version.approvals == 2


def test_publish__too_few_signed__says_who_is_missing_and_sends_nothing(desk):
    team(desk)
    height = desk.blocks
    with pytest.raises(SignatureRefused, match=r"1 of 3 participants have signed.* demands 2") as refused:
        desk.publish()
    assert "diln sign" in refused.value.hint
    assert desk.blocks == height
    assert desk.session.storage.pins() == []


def test_sign__by_a_stranger__is_refused(desk):
    team(desk)
    with pytest.raises(SignatureRefused, match="not a participant"):
        sign(desk.session, desk.run, desk.who("erin"), f"alice/{PROJECT}")
    assert not desk.run.signatures.exists()


def test_sign__twice__keeps_the_first(desk):
    team(desk)
    first = sign(desk.session, desk.run, desk.who("bob"), f"alice/{PROJECT}")
    before = desk.run.signatures.read_bytes()
    assert sign(desk.session, desk.run, desk.who("bob"), f"alice/{PROJECT}") == first
    assert desk.run.signatures.read_bytes() == before


def test_sign__without_a_project__says_how_to_make_one(desk):
    with pytest.raises(ChainError, match="alice has no project") as refused:
        sign(desk.session, desk.run, desk.who("alice"))
    assert "diln project create flowers" in refused.value.hint


def test_sign__model_file_altered__is_refused(desk):
    team(desk)
    desk.run.model.write_bytes(desk.run.model.read_bytes()[:-1] + b"!")
    with pytest.raises(IntegrityError, match="not the model that its manifest describes"):
        sign(desk.session, desk.run, desk.who("bob"), f"alice/{PROJECT}")


def test_publish__manifest_relabelled_signature__is_refused(desk):
    team(desk)
    sign(desk.session, desk.run, desk.who("bob"), f"alice/{PROJECT}")
    signatures(desk, participant=desk.who("carol").address)
    with pytest.raises(SignatureRefused, match="not theirs"):
        desk.publish()


def test_publish__stranger_written_into_the_file__is_refused(desk):
    team(desk)
    sign(desk.session, desk.run, desk.who("bob"), f"alice/{PROJECT}")
    signatures(desk, participant=desk.who("erin").address)
    with pytest.raises(SignatureRefused, match="not a participant"):
        desk.publish()


@pytest.mark.parametrize("elsewhere", [{"chainId": 1}, {"contract": "0x" + "00" * 19 + "01"}])
def test_publish__signature_for_elsewhere__does_not_count_and_is_mentioned(desk, elsewhere):
    team(desk)
    sign(desk.session, desk.run, desk.who("bob"), f"alice/{PROJECT}")
    signatures(desk, **elsewhere)
    with pytest.raises(SignatureRefused, match=r"1 of 3 .*1 more signed for another chain"):
        desk.publish()


def test_publish__signatures_left_over_from_another_chain__are_not_in_the_way(desk):
    project = team(desk)
    publication = signing.publication_in(desk.session, desk.run, project)
    old = [sign_publication(publication, desk.who(name), 5, project.owner) for name in ("alice", "bob")]
    desk.run.signatures.write_text(json.dumps([signature.to_json() for signature in old]))
    sign(desk.session, desk.run, desk.who("bob"), f"alice/{PROJECT}")
    assert desk.publish().version.approvals == 2
    kept = json.loads(desk.run.signatures.read_text())
    assert len(kept) == 4  # and for the other chain, nothing was lost
    assert verify(desk.run.model, desk.session.registry, storage=desk.session.storage).ok


# bad input


def test_publish__model_altered__is_refused_and_nothing_is_sent(desk):
    height = desk.blocks
    content = bytearray(desk.run.model.read_bytes())
    content[100] ^= 1
    desk.run.model.write_bytes(content)
    with pytest.raises(IntegrityError, match="not the model"):
        desk.publish()
    assert (desk.blocks, desk.session.storage.pins()) == (height, [])


def test_publish__manifest_changed__is_refused(desk):
    text = desk.run.manifest_file.read_text()
    desk.run.manifest_file.write_text(text.replace('"project"', '"projekt"', 1))
    with pytest.raises(ManifestError):
        desk.publish()


def test_publish__metrics_improved_after_publishing__is_refused(desk):
    desk.publish()
    text = desk.run.manifest_file.read_text()
    assert '"seed":1' in text
    desk.run.manifest_file.write_text(text.replace('"seed":1', '"seed":2'))
    with pytest.raises(VerificationFailed, match="already, with another manifest"):
        desk.publish()


def test_publish__gate_missed_and_deployable_demanded__sends_nothing(desk):
    run = desk.train(gate="brier = 0.0001")
    height = desk.blocks
    with pytest.raises(GateError, match=r"brier is .*, not <= 0\.0001"):
        desk.publish(run, require_deployable=True)
    assert desk.blocks == height
    assert desk.publish(run).version.status is Status.PUBLISHED


def test_publish__no_gate_and_deployable_demanded__says_so(desk):
    with pytest.raises(GateError, match="sets no gate"):
        desk.publish(desk.train(gate=""), require_deployable=True)


def test_publish__no_money__says_so_and_can_go_on_later(desk, monkeypatch):
    monkeypatch.setenv("DILN_PASSWORD", "open sesame")
    monkeypatch.setattr("orchestrator.chain.keystore.SCRYPT_ROUNDS", 2)
    pauper = desk.session.accounts.new("pauper", "open sesame")
    with pytest.raises(InsufficientFunds, match="has 0 ether"):
        publish(desk.session, desk.run, pauper)
    assert desk.publish().receipt


# whose project


def test_publish__another_creator_has_the_name__gets_a_project_of_its_own(desk):
    mallory = create_project(desk.session, PROJECT, desk.who("judy"))[0]
    assert desk.publish().project.id != mallory
    assert desk.session.registry.versions(mallory) == []


def test_publish__squatter_makes_the_victim_a_publisher__is_not_captured(desk):
    squatted, _ = create_project(
        desk.session, PROJECT, desk.who("judy"), publishers=["alice"], participants=["alice"], threshold=0
    )
    with pytest.raises(UsageError, match="may publish in the one that belongs to judy") as refused:
        desk.publish()
    assert squatted.hex() in refused.value.hint
    create_project(desk.session, PROJECT, desk.who("alice"))
    assert desk.publish().project.owner == desk.who("alice").address
    assert desk.session.registry.versions(squatted) == []


def test_sign__squatter_makes_the_victim_a_participant__is_not_captured(desk):
    create_project(desk.session, PROJECT, desk.who("judy"), participants=["bob"])
    with pytest.raises(ChainError, match="bob has no project"):
        sign(desk.session, desk.run, desk.who("bob"))


def test_find_project__two_creators__own_by_name_others_by_creator(desk):
    hers, _ = create_project(desk.session, PROJECT, desk.who("alice"))
    theirs, _ = create_project(desk.session, PROJECT, desk.who("judy"))
    address = desk.who("judy").address
    assert find_project(desk.session, PROJECT, desk.who("alice").address).id == hers
    assert find_project(desk.session, PROJECT, address).id == theirs
    assert find_project(desk.session, f"{address}/{PROJECT}").id == theirs
    assert find_project(desk.session, "0x" + hers.hex()).id == hers
    with pytest.raises(ChainError, match="2 projects are named"):
        find_project(desk.session, PROJECT, desk.who("bob").address)


def test_find_project__name_like_the_id_of_another__does_not_take_its_place(desk):
    hers, _ = create_project(desk.session, PROJECT, desk.who("alice"))
    create_project(desk.session, hers.hex(), desk.who("judy"))
    create_project(desk.session, f"alice/{PROJECT}", desk.who("judy"))
    assert find_project(desk.session, hers.hex(), desk.who("judy").address).id == hers
    assert find_project(desk.session, f"alice/{PROJECT}", desk.who("judy").address).id == hers


def test_create_project__twice__is_refused_and_costs_nothing(desk):
    create_project(desk.session, PROJECT, desk.who("alice"))
    height = desk.blocks
    with pytest.raises(ChainError, match="already"):
        create_project(desk.session, PROJECT, desk.who("alice"), participants=["bob"])
    assert desk.blocks == height


# parents


def test_publish__with_a_parent__keeps_the_ancestry(desk):
    from orchestrator.provenance import lineage
    from orchestrator.systems.prove.training import train
    from tests.unit.pipeline.desk import write_spec

    parent = desk.run
    child, _ = train(desk.settings, write_spec(desk.folder, seed=2), parents=(parent.id,))
    with pytest.raises(VerificationFailed, match="was never published"):
        desk.publish(child)
    first = desk.publish(parent)
    second = desk.publish(child)
    assert second.version.parents == (first.version.id,)
    tree = lineage(desk.session.registry, second.version)
    assert [each.version.number for each in tree.walk()] == [2, 1]
    assert verify(child.model, desk.session.registry, storage=desk.session.storage).ok
