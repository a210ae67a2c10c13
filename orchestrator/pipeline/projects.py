"""Projects by name. One creator's names are unique; others may give theirs the same name."""

from collections.abc import Sequence

from orchestrator.chain import Account, Receipt
from orchestrator.errors import ChainError
from orchestrator.pipeline.workspace import Workspace
from orchestrator.provenance import Project
from orchestrator.types import Address, Digest


def find_project(workspace: Workspace, reference: str, creator: Address | None = None) -> Project:
    """The project that `reference` names: an id (64 hex digits), `CREATOR/NAME`, or NAME.

    CREATOR is an address or an account's name. A bare NAME is first looked for among the projects of
    `creator`, so that nobody can take its place by giving theirs the same name; then among all.

    Raises ChainError if there is none, or several have the name.
    """
    registry = workspace.registry
    owner, slash, name = reference.rpartition("/")
    if slash:
        creator = resolve_address(workspace, owner)
    own = registry.project(registry.project_id(creator, name)) if creator else None
    if own:
        return own
    if slash:
        raise ChainError(f"{owner} has created no project `{name}`", "Look at `diln project list`.")
    return registry.find_project(reference)


def create_project(
    workspace: Workspace,
    name: str,
    sender: Account,
    *,
    publishers: Sequence[str] = (),
    participants: Sequence[str] = (),
    threshold: int | None = None,
    dry_run: bool = False,
) -> tuple[Digest, Receipt]:
    """Create a project that `sender` owns; members are given by address or account name.

    Without participants, `sender` is the only one. Unless `threshold` is given, all of them must sign.
    Returns the project's id and the receipt; raises ContractReverted if `sender` has one of that name.
    """
    signing = [resolve_address(workspace, who) for who in participants] or [sender.address]
    function = workspace.registry.create_project(
        name,
        [resolve_address(workspace, who) for who in publishers],
        signing,
        len(signing) if threshold is None else threshold,
    )
    receipt = workspace.chain.send(function, sender, dry_run=dry_run)
    return workspace.registry.project_id(sender.address, name), receipt


def resolve_address(workspace: Workspace, who: str) -> Address:
    """An address as it is, an account's name as its address. Raises AccountError for an unknown name."""
    from eth_utils.address import is_address, to_checksum_address

    return to_checksum_address(who) if is_address(who) else workspace.account(who).address
