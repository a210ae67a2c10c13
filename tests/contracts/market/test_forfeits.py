"""Who drops out of the last pass may forfeit more than its stake: what it had gained before."""

import numpy as np

from orchestrator.models.online.references import SparsePerceptron
from orchestrator.systems.market.reference.measuring import ONE
from tests.market_system import DIMS, SMALL, create, poison, run_of, truth


def test_pay__forfeit_above_the_stake__everybody_is_paid() -> None:
    """One poisoner that gains, drops out and forfeits both must not lock what the others are owed."""
    wrong = SparsePerceptron(DIMS, rate=64).with_weights(-8.0 * np.array([truth()]))
    same = [run_of(9, 12)] * SMALL.portions  # whichever of them the draw shows
    s = create(SMALL, wrong, same, passes=1, threshold=0, margin=0).begin(bounty=10**19)
    s.contribute("poisoner", run_of(3, 60), 60)
    s.contribute("contributor", run_of(4, 120), 120)
    s.contribute("poisoner", *poison())
    s.close()
    s.reveal_all()
    s.measure()
    poisoner = s.reference.participants[0]
    assert poisoner.dropped
    assert poisoner.forfeit > poisoner.staked * s.stake
    s.pay()
    assert s.balance("contributor") > 120 * s.stake
    s.check()
    s.empty()


def test_pay__forfeit_below_the_stake__is_what_the_last_contribution_cost() -> None:
    """Who drops out of the last pass keeps what it had gained there, and pays for what it did after that."""
    wrong = SparsePerceptron(DIMS, rate=64).with_weights(-8.0 * np.array([truth()]))
    same = [run_of(9, 12)] * SMALL.portions
    s = create(SMALL, wrong, same, passes=1, threshold=1_000, margin=0).begin(bounty=10**16)
    s.contribute("poisoner", run_of(3, 60), 60)
    s.contribute("contributor", run_of(4, 120), 120)
    s.contribute("poisoner", *poison())
    s.close()
    s.reveal_all()
    s.measure()
    poisoner = s.reference.participants[0]
    assert poisoner.dropped
    assert poisoner.score > 0
    assert 0 < poisoner.forfeit < poisoner.staked * s.stake
    s.pay()
    assert (
        s.balance("poisoner") == poisoner.staked * s.stake + 10**16 * poisoner.score // ONE - poisoner.forfeit
    )
    s.check()
    s.empty()


def test_pay__forfeit_after_a_loss__is_no_more_than_what_is_left_of_the_stake() -> None:
    """Who lost before, in the last pass, and then drops out, loses its stake and no more."""
    wrong = SparsePerceptron(DIMS, rate=64).with_weights(-8.0 * np.array([truth()]))
    bounty, same = 2 * 10**17, [run_of(9, 12)] * SMALL.portions
    s = create(SMALL, wrong, same, passes=1, threshold=0, margin=0).begin(bounty=bounty)
    s.contribute("contributor", run_of(4, 120), 120)
    for _ in range(2):
        s.contribute("poisoner", *poison(5))
    s.close()
    s.reveal_all()
    s.measure()
    poisoner = s.reference.participants[1]
    assert poisoner.dropped
    assert poisoner.score < 0
    s.pay()
    assert s.balance("poisoner") == 0
    s.check()
    s.empty()
