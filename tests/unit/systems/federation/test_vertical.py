"""A model over columns whose sums a federation's contract holds to."""

import numpy as np
import pytest

from orchestrator.bindings.federation import Phase
from orchestrator.learning.aggregation.template import UNIT
from orchestrator.systems.federation import aggregating, cranking, creating, party, refuting
from orchestrator.systems.federation.joining import join
from orchestrator.systems.federation.offer import Offer
from orchestrator.systems.federation.rounds import current_model, phase_of
from orchestrator.systems.federation.verifying import verify
from orchestrator.systems.federation.vertical import Columns, Labels

NAMES = ("alice", "bob", "carol")
ROWS, STEPS = 70, 3


@pytest.fixture
def tables():
    """Three parties' columns, two each, and the labels that all six tell."""
    rng = np.random.default_rng(3)
    features = rng.normal(size=(ROWS, 6))
    return [Columns(features[:, at : at + 2]) for at in (0, 2, 4)], Labels((features.sum(axis=1) > 0) * 1)


@pytest.fixture
def federation(session, tmp_path):
    np.savez(tmp_path / "logits.npz", logits=np.zeros(ROWS, np.float32))
    terms = Offer(
        name="logits",
        reward="1",
        deposit="0.5",
        arrays=str(tmp_path / "logits.npz"),
        rule="mean",
        width=4,
        rounds=STEPS,
        seats=3,
    )
    alice = session.account("alice")
    made = creating.create(session, creating.plan(session, terms, alice), alice)
    for name in NAMES:
        join(session, made, session.account(name), None)
    cranking.crank(session, made, alice)
    return made


def test_sums_of_logits__claimed_wrong_by_one__are_refuted_and_right_ones_train(session, federation, tables):
    parties, owner = tables
    plain, labels = [Columns(each.features) for each in parties], Labels(owner.labels)
    before = [np.zeros(ROWS, np.int64) for _ in parties]
    watcher = session.account("dave")
    for step in range(STEPS):
        for name, columns, was in zip(NAMES, parties, before, strict=True):
            party.commit(session, federation, session.account(name), columns.moved(was))
        for name in NAMES:
            party.reveal(session, federation, session.account(name))
        before = [each.logits() for each in parties]
        right = aggregating.expected(session, federation)
        if step == 1:
            false = aggregating.altered(right, ROWS - 1)
            aggregating.claim(session, federation, session.account("alice"), result=false)
            fault = refuting.check(session, federation)
            assert f"coordinate {ROWS - 1} is" in fault.sentence
            assert refuting.refute(session, federation, watcher, fault) > 0
            assert phase_of(federation) is Phase.CLAIMING
        who = session.account("bob" if step == 1 else "alice")
        aggregating.claim(session, federation, who, result=right)
        assert refuting.check(session, federation) is None
        session.chain.advance_to(federation.clock().ends_at)
        assert cranking.crank(session, federation, watcher) == f"finalized round {step + 1}"
        total = 3 * current_model(session, federation)[:ROWS]
        exact = sum(before)
        assert np.abs(total - exact).max() < 3 * (step + 1)  # a mean is rounded down, once a step
        for model, told in ((parties, [total]), (plain, [each.logits() for each in plain])):
            source = owner if model is parties else labels
            residuals = source.residuals(told)
            for columns in model:
                columns.learn(residuals, 0.5, 1e-3)
            source.learn(residuals, 0.5)
    assert all(each.ok for each in verify(session, federation))
    for ours, other in zip(parties, plain, strict=True):
        assert np.allclose(ours.weights, other.weights, atol=20 / UNIT)
