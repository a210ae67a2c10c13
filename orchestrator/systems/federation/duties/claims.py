"""The duties about aggregates: claim, refute, ask for what is missing, and show what is asked for."""

from collections.abc import Sequence

from orchestrator.bindings.federation import Mode, Part, Phase
from orchestrator.errors import DataError, StorageError
from orchestrator.systems.federation import aggregating, demanding, refuting
from orchestrator.systems.federation.duties.base import ALL, PARTY, Look, after, bit_of, duty, now_if, tells
from orchestrator.systems.federation.joining import money_of
from orchestrator.systems.federation.masking import is_masked
from orchestrator.systems.federation.mining import NoNonce
from orchestrator.systems.federation.rounds import has_committee, has_votes, judged_at, needed, phase_of
from orchestrator.times import show_time
from orchestrator.types import Seconds

GOES = 15
"""In one look, a minute is spent on a nonce: what is due elsewhere waits no longer."""


def _claims(look: Look) -> bool:
    """Whether the account's turn has come."""
    if phase_of(look.instance) is not Phase.CLAIMING:
        return False
    terms, state, bit = look.instance.terms, look.instance.state(), bit_of(look)
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
    judged = has_committee(look.instance) or has_votes(look.instance) or is_masked(look.instance)
    before = Phase.JUDGING if judged else Phase.REVEALING
    return after(before, "revealed", _claims)(look)


def _claim(look: Look) -> str:
    """Claim; demand the updates that cannot be fetched, where that is why not, once it is late."""
    accepted = look.instance.judgement().accepted
    try:
        return _claimed(look)
    except (DataError, StorageError):
        missing = demanding.missing(look.session, look.instance, accepted)
        terms, begins = look.instance.terms, judged_at(look.instance, 1 + has_committee(look.instance))
        late = begins + terms.turn - 2 * terms.supply - terms.supply // 4
        if asked := ask_late(look, missing, terms.fine, late):
            return asked
        raise


def _claimed(look: Look) -> str:
    number = look.instance.state().round
    if look.instance.terms.mode is Mode.DIRECT:
        done = aggregating.add_up(look.session, look.instance, look.account)
        return f"had round {number} added up: {done.root.hex()[:16]}…"
    try:
        made = aggregating.claim(look.session, look.instance, look.account, look.consent, goes=GOES)
    except NoNonce:
        return "looked for a nonce, and has not found one yet"
    return f"claimed the aggregate of round {number}: {made.root.hex()[:16]}…"


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
        return ask_late(look, fault.asks, terms.bond // 2, late)
    reward = refuting.refute(look.session, look.instance, look.account, fault)
    return f"refuted a claim ({fault.sentence}) for {money_of(look.instance).show(reward)}"


def ask_late(look: Look, asks: Sequence[demanding.Ask], worth: int, late: int) -> str:
    """Demand what is missing from `late` on: files that go by hand come meanwhile, and cost nobody a stake.

    From then on there is just time to ask for one part, to see it, to ask for the others and to see those.
    """
    if not asks or look.now >= late:
        return _ask_for(look, asks, worth)
    whose = ", ".join(dict.fromkeys(look.session.name_of(each.party) for each in asks))
    return (
        f"waits for what is missing from {whose}: import its file (`diln pin import`). "
        f"From {show_time(late)} on it is demanded on-chain, with a stake"
    )


def _ask_for(look: Look, asks: Sequence[demanding.Ask], worth: int) -> str:
    """Demand what is missing, at stakes of at most what it is worth: whoever shows it keeps them."""
    if not asks:
        return ""
    asked = demanding.within(look.instance, look.account.address, asks, worth)
    if not asked:
        raise DataError(
            "demanding what nobody provides would take more in stakes than it is worth",
            "`diln federation demand` asks for all of it.",
        )
    count = demanding.ask(look.session, look.instance, look.account, asked, look.consent)
    return f"demanded {count} parts that nobody provides"


def _shows(look: Look) -> bool:
    if not look.instance.state().demanded:
        return False
    return any(demanding.due(look.instance, look.account.address, int(look.now)))


def _helps_show(look: Look) -> Seconds | None:
    """When others who have an update show it, at no stake of theirs: half of the time for it is its party's.

    Else a file that came late would cost its party its seat, and the others the round.
    """
    if not look.instance.state().demanded:
        return None
    ends = [each.deadline for each in demanding.of_others(look.instance, look.account.address, look.now)]
    return max(Seconds(min(ends) - look.instance.terms.supply // 2), look.now) if ends else None


def _demands_over(look: Look) -> Seconds | None:
    """When the first open demand can be closed."""
    if not look.instance.state().demanded:
        return None
    ends = [
        each.deadline if each.matters else int(look.now) for each in demanding.open_demands(look.instance)
    ]
    return Seconds(min(ends)) if ends else None


SHOW = duty(
    "show what is demanded",
    PARTY,
    now_if(_shows),
    tells(demanding.show, "showed {} parts that were demanded"),
)
SHOW_OTHERS = duty(
    "show what is demanded of others",
    PARTY,
    _helps_show,
    tells(demanding.show_others, "showed {} parts that were demanded of others"),
)
CLOSE = duty("close demands that are over", ALL, _demands_over, tells(demanding.close, "closed {} demands"))
REFUTE = duty("refute a wrong claim", ALL, now_if(_disputable), _refute)
CLAIM = duty("claim the aggregate", PARTY, _claim_due, _claim)
