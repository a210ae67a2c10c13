"""The prediction market in Python: contracts/sum/market, wei for wei.

It stands for the contract in simulations and tests: the same phases, refusals and payments, on a model's
twin. Commitments are not modelled (whoever calls hands in the right data); time is told by the caller.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NoReturn

from orchestrator.errors import ContractReverted
from orchestrator.learning.onchain.base import OnChainModel
from orchestrator.learning.onchain.market_rules import Rules
from orchestrator.learning.onchain.measuring import ONE, Contribution, Measuring, Participant
from orchestrator.learning.onchain.samples import decode_run

MEASURE_WAIT = 90 * 86_400
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
    bounty: int = 0
    bond: int = 0
    tips: int = 0
    pot: int = 0
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
        if self.hidden and now < self.closes_at + self.rules.open_wait:
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
    def hidden(self) -> int:
        """How many contributions are hidden."""
        return sum(contribution.run is None for contribution in self.contributions)

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
        self.pot -= amount
        self.balances[who] += amount

    # -- the provider ---------------------------------------------------------------------------------------

    def offer(self, bounty: int, bond: int, tips: int, now: int, value: int = 0) -> None:
        """Escrow and commit."""
        self._demand(now, Phase.CREATED)
        self._escrow(self.provider, bounty + bond + tips, value)
        self.bounty, self.bond, self.tips = bounty, bond, tips
        self.stage, self.since = Phase.TRIAL, now

    def reveal_trial(self, index: int, run: bytes, now: int) -> None:
        """Reveal the portion that was chosen."""
        self._demand(now, Phase.TRIAL)
        self._demand_time(now)
        self._check_portion(run)
        self.trial = index
        self.stage, self.since, self.closes_at = Phase.PARTICIPATION, now, now + self.rules.duration

    def reveal(self, index: int, run: bytes, now: int) -> None:
        """Reveal another portion; after the last, measuring begins."""
        self._demand(now, Phase.REVEALING)
        self._demand_time(now)
        if index == self.trial or index in self.portions:
            _refuse("RevealedAlready", index)
        self._check_portion(run)
        self.portions[index] = run
        if len(self.portions) == self.rules.portions - 1:
            self.stage, self.since = Phase.REWARDING, now
            self.measuring = Measuring(
                self.rules,
                self.model,
                self.bounty,
                self.rules.stake * self.unit,
                self.contributions,
                self.participants,
                [self.portions.get(i) for i in range(self.rules.portions)],
            )

    def expire(self, now: int, choice_lost: bool = False) -> None:
        """Declare that whoever had to act did not; `choice_lost`: nobody chose within 256 blocks."""
        phase, late = self.phase(now), now > self.deadline(now)
        if phase not in (Phase.TRIAL, Phase.REVEALING, Phase.REWARDING):
            _refuse("WrongPhase", phase)
        idle = phase == Phase.REVEALING and not self.opened
        if not (late or idle or (phase == Phase.TRIAL and choice_lost)):
            _refuse("TooEarly", self.deadline(now))
        if phase == Phase.TRIAL:
            self.stage, self.outcome = Phase.CLOSED, Outcome.VOIDED
            self._credit(BURNT, self.bond)
            self._credit(self.provider, self.pot)
            return
        defaulted = phase == Phase.REVEALING and not idle
        self.stage, self.outcome = Phase.PAYING, Outcome.DEFAULTED if defaulted else Outcome.RETURNED

    # -- the participants -----------------------------------------------------------------------------------

    def contribute(
        self, who: str, runs: bytes | Sequence[bytes], now: int, value: int = 0, maximum: int | None = None
    ) -> int:
        """Contribute samples for all to see, as one contribution or several; returns the first one's index.

        `maximum` is what `who` would put at stake at most, in all.
        """
        first = len(self.contributions)
        runs = [runs] if isinstance(runs, bytes) else list(runs)
        if not runs:
            _refuse("WrongCount", 0, 1)
        self._demand(now, Phase.PARTICIPATION)
        if first + len(runs) > self.rules.capacity:
            _refuse("WrongPhase", Phase.REVEALING)
        counts = [self._count_contribution(run) for run in runs]
        self._stake(who, sum(map(self.rules.weight, counts)), value, maximum)
        for samples, run in zip(counts, runs, strict=True):
            self._add(who, samples, run, now)
        return first

    def commit(self, who: str, samples: int, now: int, value: int = 0, maximum: int | None = None) -> int:
        """Contribute samples that stay hidden."""
        self._demand(now, Phase.PARTICIPATION)
        if not self.rules.open_wait:
            _refuse("NothingHidden")
        if not 0 < samples <= self.rules.max_bytes // 3:
            _refuse("WrongCount", samples, self.rules.max_bytes // 3)
        self._stake(who, self.rules.weight(samples), value, maximum)
        return self._add(who, samples, None, now)

    def open(self, index: int, run: bytes, now: int) -> None:
        """Open a hidden contribution."""
        phase = self.phase(now)
        if phase not in (Phase.PARTICIPATION, Phase.OPENING):
            _refuse("WrongPhase", phase)
        contribution = self.contributions[index]
        if contribution.run is not None:
            _refuse("OpenedAlready", index)
        samples = self._count_contribution(run)
        if samples != contribution.samples:
            _refuse("WrongCount", samples, contribution.samples)
        contribution.run = run
        self.participants[contribution.participant].opened += self.rules.weight(samples)

    def _stake(self, who: str, weight: int, value: int, maximum: int | None) -> None:
        stake = weight * self.rules.stake * self.unit
        if maximum is not None and stake > maximum:
            _refuse("PriceAboveMaximum", stake, maximum)
        self._escrow(who, stake, value)

    def _add(self, who: str, samples: int, run: bytes | None, now: int) -> int:
        numbers = {p.who: number for number, p in enumerate(self.participants)}
        number = numbers.get(who, len(self.participants))
        if number == len(self.participants):
            self.participants.append(Participant(who))
        weight = self.rules.weight(samples)
        self.participants[number].staked += weight
        self.participants[number].opened += weight if run is not None else 0
        self.contributions.append(Contribution(number, samples, run))
        if len(self.contributions) == self.rules.capacity:
            self.closes_at = now
        return len(self.contributions) - 1

    # -- anyone ---------------------------------------------------------------------------------------------

    def crank(self, who: str, data: Sequence[bytes], work: int, now: int) -> None:
        """Go on measuring, with the data of the contributions next in turn."""
        self._demand(now, Phase.REWARDING)
        assert self.measuring is not None  # noqa: S101 – the phase says so
        learned = self.measuring.crank(data, work)
        tip = min(self.tips, learned * self.rules.tip * self.unit)
        self.tips -= tip
        self._credit(who, tip)
        if self.measuring.finished:
            self.stage, self.outcome = Phase.PAYING, Outcome.SETTLED

    def pay(self, most: int, now: int) -> None:
        """Credit the next `most` participants; after the last, the provider."""
        self._demand(now, Phase.PAYING)
        end = min(self.paid + most, len(self.participants))
        for p in self.participants[self.paid : end]:
            self._credit(p.who, self._owed(p))
            self.paid += 1
        if end == len(self.participants):
            self._credit(self.provider, self.pot)
            self.stage = Phase.CLOSED

    def _owed(self, p: Participant) -> int:
        stake = self.rules.stake * self.unit
        if self.outcome == Outcome.SETTLED:
            return self._settled(p, stake)
        if self.outcome == Outcome.RETURNED or not p.opened:
            return p.staked * stake
        unpaid = self.participants[self.paid :]
        shared = self.pot - sum(other.staked for other in unpaid) * stake
        return p.staked * stake + shared * p.opened // sum(other.opened for other in unpaid)

    def _settled(self, p: Participant, stake: int) -> int:
        assert self.measuring is not None  # noqa: S101 – the outcome says so
        amount = p.staked * stake + self.bounty * p.score // ONE
        if not self.measuring.gains:
            return amount
        amount -= p.forfeit + (p.staked - p.opened) * stake
        forfeits = self.measuring.forfeits + (self.staked - self.opened) * stake
        return amount if p.dropped else amount + forfeits * max(0, p.score) // self.measuring.gains

    # -- refusals -------------------------------------------------------------------------------------------

    def _demand(self, now: int, wanted: Phase) -> None:
        if (phase := self.phase(now)) != wanted:
            _refuse("WrongPhase", phase)

    def _demand_time(self, now: int) -> None:
        if now > self.deadline(now):
            _refuse("TooLate", self.deadline(now))

    def _count_contribution(self, run: bytes) -> int:
        if len(run) > self.rules.max_bytes:
            _refuse("TooMuchData", len(run), self.rules.max_bytes)
        return self._count(run) or _refuse("WrongCount", 0, 1)

    def _check_portion(self, run: bytes) -> None:
        if (count := self._count(run)) != self.rules.samples:
            _refuse("WrongCount", count, self.rules.samples)

    def _count(self, run: bytes) -> int:
        samples = list(decode_run(run))
        for x, y in samples:
            if y >= self.model.n_labels:
                _refuse("UnknownLabel", y, self.model.n_labels)
            self.model.classify(x)
        return len(samples)


def _refuse(error: str, *values: int) -> NoReturn:
    shown = ", ".join(map(str, values))
    raise ContractReverted(f"the market refuses: {error}({shown})", error=error)
