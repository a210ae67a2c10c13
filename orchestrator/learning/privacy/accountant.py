"""What Gaussian noise is worth: Rényi differential privacy, composed over steps and turned into (ε, δ).

Neighbours are data sets that differ by one added or removed record; each step takes every record with the
same probability, independently (Poisson sampling). Orders are whole numbers, so that every term of a step
is a finite sum; this costs at most a few percent against fractional orders, and an accountant of privacy
loss distributions would find some 10 % less. Floating-point noise is not exactly Gaussian (Mironov, CCS
2012), which no accountant covers.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from orchestrator.errors import DataError

ORDERS = range(2, 257)
DELTA = 1e-5


@dataclass(frozen=True)
class Steps:
    """`count` steps that take each record with probability `rate`; noise of `multiplier` clipping norms."""

    multiplier: float
    rate: float = 1.0
    count: int = 1

    def __post_init__(self) -> None:
        if not (self.multiplier >= 0 and 0 < self.rate <= 1 and self.count >= 0):
            raise ValueError(
                f"noise {self.multiplier}, sampling {self.rate} and {self.count} steps make no sense"
            )


@lru_cache(maxsize=1024)
def renyi(multiplier: float, rate: float) -> tuple[float, ...]:
    """The Rényi divergence of one step at each of ORDERS.

    Mironov, Talwar and Zhang, "Rényi Differential Privacy of the Sampled Gaussian Mechanism" (2019),
    section 3.3.
    """
    if multiplier == 0:
        return (math.inf,) * len(ORDERS)
    if rate == 1:
        return tuple(order / (2 * multiplier**2) for order in ORDERS)
    return tuple(_sampled(order, multiplier, rate) for order in ORDERS)


def _sampled(order: int, multiplier: float, rate: float) -> float:
    logs = [
        _log_binomial(order, k)
        + (order - k) * math.log1p(-rate)
        + k * math.log(rate)
        + k * (k - 1) / (2 * multiplier**2)
        for k in range(order + 1)
    ]
    largest = max(logs)
    return (largest + math.log(math.fsum(math.exp(each - largest) for each in logs))) / (order - 1)


def _log_binomial(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def epsilon(steps: Iterable[Steps], delta: float = DELTA) -> float:
    """The least ε for which all `steps` together are (ε, `delta`)-private; infinite without noise.

    By Canonne, Kamath and Steinke, "The Discrete Gaussian for Differential Privacy" (2020), proposition 12.
    """
    if not 0 < delta < 1:
        raise ValueError(f"delta is {delta}, and must lie between 0 and 1")
    taken = [each for each in steps if each.count]
    if not taken:
        return 0.0
    least = math.inf
    for place, order in enumerate(ORDERS):
        loss = sum(each.count * renyi(each.multiplier, each.rate)[place] for each in taken)
        least = min(least, loss + math.log1p(-1 / order) - math.log(delta * order) / (order - 1))
    return max(least, 0.0)


def noise_for(budget: float, rate: float, count: int, delta: float = DELTA) -> float:
    """The least noise multiplier, to a thousandth, with which `count` steps stay within ε = `budget`.

    Raises DataError if no multiplier up to 1,000 does.
    """
    low, high = 0, 1_000_000
    if epsilon([Steps(high / 1000, rate, count)], delta) > budget:
        raise DataError(
            f"no noise keeps {count} steps within ε = {budget:g}", "Take fewer steps, or allow more."
        )
    while high - low > 1:
        middle = (low + high) // 2
        if epsilon([Steps(middle / 1000, rate, count)], delta) > budget:
            low = middle
        else:
            high = middle
    return high / 1000
