"""Vote on updates, where the policy asks all parties or the elected."""

from orchestrator.bindings.federation import Federation
from orchestrator.chain import Account
from orchestrator.kernel.session import Session
from orchestrator.systems.federation.finding import act, alone
from orchestrator.systems.federation.joining import require_seat
from orchestrator.systems.federation.rounds import revealed_in, seats_of
from orchestrator.systems.federation.scoring import scores
from orchestrator.systems.federation.simulation.judging import SCALE, accepted


def waited_for(federation: Federation) -> int:
    """The seats whose votes are missing, as a mask."""
    told = federation.votes()
    return told.voters & ~told.voted & federation.state().seats


def choice(session: Session, federation: Federation, voter: Account) -> int:
    """Whose updates `voter` wants in: at most half again as bad as the median one, on its own rows.

    Its own, too. What cannot be fetched is out.
    """
    seats, number = seats_of(federation), federation.state().round
    word, own = scores(session, federation, voter), seats[voter.address]
    others = sorted(seats[each.party] for each in revealed_in(federation, number) if each.party in seats)
    others = [seat for seat in others if seat != own]
    measured = [word >> 16 * seat & SCALE for seat in others]
    good = [others[place] for place in accepted(measured) if measured[place] < SCALE] if others else []
    return sum(1 << seat for seat in {*good, own}) & federation.state().revealed


def vote(session: Session, federation: Federation, voter: Account, mask: int | None = None) -> bool:
    """Measure, unless a `mask` is given, and vote; False if that was done before, or is others' to do.

    Raises ContractReverted outside the time for it.
    """
    with alone(session, federation, voter):
        seat, number = require_seat(federation, voter).seat, federation.state().round
        if not waited_for(federation) >> seat & 1:
            return False
        found = choice(session, federation, voter) if mask is None else mask
        act(session, federation.vote(number, found), voter, "vote", number)
        return True
