"""What is to be done in a federation: by its parties, by whoever refutes, and by anybody."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

from orchestrator.bindings.federation import Federation, Mode, Part, Phase
from orchestrator.errors import DataError, InsufficientFunds, IntegrityError, StorageError
from orchestrator.kernel.session import Session
from orchestrator.kernel.system import ANYBODY, Duty, System
from orchestrator.kernel.system import Look as AnyLook
from orchestrator.systems.federation import (
    accounting,
    aggregating,
    cranking,
    demanding,
    floors,
    masking,
    party,
    publishing,
    refuting,
    scoring,
    voting,
)
from orchestrator.systems.federation.finding import KIND, open_federation
from orchestrator.systems.federation.joining import data_of, money_of, withdraw
from orchestrator.systems.federation.releasing import has_tests, is_released, promised, release
from orchestrator.systems.federation.remarks import remarks
from orchestrator.systems.federation.rounds import (
    NO_SEAT,
    ballot_of,
    has_committee,
    has_votes,
    needed,
    phase_of,
)
from orchestrator.times import show_time
from orchestrator.types import Address, Seconds

Look = AnyLook[Federation]


COMMIT = "commit to an update"


class Role(StrEnum):
    """Who has duties, besides anybody."""

    PARTY = "party"


_PARTY = frozenset({Role.PARTY})
_ALL = frozenset({Role.PARTY, ANYBODY})


def _duty(
    name: str, roles: frozenset[str], due: Callable[[Look], Seconds | None], act: Callable[[Look], str]
) -> Duty[Federation]:
    def do(look: Look) -> Iterator[str]:
        if said := act(look):
            yield said

    return Duty(name, due, do, roles)


def _bit(look: Look) -> int:
    """The account's seat as a mask; 0 without one."""
    seat = look.instance.party_of(look.account.address).seat
    return 0 if seat == NO_SEAT else 1 << seat


def _now_if(condition: Callable[[Look], object]) -> Callable[[Look], Seconds | None]:
    return lambda look: look.now if condition(look) else None


def _after(before: Phase, mask: str, now: Callable[[Look], object]) -> Callable[[Look], Seconds | None]:
    """Now where `now` holds; else at the end of the phase `before`, for whoever is in the state's `mask`."""

    def due(look: Look) -> Seconds | None:
        if now(look):
            return look.now
        clock = look.instance.clock()
        if Phase(clock.phase) is not before or clock.ends_at <= look.now:
            return None
        return Seconds(clock.ends_at) if _bit(look) & getattr(look.instance.state(), mask) else None

    return due


def _commits(look: Look) -> bool:
    if phase_of(look.instance) is not Phase.COMMITTING:
        return False
    state = look.instance.state()
    if has_tests(look.instance) and not data_of(look.session, look.instance, look.account.address):
        return False  # it judges
    if (
        masking.is_masked(look.instance)
        and look.instance.masks().among.bit_count() < look.instance.terms.quorum
    ):
        return False  # too few are left to hide each other
    if not _bit(look) & state.seats & ~state.committed:
        return False
    if floors.is_sharded(look.session, look.instance):
        return any(True for _ in party.passed(look.session, look.instance, look.account.address))
    # Whoever is obliged hears each time why it pays the fine.
    budget = accounting.budget_of(look.session, look.instance, look.account.address)
    return look.instance.terms.obliged or not (budget and budget.is_over)


def _commit(look: Look) -> str:
    done = party.commit(look.session, look.instance, look.account)
    if not done:
        return ""
    said = f"committed to an update in round {look.instance.state().round}"
    right = party.accuracy(look.session, look.instance, look.account.address)
    return said if right is None else f"{said}; the model before it is right on {right:.1%} of your rows"


def _reveals(look: Look) -> bool:
    if phase_of(look.instance) is not Phase.REVEALING:
        return False
    state = look.instance.state()
    return bool(_bit(look) & state.committed & ~state.revealed)


def _reveal(look: Look) -> str:
    done = party.reveal(look.session, look.instance, look.account)
    return f"revealed the update of round {look.instance.state().round}" if done else ""


def _releases(look: Look) -> bool:
    """Whether models are revealed, and the supplier keeps the test set."""
    if not has_tests(look.instance) or look.instance.terms.organizer != look.account.address:
        return False
    if phase_of(look.instance) is not Phase.JUDGING or _few_revealed(look.instance):
        return False
    return promised(look.session, look.instance) is not None and not is_released(look.session, look.instance)


def _release(look: Look) -> str:
    return "released the test set" if release(look.session, look.instance) else ""


def _few_revealed(federation: Federation) -> bool:
    return federation.state().revealed.bit_count() < federation.terms.quorum


def _speak_due(look: Look) -> Seconds | None:
    """Now; without a test set, when there is just time left to say that there is none."""
    if not _speaks(look):
        return None
    if not has_tests(look.instance) or is_released(look.session, look.instance):
        return look.now
    patience = look.instance.state().since + _until_scores_open(look.instance)
    return max(Seconds(patience - look.instance.terms.judging // 4), look.now)


def _speaks(look: Look) -> bool:
    if not has_committee(look.instance) or phase_of(look.instance) is not Phase.JUDGING:
        return False
    ballot, state = ballot_of(look.instance), look.instance.state()
    early = look.now < state.since + _until_scores_open(look.instance)
    if not ballot or not early:
        return False
    return bool(_bit(look) & ballot.committee & ~ballot.spoke)


def _speak(look: Look) -> str:
    done = scoring.commit_scores(look.session, look.instance, look.account)
    return "committed to scores" if done else ""


def _judges(look: Look) -> bool:
    if not has_committee(look.instance) or phase_of(look.instance) is not Phase.JUDGING:
        return False
    ballot, state = ballot_of(look.instance), look.instance.state()
    if ballot is None:
        return False
    over = ballot.spoke == ballot.committee or look.now >= state.since + _until_scores_open(look.instance)
    return bool(over and _bit(look) & ballot.spoke & ~ballot.judged)


def _judge(look: Look) -> str:
    done = scoring.reveal_scores(look.session, look.instance, look.account)
    return "revealed its scores" if done else ""


def _claims(look: Look) -> bool:
    """Whether the account's turn has come."""
    if phase_of(look.instance) is not Phase.CLAIMING:
        return False
    terms, state, bit = look.instance.terms, look.instance.state(), _bit(look)
    judged = look.instance.judgement()
    if not bit & state.seats & ~state.tried or judged.accepted.bit_count() < needed(look.instance):
        return False
    waiting = [byte - 1 for byte in judged.order.to_bytes(32, "little") if byte]
    waiting = [seat for seat in waiting if (state.seats & ~state.tried) >> seat & 1]
    begins = look.instance.clock().ends_at - terms.turn * (len(waiting) + 1)
    turns = max(0, int(look.now) - begins) // terms.turn
    mine = waiting.index(bit.bit_length() - 1) if bit.bit_length() - 1 in waiting else len(waiting)
    return turns >= mine


def _claim_due(look: Look) -> Seconds | None:
    judged = has_committee(look.instance) or has_votes(look.instance) or masking.is_masked(look.instance)
    before = Phase.JUDGING if judged else Phase.REVEALING
    return _after(before, "revealed", _claims)(look)


def _claim(look: Look) -> str:
    """Claim; demand the updates that cannot be had, where that is why not, once it is late."""
    accepted = look.instance.judgement().accepted
    try:
        return _claimed(look)
    except (DataError, IntegrityError, StorageError):
        missing = demanding.missing(look.session, look.instance, accepted)
        terms = look.instance.terms
        late = demanding.claims_from(look.instance) + terms.turn - 2 * terms.supply - terms.supply // 4
        if asked := _ask_late(look, missing, terms.fine, late):
            return asked
        raise


def _claimed(look: Look) -> str:
    if look.instance.terms.mode is Mode.DIRECT:
        number = look.instance.state().round
        done = aggregating.add_up(look.session, look.instance, look.account)
        return f"had round {number} added up: {done.root.hex()[:16]}…"
    made = aggregating.claim(look.session, look.instance, look.account, look.consent)
    return f"claimed the aggregate of round {look.instance.state().round}: {made.root.hex()[:16]}…"


def _disputable(look: Look) -> bool:
    open_ = phase_of(look.instance) is Phase.CHALLENGING and look.now < look.instance.clock().ends_at
    return bool(open_ and refuting.check(look.session, look.instance))


def _refute(look: Look) -> str:
    fault = refuting.check(look.session, look.instance)
    if fault is None:
        return ""
    if fault.call is None:
        terms = look.instance.terms
        late = look.instance.clock().ends_at - 3 * terms.supply - terms.supply // 4
        if any(each.part is not Part.UPDATE for each in fault.asks):
            late = look.now  # what was claimed is wrong, and nobody sends it by hand
        return _ask_late(look, fault.asks, terms.bond // 2, late)
    reward = refuting.refute(look.session, look.instance, look.account, fault)
    return f"refuted a claim ({fault.sentence}) for {money_of(look.instance).show(reward)}"


def _ask_late(look: Look, asks: Sequence[demanding.Ask], worth: int, late: int) -> str:
    """Demand what is missing from `late` on: files that go by hand come meanwhile, and cost nobody a stake.

    From then on there is just time to ask for one part, to see it, to ask for the others and to see those.
    """
    if not asks or look.now >= late:
        return _ask_for(look, asks, worth)
    whose = ", ".join(dict.fromkeys(look.session.name_of(each.party) for each in asks))
    return (
        f"waits for what is not here of {whose}: take its file in (`diln pin import`). From "
        f"{show_time(late)} on it is demanded on-chain, at a stake"
    )


def _ask_for(look: Look, asks: Sequence[demanding.Ask], worth: int) -> str:
    """Demand what is missing, at stakes of at most what it is worth: whoever shows it keeps them."""
    if not asks:
        return ""
    asked = demanding.within(look.instance, look.account.address, asks, worth)
    if not asked:
        raise DataError(
            "what nobody gives would take more stakes to demand than it is worth",
            "`diln federation demand` asks for all of it.",
        )
    count = demanding.ask(look.session, look.instance, look.account, asked, look.consent)
    return f"demanded {count} parts that nobody gives"


def _shows(look: Look) -> bool:
    if not look.instance.state().demanded:
        return False
    return any(demanding.due(look.instance, look.account.address, int(look.now)))


def _show(look: Look) -> str:
    count = demanding.show(look.session, look.instance, look.account)
    return f"showed {count} parts that were demanded" if count else ""


def _helps_show(look: Look) -> Seconds | None:
    """When others who have an update show it, at no stake of theirs: half of the time for it is its party's.

    Else a file that came late would cost its party its seat, and the others the round.
    """
    if not look.instance.state().demanded:
        return None
    ends = [each.deadline for each in demanding.of_others(look.instance, look.account.address, look.now)]
    return max(Seconds(min(ends) - look.instance.terms.supply // 2), look.now) if ends else None


def _help_show(look: Look) -> str:
    count = demanding.show_others(look.session, look.instance, look.account)
    return f"showed {count} parts that were demanded of others" if count else ""


def _demands_over(look: Look) -> Seconds | None:
    """When the first open demand can be closed."""
    if not look.instance.state().demanded:
        return None
    ends = [
        each.deadline if each.matters else int(look.now) for each in demanding.open_demands(look.instance)
    ]
    return Seconds(min(ends)) if ends else None


def _close(look: Look) -> str:
    count = demanding.close(look.session, look.instance, look.account)
    return f"closed {count} demands" if count else ""


def _votes(look: Look) -> bool:
    if not has_votes(look.instance) or phase_of(look.instance) is not Phase.JUDGING:
        return False
    return bool(_bit(look) & voting.waited_for(look.instance))


def _vote_due(look: Look) -> Seconds | None:
    return _after(Phase.REVEALING, "seats", _votes)(look) if has_votes(look.instance) else None


def _vote(look: Look) -> str:
    return "voted" if voting.vote(look.session, look.instance, look.account) else ""


def _tells(look: Look) -> bool:
    """Not while an update is demanded that may fall: afterwards, its party would be one that is gone."""
    if not _bit(look) & masking.waited_for(look.instance):
        return False
    return not look.instance.state().demanded or look.now >= look.instance.clock().ends_at - _last(look)


def _tell(look: Look) -> str:
    """Tell the own seeds; demand the updates that cannot be had, before, as long as there is time for it."""
    federation, number = look.instance, look.instance.state().round
    end, supply = federation.clock().ends_at - _last(look), federation.terms.supply
    if look.now + supply < end:
        missing = demanding.missing(look.session, federation, federation.state().revealed)
        with contextlib.suppress(DataError, InsufficientFunds):  # not to tell costs the fine
            if asked := _ask_late(look, missing, federation.terms.fine, end - 2 * supply - supply // 4):
                return asked
    done = masking.tell(look.session, federation, look.account)
    return f"told the seeds of round {number} that are due" if done else ""


def _compare(look: Look) -> str:
    done = masking.compare(look.session, look.instance, look.account)
    return "showed who disagrees on the seed that two share" if done else ""


def _last(look: Look) -> int:
    """How long before the end of unmasking seeds are told whatever is demanded, and shares are shown."""
    return look.instance.terms.judging // 4


def _helps(look: Look) -> Seconds | None:
    """Once it is late: to show the own shares of seeds that nobody told, and to tell what they restore."""
    federation, bit = look.instance, _bit(look)
    if not masking.waited_for(federation) & ~bit or not federation.masks().among & bit:
        return None
    late = Seconds(federation.clock().ends_at - _last(look))
    if look.now < late:
        return late
    due = not masking.has_shared(federation, bit.bit_length() - 1)
    return look.now if due or masking.restorable(look.session, federation) else None


def _help(look: Look) -> str:
    if count := masking.share(look.session, look.instance, look.account):
        return f"showed shares of the seeds of {count} who stay silent"
    count = masking.restore(look.session, look.instance, look.account)
    return f"restored the seeds of {count} who stay silent" if count else ""


def _crank_due(look: Look) -> Seconds | None:
    """At the end of the phase, or now where it cannot go on."""
    instance = look.instance
    clock, state, terms = instance.clock(), instance.state(), instance.terms
    kind = Phase(clock.phase)
    if kind is Phase.CLOSED or (state.demanded and kind is Phase.CHALLENGING):
        return None
    if kind is Phase.JOINING:
        full = state.seats.bit_count() == terms.seats
        return look.now if full else Seconds(clock.ends_at)
    few = state.committed.bit_count() < terms.quorum
    if kind is not Phase.REVEALING:
        few = few or state.revealed.bit_count() < terms.quorum
    few = few or (masking.is_masked(instance) and instance.masks().lost)
    if kind in (Phase.COMMITTING, Phase.CHALLENGING):
        return Seconds(clock.ends_at)
    if few:
        return look.now
    draws = kind is Phase.JUDGING and has_committee(instance)
    return (cranking.draws_at(look.session, instance) if draws else None) or Seconds(clock.ends_at)


def _crank(look: Look) -> str:
    return cranking.crank(look.session, look.instance, look.account)


def _signs(look: Look) -> bool:
    made = publishing.checkpoint(look.session, look.instance)
    return bool(made and look.account.address in publishing.unsigned(look.session, look.instance, made))


def _sign(look: Look) -> str:
    publishing.sign(look.session, look.instance, look.instance.terms.organizer, look.account)
    return f"signed the model of round {look.instance.state().done}"


def _publish_due(look: Look) -> Seconds | None:
    """Once all have signed whose updates are in; else, when they had half the time for commitments for it."""
    if look.instance.terms.organizer != look.account.address:
        return None
    made = publishing.checkpoint(look.session, look.instance)
    if made is None:
        return None
    ended = look.session.chain.time_of(made.last.finalized.block_number)
    waited = Seconds(ended + look.instance.terms.committing // 2)
    return waited if publishing.unsigned(look.session, look.instance, made) else look.now


def _publish(look: Look) -> str:
    done = publishing.publish(look.session, look.instance, look.account)
    return f"published the model as version {done.version.number}" if done.gas_used else ""


def _free(look: Look) -> bool:
    return look.instance.state().closed and bool(_bit(look) or look.instance.balance_of(look.account.address))


def _withdraw(look: Look) -> str:
    taken = withdraw(look.session, look.instance, look.account)
    return f"took {money_of(look.instance).show(taken)} out" if taken else ""


def _until_scores_open(federation: Federation) -> int:
    terms = federation.terms
    return terms.committing + terms.revealing + terms.judging


def roles_of(session: Session, federation: Federation, who: Address) -> frozenset[str]:
    """What `who` is in a federation: a party, or the organizer, who has money to take out."""
    seated = federation.party_of(who).seat != NO_SEAT
    owner = federation.terms.organizer == who or federation.balance_of(who) != 0
    return _PARTY if seated or owner else frozenset()


SYSTEM: System[Federation] = System(
    name="federation",
    kind=KIND,
    open=open_federation,
    address_of=lambda federation: federation.address,
    roles_of=roles_of,
    over=lambda federation: federation.state().closed,
    duties=(
        _duty(COMMIT, _PARTY, _after(Phase.JOINING, "seats", _commits), _commit),
        _duty("reveal the update", _PARTY, _after(Phase.COMMITTING, "committed", _reveals), _reveal),
        _duty("vote", _PARTY, _vote_due, _vote),
        _duty("tell the seeds that are due", _PARTY, _now_if(_tells), _tell),
        _duty(
            "compare the hashes of seeds",
            _PARTY,
            _now_if(lambda look: masking.uncompared(look.instance)),
            _compare,
        ),
        _duty("restore the seeds of the silent", _PARTY, _helps, _help),
        _duty("release the test set", _PARTY, _now_if(_releases), _release),
        _duty("commit to scores", _PARTY, _speak_due, _speak),
        _duty("reveal the scores", _PARTY, _now_if(_judges), _judge),
        _duty("show what is demanded", _PARTY, _now_if(_shows), _show),
        _duty("show what is demanded of others", _PARTY, _helps_show, _help_show),
        _duty("close demands that are over", _ALL, _demands_over, _close),
        _duty("refute a wrong claim", _ALL, _now_if(_disputable), _refute),
        _duty(
            "claim the aggregate",
            _PARTY,
            _claim_due,
            _claim,
        ),
        _duty("sign the checkpoint", _PARTY, _now_if(_signs), _sign),
        _duty("publish the checkpoint", _PARTY, _publish_due, _publish),
        _duty("go on to the next round", _ALL, _crank_due, _crank),
        _duty("take out what is left", _PARTY, _now_if(_free), _withdraw),
    ),
    remarks=remarks,
)
