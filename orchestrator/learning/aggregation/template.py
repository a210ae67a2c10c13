"""A model's arrays, whatever framework they come from, as one vector of whole numbers, and back.

A model's unit is 2**-16: its vector is int32, an update the difference of two.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from zipfile import BadZipFile

import numpy as np
from eth_utils.crypto import keccak
from numpy.typing import NDArray

from orchestrator.errors import DataError
from orchestrator.learning.aggregation.chunks import Integers
from orchestrator.nesting import is_nested_deeper
from orchestrator.text import shown
from orchestrator.types import Digest

UNIT = 2**16
"""So many units are 1.0."""

SMALLEST, LARGEST = -(2**31), 2**31 - 1
MOST_PARAMETERS, MOST_ARRAYS, MOST_SIDES = 2**20, 1000, 32
_NAME, _LONGEST, _LARGEST_FILE = 200, 2**20, 2**25


@dataclass(frozen=True)
class Slot:
    """One array: its name, its shape, and its type in words of numpy, as a framework wants it back."""

    name: str
    shape: tuple[int, ...]
    type: str

    @property
    def size(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class Template:
    """The arrays of a model, in order. Two parties whose templates have the same digest can be averaged."""

    slots: tuple[Slot, ...]

    def __post_init__(self) -> None:
        names = [slot.name for slot in self.slots]
        if not 0 < len(names) <= MOST_ARRAYS or len(set(names)) != len(names):
            raise DataError(f"a model has 1 to {MOST_ARRAYS} arrays, each with a name of its own")
        for slot in self.slots:
            if not 0 < len(slot.name) <= _NAME:
                raise DataError(f"the name of the array {shown(slot.name, _NAME)} is empty or too long")
            if len(slot.shape) > MOST_SIDES or not all(0 < side <= MOST_PARAMETERS for side in slot.shape):
                raise DataError(f"the array {shown(slot.name)} is empty or too large")
            if slot.type not in ("float16", "float32", "float64"):
                raise DataError(
                    f"the array {shown(slot.name)} is of type {shown(slot.type)}, which cannot be averaged",
                    "Leave out counters, indices and texts: only floating-point arrays are learned.",
                )
        if self.size > MOST_PARAMETERS:
            raise DataError(f"{self.size:,} parameters are more than the {MOST_PARAMETERS:,} that fit")

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The template of `arrays`, in their order. Raises DataError for what cannot be averaged."""
        return cls(tuple(Slot(name, tuple(each.shape), each.dtype.name) for name, each in arrays.items()))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What `to_json` wrote. Raises DataError."""
        strange = DataError("this is not a template", "Take that of the federation.")
        if len(text) > _LONGEST or is_nested_deeper(text, 4):
            raise strange
        try:
            slots = tuple(
                Slot(str(row["name"]), tuple(map(int, row["shape"])), str(row["type"]))
                for row in json.loads(text)["arrays"]
            )
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise strange from error
        return cls(slots)

    def to_json(self) -> str:
        """The one text that the digest is taken of."""
        rows = [{"name": slot.name, "shape": list(slot.shape), "type": slot.type} for slot in self.slots]
        return json.dumps({"arrays": rows, "unit": UNIT}, sort_keys=True, separators=(",", ":"))

    @property
    def digest(self) -> Digest:
        return Digest(keccak(text=self.to_json()))

    @property
    def size(self) -> int:
        """How many parameters there are in all."""
        return sum(slot.size for slot in self.slots)

    def flatten(self, arrays: Mapping[str, NDArray[Any]]) -> Integers:
        """The vector (parameters,) of a model, each rounded to the nearest unit.

        Raises DataError for other arrays than the template's, and for what is not finite or too large for
        32 bits.
        """
        if list(arrays) != [slot.name for slot in self.slots]:
            raise DataError(
                f"the model's arrays are {shown(', '.join(arrays), 200)}, and the template's "
                f"{shown(', '.join(slot.name for slot in self.slots), 200)}",
                "Train the model that the federation began with.",
            )
        return np.concatenate([_units(arrays[slot.name], slot) for slot in self.slots])

    def restore(self, vector: Integers) -> dict[str, NDArray[Any]]:
        """The arrays of a model from its vector; units that float16 or float32 cannot hold are lost."""
        if vector.shape != (self.size,):
            raise DataError(f"a model of {self.size:,} parameters cannot be of shape {vector.shape}")
        found, at = {}, 0
        for slot in self.slots:
            part = vector[at : at + slot.size] / UNIT
            found[slot.name] = part.reshape(slot.shape).astype(slot.type)
            at += slot.size
        return found


def _units(array: NDArray[Any], slot: Slot) -> Integers:
    if tuple(array.shape) != slot.shape or array.dtype.kind != "f":
        raise DataError(
            f"the array {shown(slot.name)} has the shape {tuple(array.shape)} and type {array.dtype.name}, "
            f"not {slot.shape} and {slot.type}"
        )
    values = array.astype(np.float64).ravel()
    if not np.isfinite(values).all():
        raise DataError(
            f"the array {shown(slot.name)} has values that are not finite", "Train with smaller steps."
        )
    units = np.rint(values * UNIT)
    if units.min() < SMALLEST or units.max() > LARGEST:
        raise DataError(
            f"the array {shown(slot.name)} has values beyond ±{2**31 // UNIT:,}", "Scale the data."
        )
    return units.astype(np.int64)


def read_arrays(file: Path) -> dict[str, NDArray[Any]]:
    """The arrays of an npz file, in its order. Raises DataError; nothing is unpickled."""
    strange = f"{file.name} is not a file of numpy's arrays"
    try:
        if file.stat().st_size > _LARGEST_FILE:
            raise DataError(
                f"{file.name} is larger than models that fit", "A model has a million parameters."
            )
        with file.open("rb") as stream:
            opened = np.load(stream, allow_pickle=False)
            names = getattr(opened, "files", [])  # none in a file of one array
            found = {name: opened[name] for name in names[: MOST_ARRAYS + 1]}
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise DataError(f"{strange}: {shown(str(error), 200)}", "numpy.savez writes them.") from error
    if not found:
        raise DataError(strange, "numpy.savez writes them.")
    return found


def write_arrays(file: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write what `read_arrays` reads; `file` ends in .npz."""
    np.savez(file, **dict(arrays))  # type: ignore[arg-type]
