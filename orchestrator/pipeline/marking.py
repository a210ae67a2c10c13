"""Change how far a published version is trusted."""

from collections.abc import Sequence

from orchestrator.chain import Account, Receipt
from orchestrator.errors import GateError, UsageError
from orchestrator.pipeline.workspace import Workspace
from orchestrator.provenance import Approval, Manifest, Status, Version, sign_promotion


def mark(
    workspace: Workspace,
    version: Version,
    status: Status,
    sender: Account,
    *,
    reason: str = "",
    signers: Sequence[Account] = (),
    dry_run: bool = False,
) -> Receipt:
    """Give a version another status.

    Less trust (deprecated, published) needs a publisher. More trust needs as many participants' signatures as
    the project demands, given by `signers` (if none are named, by `sender`). Revoking needs the owner and a
    `reason`, and is for good. A model becomes deployable only if its manifest holds a gate that it passed.

    Raises GateError, UsageError without a reason, ContractReverted for a transition that is not allowed.
    """
    registry = workspace.registry
    key = version.project_id, version.artifact_hash
    if status is Status.REVOKED:
        if not reason:
            raise UsageError("revoking needs a reason", "Say why with --reason.")
        function = registry.revoke(*key, reason)
    elif status < version.status:
        function = registry.demote(*key, status)
    else:
        if status is Status.DEPLOYABLE:
            _require_gate(workspace, version)
        function = registry.promote(*key, status, _approvals(workspace, version, status, signers or [sender]))
    return workspace.chain.send(function, sender, dry_run=dry_run)


def _approvals(
    workspace: Workspace, version: Version, status: Status, signers: Sequence[Account]
) -> list[Approval]:
    registry = workspace.registry
    return [
        sign_promotion(version, status, signer, workspace.chain.chain_id, registry.address)
        for signer in signers
        if registry.is_participant(version.project_id, signer.address)
    ]


def _require_gate(workspace: Workspace, version: Version) -> None:
    manifest = Manifest.parse(workspace.storage.read(version.manifest_cid))
    gate = manifest.predicate.evaluation.gate
    if gate is None or not gate.passed:
        raise GateError(
            "this model has not passed a gate, so it cannot become deployable",
            "Set [gate] in the spec, train a model that passes, and publish that.",
        )
