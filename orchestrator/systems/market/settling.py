"""End a market: crank the measuring, pay everybody, or declare that somebody did not act. Anyone may."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.bindings.market import Dropped, Kept, Passed
from orchestrator.chain import Account, Receipt
from orchestrator.chain.sending import GAS_CAP
from orchestrator.errors import ChainError, ContractReverted
from orchestrator.kernel.session import Session
from orchestrator.systems.market.contract import MarketContract
from orchestrator.systems.market.opening import PredictionMarket
from orchestrator.systems.market.records import Contribution
from orchestrator.systems.market.reference.market import Phase
from orchestrator.types import Address, Report

COMFORT = 6_000_000  # gas that a crank grows up to
FIRST_WORK, MOST_WORK = 64, 1 << 16
MOST_DATA = 64 << 10  # bytes of a crank
PAID_AT_ONCE = 100
ATTEMPTS = 5
HORIZON = 256  # blocks whose hashes every chain shows; some show more
_WAITED = (Phase.TRIAL, Phase.REVEALING, Phase.REWARDING)


@dataclass(frozen=True)
class Step:
    """A transaction that brought a market nearer to its end."""

    verb: str
    receipt: Receipt


def overdue(market: MarketContract) -> bool:
    """Whether `expire` would end it: somebody did not act in time, or there is nothing to act upon."""
    return market.chain.look(lambda: _overdue(market))


def _overdue(market: MarketContract) -> bool:
    phase = market.phase()
    if phase not in _WAITED:
        return False
    state = market.state()
    lost = phase is Phase.TRIAL and state.trial is None and _lost(market, state.target)
    idle = phase is Phase.REVEALING and not state.opened
    return lost or idle or market.chain.now() > market.contract.deadline()


def _lost(market: MarketContract, target: int) -> bool:
    """Whether nobody chose while the chain showed the hash of block `target`."""
    if market.chain.head().number <= target + HORIZON:
        return False
    try:
        market.chain.call(market.contract.choose())
    except ContractReverted as error:
        return error.error == "SeedLost"
    return False


def settle(
    session: Session, opened: PredictionMarket, sender: Account, *, progress: Report | None = None
) -> Iterator[Step]:
    """Whatever can be done by anyone now, until the market is closed or waits for somebody or for time.

    Interrupted, it goes on from where the chain is. Raises ContractReverted, InsufficientFunds.
    """
    market = opened.shared
    while True:
        late, phase = session.chain.look(lambda: (overdue(market), market.phase()))
        if late:
            yield Step("expire", session.send(market.contract.expire(), sender))
        elif phase is Phase.REWARDING:
            yield from _measure(session, market, sender, progress)
        elif phase is Phase.PAYING:
            yield Step("pay", session.send(market.contract.pay(PAID_AT_ONCE), sender))
        else:
            return


def _measure(
    session: Session, market: MarketContract, sender: Account, progress: Report | None
) -> Iterator[Step]:
    given, lesson = session.chain.look(lambda: (market.contributions(), _lesson(market)))
    work, overtaken = FIRST_WORK, 0
    tested = (market.rules.portions - 1) * market.rules.samples
    while position := session.chain.look(lambda: _position(market, given, lesson)):
        judged, turn = position
        if progress:
            progress(judged, len(given))
        data = _data(turn, work // tested + 2)
        try:
            receipt = _crank(session, market, data, work, sender)
        except ContractReverted as error:
            if error.error not in ("OtherData", "WrongPhase") or overtaken == ATTEMPTS:
                raise
            overtaken += 1  # by somebody else who cranks
            continue
        overtaken = 0
        if receipt is None:
            if work == 1:
                raise ChainError(
                    "a step of the measuring takes more gas than a transaction has",
                    "After 90 days everything can be returned: run `diln market settle MARKET` then.",
                )
            work = max(1, work // 2)
            continue
        yield Step("crank", receipt)
        if 2 * receipt.gas_used < COMFORT:
            work = min(2 * work, MOST_WORK)


@dataclass(frozen=True)
class _Turn:
    """Data to be learned, and whose they are; the trial portion is nobody's."""

    batch: bytes
    owner: Address | None = None


def _lesson(market: MarketContract) -> _Turn:
    trial = market.state().trial
    return _Turn(next(portion.batch for portion in market.portions() if portion.index == trial))


def _position(
    market: MarketContract, given: Sequence[Contribution], lesson: _Turn
) -> tuple[int, list[_Turn]] | None:
    """How many contributions of this pass are judged, and what is learned next, in this pass and another.

    The first contribution of these may be learned already, and wait for its judgement. None where the
    measuring is over.
    """
    if market.phase() is not Phase.REWARDING:
        return None
    told = market.contract.events
    dropped = list(told(Dropped))
    judgements: list[Kept | Passed | Dropped] = [*told(Kept), *told(Passed), *dropped]
    gone = {given[event.index].contributor for event in dropped}
    last = max(((each.pass_, each.index) for each in judgements), default=(1, -1))
    begins = bool(market.state().lessons)
    judged = 0 if begins else last[1] + 1
    known = [each for each in given if each.batch is not None and each.contributor not in gone]
    turns = [(each.index, _Turn(each.batch, each.contributor)) for each in known if each.batch is not None]
    later = [turn for index, turn in turns if index >= judged]
    earlier = [turn for index, turn in turns if index < judged]
    return judged, [lesson, *later] if begins else [*later, lesson, *earlier]


def _data(turns: Sequence[_Turn], most: int) -> list[bytes]:
    """What a crank is given: data of which none is asked for would be refused.

    Whoever is being judged may drop out, with all that it has given, so something else is among them.
    """
    chosen, size = list(turns[:1]), 0
    for each in turns[1:most]:
        size += len(each.batch)
        if size <= MOST_DATA:
            chosen.append(each)
    others = (each for each in turns[len(chosen) :] if each.owner != turns[0].owner)
    if all(each.owner == turns[0].owner for each in chosen):
        chosen += [each for each in [next(others, None)] if each]
    return [each.batch for each in chosen]


def _crank(
    session: Session, market: MarketContract, data: Sequence[bytes], work: int, sender: Account
) -> Receipt | None:
    """None if that is too much for a transaction. The limit is given: an estimate runs it many times."""
    try:
        return session.send(market.contract.crank(data, work), sender, gas=GAS_CAP)
    except ContractReverted as error:
        if not error.took_too_much:
            raise
        return None
