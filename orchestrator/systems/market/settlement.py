"""What a market must come to: the Python reference, fed with what the events tell, wei for wei."""

from collections.abc import Mapping
from dataclasses import dataclass

from eth_utils.address import to_checksum_address

from orchestrator.bindings.market import Offered
from orchestrator.errors import VerificationFailed
from orchestrator.models.online.references import OnChainModel
from orchestrator.systems.market.opening import PredictionMarket
from orchestrator.systems.market.records import Payment
from orchestrator.systems.market.reference.market import BURNT, Market, Outcome, Phase
from orchestrator.types import BURN_ADDRESS, Address

WORK = 1 << 30
CRANKERS, PROVIDER = "crankers", "provider"
"""Names in the reference that are not a participant's, whoever they are on the chain."""


@dataclass(frozen=True)
class Due:
    """What somebody put at stake, paid in fees and is to get; `score`: the share of the loss avoided."""

    who: Address
    staked: int
    fees: int
    score: int
    dropped: bool
    amount: int

    @property
    def gain(self) -> int:
        return self.amount - self.staked - self.fees


@dataclass(frozen=True)
class Settlement:
    """How a market ends: `dues` in the order of payment, what is left to the provider, tips, the burnt.

    `reference` is the model in the end, `last` its loss then and `first` before, in billionths (None: nothing
    is measured).
    """

    outcome: Outcome
    dues: tuple[Due, ...]
    provider: int
    tips: int
    burnt: int
    first: int | None
    last: int | None
    reference: OnChainModel


def expected_settlement(opened: PredictionMarket, portions: Mapping[int, bytes]) -> Settlement:
    """The end of a market, if what is sealed now stays so and the test set is `portions`.

    Where portions are missing the provider defaults; an outcome that stands already is kept.
    """
    state = opened.shared.state()
    reference = _reference(opened, portions)
    if state.outcome in (Outcome.DEFAULTED, Outcome.RETURNED):
        reference.conclude(state.outcome)
    elif reference.stage is not Phase.REWARDING:
        reference.expire(now=reference.deadline(reference.closes_at + reference.rules.open_wait) + 1)
    measuring = reference.measuring if reference.stage is Phase.REWARDING else None
    while reference.stage is Phase.REWARDING:
        batches = [each.batch for each in reference.contributions if each.batch is not None]
        reference.crank(CRANKERS, [reference.lesson, *batches], WORK, reference.since)
    dues = _pay(reference, opened.shared.stake, opened.shared.fee)
    provider, tips, burnt = (reference.balances[who] for who in (PROVIDER, CRANKERS, BURNT))
    return Settlement(
        outcome=reference.outcome,
        dues=dues,
        provider=provider,
        tips=tips,
        burnt=burnt,
        first=measuring.first.paying if measuring else None,
        last=measuring.last.paying if measuring else None,
        reference=reference.model,
    )


def check(opened: PredictionMarket, settlement: Settlement) -> None:
    """Raise VerificationFailed where a market that has ended did not come to exactly this."""
    market = opened.shared
    paid = market.payments()
    if sum(payment.amount for payment in paid if payment.account == BURN_ADDRESS) != settlement.burnt:
        raise _differs("what it burnt")
    paid = [payment for payment in paid if payment.account != BURN_ADDRESS]
    dues = [Payment(due.who, due.amount) for due in settlement.dues]
    dues.append(Payment(market.creator, settlement.provider))
    dues = [each for each in dues if each.amount]
    before = len(paid) - len(dues)
    if before < 0 or paid[before:] != dues:
        raise _differs("its payments")
    if sum(payment.amount for payment in paid[:before]) != settlement.tips:
        raise _differs("the tips that it paid")
    if settlement.outcome is not Outcome.SETTLED:
        return
    for due, participant in zip(settlement.dues, market.participants(), strict=True):
        told = participant.who, participant.score, participant.dropped
        if told != (due.who, due.score, due.dropped):
            raise _differs(f"the score of {due.who}")
    if market.words() != settlement.reference.words():
        raise _differs("its model")


def _reference(opened: PredictionMarket, portions: Mapping[int, bytes]) -> Market:
    """The reference up to where all that is known of the market has been put into it."""
    market, state = opened.shared, opened.shared.state()
    offered = next(market.contract.events(Offered))
    reference = Market(opened.first_reference(), market.rules, market.unit, PROVIDER)
    amounts = offered.bounty, offered.bond, offered.tips
    reference.offer(*amounts, now=0, value=sum(amounts))
    if state.trial is None or state.trial not in portions:
        return reference
    reference.reveal_trial(state.trial, portions[state.trial], now=0)
    given = market.contributions()
    for each in given:
        value = market.rules.price(each.samples) * market.unit
        if each.commitment is None and each.batch is not None:
            reference.contribute(each.contributor, each.batch, now=0, value=value)
        else:
            reference.commit(each.contributor, each.samples, now=0, value=value)
    for each in given:
        if each.commitment is not None and each.batch is not None:
            reference.open(each.index, each.batch, now=0)
    closing = reference.closes_at + reference.rules.open_wait
    for index, batch in sorted(portions.items()):
        if index != state.trial and len(portions) == market.rules.portions:
            reference.reveal(index, batch, now=closing)
    return reference


def _pay(reference: Market, stake: int, fee: int) -> tuple[Due, ...]:
    """Pay everybody, and the provider; what each participant gets."""
    while reference.stage is Phase.PAYING:
        reference.pay(1, now=0)
    return tuple(
        Due(
            to_checksum_address(p.who),
            p.staked * stake,
            p.given * fee,
            p.score,
            p.dropped,
            reference.balances[p.who],
        )
        for p in reference.participants
    )


def _differs(what: str) -> VerificationFailed:
    return VerificationFailed(
        f"{what} is not what the events and the Python reference come to",
        "The node may lie: ask another one with --network. Else do not trust this contract.",
    )
