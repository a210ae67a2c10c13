"""What is to be done in a federation: by its parties, by whoever refutes, and by anybody."""

from orchestrator.bindings.federation import Federation
from orchestrator.kernel.session import Session
from orchestrator.kernel.system import System
from orchestrator.systems.federation.duties import claims, judging, updates, upkeep
from orchestrator.systems.federation.duties.base import PARTY
from orchestrator.systems.federation.finding import KIND, open_federation
from orchestrator.systems.federation.remarks import remarks
from orchestrator.systems.federation.rounds import NO_SEAT
from orchestrator.types import Address


def roles_of(session: Session, federation: Federation, who: Address) -> frozenset[str]:
    """What `who` is in a federation: a party, or the organizer, who has money to take out."""
    seated = federation.party_of(who).seat != NO_SEAT
    owner = federation.terms.organizer == who or federation.balance_of(who) != 0
    return PARTY if seated or owner else frozenset()


SYSTEM: System[Federation] = System(
    name="federation",
    kind=KIND,
    open=open_federation,
    address_of=lambda federation: federation.address,
    roles_of=roles_of,
    over=lambda federation: federation.state().closed,
    duties=(
        updates.COMMIT,
        updates.REVEAL,
        judging.VOTE,
        judging.TELL,
        judging.COMPARE,
        judging.RESTORE,
        judging.RELEASE,
        judging.SPEAK,
        judging.JUDGE,
        claims.SHOW,
        claims.SHOW_OTHERS,
        claims.CLOSE,
        claims.REFUTE,
        claims.CLAIM,
        upkeep.SIGN,
        upkeep.PUBLISH,
        upkeep.CRANK,
        upkeep.WITHDRAW,
    ),
    remarks=remarks,
)
