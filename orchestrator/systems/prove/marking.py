"""Change how far a published version is trusted."""

from collections.abc import Iterator, Sequence

from orchestrator.chain import Account, Receipt
from orchestrator.errors import GateError, ModelError, NotDeployed, SignatureRefused, UsageError
from orchestrator.kernel.session import Session
from orchestrator.provenance import Approval, Status, Version, lineage, sign_promotion
from orchestrator.storage import digest_file
from orchestrator.systems.prove.fetching import described_of
from orchestrator.systems.prove.runs import Run
from orchestrator.types import Digest


def mark(
    session: Session,
    version: Version,
    status: Status,
    sender: Account,
    *,
    reason: str = "",
    signers: Sequence[Account] = (),
    dry_run: bool = False,
) -> Receipt | None:
    """Give a version another status; None, and nothing is sent, if it has that status already.

    Less trust (deprecated, published) needs a publisher. More trust needs as many participants' signatures as
    the project demands, given by `signers` (if none are named, by `sender`). Revoking needs the owner and a
    `reason`, and is for good. A model becomes deployable only if its manifest holds a gate that it passed.

    Raises GateError, UsageError without a reason, SignatureRefused for a signer who is not a participant,
    ContractReverted for a transition that is not allowed.
    """
    with session.alone(f"mark {version.project_id.hex()} {version.artifact_hash.hex()}"):
        version = session.registry.version(version.project_id, version.artifact_hash) or version
        if status is version.status:
            return None
        return _mark(session, version, status, sender, reason, signers, dry_run)


def refuse_revoked(session: Session, parents: Sequence[Run]) -> None:
    """Raise ModelError where a parent, or what it was made from, was revoked in any project of this chain.

    A model made from a revoked one fails verification. Where no registry is, nothing was revoked.
    """
    try:
        registry = session.registry
    except NotDeployed:
        return
    for run in parents:
        for version in (each for digest in _digests(run) for each in registry.find_versions(digest)):
            for each in (version, *lineage(registry, version).ancestors()):
                if each.status is Status.REVOKED:
                    what = "was revoked" if each is version else "was made from a model that was revoked"
                    raise ModelError(
                        f"{run.name}/{run.id} {what}: {each.reason}",
                        "Train without it, or add --allow-revoked: what is made from it fails to verify.",
                    )


def _digests(run: Run) -> Iterator[Digest]:
    """By what the registry may know a run's model: that of a private one also in the clear, from others."""
    manifest = run.manifest
    yield manifest.artifact_hash
    if manifest.private:
        yield digest_file(run.model).digest


def _mark(
    session: Session,
    version: Version,
    status: Status,
    sender: Account,
    reason: str,
    signers: Sequence[Account],
    dry_run: bool,
) -> Receipt:
    registry = session.registry
    key = version.project_id, version.artifact_hash
    if status is Status.REVOKED:
        if not reason:
            raise UsageError("revoking needs a reason", "Say why with --reason.")
        function = registry.contract.revoke(*key, reason)
    elif status < version.status:
        function = registry.contract.demote(*key, status)
    else:
        if status is Status.DEPLOYABLE:
            _require_gate(session, version)
        approvals = _approvals(session, version, status, _signers(session, version, signers, sender))
        function = registry.promote(*key, status, approvals)
    return session.send(function, sender, dry_run=dry_run)


def _approvals(
    session: Session, version: Version, status: Status, signers: Sequence[Account]
) -> list[Approval]:
    chain_id, registry = session.chain.chain_id, session.registry.address
    return [sign_promotion(version, status, signer, chain_id, registry) for signer in signers]


def _signers(session: Session, version: Version, named: Sequence[Account], sender: Account) -> list[Account]:
    """Those who were named, all of them participants; if nobody was, the sender where it is one."""
    strangers = [
        account
        for account in named or [sender]
        if not session.registry.is_participant(version.project_id, account.address)
    ]
    if named and strangers:
        raise SignatureRefused(
            f"{strangers[0].name} is not a participant of this project",
            "`diln project show PROJECT` lists them.",
        )
    return [account for account in named or [sender] if account not in strangers]


def _require_gate(session: Session, version: Version) -> None:
    manifest = described_of(session, version)
    gate = manifest.predicate.evaluation.gate
    if manifest.private and gate is None:
        raise GateError(
            "nothing here tells that this private model passed a gate, so it cannot become deployable",
            "If you are among its readers, take it in first: `diln import BUNDLE --identity KEYFILE`.",
        )
    if gate is None or not gate.holds:
        raise GateError(
            "this model has not passed a gate, so it cannot become deployable",
            "Set [gate] in the spec, train a model that passes, and publish that.",
        )
