"""The whole job on real data, told line by line: what `diln demo` shows."""

from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path

from orchestrator.chain import migrate
from orchestrator.config import EMBEDDED, Network, Settings, StorageConfig
from orchestrator.errors import VerificationFailed
from orchestrator.kernel.session import Session
from orchestrator.learning.data import load_dataset
from orchestrator.learning.template import spec_template
from orchestrator.provenance import verify
from orchestrator.systems.prove.loading import check, load_published
from orchestrator.systems.prove.predicting import anchor_log, predict, prove
from orchestrator.systems.prove.projects import create_project
from orchestrator.systems.prove.publishing import Published, publish
from orchestrator.systems.prove.runs import Run
from orchestrator.systems.prove.signing import sign
from orchestrator.systems.prove.training import train

Line = tuple[str, str]

PROJECT = "breast-cancer"


def demo(settings: Settings, folder: Path) -> Iterator[Line]:
    """Train, sign, publish, verify, predict, prove and forge in `folder`; yields (step, sentence) as it goes.

    Always on the embedded chain and store of a state folder of its own. Raises VerificationFailed if the
    forged model is not caught.
    """
    spec = folder / "diln.toml"
    spec.write_text(spec_template("breast_cancer", name=PROJECT), encoding="utf-8")
    own = replace(
        settings, home=folder / ".diln", network=Network(EMBEDDED), storage=StorageConfig(), account=None
    )
    with Session(own) as session:
        run = yield from _train(session, spec)
        published = yield from _publish(session, run)
        yield from _use(session, published, spec)
        yield from _forge(session, run, published)


def _train(session: Session, spec: Path) -> Generator[Line, None, Run]:
    run, training = train(session.settings, spec)
    data, metrics = training.dataset.provenance, training.metrics
    manifest = run.manifest
    yield "collect", f"{data.rows} rows of {data.source}, SHA-256 {data.sha256}"
    yield (
        "train",
        f"{(manifest.predicate.training.algorithm or '').rpartition('.')[2]} in {training.seconds:.1f} s; on "
        f"{metrics.rows} rows held out: F1 {metrics['f1']:.4f}, ROC-AUC {metrics['roc_auc']:.4f}",
    )
    yield (
        "describe",
        f"{manifest.predicate.artifact.size} bytes, SHA-256 {manifest.artifact_hash.hex()}, "
        f"CID {manifest.artifact_cid}",
    )
    return run


def _publish(session: Session, run: Run) -> Generator[Line, None, Published]:
    alice, bob = session.account("alice"), session.account("bob")
    [registry] = migrate(session.settings, session.chain, alice, ["registry"])
    yield "deploy", f"the registry is at {registry.address} on the embedded chain"
    create_project(session, PROJECT, alice, participants=["alice", "bob", "carol"], threshold=2)
    sign(session, run, bob, f"alice/{PROJECT}")
    yield "sign", f"bob signed manifest {run.manifest.digest.hex()}; alice signs next, 2 of 3 must"
    published = publish(session, run, alice)
    assert isinstance(published, Published)  # noqa: S101 - it was not a dry run
    assert published.receipt  # noqa: S101 - the chain is new
    yield (
        "publish",
        f"version {published.version.number}, {published.version.status.word} (the gate passed): transaction "
        f"{published.receipt.tx_hash}, {published.gas_used:,} gas",
    )
    return published


def _use(session: Session, published: Published, spec: Path) -> Iterator[Line]:
    from orchestrator.learning.spec import load_spec

    model = load_published(session, f"{PROJECT}@1", session.viewer)
    checks = check(session, model.path, published.project.id).checks
    yield (
        "verify",
        f"{', '.join(each.name for each in checks)}: all {len(checks)} checks against the chain passed",
    )
    first = load_dataset(load_spec(spec).data, spec.parent).X.iloc[0]
    row = {str(name): value for name, value in first.items()}
    [prediction] = predict(session, model, [row])
    label = prediction.output["label"]
    share = prediction.output["probabilities"][label]
    yield "predict", f"row 1 is {label} (probability {share:.4f}); logged as prediction {prediction.index}"
    anchored = anchor_log(session, published.project.id, session.account("alice"))
    assert anchored  # noqa: S101 - there is a prediction
    batch, receipt = anchored
    yield "anchor", f"the log's Merkle root {batch.root.hex()}, {receipt.gas_used:,} gas"
    dest = spec.parent / "prediction-0.json"
    prove(session, published.project.id, prediction.index, dest)
    verify(dest, session.registry).require()
    yield "prove", "the contract accepts the proof that this prediction was logged"


def _forge(session: Session, run: Run, published: Published) -> Iterator[Line]:
    forged = run.folder.parent / "forged.skops"
    content = bytearray(run.model.read_bytes())
    place = len(content) // 2
    content[place] ^= 1
    forged.write_bytes(content)
    yield "forge", f"one bit of byte {place} changed"
    verification = verify(forged, session.registry, project=published.project.id)
    if verification.ok:
        raise VerificationFailed("the forged model was not caught", "Do not use this build of DILN.")
    yield "caught", verification.failures[0].sentence
