"""Recompute a round from what the chain keeps: no event is believed."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from orchestrator.bindings import tournament as abi
from orchestrator.bindings.tournament import State, Tournament
from orchestrator.chain.decoding import decoded_call
from orchestrator.errors import ChainError, DilnError, NodeUnavailable
from orchestrator.systems.tournament import ranks as ranking
from orchestrator.systems.tournament import reference, targets
from orchestrator.systems.tournament.entering import require_tables
from orchestrator.systems.tournament.sealing import ENTRY, TARGETS, commitment_of
from orchestrator.types import Address


@dataclass(frozen=True)
class Verified:
    """What was recomputed in a round, and `difference`, the first one; empty if there is none.

    `public` tells whether there is anything to be recomputed: the targets are, or the round is void.
    `unseen` entries were scored by way of another contract: of these only the payout was recomputed, from the
    scores that the chain tells, since their ranks stand in no transaction to the tournament.
    """

    round: int
    entries: int
    difference: str
    public: bool
    unseen: tuple[Address, ...] = ()


def verify(tournament: Tournament, number: int) -> Verified:
    """Recompute every score and payout of a round with the reference.

    Raises NodeUnavailable; whatever else cannot be read is a difference.
    """
    done, seen, unseen = 0, tournament.at(tournament.chain.head().number), list[Address]()
    try:
        public = seen.round_of(number).state not in (State.UNOPENED, State.OPEN)
        for difference in _differences(seen, number, unseen):
            if difference:
                return Verified(number, done, difference, public)
            done += 1
    except NodeUnavailable:
        raise
    except DilnError as error:
        return Verified(number, done, error.message, public=True)
    return Verified(number, done, "", public, tuple(unseen))


def money_terms(terms: abi.Terms) -> reference.Money:
    """What payouts follow from."""
    return reference.Money(**{each.name: getattr(terms, each.name) for each in fields(reference.Money)})


def _differences(tournament: Tournament, number: int, unseen: list[Address]) -> Iterator[str]:
    """For each entry that was settled, empty or what differs; `unseen` grows by those that cannot be seen."""
    terms, money = tournament.terms, money_terms(tournament.terms)
    entered = {each.who: each for each in tournament.events(abi.Entered, round=number)}  # the last ones count
    stakes = {who: each.stake for who, each in entered.items()}
    at_risk, left = sum(stakes.values()), terms.pot
    require_tables(tournament)
    if next(tournament.events(abi.Opened, round=number), None) is None:
        yield f"round {number} was never opened"
    yield from _refunds(tournament, number, stakes)
    for revealed in tournament.events(abi.Revealed, round=number):
        found = _targets(tournament, revealed)
        for scored in tournament.events(abi.Scored, round=number):
            stake = stakes.pop(scored.who, 0)  # who is paid twice has none left
            scores = scored.correlation, scored.contribution
            if given := _ranks(tournament, scored, entered.get(scored.who)):
                ranks = ranking.decode(given, terms.rows)
                scores = reference.correlation(ranks, found), reference.contribution(ranks, found)
            else:
                unseen.append(scored.who)
            gain, burnt = reference.payout(money, at_risk, stake, *scores)
            left -= gain
            told = (scored.correlation, scored.contribution, scored.payout)
            yield _compare(f"the entry of {scored.who}", (*scores, gain - burnt), told)
        for expired in tournament.events(abi.Expired, round=number):
            stake = stakes.pop(expired.who, 0)
            burnt = reference.worst(money, at_risk, stake)
            owed = burnt, min(terms.tip, stake - burnt)
            yield _compare(f"the late entry of {expired.who}", owed, (expired.burnt, expired.tip))
    for closed in tournament.events(abi.Closed, round=number):
        if difference := _compare("what returned to the organizer", (left + terms.bond,), (closed.rest,)):
            yield difference


def _refunds(tournament: Tournament, number: int, stakes: dict[Address, int]) -> Iterator[str]:
    left, at_risk = tournament.terms.bond // 2, sum(stakes.values())
    for refunded in tournament.events(abi.Refunded, round=number):
        stake = stakes.pop(refunded.who, 0)
        share = left * stake // at_risk if at_risk else 0
        left, at_risk = left - share, at_risk - stake
        told = (refunded.stake, refunded.share)
        yield _compare(f"the refund of {refunded.who}", (stake, share), told)


def _targets(tournament: Tournament, revealed: abi.Revealed) -> targets.Targets:
    """The targets that are kept as code, once they are those that were committed to before anyone entered."""
    terms = tournament.terms
    code = tournament.chain.code(revealed.targets)
    found = targets.decode_kept(code, terms.rows, bool(terms.contribution_multiplier))
    opened = next(tournament.events(abi.Opened, round=revealed.round), None)
    args = (terms.organizer, revealed.round, found.encode(), revealed.salt)
    if opened is None or commitment_of(tournament, TARGETS, *args) != opened.commitment:
        raise ChainError("the targets are not those that the organizer committed to")
    return found


def _ranks(tournament: Tournament, scored: abi.Scored, entered: abi.Entered | None) -> bytes | None:
    """The ranks in the transaction that scored them, once they are those that were committed to.

    None where another contract was called, which scored them.
    """
    call = tournament.chain.transaction(scored.tx_hash)
    if call["to"] != tournament.address:
        return None
    function, given = decoded_call(tournament.contract, bytes(call["input"]))
    if function != "score":
        raise ChainError(f"{scored.tx_hash} scored nothing")
    number, who, ranks = given["round"], given["who"], given["ranks"]
    expected = commitment_of(tournament, ENTRY, who, number, ranks, given["salt"])
    if (number, who, expected) != (scored.round, scored.who, entered.commitment if entered else b""):
        raise ChainError(f"the ranks in {scored.tx_hash} are not those that {scored.who} committed to")
    return bytes(ranks)


def _compare(what: str, computed: tuple[int, ...], told: tuple[int, ...]) -> str:
    if computed == told:
        return ""
    return f"{what}: {', '.join(map(str, computed))} computed, {', '.join(map(str, told))} told by the chain"
