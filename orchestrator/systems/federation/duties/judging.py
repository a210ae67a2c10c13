"""The duties of those who judge updates, or tell what unmasks their sum."""

import contextlib

from orchestrator.bindings.federation import Ballot, Phase
from orchestrator.errors import DataError, InsufficientFunds
from orchestrator.systems.federation import demanding, scoring, unmasking, voting
from orchestrator.systems.federation.duties.base import PARTY, Look, after, bit_of, duty, now_if, tells
from orchestrator.systems.federation.duties.claims import ask_late
from orchestrator.systems.federation.releasing import has_tests, is_released, promised, release
from orchestrator.systems.federation.rounds import (
    ballot_of,
    has_committee,
    has_votes,
    judged_at,
    phase_of,
)
from orchestrator.types import Seconds


def _releases(look: Look) -> bool:
    """Whether models are revealed, and the supplier keeps the test set."""
    federation = look.instance
    if not has_tests(federation) or federation.terms.organizer != look.account.address:
        return False
    few = federation.state().revealed.bit_count() < federation.terms.quorum
    if phase_of(federation) is not Phase.JUDGING or few:
        return False
    return promised(look.session, federation) is not None and not is_released(look.session, federation)


def _ballot(look: Look) -> Ballot | None:
    """The committee's, while it judges."""
    judges = has_committee(look.instance) and phase_of(look.instance) is Phase.JUDGING
    return ballot_of(look.instance) if judges else None


def _speak_due(look: Look) -> Seconds | None:
    """Now; without a test set, when there is just time left to say that there is none."""
    ballot = _ballot(look)
    if not ballot or look.now >= (end := judged_at(look.instance)):
        return None
    if not bit_of(look) & ballot.committee & ~ballot.spoke:
        return None
    if not has_tests(look.instance) or is_released(look.session, look.instance):
        return look.now
    return max(Seconds(end - look.instance.terms.judging // 4), look.now)


def _judges(look: Look) -> bool:
    ballot = _ballot(look)
    if ballot is None:
        return False
    over = ballot.spoke == ballot.committee or look.now >= judged_at(look.instance)
    return bool(over and bit_of(look) & ballot.spoke & ~ballot.judged)


def _votes(look: Look) -> bool:
    if not has_votes(look.instance) or phase_of(look.instance) is not Phase.JUDGING:
        return False
    return bool(bit_of(look) & voting.waited_for(look.instance))


def _vote_due(look: Look) -> Seconds | None:
    return after(Phase.REVEALING, "seats", _votes)(look) if has_votes(look.instance) else None


def _tells(look: Look) -> bool:
    """Not while an update is demanded that may fall: afterwards, its party would be one that is gone."""
    if not bit_of(look) & unmasking.waited_for(look.instance):
        return False
    return not look.instance.state().demanded or look.now >= look.instance.clock().ends_at - _last(look)


def _tell(look: Look) -> str:
    """Tell one's own seeds; before, while there is time, demand the updates that cannot be fetched."""
    federation, number = look.instance, look.instance.state().round
    end, supply = federation.clock().ends_at - _last(look), federation.terms.supply
    if look.now + supply < end:
        missing = demanding.missing(look.session, federation, federation.state().revealed)
        with contextlib.suppress(DataError, InsufficientFunds):  # not to tell costs the fine
            if asked := ask_late(look, missing, federation.terms.fine, end - 2 * supply - supply // 4):
                return asked
    done = unmasking.tell(look.session, federation, look.account)
    return f"told the seeds of round {number} that are due" if done else ""


def _last(look: Look) -> int:
    """How long before the end of unmasking seeds are told whatever is demanded, and shares are shown."""
    return look.instance.terms.judging // 4


def _helps(look: Look) -> Seconds | None:
    """Once it is late: to show the own shares of seeds that nobody told, and to tell what they restore."""
    federation, bit = look.instance, bit_of(look)
    if not unmasking.waited_for(federation) & ~bit or not federation.masks().among & bit:
        return None
    late = Seconds(federation.clock().ends_at - _last(look))
    if look.now < late:
        return late
    due = not unmasking.has_shared(federation, bit.bit_length() - 1)
    return look.now if due or unmasking.restorable(look.session, federation) else None


def _help(look: Look) -> str:
    if count := unmasking.share(look.session, look.instance, look.account):
        return f"showed shares of the seeds of {count} who stay silent"
    count = unmasking.restore(look.session, look.instance, look.account)
    return f"restored the seeds of {count} who stay silent" if count else ""


def _uncompared(look: Look) -> bool:
    return unmasking.uncompared(look.instance)


RELEASE = duty(
    "release the test set",
    PARTY,
    now_if(_releases),
    lambda look: "released the test set" if release(look.session, look.instance) else "",
)
SPEAK = duty("commit to scores", PARTY, _speak_due, tells(scoring.commit_scores, "committed to scores"))
JUDGE = duty("reveal the scores", PARTY, now_if(_judges), tells(scoring.reveal_scores, "revealed its scores"))
VOTE = duty("vote", PARTY, _vote_due, tells(voting.vote, "voted"))
TELL = duty("tell the seeds that are due", PARTY, now_if(_tells), _tell)
COMPARE = duty(
    "compare the hashes of seeds",
    PARTY,
    now_if(_uncompared),
    tells(unmasking.compare, "showed who disagrees on the seed that two share"),
)
RESTORE = duty("restore the seeds of the silent", PARTY, _helps, _help)
