"""End a market: crank the measuring, pay everybody, or declare that somebody did not act. Anyone may."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from orchestrator.chain import Account, Receipt
from orchestrator.errors import ChainError, ContractReverted, InsufficientFunds, NodeUnavailable
from orchestrator.learning.onchain.market import Phase
from orchestrator.sum.connection import Connection
from orchestrator.sum.market.contract import MarketContract
from orchestrator.sum.market.records import Given
from orchestrator.sum.opening import OpenedMarket
from orchestrator.types import Address

Progress = Callable[[int, int], None]
GAS_CAP = 2**24  # of one transaction, EIP-7825
COMFORT = 6_000_000  # gas that a crank grows up to
FIRST_WORK, MOST_WORK = 64, 1 << 16
MOST_DATA = 64 << 10  # bytes of a crank
PAID_AT_ONCE = 100
ATTEMPTS = 5
HORIZON = 256  # blocks whose hashes a contract can see
_WAITED = (Phase.TRIAL, Phase.REVEALING, Phase.REWARDING)


@dataclass(frozen=True)
class Step:
    """A transaction that brought a market nearer to its end."""

    verb: str
    receipt: Receipt


def overdue(market: MarketContract) -> bool:
    """Whether `expire` would end it: somebody did not act in time, or there is nothing to act upon."""
    phase = market.phase()
    if phase not in _WAITED:
        return False
    state = market.state()
    lost = (
        phase is Phase.TRIAL and state.trial is None and market.chain.head().number > state.target + HORIZON
    )
    idle = phase is Phase.REVEALING and not state.opened
    return lost or idle or market.chain.now() > market.deadline()


def settle(
    connection: Connection, opened: OpenedMarket, sender: Account, *, progress: Progress | None = None
) -> Iterator[Step]:
    """Whatever can be done by anyone now, until the market is closed or waits for somebody or for time.

    Interrupted, it goes on from where the chain is. Raises ContractReverted, InsufficientFunds.
    """
    market = opened.shared
    while True:
        if overdue(market):
            yield Step("expire", connection.chain.send(market.expire(), sender))
        elif (phase := market.phase()) is Phase.REWARDING:
            yield from _measure(connection, market, sender, progress)
        elif phase is Phase.PAYING:
            yield Step("pay", connection.chain.send(market.pay(PAID_AT_ONCE), sender))
        else:
            return


def _measure(
    connection: Connection, market: MarketContract, sender: Account, progress: Progress | None
) -> Iterator[Step]:
    given, work, overtaken = market.given(), FIRST_WORK, 0
    lesson = _lesson(market)
    tested = (market.rules.portions - 1) * market.rules.samples
    while market.phase() is Phase.REWARDING:
        judged, turn = _position(market, given, lesson)
        if progress:
            progress(judged, len(given))
        data = _data(turn, work // tested + 2)
        try:
            receipt = _crank(connection, market, data, work, sender)
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
                    "After 90 days everything can be returned: run `settle` then.",
                )
            work = max(1, work // 2)
            continue
        yield Step("crank", receipt)
        if 2 * receipt.gas_used < COMFORT:
            work = min(2 * work, MOST_WORK)


@dataclass(frozen=True)
class _Turn:
    """Data to be learned, and whose they are; the trial portion is nobody's."""

    run: bytes
    owner: Address | None = None


def _lesson(market: MarketContract) -> _Turn:
    trial = market.state().trial
    return _Turn(next(portion.run for portion in market.portions() if portion.index == trial))


def _position(market: MarketContract, given: Sequence[Given], lesson: _Turn) -> tuple[int, list[_Turn]]:
    """How many contributions of this pass are judged, and what is learned next, in this pass and another.

    The first contribution of these may be learned already, and wait for its judgement.
    """
    told = [event["args"] for name in ("Kept", "Passed", "Dropped") for event in market.events(name)]
    dropped = {given[event["args"]["index"]].contributor for event in market.events("Dropped")}
    last = max(((each["pass"], each["index"]) for each in told), default=(1, -1))
    begins = bool(market.state().lessons)
    judged = 0 if begins else last[1] + 1
    known = [each for each in given if each.run is not None and each.contributor not in dropped]
    turns = [(each.index, _Turn(each.run, each.contributor)) for each in known if each.run is not None]
    later = [turn for index, turn in turns if index >= judged]
    earlier = [turn for index, turn in turns if index < judged]
    return judged, [lesson, *later] if begins else [*later, lesson, *earlier]


def _data(turns: Sequence[_Turn], most: int) -> list[bytes]:
    """What a crank is given: data of which none is asked for would be refused.

    Whoever is being judged may drop out, with all that it has given, so something else is among them.
    """
    chosen, size = list(turns[:1]), 0
    for each in turns[1:most]:
        size += len(each.run)
        if size <= MOST_DATA:
            chosen.append(each)
    others = (each for each in turns[len(chosen) :] if each.owner != turns[0].owner)
    if all(each.owner == turns[0].owner for each in chosen):
        chosen += [each for each in [next(others, None)] if each]
    return [each.run for each in chosen]


def _crank(
    connection: Connection, market: MarketContract, data: Sequence[bytes], work: int, sender: Account
) -> Receipt | None:
    """None if that is too much for a transaction. The limit is given, since an estimate costs many runs."""
    try:
        return connection.chain.send(market.crank(data, work), sender, gas=GAS_CAP)
    except (InsufficientFunds, NodeUnavailable):
        raise
    except ChainError as error:
        if isinstance(error, ContractReverted) and error.error not in ("", "OutOfGas"):
            raise
        return None
