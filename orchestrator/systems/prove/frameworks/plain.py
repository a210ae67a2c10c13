"""Values of training scripts as JSON's."""

import math
from collections.abc import Mapping
from typing import Any

LONGEST = 1_000  # characters of what is shown for an object


def plain(value: Any) -> Any:
    """JSON values as they are; numbers of numpy or of a tensor as Python's; the rest as text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    try:
        return plain(value.item())
    except (AttributeError, ValueError, RuntimeError):  # no number, or more than one
        return getattr(value, "__qualname__", None) or repr(value)[:LONGEST]


def number(value: Any) -> float | None:
    """A finite number, or None: of Python, numpy, or a tensor of one element."""
    try:
        found = float(value.detach() if hasattr(value, "detach") else value)  # PyTorch warns of the rest
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return None
    return found if math.isfinite(found) else None
