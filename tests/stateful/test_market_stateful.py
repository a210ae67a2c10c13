"""Anybody does anything at any time: the contract is where its reference is, and owes what it holds.

At every step: phase, balances, pot, cursor, scores and words are the reference's, and the contract holds the
sum of what it owes. In the end (whatever was left undone) everything can be withdrawn.
"""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from orchestrator.errors import ContractReverted, DataError
from orchestrator.systems.market.reference.market import Phase
from orchestrator.systems.market.reference.rules import ACCURACY, F1, HINGE, HOUR, MEASURE_WAIT, Rules
from tests.evm import EVERYTHING, Reverted
from tests.market_system import create, run_of, workshop

WHO = ("contributor", "rival", "poisoner", "sleeper")
RULES = Rules(portions=3, samples=6, duration=24 * HOUR, open_wait=6 * HOUR, reveal_wait=12 * HOUR)
WEI = st.integers(1, 10**18)


class AnybodyDoesAnything(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.snapshot = workshop().evm.snapshot()

    @initialize(
        strikes=st.integers(1, 3),
        passes=st.integers(1, 3),
        threshold=st.sampled_from([0, 900, 1_000]),
        margin=st.sampled_from([0, 80, 300]),
        loss=st.sampled_from([ACCURACY, F1, HINGE]),
        validation=st.integers(0, 1),
        weighted=st.integers(0, 1),
        stake=st.sampled_from([1, 999, 10**6, 10**9]),
        tip=st.sampled_from([0, 1, 10**6]),
        capacity=st.sampled_from([3, 6, 1_000]),
        money=st.tuples(WEI, WEI, WEI),
        seed=st.integers(0, 1_000),
    )
    def begin(self, money: tuple[int, int, int], seed: int, **rules: int) -> None:
        self.s = create(replace(RULES, **rules), seed=seed)
        bounty, bond, tips = money
        self.s.offer(bounty, bond, tips)
        self.s.choose()
        self.seed = seed

    @property
    def phase(self) -> Phase:
        return self.s.reference.phase(self.s.evm.now)

    def attempt(self, step: Any, *args: Any, **options: Any) -> None:
        """Do it, in the contract and then in the reference; what the contract refuses is not done."""
        try:
            step(*args, **options)
        except Reverted:
            return

    @precondition(lambda self: self.phase == Phase.TRIAL)
    @rule()
    def reveal_trial(self) -> None:
        self.attempt(self.s.reveal_trial)

    @precondition(lambda self: self.phase <= Phase.OPENING)
    @rule(who=st.sampled_from(WHO), count=st.integers(1, 6), wrong=st.sampled_from([0.0, 0.3, 1.0]))
    def contribute(self, who: str, count: int, wrong: float) -> None:
        self.seed += 1
        self.attempt(self.s.contribute, who, run_of(self.seed, count, wrong), count)

    @precondition(lambda self: self.phase == Phase.PARTICIPATION)
    @rule(who=st.sampled_from(WHO), counts=st.lists(st.integers(1, 4), max_size=3), short=st.integers(0, 1))
    def contribute_batch(self, who: str, counts: list[int], short: int) -> None:
        """A batch, perhaps for a wei more than the maximum."""
        self.seed += 1
        runs = [run_of(self.seed + i, count, 0.3) for i, count in enumerate(counts)]
        self.attempt(self.s.contribute_batch, who, runs, counts, short)

    @precondition(lambda self: self.phase == Phase.PARTICIPATION)
    @rule(who=st.sampled_from(WHO), count=st.integers(1, 6), wrong=st.sampled_from([0.0, 1.0]))
    def commit(self, who: str, count: int, wrong: float) -> None:
        self.seed += 1
        self.attempt(self.s.commit, who, run_of(self.seed, count, wrong), count)

    @precondition(lambda self: self.s.secrets)
    @rule(data=st.data())
    def open(self, data: Any) -> None:
        self.attempt(self.s.open, data.draw(st.sampled_from(sorted(self.s.secrets))))

    @rule(hours=st.sampled_from([1, 7, 25]))
    def wait(self, hours: int) -> None:
        self.s.evm.advance(hours * HOUR)

    @precondition(lambda self: Phase.PARTICIPATION <= self.phase <= Phase.REVEALING)
    @rule(index=st.integers(0, 2))
    def reveal(self, index: int) -> None:
        self.attempt(self.s.reveal, index)

    @precondition(lambda self: self.phase == Phase.REVEALING)
    @rule()
    def reveal_all(self) -> None:
        self.attempt(self.s.reveal_all)

    @precondition(lambda self: self.phase == Phase.REWARDING)
    @rule(work=st.sampled_from([1, 5, 40, 10_000]), most=st.integers(0, 3))
    def crank(self, work: int, most: int) -> None:
        self.attempt(self.s.crank, work, most=most)

    @precondition(lambda self: self.phase >= Phase.REVEALING)
    @rule(most=st.integers(0, 3))
    def pay(self, most: int) -> None:
        self.attempt(self.s.pay, most)

    @rule()
    def expire(self) -> None:
        self.attempt(self.s.expire)

    @rule(who=st.sampled_from((*WHO, "provider", "cranker")))
    def withdraw(self, who: str) -> None:
        if self.s.reference.balances[who]:
            self.s.evm.send(self.s.do.withdraw(self.s.evm.role(who), EVERYTHING), who)
            self.s.reference.withdraw(who)

    @invariant()
    def as_the_reference_says(self) -> None:
        if hasattr(self, "s"):
            self.s.check()

    def teardown(self) -> None:
        if hasattr(self, "s"):
            self._finish()
        workshop().evm.revert(self.snapshot)

    def _finish(self) -> None:
        """Nobody does anything any more but to end it."""
        reference = self.s.reference
        if reference.stage <= Phase.PARTICIPATION:
            self.s.evm.advance(MEASURE_WAIT)
            self.s.expire()
        if reference.stage == Phase.REWARDING:
            self.s.measure()
        if reference.stage == Phase.PAYING:
            self.s.pay()
        assert reference.stage == Phase.CLOSED
        self.s.check()
        self.s.empty()


BOUNDED = settings(
    max_examples=8, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
LONG = settings(BOUNDED, max_examples=60, stateful_step_count=40)


class TestAnybodyDoesAnything(AnybodyDoesAnything.TestCase):
    settings = BOUNDED


@pytest.mark.slow
class TestAnybodyDoesAnythingForLong(AnybodyDoesAnything.TestCase):
    settings = LONG


def test_reference__what_the_contract_refuses__refused_too() -> None:
    """The reference alone refuses what `attempt` above never lets it see."""
    s = create(RULES)
    for step in (
        lambda: s.reference.reveal_trial(0, s.portions[0], 1),
        lambda: s.reference.contribute("contributor", run_of(1, 1), 1, 10**18),
        lambda: s.reference.crank("cranker", [], 1, 1),
        lambda: s.reference.pay(1, 1),
        lambda: s.reference.expire(1),
        lambda: s.reference.withdraw("provider"),
        lambda: s.reference.offer(1, 1, 1, 1, 0),
    ):
        with pytest.raises((ContractReverted, DataError)):
            step()
