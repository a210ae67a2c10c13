"""The whole job, as two people do it, on whatever chain and store they have."""

from dataclasses import replace
from pathlib import Path

from orchestrator.chain import migrate
from orchestrator.config import Settings
from orchestrator.errors import VerificationFailed
from orchestrator.kernel.session import Session
from orchestrator.provenance import Status, verify
from orchestrator.systems.prove.loading import load_published
from orchestrator.systems.prove.marking import mark
from orchestrator.systems.prove.predicting import anchor_log, predict, prove
from orchestrator.systems.prove.projects import create_project
from orchestrator.systems.prove.publishing import Published, publish
from orchestrator.systems.prove.runs import Run
from orchestrator.systems.prove.signing import sign
from orchestrator.systems.prove.training import train
from tests.unit.pipeline.desk import PROJECT, write_spec

ROW = {"length": 1.0, "width": 5.0, "spots": 2.0}


def do_the_whole_job(settings: Settings, folder: Path) -> None:
    """From training to a proof, with 2 of 2 signing; then the same model as seen from another machine."""
    settings = replace(settings, home=folder / ".diln")
    run, _ = train(settings, write_spec(folder))
    with Session(settings) as session:
        published = publish_together(session, run)
        use(session, folder)
        elsewhere = replace(settings, home=folder / "elsewhere")
        take_from_the_chain(session, elsewhere, published)
        revoke(session, published)


def publish_together(session: Session, run: Run, name: str = PROJECT, *, on_chain: bool = True) -> Published:
    """Signed by two; and a second time, which must send nothing."""
    alice, bob = session.account("alice"), session.account("bob")
    migrate(session.settings, session.chain, alice)
    create_project(session, name, alice, participants=["alice", "bob"], threshold=2)
    sign(session, run, bob, f"alice/{name}")
    published = publish(session, run, alice, on_chain=on_chain)
    assert isinstance(published, Published)
    assert set(published.signers) == {alice.address, bob.address}
    assert published.version.status is Status.DEPLOYABLE
    again = publish(session, run, alice, on_chain=on_chain)
    assert isinstance(again, Published)
    assert (again.receipt, again.version) == (None, published.version)
    project = published.version.project_id
    assert verify(run.model, session.registry, storage=session.storage, project=project).ok
    return published


def use(session: Session, folder: Path) -> None:
    """Predict, anchor and prove."""
    alice = session.account("alice")
    model = load_published(session, f"{PROJECT}@1", alice.address)
    answers = predict(session, model, [ROW, {**ROW, "length": 4.0, "width": 4.0}])
    assert [answer.output["label"] for answer in answers] == ["lily", "rose"]
    project = model.version.project_id
    assert anchor_log(session, project, alice)
    assert anchor_log(session, project, alice) is None
    prove(session, project, 1, folder / "proof.json", {**ROW, "length": 4, "width": 4})
    verification = verify(folder / "proof.json", session.registry)
    assert verification.ok, verification.failures


def take_from_the_chain(session: Session, elsewhere: Settings, published: Published) -> None:
    """The bytes come from contract code alone."""
    version = published.version
    data = session.registry.artifact(version.project_id, version.artifact_hash)
    assert data
    elsewhere.home.mkdir()
    file = elsewhere.home / "model.skops"
    file.write_bytes(data)
    assert verify(file, session.registry, storage=session.storage, project=version.project_id).ok
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert not verify(file, session.registry, project=version.project_id).ok


def revoke(session: Session, published: Published) -> None:
    mark(session, published.version, Status.REVOKED, session.account("alice"), reason="data leak")
    try:
        load_published(session, f"{PROJECT}@1", session.account("alice").address)
    except VerificationFailed as refused:
        assert "revoked: data leak" in refused.message  # noqa: PT017
    else:
        raise AssertionError("a revoked model was loaded")
