"""What ranks stand for: the tables that contracts/tournament keeps as code.

Rank k of n stands for g = Φ⁻¹((k + ½) / n). `normals` holds g and `powers` sgn(g)|g|^1.5, in units of 2⁻¹⁶.
Floats give the same integers for most n, yet entries come as near as 10⁻⁶ to a tie: so all is computed in
decimals, of 50 digits and more.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import DataError

MIN_ROWS = 16
MAX_ROWS = 6143  # a table is one code, of four bytes a row
UNIT = 1 << 16
ZERO = 1 << 31  # an entry that stands for zero

_PRECISE = Context(prec=60, rounding=ROUND_HALF_EVEN)
_ROOT = Decimal("2.506628274631000502415765284811045253006986740609938316629923576")  # √(2π)
_DIGITS = Decimal("1e-55")

Integers = NDArray[np.int64]


@cache
def normals(rows: int) -> Integers:
    """Of each rank, ascending, in units of 2⁻¹⁶. Raises DataError."""
    return _mirrored([_rounded(g) for g in _upper(rows)], rows)


@cache
def powers(rows: int) -> Integers:
    """The normals raised to 1.5, sign kept. Raises DataError."""
    with localcontext(_PRECISE):
        return _mirrored([_rounded(g * g.sqrt()) for g in _upper(rows)], rows)


def encode(table: Integers) -> bytes:
    """The bytes that are kept as code: 2³¹ plus each entry, four bytes each, big-endian."""
    return (table + ZERO).astype(">u4").tobytes()


@cache
def _upper(rows: int) -> tuple[Decimal, ...]:
    """Of the upper half of the ranks, ascending; the lower half is its mirror, and the middle zero."""
    if not MIN_ROWS <= rows <= MAX_ROWS:
        raise DataError(f"{rows} rows", f"A tournament has {MIN_ROWS} to {MAX_ROWS} rows.")
    with localcontext(_PRECISE):
        return tuple(_quantile(Decimal(2 * k + 1) / (2 * rows)) for k in range((rows + 1) // 2, rows))


def _quantile(p: Decimal) -> Decimal:
    """Φ⁻¹(p) for p above ½: Newton's method doubles the digits of a float twice."""
    x = Decimal(NormalDist().inv_cdf(float(p)))
    for _ in range(2):
        density = (-x * x / 2).exp() / _ROOT
        term = total = x
        factor = 1
        while term > _DIGITS:  # Φ(x) = ½ + φ(x) (x + x³/3 + x⁵/(3·5) + …)
            factor += 2
            term = term * x * x / factor
            total += term
        x -= (Decimal("0.5") + density * total - p) / density
    return x


def _rounded(value: Decimal) -> int:
    return int((value * UNIT).to_integral_value(ROUND_HALF_EVEN))


def _mirrored(upper: list[int], rows: int) -> Integers:
    lower = [-entry for entry in reversed(upper)]
    table = np.array(lower + [0] * (rows % 2) + upper, dtype=np.int64)
    table.flags.writeable = False
    return table
