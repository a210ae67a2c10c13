"""Fixed-point functions: contracts/models/online/Sigmoid.sol and Logarithm.sol."""

SIGMOID_BITS = 15
SIGMOID_ONE = 1 << SIGMOID_BITS
LOG_BITS = 16

# σ(0), σ(½) … σ(8) in 1/2^15
_SIGMOID = (
    16384, 20397, 23955, 26790, 28862, 30282, 31214, 31807, 32179,
    32408, 32549, 32635, 32687, 32719, 32738, 32750, 32757,
)  # fmt: skip

# log2(1 + i/32) in 1/2^16
_LOG2 = (
    0, 2909, 5732, 8473, 11136, 13727, 16248, 18704,
    21098, 23433, 25711, 27936, 30109, 32234, 34312, 36346,
    38336, 40286, 42196, 44068, 45904, 47705, 49472, 51207,
    52911, 54584, 56229, 57845, 59434, 60997, 62534, 64047,
    65536,
)  # fmt: skip


def sigmoid(score: int, bits: int) -> int:
    """σ(score / 2**bits) in 1/2^15, by straight lines between the table's entries (`bits` ≥ 1)."""
    size = abs(score)
    half, part = size >> (bits - 1), size & ((1 << (bits - 1)) - 1)
    value = _SIGMOID[-1]
    if half < len(_SIGMOID) - 1:
        value = _SIGMOID[half] + ((_SIGMOID[half + 1] - _SIGMOID[half]) * part >> (bits - 1))
    return SIGMOID_ONE - value if score < 0 else value


def log2(value: int) -> int:
    """The binary logarithm of `value` (≥ 1) with 16 fractional bits, by straight lines as above."""
    whole = value.bit_length() - 1
    mantissa = value << (255 - whole)
    i, part = mantissa >> 250 & 31, mantissa >> 234 & 0xFFFF
    return (whole << LOG_BITS) + _LOG2[i] + ((_LOG2[i + 1] - _LOG2[i]) * part >> LOG_BITS)
