"""Gradients that hide each record: its own is clipped, then noise is added (Abadi et al., 2016)."""

import hashlib
import itertools
import secrets
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Noise = Callable[[int], Floats]
"""Gives so many independent standard normal numbers."""


def stream(seed: bytes) -> Callable[[int], bytes]:
    """Reads so many bytes on each call, which nobody tells without the secret `seed`: SHAKE-256, counted.

    The same seed gives the same bytes, so that an update whose file is lost comes out again.
    """
    calls = itertools.count()
    return lambda size: hashlib.shake_256(seed + next(calls).to_bytes(8, "big")).digest(size)


def gaussian(count: int, read: Callable[[int], bytes] | None = None) -> Floats:
    """`count` standard normal numbers by Box and Muller, of bytes that `read` gives: else the system's.

    Whoever can tell the state of an ordinary generator can take the noise off again, so a party uses this
    one.
    """
    pairs = (count + 1) // 2
    words = np.frombuffer((read or secrets.token_bytes)(16 * pairs), np.uint64) >> np.uint64(11)
    uniform = (words.astype(np.float64) + 0.5) * 2.0**-53
    radius, angle = np.sqrt(-2 * np.log(uniform[:pairs])), 2 * np.pi * uniform[pairs:]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count]


def clipped(rows: Floats, norm: float) -> Floats:
    """`rows` (records, parameters), those that are longer than `norm` shortened to it."""
    lengths = np.linalg.norm(rows, axis=1)
    return np.asarray(rows * np.minimum(1.0, norm / np.maximum(lengths, 1e-12))[:, None])


def sampled(records: int, rate: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """The numbers of the records of a step: each is taken with probability `rate` (Poisson sampling)."""
    return np.flatnonzero(rng.random(records) < rate)


def private_gradient(
    gradients: Floats, norm: float, multiplier: float, expected: float, noise: Noise = gaussian
) -> Floats:
    """The noisy mean gradient (parameters,) of a step.

    `gradients` (records, parameters) are those of the sampled records, of which there may be none;
    `expected` is how many there are on average, since the real number is itself a secret. The noise has the
    standard deviation `multiplier · norm` before it is divided.
    """
    return hidden_mean(clipped(gradients, norm).sum(axis=0), norm, multiplier, expected, noise)


def hidden_mean(total: Floats, norm: float, multiplier: float, expected: float, noise: Noise) -> Floats:
    """The same of the sum (parameters,) of gradients that were clipped before."""
    return np.asarray((total + multiplier * norm * noise(len(total))) / expected)
