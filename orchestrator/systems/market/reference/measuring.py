"""How a market measures contributions: contracts/market/MarketReward.sol, integer for integer.

Losses are counted in billionths, scores in billionths of the loss at first, money in the token's smallest
unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from orchestrator.errors import DataError
from orchestrator.models.online.base import OnChainModel
from orchestrator.systems.market.reference.rules import ACCURACY, F1, LESSONS, Rules
from orchestrator.systems.market.reference.samples import decode_batch

ONE = 10**9
WHOLE = 1 << 16  # in these parts hinge losses are counted
LEAST_LOSS = 10**6
"""A smaller loss at first counts as this."""


@dataclass
class Contribution:
    """`batch` is None while sealed."""

    participant: int
    samples: int
    batch: bytes | None


@dataclass
class Participant:
    """See the struct of the same name in MarketTypes.sol."""

    who: str
    staked: int = 0
    opened: int = 0
    given: int = 0
    of_pass: int = 0
    strikes: int = 0
    dropped: bool = False
    score: int = 0
    kept: int = 0
    forfeit: int = 0


@dataclass(frozen=True)
class Tally:
    """Samples wrong; of label 1 right; called 1 wrongly, or wrongly not; Σ of hinge losses."""

    wrong: int = 0
    hits: int = 0
    misses: int = 0
    hinge: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.wrong + other.wrong,
            self.hits + other.hits,
            self.misses + other.misses,
            self.hinge + other.hinge,
        )


def evaluate(model: OnChainModel, samples: list[tuple[bytes, int]]) -> Tally:
    """How `model` does on samples of features and label."""
    wrong = hits = misses = hinge = 0
    for x, y in samples:
        predicted, margin = model.judge(x, y)
        wrong += predicted != y
        hits += predicted == y == 1
        misses += predicted != y and 1 in (predicted, y)
        hinge += hinge_of(margin, model.bits)
    return Tally(wrong, hits, misses, hinge)


def hinge_of(margin: int, bits: int) -> int:
    """(1 − margin / 2^bits) / 2, from 0 to 1, in 1/65,536, rounded down."""
    gap = max(0, (1 << bits) - margin)
    return min(WHOLE, (gap << 15) >> bits)


def loss_of(rules: Rules, tally: Tally, portions: int) -> int:
    """The loss on so many portions, in billionths, rounded down; 0 on none."""
    cost, size = tally.hinge, portions * rules.samples * WHOLE
    if rules.loss == ACCURACY:
        cost, size = tally.wrong, portions * rules.samples
    elif rules.loss == F1:
        cost, size = tally.misses, 2 * tally.hits + tally.misses
    return cost * ONE // size if size else 0


@dataclass(frozen=True)
class Losses:
    """On the portions that pay and on those that validate, in billionths."""

    paying: int = 0
    validating: int = 0


@dataclass
class Measuring:
    """The measuring of contributions, resumable after any amount of work.

    `portions` has a batch for each portion but the trial one (None); those that follow it, cyclically,
    validate. `lesson` is the trial portion's batch. `model` is left as it and the contributions make it.
    """

    rules: Rules
    model: OnChainModel
    bounty: int
    stake: int  # for a weight of 1, in the token's smallest unit
    contributions: list[Contribution]
    participants: list[Participant]
    portions: list[bytes | None]
    lesson: bytes
    at_pass: int = 1
    next: int = 0
    measuring: bool = True
    again: bool = False
    first: Losses = Losses()
    last: Losses = Losses()
    gains: int = 0
    forfeits: int = 0
    finished: bool = False
    tallies: tuple[Tally, Tally] = (Tally(), Tally())  # paying, validating
    seen: int = 0
    lessons: int = LESSONS  # still to come
    taught: int = 0  # samples of the lesson that is had

    def __post_init__(self) -> None:
        self.samples: list[tuple[bool, tuple[bytes, int]]] = []  # validating, features and label
        trial = self.portions.index(None)
        for index, batch in enumerate(self.portions):
            validates = 0 < (index - trial) % len(self.portions) <= self.rules.validation
            self.samples += [(validates, sample) for sample in decode_batch(batch or b"")]
        self._lesson = list(decode_batch(self.lesson))
        self._initial = self._shadow = self.model.to_bytes()

    def crank(self, data: Sequence[bytes], work: int) -> int:
        """Go on, with the data of the contributions next in turn; returns how many steps were made.

        Raises DataError, and does nothing, where `data` are none of those whose turn it is.
        """
        given = steps = 0
        learned = False
        while steps < work and not self.finished:
            if self.lessons:
                given = self._find(data, given, self.lesson)
                if given == len(data):
                    break
                steps += self._study(work - steps)
                learned = True
                given += not self.lessons
            elif self.measuring:
                steps += self._measure(work - steps)
            elif self.next == len(self.contributions):
                self._end_pass()
                steps += 1
            elif self._skipped(self.contributions[self.next]):
                self.next += 1
                steps += 1
            else:
                given = self._find(data, given, self.contributions[self.next].batch)
                if given == len(data):
                    break
                self._learn_next()
                given, steps, learned = given + 1, steps + 1, True
        if given and given == len(data) and not learned:
            raise DataError(f"it is the turn of contribution {self.next}, whose data these are not")
        return steps

    def _study(self, work: int) -> int:
        """Learn the trial portion, for so many steps at most; returns how many."""
        samples, steps = self._lesson, 0
        while steps < work and self.lessons:
            self.model.learn(*samples[self.taught])
            steps, self.taught = steps + 1, self.taught + 1
            if self.taught == len(samples):
                self.taught, self.lessons = 0, self.lessons - 1
        if not self.lessons:
            self._shadow = self.model.to_bytes()
        return steps

    @staticmethod
    def _find(data: Sequence[bytes], given: int, wanted: bytes | None) -> int:
        while given < len(data) and data[given] != wanted:
            given += 1
        return given

    def _skipped(self, contribution: Contribution) -> bool:
        return contribution.batch is None or self.participants[contribution.participant].dropped

    def _learn_next(self) -> None:
        batch = self.contributions[self.next].batch or b""
        for x, y in decode_batch(batch):
            self.model.learn(x, y)
        self.measuring = self.model.to_bytes() != self._shadow
        self.next += 1
        if not self.measuring:
            self._settle(self.last, changed=False)

    def _measure(self, work: int) -> int:
        end = min(self.seen + work, len(self.samples))
        seen = self.samples[self.seen : end]
        paying, validating = (
            evaluate(self.model, [sample for validates, sample in seen if validates == wanted])
            for wanted in (False, True)
        )
        self.tallies = self.tallies[0] + paying, self.tallies[1] + validating
        steps = end - self.seen
        self.seen = end
        if end == len(self.samples):
            self._judge()
        return steps

    def _judge(self) -> None:
        validation = self.rules.validation
        losses = Losses(
            loss_of(self.rules, self.tallies[0], len(self.portions) - 1 - validation),
            loss_of(self.rules, self.tallies[1], validation),
        )
        self.measuring, self.seen, self.tallies = False, 0, (Tally(), Tally())
        if self.next:
            self._settle(losses, changed=True)
        else:
            self.first = self.last = losses

    def _share(self, losses: Losses) -> int:
        """Which share of the first loss is avoided, in billionths, rounded down."""
        fall = self.last.paying - losses.paying
        if self.rules.validation:
            fall = min(fall, self.last.validating - losses.validating)
        return fall * ONE // max(self.first.paying, LEAST_LOSS)

    def _settle(self, losses: Losses, changed: bool) -> None:
        contribution = self.contributions[self.next - 1]
        p = self.participants[contribution.participant]
        if p.of_pass != self.at_pass:
            p = replace(p, of_pass=self.at_pass, score=0, strikes=0, kept=0)
            self.participants[contribution.participant] = p
        share = self._share(losses)
        kept = changed and share * 1000 >= self.rules.margin * ONE
        score = p.score + (share if kept else min(0, share))
        stake = p.opened * self.stake * ONE
        balance = stake + self.bounty * score
        below = share < 0 and balance * 1000 < stake * self.rules.threshold
        p.strikes += below
        if kept:
            self._shadow, self.last = self.model.to_bytes(), losses
        else:
            self.model.restore(self._shadow)
        if balance < 0 or (below and p.strikes >= self.rules.strikes):
            self._drop(p, score)
            return
        self.gains += max(0, score) - max(0, p.score)
        p.score = score
        p.kept += kept

    def _drop(self, p: Participant, score: int) -> None:
        p.dropped = True
        self.gains -= max(0, p.score)
        stake = p.opened * self.stake
        if self.at_pass < self.rules.passes:
            self.again |= p.kept > 0
            p.score = 0
            p.forfeit = min(stake, self.bounty * max(0, -score) // ONE)
        else:
            balance = stake + self.bounty * p.score // ONE
            p.forfeit = min(balance, self.bounty * max(0, p.score - score) // ONE)
        self.forfeits += p.forfeit

    def _end_pass(self) -> None:
        if not self.again:
            self.finished = True
            return
        self.model.restore(self._initial)
        self._shadow, self.lessons = self._initial, LESSONS
        self.at_pass, self.next, self.again, self.last, self.gains = self.at_pass + 1, 0, False, self.first, 0
