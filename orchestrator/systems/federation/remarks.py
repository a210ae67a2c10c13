"""What a party should know beside what is done and due: what it lost, and why nothing is done for it."""

from collections.abc import Iterator

from orchestrator.bindings.federation import Committed, Federation, Fined, Joined, Phase
from orchestrator.kernel.system import Look
from orchestrator.systems.federation import accounting
from orchestrator.systems.federation.joining import amount, money_of
from orchestrator.systems.federation.rounds import NO_SEAT, phase_of, revealed_in
from orchestrator.types import Address


def remarks(look: Look[Federation]) -> Iterator[str]:
    """Sentences for the account of `look`, as long as they are so; of fines, the last two rounds'."""
    federation, who = look.instance, look.account.address
    seat = federation.party_of(who).seat
    if seat == NO_SEAT:
        return
    yield from _fined(federation, who, seat)
    if missed := _unrevealed(federation, seat):
        yield missed
    if federation.state().closed:
        return
    if not federation.state().seats >> seat & 1:
        yield (
            "This seat takes part no more: its deposit covers no further fine, or it missed three rounds. "
            "`diln federation leave` frees what is left, `join` takes a seat again."
        )
    budget = accounting.budget_of(look.session, federation, who)
    if budget and budget.is_over:
        yield from accounting.stands(budget)


def _fined(federation: Federation, who: Address, seat: int) -> Iterator[str]:
    number, money = federation.state().round, money_of(federation)
    joined = max((each.place for each in federation.events(Joined, party=who)), default=(0, 0))
    for each in federation.events(Fined, round=[max(number - 1, 0), number]):
        if each.mask >> seat & 1 and each.place > joined:
            why = "an act that was due and not done"
            committed = any(True for _ in federation.events(Committed, round=each.round, seat=seat))
            if committed and who not in {one.party for one in revealed_in(federation, each.round)}:
                why = "an update that was committed to and not revealed in time"
            left = money.show(federation.party_of(who).deposit)
            fine = money.show(amount(federation, federation.terms.fine))
            yield f"Round {each.round} took {fine} of the deposit, for {why}; it is {left} now."


def _unrevealed(federation: Federation, seat: int) -> str:
    """A reveal that was missed in the present round, and whose fine is still to come; else empty."""
    state, terms = federation.state(), federation.terms
    late = phase_of(federation) in (Phase.JUDGING, Phase.CLAIMING, Phase.CHALLENGING)
    if not (late and (state.committed & ~state.revealed) >> seat & 1):
        return ""
    fine = money_of(federation).show(amount(federation, terms.fine))
    return (
        f"The update of round {state.round} was not revealed in time: it is out, and costs {fine} when the "
        "round ends. `diln keep` reveals by itself."
    )
