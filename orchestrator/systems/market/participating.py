"""Contribute data to a market, with a stake, openly or sealed."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.chain import Account, Receipt
from orchestrator.errors import ChainError, ContractReverted, DataError, UsageError
from orchestrator.kernel.session import Session
from orchestrator.models.online.funding import pay_in
from orchestrator.systems.market.forecasting import forecast
from orchestrator.systems.market.opening import PredictionMarket
from orchestrator.systems.market.provider import check_portions
from orchestrator.systems.market.records import Contribution
from orchestrator.systems.market.reference.market import Phase
from orchestrator.systems.market.reference.samples import contribution_commitment, decode_batch, encode_batch
from orchestrator.systems.market.sealing import data_of
from orchestrator.systems.market.secrets import keep_sealed, sealed_salt
from orchestrator.systems.market.testset import Sample
from orchestrator.types import Report

if TYPE_CHECKING:
    from orchestrator.chain.bound import Call

MOST_GAS = 2_900_000
"""That predicting a sealed contribution may take: a little less than the contract allows on opening."""
BYTES_AT_ONCE, BATCHES_AT_ONCE = 16 << 10, 20


@dataclass(frozen=True)
class Submission:
    """What is to be given: `batches` of samples, a contribution each, the stake and the fee for all.

    `most` is the most to pay in all: more than the price only for a token that keeps a part of each payment.
    `left_out` counts samples that were given before, or twice; `times` how often a batch was. `before` and
    `after` are what a contributor can know before it stakes (see `forecast`).
    """

    batches: tuple[bytes, ...]
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

    submission: Submission
    given: tuple[Contribution, ...]
    gas_used: int


def plan(
    session: Session,
    opened: PredictionMarket,
    samples: Sequence[Sample],
    contributor: Account,
    *,
    sealed: bool = False,
    at_once: int | None = None,
    maximum: int | None = None,
    again: bool = False,
) -> Submission:
    """Put samples together, `at_once` to a contribution (by default as many as one takes).

    `maximum` is the most to pay in all. Samples that `contributor` has given before are not given again
    unless `again`, so a command that was killed can be repeated.

    Raises ChainError outside of the participation phase, above the maximum or where there is no room,
    IntegrityError where the test set does not match its commitments, DataError, UsageError.
    """
    market = opened.shared
    check_open(opened)
    if sealed and not market.rules.open_wait:
        raise UsageError(f"in {opened.name} nothing is sealed", "Contribute with --open.")
    portions = check_portions(session, opened)
    mine = market.index.refresh().all(contributor.address)
    told = [batch for _, batch, _ in data_of(session, market, mine, contributor, samples)]
    had = {sample for batch in told for sample in decode_batch(batch)}
    wanted = list(samples) if again else [each for each in dict.fromkeys(samples) if each not in had]
    batches = tuple(_runs(wanted, market.rules.max_bytes, at_once))
    price, fee = market.price_of(batches), len(batches) * market.fee
    check_room(opened, len(batches))
    _check_price(opened, price, maximum)
    before, after = forecast(session, opened, portions, wanted)
    most = price if maximum is None else maximum
    return Submission(
        batches, price - fee, fee, most, len(samples) - len(wanted), Counter(told), before, after
    )


def contribute(
    session: Session,
    opened: PredictionMarket,
    submission: Submission,
    sender: Account,
    *,
    sealed: bool = False,
    progress: Report | None = None,
) -> Participation:
    """Give a submission, with its stake. Raises InsufficientFunds, ContractReverted, DataError."""
    giver = _Giver(session, opened, sender, sealed, Counter(submission.times), submission.most)
    given: list[Contribution] = []
    gas = 0
    for group in transactions_of(submission.batches, 1 if sealed else BATCHES_AT_ONCE):
        for receipt in giver.give(group):
            given += opened.shared.added(receipt)
            gas += receipt.gas_used
            if progress:
                progress(len(given), len(submission.batches))
    return Participation(submission, tuple(given), gas)


class _Giver:
    """Gives batches of samples to a market; `times` counts how often each was given before.

    A token is paid in right before each transaction, as the market takes it from balances only: `left` is
    what may still be paid.
    """

    def __init__(
        self,
        session: Session,
        opened: PredictionMarket,
        sender: Account,
        sealed: bool,
        times: Counter[bytes],
        left: int,
    ) -> None:
        self._connection, self._market, self._sender = session, opened.shared, sender
        self._salts = sealed_salt(session, opened.shared.address, sender) if sealed else None
        self._times, self._left = times, left

    def give(self, batches: Sequence[bytes]) -> Iterator[Receipt]:
        """In as many transactions as the market's limits need. Raises DataError for a sample beyond them."""
        try:
            receipt = self._commit(batches[0]) if self._salts else self._contribute(batches)
        except ContractReverted as error:
            if error.error != "TooMuchWork":
                raise
            for part in _halves(batches):
                yield from self.give(part)
            return
        self._times.update(batches)
        yield receipt

    def _contribute(self, batches: Sequence[bytes]) -> Receipt:
        price = self._market.price_of(batches)
        value = self._bring(price)
        return self._send("open", batches, self._market.contribute(batches, price), value)

    def _commit(self, batch: bytes) -> Receipt:
        """Its data are tried in the open, to nobody but the node: later it would be too late to fix them."""
        market, samples = self._market, sum(1 for _ in decode_batch(batch))
        needed = self._connection.send(market.contract.evaluate(batch, samples), self._sender, dry_run=True)
        if needed.gas_used > MOST_GAS:
            raise ContractReverted("the market would refuse this when it is opened", error="TooMuchWork")
        assert self._salts  # noqa: S101 – only what is sealed is committed
        salt = self._salts.of(batch, self._times[batch])
        commitment = contribution_commitment(market.domain, self._sender.address, batch, salt)
        keep_sealed(self._connection, market.address, commitment, batch, salt)
        price = market.price_of([batch])
        value = self._bring(price)
        return self._send("sealed", [batch], market.contract.commit(commitment, samples, price), value)

    def _bring(self, price: int) -> int:
        value, paid = pay_in(self._connection, self._market, self._sender, price, self._left)
        self._left -= paid
        return value

    def _send(self, how: str, batches: Sequence[bytes], function: "Call", value: int) -> Receipt:
        content = hashlib.sha256(f"{how} {self._market.address} {self._sender.address}".encode())
        for batch in batches:
            content.update(self._times[batch].to_bytes(4, "big") + len(batch).to_bytes(4, "big") + batch)
        purpose = f"sum-market-give-{content.hexdigest()[:32]}"
        return self._connection.send(function, self._sender, value=value, once=purpose, at_any_price=True)


def check_open(opened: PredictionMarket) -> None:
    """Raise ChainError where no contributions are taken."""
    phase = opened.shared.phase()
    if phase is not Phase.PARTICIPATION:
        over = "takes no contributions yet" if phase < Phase.PARTICIPATION else "takes no more contributions"
        raise ChainError(
            f"{opened.name} {over}: it is in the phase `{phase.name.lower()}`",
            f"`diln market show {opened.name}` tells the times.",
        )


def check_room(opened: PredictionMarket, wanted: int) -> None:
    """Raise ChainError where there is no room for so many contributions."""
    left = opened.shared.rules.capacity - opened.shared.count()
    if wanted > left:
        raise ChainError(
            f"{opened.name} takes {left} more contributions, not {wanted}; nothing was sent",
            "Put more samples into each with --at-once, or contribute less.",
        )


def _check_price(opened: PredictionMarket, price: int, maximum: int | None) -> None:
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


def transactions_of(batches: Sequence[bytes], most: int = BATCHES_AT_ONCE) -> Iterator[list[bytes]]:
    """Contributions that go together: so few that no transaction takes too much gas."""
    group: list[bytes] = []
    for batch in batches:
        if group and (len(group) == most or sum(map(len, group)) + len(batch) > BYTES_AT_ONCE):
            yield group
            group = []
        group.append(batch)
    if group:
        yield group


def _halves(batches: Sequence[bytes]) -> list[list[bytes]]:
    """What took too much work in smaller parts: contributions one by one, or one in two. Raises DataError."""
    if len(batches) > 1:
        return [[batch] for batch in batches]
    samples = list(decode_batch(batches[0]))
    if len(samples) == 1:
        raise DataError("a sample takes more work than the market allows", "Leave it out.")
    half = len(samples) // 2
    return [[_encode(samples[:half])], [_encode(samples[half:])]]


def _encode(samples: Sequence[Sample]) -> bytes:
    return encode_batch([x for x, _ in samples], [y for _, y in samples])
