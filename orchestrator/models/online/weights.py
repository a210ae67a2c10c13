"""How a model's numbers lie in 256-bit words, as contracts/models/online/Words.sol has it.

A word is sixteen lanes of 16 bits, lane 0 at the low end. Lanes 0 to 7 of word 0 belong to the data handler:
a model's numbers begin at lane 8. As bytes, a model is its words, big-endian.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from orchestrator import packing

WORD = 32  # bytes
LANES = 16  # in a word
HANDLER = 8  # lanes of word 0 that belong to the data handler
ZERO = 1 << 15  # signed numbers are kept with this added
INT16_MIN, INT16_MAX = -(1 << 15), (1 << 15) - 1
UINT16_MAX = (1 << 16) - 1

Lanes = npt.NDArray[np.int64]

_PARAMS = {"dims": 32, "classes": 16, "limit": 16, "rate": 16, "bits": 8, "base_bytes": 16}


@dataclass(frozen=True)
class ModelParams:
    """A model's settings (contracts/models/online/Shape.sol)."""

    dims: int
    classes: int
    limit: int
    rate: int
    bits: int
    base_bytes: int

    def pack(self) -> int:
        """The settings as one 256-bit word. Raises ValueError for what does not fit."""
        return packing.pack(_PARAMS, vars(self))

    @classmethod
    def unpack(cls, word: int) -> "ModelParams":
        """The settings that `pack` packed."""
        return cls(**packing.unpack(_PARAMS, word))


def pad(lanes: npt.NDArray[np.generic]) -> Lanes:
    """The model's first lanes, filled up with zeros to a whole word."""
    return np.concatenate([lanes, np.zeros(-(HANDLER + len(lanes)) % LANES, dtype=np.int64)]).astype(np.int64)


def pack(lanes: Lanes) -> bytes:
    """Lanes (0 to 2^16 − 1, from the model's first one on) as the model's bytes."""
    size = HANDLER + len(lanes)
    padded = np.zeros(size + -size % LANES, dtype=">u2")
    padded[HANDLER:size] = lanes
    return padded.reshape(-1, LANES)[:, ::-1].tobytes()


def unpack(model: bytes, count: int) -> Lanes:
    """The first `count` lanes of the model's bytes."""
    lanes = np.frombuffer(model, dtype=">u2").reshape(-1, LANES)[:, ::-1].ravel()
    return lanes[HANDLER : HANDLER + count].astype(np.int64)


def to_words(model: bytes) -> list[int]:
    """The model's bytes as the words that the contract's `words` shows."""
    return [int.from_bytes(model[at : at + WORD], "big") for at in range(0, len(model), WORD)]
