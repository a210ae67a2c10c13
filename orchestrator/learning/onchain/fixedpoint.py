"""Fixed-point functions: contracts/sum/models/Sigmoid.sol and Logarithm.sol."""

SIGMOID_BITS = 15
SIGMOID_ONE = 1 << SIGMOID_BITS
LOG_BITS = 16

# σ(0), σ(½) … σ(8) in 1/2^15
_SIGMOID = (
    16384, 20397, 23955, 26790, 28862, 30282, 31214, 31807, 32179,
    32408, 32549, 32635, 32687, 32719, 32738, 32750, 32757,
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
    """The binary logarithm of `value` with 16 fractional bits, rounded down (mantissa cut to 128 bits)."""
    whole = value.bit_length() - 1
    mantissa = value >> (whole - 127) if whole > 127 else value << (127 - whole)
    result = whole << LOG_BITS
    for position in reversed(range(LOG_BITS)):
        mantissa = mantissa * mantissa >> 127
        if mantissa >> 128:
            mantissa >>= 1
            result |= 1 << position
    return result
