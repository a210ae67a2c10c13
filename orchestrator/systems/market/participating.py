"""Contribute data to a market, with a stake, openly or hidden."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.chain import Account, Receipt
from orchestrator.errors import ChainError, ContractReverted, DataError, UsageError
from orchestrator.kernel.session import Session
from orchestrator.models.online.funding import pay_in
from orchestrator.models.online.references import OnChainModel
from orchestrator.systems.market.hiding import data_of
from orchestrator.systems.market.opening import OpenedMarket
from orchestrator.systems.market.providing import check_portions
from orchestrator.systems.market.records import Given
from orchestrator.systems.market.reference.market import Phase
from orchestrator.systems.market.reference.rules import LESSONS
from orchestrator.systems.market.reference.samples import contribution_commitment, decode_run, encode_run
from orchestrator.systems.market.secrets import hidden_salt, keep_hidden
from orchestrator.systems.market.testset import Sample
from orchestrator.types import Report

if TYPE_CHECKING:
    from orchestrator.chain.bound import Call

MOST_GAS = 2_900_000
"""That predicting a hidden contribution may take: a little less than the contract allows on opening."""
BATCH_BYTES, BATCH_RUNS = 16 << 10, 20
FOLDS = 5


@dataclass(frozen=True)
class Lot:
    """What is to be given: `runs` of samples, a contribution each, the stake and the fee for all.

    `most` is the most to pay in all: more than the price only for a token that keeps a part of each payment.
    `left_out` counts samples that were given before, or twice; `times` how often a run was. `before` and
    `after` are what a contributor can know before it stakes (see `forecast`).
    """

    runs: tuple[bytes, ...]
    stake: int
    fee: int
    most: int
    left_out: int
    times: Mapping[bytes, int]
    before: float
    after: float

    @property
    def price(self) -> int:
        """All that it takes."""
        return self.stake + self.fee

    @property
    def helps(self) -> bool:
        """Whether the samples make the model better, as far as can be known."""
        return self.after > self.before


@dataclass(frozen=True)
class Participation:
    """What was given, and the gas that it took."""

    lot: Lot
    given: tuple[Given, ...]
    gas_used: int


def plan(
    session: Session,
    opened: OpenedMarket,
    samples: Sequence[Sample],
    contributor: Account,
    *,
    hidden: bool = False,
    at_once: int | None = None,
    maximum: int | None = None,
    again: bool = False,
) -> Lot:
    """Put samples together, `at_once` to a contribution (by default as many as one takes).

    `maximum` is the most to pay in all. Samples that `contributor` has given before are not given again
    unless `again`, so a command that was killed can be repeated.

    Raises ChainError outside of the participation phase, above the maximum or where there is no room,
    IntegrityError where the test set does not match its commitments, DataError, UsageError.
    """
    market = opened.shared
    check_open(opened)
    if hidden and not market.rules.open_wait:
        raise UsageError(f"in {opened.name} nothing is hidden", "Contribute with --open.")
    portions = check_portions(session, opened)
    mine = [each for each in market.given() if each.contributor == contributor.address]
    told = [run for _, run, _ in data_of(session, market, mine, contributor, samples)]
    had = {sample for run in told for sample in decode_run(run)}
    wanted = list(samples) if again else [each for each in dict.fromkeys(samples) if each not in had]
    runs = tuple(_runs(wanted, market.rules.max_bytes, at_once))
    price, fee = market.price_of(runs), len(runs) * market.fee
    check_room(opened, len(runs))
    _check_price(opened, price, maximum)
    before, after = forecast(opened, portions, wanted)
    most = price if maximum is None else maximum
    return Lot(runs, price - fee, fee, most, len(samples) - len(wanted), Counter(told), before, after)


def contribute(
    session: Session,
    opened: OpenedMarket,
    lot: Lot,
    sender: Account,
    *,
    hidden: bool = False,
    progress: Report | None = None,
) -> Participation:
    """Give a lot, with its stake. Raises InsufficientFunds, ContractReverted, DataError."""
    giver = _Giver(session, opened, sender, hidden, Counter(lot.times), lot.most)
    given: list[Given] = []
    gas = 0
    for batch in batches(lot.runs, 1 if hidden else BATCH_RUNS):
        for receipt in giver.give(batch):
            given += opened.shared.added(receipt)
            gas += receipt.gas_used
            if progress:
                progress(len(given), len(lot.runs))
    return Participation(lot, tuple(given), gas)


class _Giver:
    """Gives runs of samples to a market; `times` counts how often each was given before.

    A token is paid in right before each transaction, as the market takes it from balances only: `left` is
    what may still be paid.
    """

    def __init__(
        self,
        session: Session,
        opened: OpenedMarket,
        sender: Account,
        hidden: bool,
        times: Counter[bytes],
        left: int,
    ) -> None:
        self._connection, self._market, self._sender = session, opened.shared, sender
        self._salts = hidden_salt(session, opened.shared.address, sender) if hidden else None
        self._times, self._left = times, left

    def give(self, runs: Sequence[bytes]) -> Iterator[Receipt]:
        """In as many transactions as the market's limits need. Raises DataError for a sample beyond them."""
        try:
            receipt = self._commit(runs[0]) if self._salts else self._contribute(runs)
        except ContractReverted as error:
            if error.error != "TooMuchWork":
                raise
            for part in _halves(runs):
                yield from self.give(part)
            return
        self._times.update(runs)
        yield receipt

    def _contribute(self, runs: Sequence[bytes]) -> Receipt:
        price = self._market.price_of(runs)
        value = self._bring(price)
        return self._send("open", runs, self._market.contribute(runs, price), value)

    def _commit(self, run: bytes) -> Receipt:
        """Its data are tried in the open, to nobody but the node: later it would be too late to mend them."""
        market, samples = self._market, sum(1 for _ in decode_run(run))
        needed = self._connection.send(market.contract.evaluate(run, samples), self._sender, dry_run=True)
        if needed.gas_used > MOST_GAS:
            raise ContractReverted("the market would refuse this when it is opened", error="TooMuchWork")
        assert self._salts  # noqa: S101 – only what is hidden is committed
        salt = self._salts.of(run, self._times[run])
        commitment = contribution_commitment(market.place, self._sender.address, run, salt)
        keep_hidden(self._connection, market.address, commitment, run, salt)
        price = market.price_of([run])
        value = self._bring(price)
        return self._send("hidden", [run], market.contract.commit(commitment, samples, price), value)

    def _bring(self, price: int) -> int:
        value, paid = pay_in(self._connection, self._market, self._sender, price, self._left)
        self._left -= paid
        return value

    def _send(self, how: str, runs: Sequence[bytes], function: "Call", value: int) -> Receipt:
        content = hashlib.sha256(f"{how} {self._market.address} {self._sender.address}".encode())
        for run in runs:
            content.update(self._times[run].to_bytes(4, "big") + len(run).to_bytes(4, "big") + run)
        purpose = f"sum-market-give-{content.hexdigest()[:32]}"
        return self._connection.send(function, self._sender, value=value, once=purpose, at_any_price=True)


def check_open(opened: OpenedMarket) -> None:
    """Raise ChainError where no contributions are taken."""
    phase = opened.shared.phase()
    if phase is not Phase.PARTICIPATION:
        over = "takes no contributions yet" if phase < Phase.PARTICIPATION else "takes no more contributions"
        raise ChainError(
            f"{opened.name} {over}: it is in the phase `{phase.name.lower()}`",
            "`diln market show` tells the times.",
        )


def check_room(opened: OpenedMarket, wanted: int) -> None:
    """Raise ChainError where there is no room for so many contributions."""
    left = opened.shared.rules.capacity - opened.shared.count()
    if wanted > left:
        raise ChainError(
            f"{opened.name} takes {left} more contributions, not {wanted}; nothing was sent",
            "Put more samples into each with --at-once, or contribute less.",
        )


def _check_price(opened: OpenedMarket, price: int, maximum: int | None) -> None:
    if maximum is not None and price > maximum:
        money = opened.shared.money
        raise ChainError(
            f"it costs {money.show(price)}, above the maximum of {money.show(maximum)}; nothing was sent",
            "Contribute less, or raise --maximum.",
        )


def _runs(samples: Sequence[Sample], most_bytes: int, at_once: int | None) -> Iterator[bytes]:
    """Samples as contributions, each within the market's limit of bytes. Raises DataError."""
    part: list[Sample] = []
    size = 0
    for sample in samples:
        length = 3 + len(sample[0])
        if length > most_bytes:
            raise DataError(f"a sample has {length} bytes; the market takes {most_bytes}", "Shorten it.")
        if part and (size + length > most_bytes or len(part) == at_once):
            yield _encode(part)
            part, size = [], 0
        part.append(sample)
        size += length
    if part:
        yield _encode(part)


def batches(runs: Sequence[bytes], most: int = BATCH_RUNS) -> Iterator[list[bytes]]:
    """Contributions that go together: so few that no transaction takes too much gas."""
    batch: list[bytes] = []
    for run in runs:
        if batch and (len(batch) == most or sum(map(len, batch)) + len(run) > BATCH_BYTES):
            yield batch
            batch = []
        batch.append(run)
    if batch:
        yield batch


def _halves(runs: Sequence[bytes]) -> list[list[bytes]]:
    """What took too much work in smaller parts: contributions one by one, or one in two. Raises DataError."""
    if len(runs) > 1:
        return [[run] for run in runs]
    samples = list(decode_run(runs[0]))
    if len(samples) == 1:
        raise DataError("a sample takes more work than the market allows", "Leave it out.")
    half = len(samples) // 2
    return [[_encode(samples[:half])], [_encode(samples[half:])]]


def _encode(samples: Sequence[Sample]) -> bytes:
    return encode_run([x for x, _ in samples], [y for _, y in samples])


def forecast(
    opened: OpenedMarket, portions: Mapping[int, bytes], samples: Sequence[Sample]
) -> tuple[float, float]:
    """The share of the trial portion that the model gets right, without `samples` and with them.

    Each fifth of it is asked of a model that has learned the other four, as the market's does, and then what
    others have contributed for all to see: what a model has learned by heart says nothing.
    """
    trial = opened.shared.state().trial
    shown = list(decode_run(portions.get(trial, b""))) if trial is not None else []
    known = [each.run for each in opened.shared.given() if each.run is not None]
    twin = opened.first_twin()
    first, right = twin.to_bytes(), [0, 0]
    for fold in range(FOLDS):
        asked = shown[fold::FOLDS]
        lesson = [sample for i, sample in enumerate(shown) if i % FOLDS != fold]
        _learn(twin.restore(first), lesson * LESSONS)
        for run in known:
            _learn_if_better(twin, list(decode_run(run)), asked)
        for number, lot in enumerate(((), samples)):
            _learn(twin, lot)
            right[number] += _right(twin, asked)
    return right[0] / max(len(shown), 1), right[1] / max(len(shown), 1)


def _learn(twin: OnChainModel, samples: Sequence[Sample]) -> None:
    for x, y in samples:
        twin.learn(x, y)


def _learn_if_better(twin: OnChainModel, samples: Sequence[Sample], asked: Sequence[Sample]) -> None:
    before, words = _right(twin, asked), twin.to_bytes()
    _learn(twin, samples)
    if _right(twin, asked) < before:
        twin.restore(words)


def _right(twin: OnChainModel, asked: Sequence[Sample]) -> int:
    return sum(twin.classify(x) == y for x, y in asked)
