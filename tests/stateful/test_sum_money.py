"""Random actions by many parties: the contract, and a ledger in Python that knows what is owed to whom.

After each action the contract holds exactly what is owed and agrees with the ledger about every account; in
the end everything can be withdrawn.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from orchestrator.models.online.features import encode_sparse
from orchestrator.models.online.references import SparsePerceptron
from tests.evm import EVERYTHING, Reverted
from tests.sum_system import ANY, DAY, GWEI, Contribution, Facts, System, Terms, Workshop

ROLES = ("ann", "ben", "cid", "creator")
DIMS = 12
TERMS = Terms(cost_weight=7, refund_wait=2 * DAY, take_gap=DAY, creator_wait=3 * DAY, any_wait=6 * DAY)

who = st.sampled_from(ROLES)
samples = st.sets(st.integers(1, DIMS - 1), min_size=1, max_size=4).map(encode_sparse)
labels = st.integers(0, 1)


@dataclass
class Open:
    """A contribution that is not settled, in units."""

    contribution: Contribution
    contributor: str
    left: int
    promised: dict[str, int] = field(default_factory=dict)
    looked_at: int = 0
    against: bool = False


@dataclass
class Ledger:
    """What is owed."""

    balance: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ROLES, 0))
    valid: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ROLES, 0))
    burnt: int = 0
    open: list[Open] = field(default_factory=list)
    sealed: dict[tuple[str, bytes], tuple[int, int, bytes, int]] = field(default_factory=dict)

    def owed(self) -> int:
        deposits = sum(each.left for each in self.open) + sum(seal[0] for seal in self.sealed.values())
        return sum(self.balance.values()) + (deposits + self.burnt) * GWEI


class Money(RuleBasedStateMachine):
    """Parties that add, claim, stop and withdraw in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.workshop = Workshop()
        reference = SparsePerceptron(DIMS, rate=100, bits=8, limit=4).with_weights([[0] * DIMS])
        self.system: System = self.workshop.create(reference, TERMS)
        self.ledger = Ledger()
        self.salts = 0

    @property
    def now(self) -> int:
        return self.system.evm.now

    def due(self, facts: Facts) -> int:
        return facts.time + TERMS.refund_wait * 16 // facts.certainty

    def recorded(self, role: str, contributions: list[Contribution]) -> None:
        for made in contributions:
            facts = Facts(made.facts)
            verdict = self.system.reference.learn(made.x, facts.label)
            assert (facts.surprise, facts.certainty) == (verdict.predicted != facts.label, verdict.certainty)
            self.ledger.open.append(Open(made, role, facts.deposit))

    @rule(role=who, amount=st.integers(1, 10**15))
    def fund(self, role: str, amount: int) -> None:
        self.system.evm.send(self.system.do.fund(self.system.evm.role(role), amount), "payer", amount)
        self.ledger.balance[role] += amount

    @rule(role=who, x=samples, y=labels, extra=st.integers(0, 10**12))
    def add(self, role: str, x: bytes, y: int, extra: int) -> None:
        value = self.system.price() + extra
        receipt = self.system.evm.send(self.system.do.add(x, y, ANY), role, value)
        made = self.system.added(receipt)
        self.ledger.balance[role] += value - Facts(made[0].facts).deposit * GWEI
        self.recorded(role, made)

    @rule(role=who, batch=st.lists(st.tuples(samples, labels), min_size=1, max_size=4))
    def add_from_balance(self, role: str, batch: list[tuple[bytes, int]]) -> None:
        xs, ys = [x for x, _ in batch], bytes(y for _, y in batch)
        call = self.system.do.addBatch(xs, ys, ANY)
        cost = self.system.price(len(xs)) * len(xs)
        if cost > self.ledger.balance[role]:
            self.refused("Underfunded", call, role)
            return
        made = self.system.added(self.system.evm.send(call, role))
        self.ledger.balance[role] -= sum(Facts(each.facts).deposit for each in made) * GWEI
        self.recorded(role, made)

    @rule(role=who, x=samples, y=labels)
    def commit(self, role: str, x: bytes, y: int) -> None:
        self.salts += 1
        commitment = self.system.do.commitmentOf(
            self.system.evm.role(role), x, y, self.salts.to_bytes(32, "big")
        ).call()
        price = self.system.price()
        self.system.evm.send(self.system.do.commit(commitment, ANY), role, price)
        self.ledger.sealed[role, commitment] = (price // GWEI, self.now, x + bytes([y]), self.salts)

    @precondition(lambda self: self.ledger.sealed)
    @rule(data=st.data())
    def reveal(self, data: st.DataObject) -> None:
        role, commitment = data.draw(st.sampled_from(sorted(self.ledger.sealed)))
        deposit, _, sample, salt = self.ledger.sealed.pop((role, commitment))
        call = self.system.do.reveal(sample[:-1], sample[-1], salt.to_bytes(32, "big"), ANY)
        value = max(0, self.system.price() - deposit * GWEI)
        made = self.system.added(self.system.evm.send(call, role, value))
        more = max(0, Facts(made[0].facts).deposit - deposit) * GWEI
        self.ledger.balance[role] += value - more
        self.recorded(role, made)

    @precondition(lambda self: self.ledger.sealed)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        role, commitment = data.draw(st.sampled_from(sorted(self.ledger.sealed)))
        deposit, since, _, _ = self.ledger.sealed[role, commitment]
        call = self.system.do.release(self.system.evm.role(role), commitment)
        if not self.attempt(call, "keeper", self.now >= since + TERMS.refund_wait, "TooEarly"):
            return
        del self.ledger.sealed[role, commitment]
        self.ledger.balance[role] += deposit * GWEI

    @precondition(lambda self: self.ledger.open)
    @rule(data=st.data(), role=who, verb=st.sampled_from(["refund", "report", "take", "sweep"]))
    def claim(self, data: st.DataObject, role: str, verb: str) -> None:
        each = self.ledger.open[data.draw(st.integers(0, len(self.ledger.open) - 1))]
        facts = Facts(each.contribution.facts)
        agrees = self.system.reference.classify(each.contribution.x) == facts.label
        self.system.evm.advance(2)  # not in the block of an update
        getattr(self, f"_{verb}")(each, facts, role, agrees)
        if each.left == 0 and facts.deposit:
            self.ledger.open.remove(each)

    def decided(self, each: Open, against: bool) -> bool | None:
        """Whether a look that says so decides; None where it is too early, False where it is the first."""
        if each.looked_at and each.against == against:
            return True if self.now >= each.looked_at + TERMS.take_gap else None
        return False

    def noted(self, each: Open, against: bool) -> None:
        each.looked_at, each.against = self.now, against

    def _refund(self, each: Open, facts: Facts, role: str, agrees: bool) -> None:
        due, disputed = self.now >= self.due(facts), bool(each.looked_at)
        decided = self.decided(each, against=False) if disputed else True
        fits = agrees and (decided is False or (decided is True and due))
        if not self.attempt(self.call("refund", each), role, fits):
            return
        if decided is False:
            self.noted(each, against=False)
            return
        self.ledger.balance[each.contributor] += each.left * GWEI
        self.ledger.valid[each.contributor] += not disputed and (facts.sealed or not facts.surprise)
        each.left = 0

    def _report(self, each: Open, facts: Facts, role: str, agrees: bool) -> None:
        everyone = sum(self.ledger.valid.values())
        share = facts.deposit * self.ledger.valid[role] // everyone if everyone else 0
        again = role in each.promised and each.looked_at and not each.against
        fits = (
            role != each.contributor and not agrees and (again or (share > 0 and role not in each.promised))
        )
        if self.attempt(
            self.call("report", each), role, fits and self.now >= self.due(facts) - TERMS.take_gap
        ):
            each.promised.setdefault(role, share)
            if not each.against:
                self.noted(each, against=True)

    def _take(self, each: Open, facts: Facts, role: str, agrees: bool) -> None:
        share = min(each.promised.get(role, 0), each.left)
        decided = self.decided(each, against=True)
        fits = share > 0 and self.now >= self.due(facts) and not agrees and decided is not None
        if not self.attempt(self.call("take", each), role, fits):
            return
        if not decided:
            self.noted(each, against=True)
            return
        each.promised[role] = 0
        each.left -= share
        self.ledger.balance[role] += share * GWEI

    def _sweep(self, each: Open, facts: Facts, role: str, agrees: bool) -> None:
        wait = TERMS.creator_wait if role == "creator" else TERMS.any_wait
        decided = self.decided(each, against=True)
        fits = role != each.contributor and not agrees and decided is not None
        if not self.attempt(self.call("sweep", each), role, fits and self.now >= self.due(facts) + wait):
            return
        if not decided:
            self.noted(each, against=True)
            return
        everyone = sum(self.ledger.valid.values())
        own = facts.deposit * self.ledger.valid[each.contributor] // everyone if everyone else 0
        rest = each.left - min(own, each.left)
        self.ledger.balance[each.contributor] += min(own, each.left) * GWEI
        self.ledger.balance[role] += rest // 2 * GWEI
        self.ledger.burnt += rest - rest // 2
        each.left = 0

    @rule(role=who)
    def withdraw(self, role: str) -> None:
        call = self.system.do.withdraw(self.system.evm.role("purse"), EVERYTHING)
        if self.attempt(call, role, self.ledger.balance[role] > 0):
            self.ledger.balance[role] = 0

    @rule(seconds=st.sampled_from([60, DAY // 2, 2 * DAY, 5 * DAY, 20 * DAY]))
    def wait(self, seconds: int) -> None:
        self.system.evm.advance(seconds)

    @invariant()
    def holds_what_is_owed(self) -> None:
        held = self.system.evm.web3.eth.get_balance(self.system.sum.address)
        assert held == self.ledger.owed()
        for role in ROLES:
            assert self.system.account(role)[:2] == (self.ledger.balance[role], self.ledger.valid[role])
        for each in self.ledger.open:
            assert self.system.do.record(each.contribution.slot).call()[1:] == [
                each.left,
                2 * each.looked_at + each.against,
            ]

    def teardown(self) -> None:
        """Everybody has stopped: others settle what is open, and everything can be withdrawn."""
        self.system.evm.advance(100 * DAY)
        for role, commitment in list(self.ledger.sealed):
            call = self.system.do.release(self.system.evm.role(role), commitment)
            self.system.evm.send(call, "keeper")
        for _ in range(2):  # a look, and a take gap later the claim
            for each in self.ledger.open:
                contribution = each.contribution
                agrees = self.system.reference.classify(contribution.x) == Facts(contribution.facts).label
                if self.system.do.record(contribution.slot).call()[0]:
                    self.system.claim("refund" if agrees else "sweep", contribution, "keeper")
            self.system.evm.advance(DAY + 1)
        for role in (*ROLES, "keeper"):
            if self.system.balance(role):
                self.system.evm.send(self.system.do.withdraw(self.system.evm.role("purse"), EVERYTHING), role)
        burnt = self.system.do.account("0x000000000000000000000000000000000000dEaD").call()[0]
        assert self.system.evm.web3.eth.get_balance(self.system.sum.address) == burnt
        assert self.system.words() == self.system.reference.words()

    def call(self, verb: str, each: Open) -> Any:
        return self.system.sum.functions[verb](*each.contribution.claim)

    def attempt(self, call: Any, role: str, expected: bool, error: str | None = None) -> bool:
        """Send; the contract must refuse exactly where the ledger expects it."""
        if expected:
            self.system.evm.send(call, role)
        else:
            self.refused(error, call, role)
        return expected

    def refused(self, error: str | None, call: Any, role: str) -> None:
        with pytest.raises(Reverted, match=error):
            self.system.evm.call(call, role)


TestMoney = Money.TestCase
TestMoney.settings = settings(
    max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.slow
class TestMoneyLong(Money.TestCase):  # type: ignore[name-defined, misc]
    """The same, for hours of a model's life: `python -m pytest tests/stateful -m slow`."""

    settings = settings(
        max_examples=60, stateful_step_count=80, deadline=None, suppress_health_check=list(HealthCheck)
    )
