"""A party's duties in each round: commit to an update, and reveal it."""

from orchestrator.bindings.federation import Phase
from orchestrator.systems.federation import accounting, floors, party
from orchestrator.systems.federation.duties.base import PARTY, Look, after, bit_of, duty
from orchestrator.systems.federation.joining import data_of
from orchestrator.systems.federation.masking import is_masked
from orchestrator.systems.federation.releasing import has_tests
from orchestrator.systems.federation.rounds import phase_of


def _commits(look: Look) -> bool:
    federation, who = look.instance, look.account.address
    if phase_of(federation) is not Phase.COMMITTING:
        return False
    state = federation.state()
    if has_tests(federation) and not data_of(look.session, federation, who):
        return False  # it judges
    if is_masked(federation) and federation.masks().among.bit_count() < federation.terms.quorum:
        return False  # too few are left to hide each other
    if not bit_of(look) & state.seats & ~state.committed:
        return False
    if floors.is_sharded(look.session, federation):
        return any(True for _ in party.passed(look.session, federation, who))
    # Whoever is obliged hears each time why it pays the fine.
    budget = accounting.budget_of(look.session, federation, who)
    return federation.terms.obliged or not (budget and budget.is_over)


def _commit(look: Look) -> str:
    if not party.commit(look.session, look.instance, look.account):
        return ""
    said = f"committed to an update in round {look.instance.state().round}"
    right = party.accuracy(look.session, look.instance, look.account.address)
    return said if right is None else f"{said}; the model before it is right on {right:.1%} of your rows"


def _reveals(look: Look) -> bool:
    if phase_of(look.instance) is not Phase.REVEALING:
        return False
    state = look.instance.state()
    return bool(bit_of(look) & state.committed & ~state.revealed)


def _reveal(look: Look) -> str:
    done = party.reveal(look.session, look.instance, look.account)
    return f"revealed the update of round {look.instance.state().round}" if done else ""


COMMIT = duty("commit to an update", PARTY, after(Phase.JOINING, "seats", _commits), _commit)
REVEAL = duty("reveal the update", PARTY, after(Phase.COMMITTING, "committed", _reveals), _reveal)
