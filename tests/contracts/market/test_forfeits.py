"""Who drops out of the last pass may forfeit more than its stake: what it had gained before."""

import numpy as np

from orchestrator.models.online.references import SparsePerceptron
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
