"""The whole job, as two people do it, on whatever chain and store they have."""

from dataclasses import replace
from pathlib import Path

from orchestrator.chain import migrate
from orchestrator.config import Settings
from orchestrator.errors import VerificationFailed
from orchestrator.pipeline.loading import load_published
from orchestrator.pipeline.marking import mark
from orchestrator.pipeline.predicting import anchor_log, predict, prove
from orchestrator.pipeline.projects import create_project
from orchestrator.pipeline.publishing import Published, publish
from orchestrator.pipeline.runs import Run
from orchestrator.pipeline.signing import sign
from orchestrator.pipeline.training import train
from orchestrator.pipeline.workspace import Workspace
from orchestrator.provenance import Status, verify
from tests.unit.pipeline.desk import PROJECT, write_spec

ROW = {"length": 1.0, "width": 5.0, "spots": 2.0}


def do_the_whole_job(settings: Settings, folder: Path) -> None:
    """From training to a proof, with 2 of 2 signing; then the same model as seen from another machine."""
    settings = replace(settings, home=folder / ".diln")
    run, _ = train(settings, write_spec(folder))
    with Workspace(settings) as workspace:
        published = publish_together(workspace, run)
        use(workspace, folder)
        elsewhere = replace(settings, home=folder / "elsewhere")
        take_from_the_chain(workspace, elsewhere, published)
        revoke(workspace, published)


def publish_together(
    workspace: Workspace, run: Run, name: str = PROJECT, *, on_chain: bool = True
) -> Published:
    """Signed by two; and a second time, which must send nothing."""
    alice, bob = workspace.account("alice"), workspace.account("bob")
    migrate(workspace.settings, workspace.chain, alice)
    create_project(workspace, name, alice, participants=["alice", "bob"], threshold=2)
    sign(workspace, run, bob, f"alice/{name}")
    published = publish(workspace, run, alice, on_chain=on_chain)
    assert isinstance(published, Published)
    assert set(published.signers) == {alice.address, bob.address}
    assert published.version.status is Status.DEPLOYABLE
    again = publish(workspace, run, alice, on_chain=on_chain)
    assert isinstance(again, Published)
    assert (again.receipt, again.version) == (None, published.version)
    project = published.version.project_id
    assert verify(run.model, workspace.registry, storage=workspace.storage, project=project).ok
    return published


def use(workspace: Workspace, folder: Path) -> None:
    """Predict, anchor and prove."""
    alice = workspace.account("alice")
    model = load_published(workspace, f"{PROJECT}@1", alice.address)
    answers = predict(workspace, model, [ROW, {**ROW, "length": 4.0, "width": 4.0}])
    assert [answer.output["label"] for answer in answers] == ["lily", "rose"]
    project = model.version.project_id
    assert anchor_log(workspace, project, alice)
    assert anchor_log(workspace, project, alice) is None
    prove(workspace, project, 1, folder / "proof.json", {**ROW, "length": 4, "width": 4})
    verification = verify(folder / "proof.json", workspace.registry)
    assert verification.ok, verification.failures


def take_from_the_chain(workspace: Workspace, elsewhere: Settings, published: Published) -> None:
    """The bytes come from contract code alone."""
    version = published.version
    data = workspace.registry.artifact(version.project_id, version.artifact_hash)
    assert data
    elsewhere.home.mkdir()
    file = elsewhere.home / "model.skops"
    file.write_bytes(data)
    assert verify(file, workspace.registry, storage=workspace.storage, project=version.project_id).ok
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert not verify(file, workspace.registry, project=version.project_id).ok


def revoke(workspace: Workspace, published: Published) -> None:
    mark(workspace, published.version, Status.REVOKED, workspace.account("alice"), reason="data leak")
    try:
        load_published(workspace, f"{PROJECT}@1", workspace.account("alice").address)
    except VerificationFailed as refused:
        assert "revoked: data leak" in refused.message  # noqa: PT017
    else:
        raise AssertionError("a revoked model was loaded")
