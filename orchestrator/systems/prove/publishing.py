"""Publish: from a run on this machine to a version that anybody can check against the chain."""

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from orchestrator.chain import Account, Receipt
from orchestrator.errors import GateError, IntegrityError, UsageError, VerificationFailed
from orchestrator.kernel.session import Session
from orchestrator.provenance import Approval, Manifest, Project, Publication, Version, chunks_of
from orchestrator.systems.prove.projects import create_project, find_project, own_project
from orchestrator.systems.prove.runs import Run
from orchestrator.systems.prove.signing import check_run, gather, publication_in
from orchestrator.types import Address, Report, Wei

if TYPE_CHECKING:
    from orchestrator.chain.bound import Call


@dataclass(frozen=True)
class Published:
    """A version on the chain.

    `receipt` is None if it had been published before. `gas_used` is of all steps, the chunks' included.
    """

    version: Version
    project: Project
    receipt: Receipt | None
    signers: tuple[Address, ...]
    gas_used: int


def publish(
    session: Session,
    run: Run,
    sender: Account,
    *,
    project: str | None = None,
    on_chain: bool = False,
    require_deployable: bool = False,
    dry_run: bool = False,
    progress: Report | None = None,
) -> Published | Receipt:
    """Pin a run's model and manifest, and anchor both in the registry; done twice, nothing happens twice.

    Unless `project` is given (see `find_project`), it is the sender's own of the manifest's name, created if
    need be. If `sender` is a participant who has not signed yet, this signs. A model whose gate passed is
    published as deployable. `on_chain` also stores the model in contract code (at most 983,000 bytes), be it
    published before or not. Of a private model only the encrypted file is pinned.

    A dry run returns what all that it could try would cost together: in a project that is yet to be created,
    nothing more can be tried.

    Raises GateError (with `require_deployable`), SignatureRefused if too few participants have signed,
    IntegrityError, UsageError for a private model on-chain, VerificationFailed if the same model was
    published with another manifest.
    """
    manifest = check_run(run)
    if require_deployable:
        _require_gate(run.described)
    with session.alone(f"publish {sender.address}"):
        pieces = _pieces(run, manifest) if on_chain else []
        steps = _Steps(session, sender, dry_run)
        home = _home(steps, run.described.predicate.project, project)
        if home is None:
            return steps.total
        publication = publication_in(session, run, home)
        registry = session.registry
        with session.chain.ahead(
            partial(registry.version, publication.project_id, publication.artifact_hash),
            partial(registry.is_participant, home.id, sender.address),
            partial(session.chain.code, sender.address),  # a wallet signs in another way
        ):
            known = _published_before(session, publication)
            approvals = [] if known else gather(session, run, publication, home, sender, keep=not dry_run)
        if not dry_run:
            _pin(session, run, manifest, progress)
        chunks = _store(steps, pieces, progress) if not (known and known.on_chain) else []
        receipt = _anchor(steps, publication, approvals, chunks, known)
        return steps.total if dry_run else _published(steps, publication, home, approvals, receipt)


class _Steps:
    """The transactions of one workflow, each sent once however often it is run, and what they took."""

    def __init__(self, session: Session, sender: Account, dry_run: bool) -> None:
        self.session = session
        self.sender = sender
        self.dry_run = dry_run
        self.receipts: list[Receipt] = []

    def send(self, purpose: str, function: "Call") -> Receipt:
        receipt = self.session.send(function, self.sender, dry_run=self.dry_run, once=purpose)
        self.receipts.append(receipt)
        return receipt

    @property
    def total(self) -> Receipt:
        """The last receipt, with the gas and the fees of all; of no step at all, nothing."""
        last = self.receipts[-1] if self.receipts else Receipt("", 0, 0, Wei(0))
        return replace(
            last,
            gas_used=sum(receipt.gas_used for receipt in self.receipts),
            fee=Wei(sum(receipt.fee for receipt in self.receipts)),
        )


def _home(steps: _Steps, name: str, project: str | None) -> Project | None:
    """The project to publish in, created if need be; None if a dry run finds that it would be."""
    session, sender = steps.session, steps.sender
    if project:
        return find_project(session, project, sender.address)
    own = own_project(session, name, sender)
    if own:
        return own
    _refuse_guess(session, name, sender)
    project_id, receipt = create_project(session, name, sender, dry_run=steps.dry_run)
    steps.receipts.append(receipt)
    return None if steps.dry_run else find_project(session, project_id.hex())


def _refuse_guess(session: Session, name: str, sender: Account) -> None:
    """Raise UsageError where the sender may publish in somebody else's project of this name.

    It may be the one that is meant, or a trap: its owner needs nobody's consent to make them a publisher.
    """
    registry = session.registry
    for other in registry.projects_named(name):
        if registry.is_publisher(other.id, sender.address):
            raise UsageError(
                f"{sender.name} has no project `{name}`, but may publish in the one that belongs to "
                f"{session.full_name_of(other.owner)}",
                f"Choose: --project {other.id.hex()}, or first `diln project create {name}`.",
            )


def _published_before(session: Session, publication: Publication) -> Version | None:
    known = session.registry.version(publication.project_id, publication.artifact_hash)
    if known and known.manifest_digest != publication.manifest_digest:
        raise VerificationFailed(
            f"this very model is version {known.number} of the project already, with another manifest "
            f"({known.manifest_digest.hex()[:12]}…)",
            "The same data, spec and seed make the same model: change one of them to publish another.",
        )
    return known


def _pin(session: Session, run: Run, manifest: Manifest, progress: Report | None) -> None:
    """Store the model and its manifest under the very CIDs that the manifest and the registry name."""
    artifact = manifest.predicate.artifact
    file = run.encrypted if artifact.encrypted else run.model
    stored = session.storage.put(file, profile=artifact.profile, progress=progress)
    described = session.storage.put(manifest.to_bytes())
    if (stored.cid, described.cid) != (manifest.artifact_cid, manifest.cid):
        raise IntegrityError("the store gave other CIDs than the manifest names", "Train again.")


def _pieces(run: Run, manifest: Manifest) -> list[bytes]:
    if manifest.predicate.artifact.encrypted:
        raise UsageError(
            "this model is private, and everybody can read what is on-chain",
            "Publish it without --on-chain, or train it without --encrypt-to.",
        )
    if manifest.folder:
        raise UsageError("a folder cannot be stored on-chain", "Publish it without --on-chain.")
    return chunks_of(run.model.read_bytes())


def _store(steps: _Steps, pieces: list[bytes], progress: Report | None) -> list[Address]:
    """Store what is not on the chain yet, piece by piece; returns where all of them are."""
    registry = steps.session.registry
    addresses = [registry.chunk_address(piece) for piece in pieces]
    for index, (piece, address) in enumerate(zip(pieces, addresses, strict=True)):
        if not registry.has_chunk(address):
            steps.send(f"chunk-{address[2:]}", registry.contract.store_chunk(piece))
        if progress:
            progress(index + 1, len(pieces))
    return addresses


def _anchor(
    steps: _Steps,
    publication: Publication,
    approvals: list[Approval],
    chunks: list[Address],
    known: Version | None,
) -> Receipt | None:
    """Publish, with the model's bytes if there are chunks; None if nothing remained to be done."""
    registry, key = steps.session.registry, (publication.project_id, publication.artifact_hash)
    name = f"{key[0].hex()[:16]}-{key[1].hex()[:16]}"
    if steps.dry_run and not all(registry.has_chunk(chunk) for chunk in chunks):
        chunks = []  # what is not stored cannot be referred to, so the rest is tried without it
    if known:
        return (
            steps.send(f"attach-{name}", registry.contract.attach_artifact(*key, chunks)) if chunks else None
        )
    if chunks:
        return steps.send(f"publish-{name}", registry.publish_on_chain(publication, approvals, chunks))
    return steps.send(f"publish-{name}", registry.publish(publication, approvals))


def _published(
    steps: _Steps, publication: Publication, home: Project, approvals: list[Approval], receipt: Receipt | None
) -> Published:
    version = steps.session.registry.version(publication.project_id, publication.artifact_hash)
    if version is None:
        raise VerificationFailed(
            "the publication went through, yet the registry does not show the version",
            "The node may lag or lie: ask another one with `diln verify FILE`.",
        )
    signers = tuple(approval.signer for approval in approvals)
    return Published(version, home, receipt, signers, steps.total.gas_used)


def _require_gate(manifest: Manifest) -> None:
    gate = manifest.predicate.evaluation.gate
    if gate is None or not gate.holds:
        hint = "Publish it without --require-gate, or train a better one."
        raise GateError(_gate_sentence(manifest), hint)


def _gate_sentence(manifest: Manifest) -> str:
    gate = manifest.predicate.evaluation.gate
    if gate is None:
        return "the spec sets no gate, so nothing says that this model is fit to be deployed"
    missed = [
        f"{each.metric} is {each.value:.4g}, not {each.relation} {each.threshold:g}"
        if each.value is not None
        else f"{each.metric} was not measured"
        for each in gate.conditions
        if not each.holds
    ]
    return f"the model does not pass its gate: {'; '.join(missed) or 'it tells of no passing'}"
