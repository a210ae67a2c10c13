"""What is to be done in a shared model: by contributors and creators, by anybody for others."""

from collections.abc import Callable, Iterator

from orchestrator.kernel.session import Session
from orchestrator.kernel.system import ANYBODY, Duty, Failure, System
from orchestrator.kernel.system import Look as AnyLook
from orchestrator.systems.sum.claiming import (
    Claim,
    ClaimResult,
    call_of,
    carry_out,
    claims,
    next_early,
    transactions_of,
)
from orchestrator.systems.sum.opening import SharedModel, open_model
from orchestrator.systems.sum.records import KIND
from orchestrator.systems.sum.sealing import release, reveal, sealed_samples
from orchestrator.types import Address, Seconds, Wei

Look = AnyLook[SharedModel]

CONTRIBUTOR = "contributor"
CREATOR = "creator"


def _for_everyone(look: Look) -> bool:
    """Whether others' deposits are returned, too: that brings nothing, so only where cost does not matter."""
    return ANYBODY in look.roles and look.least is None


def _reveal_is_due(look: Look) -> Seconds | None:
    mine = sealed_samples(look.session, look.instance, look.account.address)
    return min((Seconds(each.time + 1) for each in mine if each.secret), default=None)


def _reveal(look: Look) -> Iterator[ClaimResult]:
    yield from reveal(look.session, look.instance, look.account)


def _release_is_due(look: Look) -> Seconds | None:
    whose = None if _for_everyone(look) else look.account.address
    open_ones = sealed_samples(look.session, look.instance, whose)
    return min((each.release_at for each in open_ones if not each.secret), default=None)


def _release(look: Look) -> Iterator[ClaimResult]:
    yield from release(look.session, look.instance, look.account, everyone=_for_everyone(look))


def _claim_is_due(look: Look) -> Seconds | None:
    def due() -> Seconds | None:
        seen, now = _claims(look), look.now
        if any(claim.verb for claim in seen):
            return now
        later = next_early(look.instance)
        moments = [claim.next_at for claim in seen if claim.next_at > now]
        return min(moments if later is None else [*moments, later], default=None)

    return look.session.chain.look(due)


def _claim(look: Look) -> Iterator[ClaimResult]:
    """A token's worth in ether is not known: what is one's own is claimed whatever that costs."""
    opened = look.instance
    for claim in _claims(look):
        if not claim.verb:
            continue
        if opened.shared.money.is_ether:
            reward = claim.worth * opened.shared.unit
            if why := look.loss(call_of(opened, claim), reward, transactions=transactions_of(claim)):
                yield ClaimResult(claim.verb, claim.contribution, Wei(0), None, why)
                continue
        elif look.least is not None and claim.contribution.facts.contributor != look.account.address:
            continue
        yield carry_out(look.session, opened, claim, look.account)


def _claims(look: Look) -> list[Claim]:
    return claims(look.instance, look.account.address, everyone=_for_everyone(look))


def turn(look: Look) -> Iterator[ClaimResult]:
    """Everything that is due now: reveals, releases, claims."""
    yield from _reveal(look)
    yield from _release(look)
    yield from _claim(look)


def _saying(act: Callable[[Look], Iterator[ClaimResult]]) -> Callable[[Look], Iterator[str]]:
    return lambda look: (told(look.instance, outcome) for outcome in act(look))


def told(opened: SharedModel, outcome: ClaimResult) -> str:
    """What became of a claim, in a sentence."""
    about = f"contribution {outcome.contribution.number}" if outcome.contribution else "a sealed sample"
    if not outcome.receipt:
        return Failure(f"could not {outcome.verb} {about}: {outcome.refusal}")
    if outcome.looked:
        return f"took a first look at {about}, to {outcome.verb} it"
    gained = f": {opened.shared.money.show(outcome.amount)}" if outcome.amount else ""
    return f"{outcome.verb} of {about}{gained}"


def roles_of(session: Session, opened: SharedModel, who: Address) -> frozenset[str]:
    """Whether `who` created the model, and whether it contributed to it."""
    creator = {CREATOR} if opened.shared.creator == who else set()
    gave = opened.ledger.refresh().gave(who) or sealed_samples(session, opened, who)
    return frozenset(creator | ({CONTRIBUTOR} if gave else set()))


EVERYBODY = frozenset({CONTRIBUTOR, CREATOR, ANYBODY})

SYSTEM: System[SharedModel] = System(
    name="sum",
    kind=KIND,
    open=open_model,
    address_of=lambda opened: opened.shared.address,
    roles_of=roles_of,
    over=lambda _: False,
    duties=(
        Duty("reveal sealed samples", _reveal_is_due, _saying(_reveal), EVERYBODY),
        Duty("release deposits", _release_is_due, _saying(_release), EVERYBODY),
        Duty("claim refunds and rewards", _claim_is_due, _saying(_claim), EVERYBODY),
    ),
)
