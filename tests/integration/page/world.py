"""A folder whose chain has all that the page shows: models in every state, an instance of every system."""

import io
import json
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from orchestrator.bindings.registry import CidKind
from orchestrator.chain import migrate
from orchestrator.config import Settings, load_settings
from orchestrator.kernel.session import Session
from orchestrator.models.online.planning import plan
from orchestrator.models.online.training import train
from orchestrator.provenance import (
    PREDICTIONS,
    AnchorReference,
    LogBatches,
    Manifest,
    ModelReference,
    PredictionLog,
    Status,
    canonical,
    chunks_of,
    publication_of,
    verify,
)
from orchestrator.provenance.inclusion import InclusionProof
from orchestrator.provenance.openings import OPENING, Opening
from orchestrator.provenance.untold import DIGEST
from orchestrator.storage import DEFAULT_PROFILE, digest_bytes, digest_file
from orchestrator.systems.competition.baseline import train_baseline
from orchestrator.systems.competition.submitting import propose, submit
from orchestrator.systems.competition.training import training_data
from orchestrator.systems.sum.creating import create
from orchestrator.types import Digest
from tests.unit.competition.stage import Stage
from tests.unit.competition.test_workflows import enter
from tests.unit.market.stage import open_fair
from tests.unit.provenance.conftest import Lab
from tests.unit.provenance.samples import sample_manifest
from tests.unit.provenance.test_verification import Published
from tests.unit.sum.conftest import TERMS, table
from tests.unit.systems.federation.stage import begin as begin_federation
from tests.unit.systems.tournament.conftest import Stage as TournamentStage
from tests.unit.systems.tournament.conftest import write_files


@dataclass
class World:
    """`cases` are the files of each, with the checks that Python makes of them, and what it says of openings.

    Of the project `tumours` dave is the owner, and two of alice, bob and carol sign.
    """

    settings: Settings
    folder: Path
    cases: dict[str, dict[str, Any]] = field(default_factory=dict)
    tumours: str = ""
    unpublished: tuple[str, str] = ("", "")
    private: tuple[str, str, str] = ("", "", "")
    model: str = ""
    market: str = ""
    competition: str = ""
    optimistic: str = ""
    tournament: str = ""
    federation: str = ""

    def case(self, lab: Lab, name: str, *files: Path, project: Digest | None = None) -> None:
        opening = next((Opening.read(file) for file in files if file.name == OPENING), None)
        found = verify(files[0], lab.registry, storage=None, project=project, opening=opening)
        said = [check.sentence for check in found.checks if check.name in ("opening", "description")]
        said += [each for each in found.not_proven if "Ask for" in each]
        self.cases[name] = {
            "files": [str(file) for file in files],
            "project": f"0x{project.hex()}" if project else "",
            "checks": [[check.name, str(check.outcome)] for check in found.checks],
            "said": [*said, *(each for each in found.proven if each.startswith("It was committed to then"))],
        }


@contextmanager
def in_world(settings: Settings, folder: Path) -> Iterator[World]:
    """The world on the chain of `settings`; closed, so that others may serve it."""
    world = World(settings, folder)
    with Session(settings) as session:
        alice = session.account("alice")
        migrate(settings, session.chain, alice)
        lab = Lab(settings, session.chain, session.registry.address)
        _cases(world, lab, folder)
        for each in world.cases.values():
            for file in each["files"][1:2]:
                session.storage.put(Path(file))
        session.storage.put(Path(world.private[1]))
        _systems(world, session, folder)
    yield world


def settings_of(home: Path) -> Settings:
    return load_settings(home=home, environ={})


def _cases(world: World, lab: Lab, folder: Path) -> None:
    project = lab.create_project("tumours", ("alice", "bob", "carol"), 2)
    world.tumours = "0x" + project.hex()
    signed = {"signers": ("alice", "bob")}

    def made(name: str, home: bytes = project, data: bytes = b"", **options: Any) -> Published:
        return Published(lab, folder / name, home, data or name.encode() * 100, **options)

    good = made("good", **signed)
    changed = folder / "changed.skops"
    changed.write_bytes(b"x" + good.model.read_bytes()[1:])
    revoked = made("revoked", **signed)
    revoked.revoke(lab)
    child = made("child", **signed, parents=[revoked.manifest])
    elsewhere = digest_bytes(b"what age made of it").cid
    encrypted = made("encrypted", **signed, cid=elsewhere, artifact=_artifact(b"encrypted", "unknown+age"))
    profile = Published(
        lab, folder / "profile", project, b"profile" * 50_000, profile="unixfs-v0-2015", **signed
    )
    rivals = lab.create_project("rivals", owner="rival")
    twice = made("twice", **signed)
    lab.send(lab.registry.publish(replace(twice.publication, project_id=rivals)), "rival")
    lab.send(lab.registry.contract.revoke(rivals, twice.manifest.artifact_hash, "mine"), "rival")
    disputed = made("disputed", **signed)
    other = replace(disputed.publication, project_id=rivals, manifest_digest=Digest(twice.manifest.digest))
    lab.send(lab.registry.publish(other), "rival")
    free = lab.create_project("free")
    unsigned = made("unsigned", free)
    chained = _on_chain(lab, free, folder / "chained")
    nowhere = made("nowhere", free)
    content = folder / "off-ipfs.skops"
    content.write_bytes(b"never on IPFS")
    put = digest_bytes(content.read_bytes())
    lab.send(
        lab.registry.publish(
            replace(
                nowhere.publication,
                artifact_hash=bytes.fromhex(put.sha256),
                cid_kind=CidKind.NONE,
                cid_digest=bytes(32),
            )
        )
    )
    resting = lab.create_project("resting")
    paused = made("paused", resting)
    lab.send(lab.registry.contract.demote(resting, paused.manifest.artifact_hash, Status.DEPRECATED))
    lab.send(lab.registry.contract.pause(resting))
    archive = made("archive", data=_archive(), kind="skops", **signed)
    contradicted = made("contradicted", data=b"\x80\x04 a pickle", kind="onnx", **signed)
    forged = made("forged", **signed)
    entries = json.loads(forged.signatures.read_bytes())
    entries[0]["signature"] = entries[1]["signature"]
    forged.signatures.write_text(json.dumps(entries))
    whole = _folder(lab, free, folder / "whole")
    shown = folder / "proof.json"
    shown.write_bytes(_proof(lab, good, folder / "log.jsonl").to_bytes())
    claimed = folder / "stranger's proof.json"
    stranger = _stranger(lab, made("copied", **signed), folder)
    claimed.write_bytes(stranger.to_bytes())
    hidden = folder / "changed proof.json"
    hidden.write_bytes(_proof_of_nothing(shown))
    world.unpublished = _unpublished(folder / "unpublished")
    unknown = folder / "unknown.bin"
    unknown.write_bytes(bytes(range(256)))
    for name, run in {
        "good": good, "revoked": revoked, "parent revoked": child, "encrypted": encrypted,
        "other profile": profile, "two projects": twice, "two manifests": disputed, "unsigned": unsigned,
        "paused": paused, "archive": archive, "other format": contradicted, "forged signature": forged,
    }.items():  # fmt: skip
        signatures = [run.signatures] if run.signatures.exists() else []
        world.case(lab, name, run.model, run.manifest_file, *signatures)
    world.case(lab, "folder", whole / "model", whole / "manifest.json")
    other = Path(shutil.copytree(whole / "model", folder / "other" / "model"))
    (other / "sub" / "vocabulary.txt").write_bytes(b"changed")
    world.case(lab, "changed folder", other)
    world.case(lab, "on-chain", chained / "model.skops", chained / "manifest.json")
    for name, file in {
        "proof": shown,
        "proof of another root": hidden,
        "stranger's proof": claimed,
        "changed byte": changed,
        "no CID": content,
        "unknown": unknown,
    }.items():
        world.case(lab, name, file)
    for name, file, named in (
        ("proof of the named project", shown, project),
        ("stranger's proof, another named", claimed, project),
        ("two projects, one named", twice.model, project),
        ("unknown in the named project", twice.model, free),
    ):
        world.case(lab, name, file, project=named)
    _private_cases(world, lab, free, good, folder)
    _cheats(world, lab, free, revoked, folder)


def _private_cases(world: World, lab: Lab, project: bytes, good: Published, folder: Path) -> None:
    model, manifest, opening = _private(folder / "hidden", b"private" * 100)
    other, unseen, its = _private(folder / "other private", b"another private one" * 100)
    for each in (manifest, unseen):
        lab.send(lab.registry.publish(publication_of(Manifest.parse(each.read_bytes()), project), []))
    seed = replace(opening.disclosed["training.seed"], value=8)
    for name, disclosed in {
        "private": opening,
        "private, in part": opening.only([DIGEST, "training.algorithm", "training.hyperparameters"]),
        "private, another value": Opening({**opening.disclosed, "training.seed": seed}),
        "private, another's opening": its,
    }.items():
        world.case(lab, name, model, manifest, _written(disclosed, folder / name))
    world.case(lab, "private, no opening", model, manifest)
    told = _written(its, folder / "public")
    world.case(lab, "public, with an opening", good.model, good.manifest_file, told)
    unseen.unlink()
    world.case(lab, "private, no manifest", other, told)
    model, manifest, opening = _private(folder / "private to sign", b"private, to be signed" * 100)
    world.private = str(model), str(manifest), str(_written(opening, folder / "signing"))


def _cheats(world: World, lab: Lab, project: bytes, revoked: Published, folder: Path) -> None:
    model, manifest, opening = _private(folder / "salted again", revoked.model.read_bytes())
    lab.send(lab.registry.publish(publication_of(Manifest.parse(manifest.read_bytes()), project), []))
    world.case(lab, "private, revoked in the clear", model, manifest, _written(opening, folder / "again"))
    model, manifest, opening = _private(folder / "two tongues", b"with two tongues" * 100)
    public = canonical.decode(manifest.read_bytes())
    public["predicate"]["evaluation"]["gate"] = {"passed": False, "conditions": []}
    manifest.write_bytes(canonical.encode(public))
    lab.send(lab.registry.publish(publication_of(Manifest.parse(manifest.read_bytes()), project), []))
    world.case(lab, "private, two tongues", model, manifest, _written(opening, folder / "tongues"))
    model, manifest, opening = _private(folder / "disowned", b"of others" * 100, parents=[revoked.manifest])
    lab.send(lab.registry.publish(publication_of(Manifest.parse(manifest.read_bytes()), project), []))
    world.case(lab, "private, other parents", model, manifest, _written(opening, folder / "disowning"))
    few = _written(opening.only([DIGEST]), folder / "not disowning")
    world.case(lab, "private, parents withheld", model, manifest, few)


def _private(folder: Path, data: bytes, parents: Sequence[Manifest] = ()) -> tuple[Path, Path, Opening]:
    """A private model, its manifest, and its opening, which lies elsewhere."""
    folder.mkdir()
    put = digest_bytes(data)
    artifact = {"size": len(data), "profile": put.profile, "format": "unknown+age"}
    named = [{"artifact": each.artifact_hash.hex(), "manifest": each.digest.hex()} for each in parents]
    whole = sample_manifest(sha256=put.sha256, cid=put.cid, parents=named, artifact=artifact)
    opening = Opening.of(whole)
    public = opening.hide(whole, digest_bytes(b"what age made of it").cid)
    model, manifest = folder / "model.skops", folder / "manifest.json"
    model.write_bytes(data)
    manifest.write_bytes(public.to_bytes())
    return model, manifest, opening


def _written(opening: Opening, folder: Path) -> Path:
    folder.mkdir()
    (folder / OPENING).write_bytes(opening.to_bytes())
    return folder / OPENING


def _folder(lab: Lab, project: bytes, folder: Path) -> Path:
    """A model of several files, published."""
    model = folder / "model"
    (model / "sub").mkdir(parents=True)
    (model / "config.json").write_text("{}")
    (model / "model.safetensors").write_bytes(bytes(range(256)) * 5000)
    (model / "sub" / "vocabulary.txt").write_text("é")
    (model / ".hidden").write_text("")
    put = digest_file(model)
    artifact = {"size": put.size, "profile": put.profile, "format": "hugging-face"}
    manifest = sample_manifest(sha256=None, cid=put.cid, parents=[], artifact=artifact)
    lab.send(lab.registry.publish(publication_of(manifest, project), []))
    (folder / "manifest.json").write_bytes(manifest.to_bytes())
    return folder


def _systems(world: World, session: Session, folder: Path) -> None:
    """One of each. Bob is in all that can be entered; the tournament waits for its time, so it is first."""
    write_files(folder)
    world.tournament = TournamentStage(session, folder).entered("anna").address
    learned = plan(train(table(), "perceptron"))
    world.model = create(session, "walks", learned, session.account("alice"), TERMS).address
    world.market = open_fair(session, learned.converted).market.address
    world.federation = begin_federation(session, folder, "alice", "bob").address
    stage = Stage(session, folder)
    world.optimistic = _optimistic(stage)
    found = stage.create()
    file = folder / "anna.skops"
    train_baseline(training_data(session, found), found.terms, file, kind="linear")
    submit(session, found, propose(session, found, file), stage.account("anna"))
    world.competition = found.address


def _stranger(lab: Lab, copied: Published, folder: Path) -> InclusionProof:
    """Of what a model never answered, logged in a stranger's project of the same name."""
    copied.project = lab.create_project("tumours", owner="rival")
    lab.send(lab.registry.publish(replace(copied.publication, project_id=copied.project)), "rival")
    return _proof(lab, copied, folder / "stranger.jsonl", "rival")


def _proof(lab: Lab, good: Published, log: Path, owner: str = "owner") -> InclusionProof:
    """That the model answered, with the question shown."""
    version = lab.registry.version(good.project, good.manifest.artifact_hash)
    model = ModelReference.of("tumours", version, lab.registry)
    batches = LogBatches(PredictionLog(log))
    for number in range(4):
        batches.log.append(model, {"mean radius": number}, {"label": "benign", "row": number})
    batch = batches.open()
    lab.send(lab.registry.anchor_batch(good.project, batch.root, batch.count, PREDICTIONS), owner)
    batches.close(batch, AnchorReference.of(lab.registry.batch_anchor(good.project, batch.root)))
    return batches.prove(2).reveal({"mean radius": 2}, batches.log.salt(2))


def _proof_of_nothing(proof: Path) -> bytes:
    """The same under a root that nobody anchored."""
    changed = json.loads(proof.read_bytes()) | {"root": "11" * 32}
    return canonical.encode(changed)


def _unpublished(folder: Path) -> tuple[str, str]:
    """A model and its manifest, which nobody has signed yet."""
    folder.mkdir()
    model, manifest, data = folder / "model.skops", folder / "manifest.json", b"to be signed" * 100
    put = digest_bytes(data)
    size = {"size": len(data), "profile": put.profile, "format": "unknown"}
    model.write_bytes(data)
    manifest.write_bytes(
        sample_manifest(sha256=put.sha256, cid=put.cid, parents=[], artifact=size).to_bytes()
    )
    return str(model), str(manifest)


def _optimistic(stage: Stage) -> str:
    """A competition whose scores are claimed, with a model of bob's and one of carol's."""
    found = stage.create(optimistic=True)
    for role in ("anna", "ben"):
        enter(stage, found, role)
    return str(found.address)


def _archive() -> bytes:
    """What skops writes, as far as a format is told by it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("schema.json", "{}")
    return content.getvalue()


def _artifact(name: bytes, kind: str) -> dict[str, Any]:
    return {"size": len(name) * 100, "profile": DEFAULT_PROFILE, "format": kind}


def _on_chain(lab: Lab, project: bytes, folder: Path) -> Path:
    folder.mkdir()
    data = bytes(range(256)) * 100
    put = digest_bytes(data)
    size = {"size": len(data), "profile": put.profile, "format": "unknown"}
    manifest = sample_manifest(sha256=put.sha256, cid=put.cid, parents=[], artifact=size)
    for chunk in chunks_of(data):
        lab.send(lab.registry.contract.store_chunk(chunk))
    chunks = [lab.registry.chunk_address(chunk) for chunk in chunks_of(data)]
    lab.send(lab.registry.publish_on_chain(publication_of(manifest, project), [], chunks))
    (folder / "model.skops").write_bytes(data)
    (folder / "manifest.json").write_bytes(manifest.to_bytes())
    return folder
