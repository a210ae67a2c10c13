"""Who stands for whom in federations of federations: what their descriptors say (see sharding.py)."""

from eth_utils.address import to_checksum_address

from orchestrator.bindings.federation import Federation
from orchestrator.errors import DataError, NotDeployed, StorageError, UsageError
from orchestrator.kernel.session import Session
from orchestrator.systems.federation.finding import descriptor_of, federations, open_federation
from orchestrator.types import Address

MOST = 8
"""So many federations of one organizer's are looked at, the newest first."""


def is_sharded(session: Session, federation: Federation) -> bool:
    """Whether its parties stand for federations of their own. Raises StorageError, DataError."""
    return descriptor_of(session, federation).sharded


def upper_of(session: Session, federation: Federation) -> Federation | None:
    """The federation above. Raises StorageError, DataError for one whose model cannot be this one's."""
    address = descriptor_of(session, federation).upper
    if not address:
        return None
    try:
        found = open_federation(session, to_checksum_address(address))
    except NotDeployed as error:
        raise DataError(error.message, "Nobody can train for it: leave.") from error
    if found.terms.size != federation.terms.size:
        raise DataError(f"{address} has another model than the federation below it", "Leave.")
    return found


def lowers_of(session: Session, upper: Federation, party: Address) -> list[Federation]:
    """The federations that `party` organizes below `upper`, newest first, if it says what they are."""
    found = []
    for each in list(reversed(federations(session, creator=party)))[:MOST]:
        try:
            below = descriptor_of(session, each).upper == upper.address
        except (DataError, StorageError):
            continue
        if below and each.terms.size == upper.terms.size:
            found.append(each)
    return found


def require_known(session: Session, party: Address) -> None:
    """Raises StorageError where nobody provides what one of the newest federations of `party` is."""
    for each in list(reversed(federations(session, creator=party)))[:MOST]:
        try:
            descriptor_of(session, each)
        except DataError:
            continue


def require_lower(session: Session, upper: Federation, party: Address) -> None:
    """Raises UsageError for an account that organizes no federation below `upper`."""
    if not lowers_of(session, upper, party):
        raise UsageError(
            f"each party of {upper.address} stands for a federation of its own, and you organize none",
            f'Create one first, from the same account: `upper = "{upper.address}"` in its offer.',
        )
