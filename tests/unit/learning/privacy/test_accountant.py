import math

import pytest

from orchestrator.errors import DataError
from orchestrator.learning.privacy.accountant import ORDERS, Steps, epsilon, noise_for, renyi

SETTINGS = [
    [Steps(1, 1, 8)],
    [Steps(5, 1, 10)],
    [Steps(1, 0.2, 50)],
    [Steps(3, 0.2, 50)],
    [Steps(1, 0.01, 1000)],
    [Steps(2, 0.05, 200), Steps(4, 0.2, 10)],
]


@pytest.mark.parametrize("steps", SETTINGS)
def test_it_is_never_below_the_library_and_at_most_four_percent_above(steps: list[Steps]) -> None:
    accounting = pytest.importorskip("dp_accounting", reason="needs dp-accounting: pip install diln[test]")
    theirs = accounting.rdp.RdpAccountant()
    for each in steps:
        event = accounting.GaussianDpEvent(each.multiplier)
        sampled = accounting.PoissonSampledDpEvent(each.rate, event) if each.rate < 1 else event
        theirs.compose(sampled, each.count)
    expected = theirs.get_epsilon(1e-5)
    assert expected * 0.999999 <= epsilon(steps, 1e-5) <= expected * 1.04


def test_a_step_on_a_sample_is_the_divergence_of_the_two_mixtures() -> None:
    """Against numerical integration of the definition, at order 2 and 5."""
    multiplier, rate, width = 1.3, 0.3, 1e-3
    for order in (2, 5):
        total = 0.0
        for k in range(-12_000, 24_000):
            x = k * width
            density = math.exp(-(x**2) / (2 * multiplier**2)) / (multiplier * math.sqrt(2 * math.pi))
            ratio = 1 - rate + rate * math.exp((2 * x - 1) / (2 * multiplier**2))
            total += density * ratio**order * width
        expected = math.log(total) / (order - 1)
        assert renyi(multiplier, rate)[ORDERS.index(order)] == pytest.approx(expected, rel=1e-6)


def test_less_noise_more_steps_and_larger_samples_cost_more() -> None:
    base = epsilon([Steps(1, 0.2, 50)])
    assert base < epsilon([Steps(0.9, 0.2, 50)])
    assert base < epsilon([Steps(1, 0.2, 51)])
    assert base < epsilon([Steps(1, 0.25, 50)])
    assert base < epsilon([Steps(1, 0.2, 50)], 1e-6)
    assert epsilon([]) == epsilon([Steps(1, 0.2, 0)]) == 0
    assert math.isinf(epsilon([Steps(0, 0.2, 1)]))


def test_the_noise_for_a_budget_is_the_least_that_keeps_it() -> None:
    noise = noise_for(5.0, 0.2, 50)
    assert epsilon([Steps(noise, 0.2, 50)]) <= 5.0 < epsilon([Steps(noise - 0.001, 0.2, 50)])
    with pytest.raises(DataError, match="no noise keeps"):
        noise_for(1e-9, 1, 10**9)


@pytest.mark.parametrize("wrong", [(-1, 0.5, 1), (1, 0, 1), (1, 1.5, 1), (1, 0.5, -1), (math.nan, 0.5, 1)])
def test_what_makes_no_sense_is_refused(wrong: tuple[float, float, int]) -> None:
    with pytest.raises(ValueError, match="make no sense"):
        Steps(*wrong)
    with pytest.raises(ValueError, match="between 0 and 1"):
        epsilon([Steps(1)], 1.0)
