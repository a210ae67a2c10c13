"""The prediction market in Python: contracts/market, wei for wei.

It stands for the contract in simulations and tests: the same phases, refusals and payments, on a model's
reference. Commitments are not modelled (whoever calls hands in the right data); time is told by the caller.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NoReturn

from orchestrator.errors import ContractReverted
from orchestrator.models.online.base import OnChainModel
from orchestrator.systems.market.reference.measuring import ONE, Contribution, Measuring, Participant
from orchestrator.systems.market.reference.rules import MEASURE_WAIT, Rules
from orchestrator.systems.market.reference.samples import decode_batch

BURNT = "burnt"


class Phase(IntEnum):
    """Where a market stands."""

    CREATED = 0
    TRIAL = 1
    PARTICIPATION = 2
    OPENING = 3
    REVEALING = 4
    REWARDING = 5
    PAYING = 6
    CLOSED = 7


class Outcome(IntEnum):
    """How a market ended."""

    OPEN = 0
    SETTLED = 1
    DEFAULTED = 2
    RETURNED = 3
    VOIDED = 4


@dataclass
class Market:
    """A market for `model`, which is left as the contributions make it.

    Raises ContractReverted with the contract's error wherever that reverts, and DataError for bad samples.
    """

    model: OnChainModel
    rules: Rules
    unit: int
    provider: str = "provider"
    stage: Phase = Phase.CREATED
    outcome: Outcome = Outcome.OPEN
    since: int = 0
    closes_at: int = 0
    trial: int = -1
    lesson: bytes = b""
    bounty: int = 0
    bond: int = 0
    tips: int = 0
    pot: int = 0
    spent: int = 0
    paid: int = 0
    balances: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    contributions: list[Contribution] = field(default_factory=list)
    participants: list[Participant] = field(default_factory=list)
    portions: dict[int, bytes] = field(default_factory=dict)
    measuring: Measuring | None = None

    # -- where it stands ------------------------------------------------------------------------------------

    def phase(self, now: int) -> Phase:
        """The phase at `now`."""
        if self.stage != Phase.PARTICIPATION or now < self.closes_at:
            return self.stage
        if self.sealed and now < self.closes_at + self.rules.open_wait:
            return Phase.OPENING
        return Phase.REVEALING

    def deadline(self, now: int) -> int:
        """Until when the phase lasts, zero if time does not decide it."""
        closing = self.closes_at + self.rules.open_wait
        return {
            Phase.TRIAL: self.since + self.rules.reveal_wait,
            Phase.PARTICIPATION: self.closes_at,
            Phase.OPENING: closing,
            Phase.REVEALING: closing + self.rules.reveal_wait,
            Phase.REWARDING: self.since + MEASURE_WAIT,
        }.get(self.phase(now), 0)

    @property
    def sealed(self) -> int:
        """How many contributions are sealed."""
        return sum(contribution.batch is None for contribution in self.contributions)

    @property
    def staked(self) -> int:
        """The weight at stake."""
        return sum(p.staked for p in self.participants)

    @property
    def opened(self) -> int:
        """The weight at stake whose data are known."""
        return sum(p.opened for p in self.participants)

    # -- money ----------------------------------------------------------------------------------------------

    def fund(self, who: str, amount: int) -> None:
        """Credit what was sent."""
        self.balances[who] += amount

    def withdraw(self, who: str) -> int:
        """Pay out everything."""
        if not self.balances[who]:
            _refuse("NothingOwed")
        return self.balances.pop(who)

    def _escrow(self, who: str, amount: int, value: int) -> None:
        if self.balances[who] + value < amount:
            _refuse("Underfunded", self.balances[who] + value, amount)
        self.balances[who] += value - amount
        self.pot += amount

    def _credit(self, who: str, amount: int) -> None:
        assert 0 <= amount <= self.pot  # noqa: S101 – the contract would revert, and be stuck
        self.pot -= amount
        self.balances[who] += amount

    # -- the provider ---------------------------------------------------------------------------------------

    def offer(self, bounty: int, bond: int, tips: int, now: int, value: int = 0) -> None:
        """Escrow and commit."""
        self._demand(now, Phase.CREATED)
        self._escrow(self.provider, bounty + bond + tips, value)
        self.bounty, self.bond, self.tips = bounty, bond, tips
        self.stage, self.since = Phase.TRIAL, now

    def reveal_trial(self, index: int, batch: bytes, now: int) -> None:
        """Reveal the portion that was chosen."""
        self._demand(now, Phase.TRIAL)
        self._demand_time(now)
        self._check_portion(batch)
        self.trial, self.lesson = index, batch
        self.stage, self.since, self.closes_at = Phase.PARTICIPATION, now, now + self.rules.duration

    def reveal(self, index: int, batch: bytes, now: int) -> None:
        """Reveal another portion; after the last, measuring begins."""
        self._demand(now, Phase.REVEALING)
        self._demand_time(now)
        if index == self.trial or index in self.portions:
            _refuse("RevealedAlready", index)
        self._check_portion(batch)
        self.portions[index] = batch
        if len(self.portions) == self.rules.portions - 1:
            self._burn_unopened()
            self.stage, self.since = Phase.REWARDING, now
            self.measuring = Measuring(
                self.rules,
                self.model,
                self.bounty,
                self.rules.stake * self.unit,
                self.contributions,
                self.participants,
                [self.portions.get(i) for i in range(self.rules.portions)],
                self.lesson,
            )

    def expire(self, now: int, choice_lost: bool = False) -> None:
        """Declare that whoever had to act did not; `choice_lost`: nobody chose in time."""
        phase, late = self.phase(now), now > self.deadline(now)
        if phase not in (Phase.TRIAL, Phase.REVEALING, Phase.REWARDING):
            _refuse("WrongPhase", phase)
        idle = phase == Phase.REVEALING and not self.opened
        if not (late or idle or (phase == Phase.TRIAL and choice_lost)):
            _refuse("TooEarly", self.deadline(now) + 1)
        if phase == Phase.TRIAL:
            self.stage, self.outcome = Phase.CLOSED, Outcome.VOIDED
            self._credit(BURNT, self.bond)
            self._credit(self.provider, self.pot)
            return
        self.conclude(Outcome.DEFAULTED if phase == Phase.REVEALING and not idle else Outcome.RETURNED)

    def conclude(self, outcome: Outcome) -> None:
        """End it without measuring: what is owed can be paid. A default burns the bond."""
        if self.stage != Phase.REWARDING:
            self._burn_unopened()
        self.stage, self.outcome = Phase.PAYING, outcome
        if outcome == Outcome.DEFAULTED:
            self._credit(BURNT, self.bond)

    def _burn_unopened(self) -> None:
        """Burn the stakes of sealed data that were not opened in time, whatever the end."""
        self._credit(BURNT, (self.staked - self.opened) * self.rules.stake * self.unit)

    # -- the participants -----------------------------------------------------------------------------------

    def contribute(
        self, who: str, batches: bytes | Sequence[bytes], now: int, value: int = 0, maximum: int | None = None
    ) -> int:
        """Contribute samples for all to see, as one contribution or several; returns the first one's index.

        `maximum` is what `who` would pay at most, in all: stakes and fees.
        """
        first = len(self.contributions)
        batches = [batches] if isinstance(batches, bytes) else list(batches)
        if not batches:
            _refuse("WrongCount", 0, 1)
        self._demand(now, Phase.PARTICIPATION)
        if first + len(batches) > self.rules.capacity:
            _refuse("WrongPhase", Phase.REVEALING)
        counts = [self._count_contribution(batch) for batch in batches]
        self._charge(who, counts, value, maximum)
        for samples, batch in zip(counts, batches, strict=True):
            self._add(who, samples, batch, now)
        return first

    def commit(self, who: str, samples: int, now: int, value: int = 0, maximum: int | None = None) -> int:
        """Contribute samples that stay sealed."""
        self._demand(now, Phase.PARTICIPATION)
        if not self.rules.open_wait:
            _refuse("NothingHidden")
        if not 0 < samples <= self.rules.max_bytes // 3:
            _refuse("WrongCount", samples, self.rules.max_bytes // 3)
        self._charge(who, [samples], value, maximum)
        return self._add(who, samples, None, now)

    def open(self, index: int, batch: bytes, now: int) -> None:
        """Open a sealed contribution."""
        phase = self.phase(now)
        if phase not in (Phase.PARTICIPATION, Phase.OPENING):
            _refuse("WrongPhase", phase)
        contribution = self.contributions[index]
        if contribution.batch is not None:
            _refuse("OpenedAlready", index)
        samples = self._count_contribution(batch)
        if samples != contribution.samples:
            _refuse("WrongCount", samples, contribution.samples)
        contribution.batch = batch
        self.participants[contribution.participant].opened += self.rules.weight(samples)

    def _charge(self, who: str, counts: Sequence[int], value: int, maximum: int | None) -> None:
        price = sum(map(self.rules.price, counts)) * self.unit
        if maximum is not None and price > maximum:
            _refuse("PriceAboveMaximum", price, maximum)
        self._escrow(who, price, value)

    def _add(self, who: str, samples: int, batch: bytes | None, now: int) -> int:
        numbers = {p.who: number for number, p in enumerate(self.participants)}
        number = numbers.get(who, len(self.participants))
        if number == len(self.participants):
            self.participants.append(Participant(who))
        weight = self.rules.weight(samples)
        self.participants[number].staked += weight
        self.participants[number].given += 1
        self.participants[number].opened += weight if batch is not None else 0
        self.contributions.append(Contribution(number, samples, batch))
        if len(self.contributions) == self.rules.capacity:
            self.closes_at = now
        return len(self.contributions) - 1

    # -- anyone ---------------------------------------------------------------------------------------------

    def crank(self, who: str, data: Sequence[bytes], work: int, now: int) -> None:
        """Go on measuring, with the data of the contributions next in turn."""
        self._demand(now, Phase.REWARDING)
        assert self.measuring is not None  # noqa: S101 – the phase says so
        wanted = self.measuring.crank(data, work) * self.rules.tip * self.unit
        amount = min(wanted, self.tips + self.fees)
        fees = min(amount, self.fees)
        self.tips, self.spent = self.tips - (amount - fees), self.spent + fees
        self._credit(who, amount)
        if self.measuring.finished:
            self.stage, self.outcome = Phase.PAYING, Outcome.SETTLED

    def pay(self, most: int, now: int) -> None:
        """Credit the next `most` participants; after the last, the provider."""
        self._demand(now, Phase.PAYING)
        end = min(self.paid + most, len(self.participants))
        for p in self.participants[self.paid : end]:
            lost = self._lost(p) if self.outcome == Outcome.SETTLED else 0
            self._credit(p.who, self._owed(p) - lost)
            self._credit(BURNT, lost)
            self.paid += 1
        if end == len(self.participants):
            if self.outcome == Outcome.SETTLED:
                self._credit(BURNT, self.fees)
            self._credit(self.provider, self.pot)
            self.stage = Phase.CLOSED

    @property
    def fees(self) -> int:
        """What is left of the contributions' fees."""
        return len(self.contributions) * self.rules.fee * self.unit - self.spent

    def _owed(self, p: Participant) -> int:
        stake = p.opened * self.rules.stake * self.unit
        if self.outcome == Outcome.SETTLED:
            return stake + self.bounty * max(0, p.score) // ONE
        if self.outcome == Outcome.RETURNED:
            return stake + self.fees * p.given // len(self.contributions)
        unpaid = self.participants[self.paid :]
        opened = sum(other.opened for other in unpaid)
        shared = self.pot - opened * self.rules.stake * self.unit - self.fees
        back = p.given * self.rules.fee * self.unit
        self.spent += back
        return stake + back + (shared * p.opened // opened if p.opened else 0)

    def _lost(self, p: Participant) -> int:
        """What is burnt of what somebody put at stake."""
        assert self.measuring is not None  # noqa: S101 – the outcome says so
        if not self.measuring.gains:
            return 0
        return p.forfeit - self.bounty * min(0, p.score) // ONE

    # -- refusals -------------------------------------------------------------------------------------------

    def _demand(self, now: int, wanted: Phase) -> None:
        if (phase := self.phase(now)) != wanted:
            _refuse("WrongPhase", phase)

    def _demand_time(self, now: int) -> None:
        if now > self.deadline(now):
            _refuse("TooLate", self.deadline(now) + 1)

    def _count_contribution(self, batch: bytes) -> int:
        if len(batch) > self.rules.max_bytes:
            _refuse("TooMuchData", len(batch), self.rules.max_bytes)
        return self._count(batch) or _refuse("WrongCount", 0, 1)

    def _check_portion(self, batch: bytes) -> None:
        if (count := self._count(batch)) != self.rules.samples:
            _refuse("WrongCount", count, self.rules.samples)

    def _count(self, batch: bytes) -> int:
        samples = list(decode_batch(batch))
        for x, y in samples:
            if y >= self.model.n_labels:
                _refuse("UnknownLabel", y, self.model.n_labels)
            self.model.classify(x)
        return len(samples)


def _refuse(error: str, *values: int) -> NoReturn:
    shown = ", ".join(map(str, values))
    raise ContractReverted(f"the market refuses: {error}({shown})", error=error)
