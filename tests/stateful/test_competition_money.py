"""Every wei that enters a competition can leave it, whatever its roles and strangers do.

A machine plays random actions in random order, most of them refused. At any time the contract holds what is
credited and owed; at the end everybody withdraws, and nothing is left. The organizer enters, accuses and
evaluates, too, under any name: each of its faults burns half of the bond.
"""

import os
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.contracts.competition.scenario import (
    BAD,
    BY_SCORE,
    CONSTANT,
    DIRECT,
    FAIR,
    GOOD,
    HOUR,
    OPTIMISTIC,
    RANKED,
    Scenario,
    deploy_factory,
)
from tests.evm import Evm, Reverted

ROLES = ["organizer", "alice", "bob", "carol", "refuter", "stranger"]
MODELS = [GOOD, GOOD, FAIR, BAD, CONSTANT]
DEAD = "0x000000000000000000000000000000000000dEaD"
PHASES = ["reveal", "opening", "evaluation", "settling", "final"]

roles = st.sampled_from(ROLES)
numbers = st.integers(0, 3)
groups = st.integers(0, 5)


class Deployed:
    """One chain for all runs; each run starts from the same block."""

    chain: tuple[Evm, object] | None = None
    snapshot: object = None

    @classmethod
    def fresh(cls):
        if cls.chain is None:
            evm = Evm()
            for role in ROLES:
                evm.role(role)
            cls.chain = (evm, deploy_factory(evm))
        elif cls.snapshot is not None:
            cls.chain[0].revert(cls.snapshot)
        cls.snapshot = cls.chain[0].snapshot()
        return cls.chain


class CompetitionMoney(RuleBasedStateMachine):
    @initialize(
        mode=st.sampled_from([DIRECT, OPTIMISTIC]),
        scheme=st.sampled_from([RANKED, BY_SCORE]),
        shares=st.sampled_from([[10_000, 0, 0, 0], [6_000, 3_000, 1_000, 0]]),
        criterion=st.sampled_from([0, 600_000_000, 10**9]),
        drawn=st.sampled_from([True, True, True, False]),
    )
    def create(self, mode, scheme, shares, criterion, drawn):
        evm, factory = Deployed.fresh()
        self.s = Scenario.create(
            evm,
            factory=factory,
            mode=mode,
            scheme=scheme,
            shares=shares,
            criterion=criterion,
            organizerMayEnter=True,
        )
        self.claims = {}
        if drawn:
            self.s.draw()

    def attempt(self, action, *arguments, **named):
        with suppress(Reverted):
            return action(*arguments, **named)

    @rule(role=roles, model=st.sampled_from(MODELS))
    def commit(self, role, model):
        self.attempt(self.s.commit, role, model)

    @rule(number=numbers)
    def reveal(self, number):
        if number in self.s.models:
            self.attempt(self.s.reveal, number)

    @rule(group=groups, role=roles)
    def challenge(self, group, role):
        self.attempt(self.s.send, self.s.f.challenge(group), role, self.s.terms["stake"])

    @rule(group=groups)
    def answer(self, group):
        self.attempt(self.s.send, self.s.f.answer(group, self.s.data.opening(group)), "organizer")

    @rule(group=groups, role=roles)
    def slash_withheld(self, group, role):
        self.attempt(self.s.send, self.s.f.slashWithheld(group), role)

    @rule(everything=st.sampled_from([True, True, False]))
    def open_test(self, everything):
        test = self.s.test_groups
        self.attempt(self.s.open_test, test if everything else test[:1])

    @rule(role=roles)
    def slash(self, role):
        self.attempt(self.s.send, self.s.f.slashUnopened(), role)
        self.attempt(self.s.send, self.s.f.slashUndrawn(), role)

    @rule(number=numbers, role=roles, samples=st.sampled_from([1, 4, 100]))
    def evaluate(self, number, role, samples):
        if number in self.s.models:
            self.attempt(self.s.evaluate, number, role, samples)

    @rule(number=numbers, honest=st.booleans())
    def claim(self, number, honest):
        if number not in self.s.models or not self.s.test_groups:
            return
        predictions = self.s.predictions(number)
        if not honest:
            predictions[number] ^= 1
        if self.attempt(self.s.claim, number, predictions):
            self.claims[number] = predictions

    @rule(number=numbers, index=st.integers(0, 3), role=roles)
    def refute(self, number, index, role):
        if number in self.claims:
            self.attempt(self.s.refute, number, index, self.claims[number], role)

    @rule(number=numbers)
    def keep(self, number):
        if number in self.s.models:
            self.attempt(self.s.keep, number)

    @rule(number=numbers)
    def settle(self, number):
        self.attempt(self.s.send, self.s.f.settle(number), "stranger")

    @rule(role=roles)
    def finalize(self, role):
        self.attempt(self.s.finalize, role)

    @rule(number=numbers, group=groups, role=roles)
    def withdraw(self, number, group, role):
        self.pull(number, group, role)

    @rule(phase=st.sampled_from(PHASES))
    def go_to(self, phase):
        if self.s.progress["drawnAt"]:
            self.s.at(phase)

    @rule(hours=st.integers(1, 3))
    def wait(self, hours):
        self.s.evm.advance(hours * HOUR)

    @invariant()
    def can_pay(self):
        """What could be pulled now is there."""
        due = sum(self.s.payout(number) for number in self.s.models)
        due += sum(self.s.credit(role) for role in ROLES)
        due += self.s.evm.call(self.s.f.credit(DEAD))
        assert due <= self.s.balance

    @invariant()
    def withholding_is_decided_before_models_are_public(self):
        progress = self.s.progress
        assert not (progress["unanswered"] and progress["revealed"])

    def assert_faults_are_paid_for(self):
        bond, burnt = self.s.terms["bond"], self.s.burnt
        if self.s.outcome in ("Unopened", "Withheld", "Undrawn"):
            assert burnt == bond - bond // 2
        else:
            assert burnt == (0 if self.s.progress["revealed"] else bond // 10)

    def pull(self, number, group, role):
        send, f, address = self.s.send, self.s.f, self.s.evm.role(role)
        if number in self.s.models:
            self.attempt(self.s.withdraw, number)
            for other in ROLES:
                self.attempt(send, f.withdrawReward(number, self.s.evm.role(other)), other)
        challenger = self.s.evm.call(f.challengeOf(group))[0]
        self.attempt(send, f.withdrawStake(group, challenger), role)
        self.attempt(send, f.withdrawCredit(address, address), role)

    def teardown(self):
        if not hasattr(self, "s"):
            return
        if not self.s.progress["drawnAt"]:
            self.s.evm.tester.mine_blocks(262)
            self.attempt(self.s.send, self.s.f.slashUndrawn(), "stranger")
        else:
            self.s.at("final")
            self.attempt(self.s.send, self.s.f.slashUnopened(), "stranger")
            self.attempt(self.s.finalize)
            for group in range(6):
                self.attempt(self.s.send, self.s.f.slashWithheld(group), "stranger")
        assert self.s.outcome != "Open"  # a way out from every state
        self.assert_faults_are_paid_for()
        for number in self.s.models:
            self.attempt(self.s.keep, number)
        for step in range(max(6, len(self.s.models))):
            for role in ROLES:
                self.pull(step, step % 6, role)
        self.attempt(self.s.send, self.s.f.withdrawCredit(DEAD, DEAD), "stranger")
        assert self.s.balance == 0


def run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        CompetitionMoney,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


def test_money__random_actions__is_conserved():
    run(examples=4, steps=20)


@pytest.mark.slow
def test_money__many_random_actions__is_conserved():
    run(examples=int(os.environ.get("COMPETITION_EXAMPLES", "300")), steps=40)
