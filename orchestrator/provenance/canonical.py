"""Canonical JSON (RFC 8785): one value, one sequence of bytes, one hash."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

import rfc8785

from orchestrator.nesting import is_nested_deeper

LARGEST = 2**53 - 1
"""The largest integer that JSON numbers hold exactly."""

DEEPEST = 64
"""How many levels of lists and objects are accepted."""


class NotCanonical(ValueError):
    """A value or some bytes that canonical JSON cannot be; `field` says where, as in `data.rows`."""

    def __init__(self, problem: str, field: str = "") -> None:
        super().__init__(f"{field}: {problem}" if field else problem)
        self.problem = problem
        self.field = field


def encode(value: Any) -> bytes:
    """Canonical bytes of `value` (None, bool, int, float, str, and lists and mappings of these).

    Raises NotCanonical and names the field: NaN, infinity, an integer beyond 2^53, another type.
    """
    _check(value, ())
    return rfc8785.dumps(value)


def decode(data: bytes) -> Any:
    """Parse `data`.

    Raises NotCanonical for malformed JSON, a repeated key, or bytes that are not in canonical form.
    """
    try:
        text = data.decode("utf-8")
        check_depth(text)
        value = json.loads(
            text,
            object_pairs_hook=_no_duplicates,
            parse_constant=_no_constant,
            parse_int=_integer,
        )
    except UnicodeDecodeError as error:
        raise NotCanonical(f"byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise NotCanonical(f"not JSON: {error.msg} at byte {error.pos}") from error
    if encode(value) != data:
        raise NotCanonical("the bytes are not in canonical form (RFC 8785)")
    return value


def parse(data: bytes) -> Any:
    """Parse `data`, JSON in any form, as files that people may edit are.

    Raises NotCanonical for what is not JSON in UTF-8, nested too deeply to be parsed safely, or has a key
    twice, of which one reader takes the first and another the last.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotCanonical(f"byte {error.start} is not UTF-8") from error
    check_depth(text)
    try:
        return json.loads(text, object_pairs_hook=_no_duplicates)
    except NotCanonical:
        raise
    except ValueError as error:  # also for an integer of thousands of digits
        raise NotCanonical(f"not JSON: {error}") from error


def check_depth(text: str) -> None:
    """Refuse JSON that is nested more than DEEPEST levels, before it is parsed. Raises NotCanonical."""
    if is_nested_deeper(text, DEEPEST):
        raise NotCanonical(f"nested deeper than {DEEPEST} levels")


def where(path: Iterable[str | int]) -> str:
    """A path as people write it: `data.columns["mean radius"].min`, `parents[0]`."""
    shown = ""
    for step in path:
        if isinstance(step, int):
            shown += f"[{step}]"
        elif step.replace("_", "a").isalnum():
            shown += f".{step}"
        else:
            shown += f"[{json.dumps(step, ensure_ascii=False)}]"
    return shown.removeprefix(".")


def _check(value: object, path: tuple[str | int, ...]) -> None:
    if len(path) > DEEPEST:
        raise NotCanonical(f"nested deeper than {DEEPEST} levels", where(path[:2]))
    if isinstance(value, Mapping):
        _check_mapping(value, path)
    elif isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _check(item, (*path, index))
    elif isinstance(value, int | float):
        _check_number(value, path)
    elif value is not None:
        raise NotCanonical(f"{type(value).__name__} is not a JSON type", where(path))


def _check_number(value: float, path: tuple[str | int, ...]) -> None:
    if not math.isfinite(value):
        raise NotCanonical(f"{value} is not a JSON number", where(path))
    if isinstance(value, int) and abs(value) > LARGEST:
        raise NotCanonical("an integer beyond 2^53 loses digits; write it as text", where(path))


def _check_mapping(value: Mapping[Any, Any], path: tuple[str | int, ...]) -> None:
    for key, item in value.items():
        if not isinstance(key, str):
            raise NotCanonical(f"the key {key!r} is not text", where(path))
        _check_text(key, path)
        _check(item, (*path, key))


def _check_text(value: str, path: tuple[str | int, ...]) -> None:
    if not value.isascii() and any(0xD800 <= ord(character) <= 0xDFFF for character in value):
        raise NotCanonical("text that is not Unicode (a lone surrogate)", where(path))


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        [[twice, _]] = Counter(key for key, _ in pairs).most_common(1)
        raise NotCanonical("the key stands there twice", where([twice]))
    return found


def _no_constant(name: str) -> NoReturn:
    raise NotCanonical(f"{name} is not a JSON number")


def _integer(digits: str) -> int | float:
    # RFC 8785 writes floats from 2^53 to 10^21 without a point: they come back as floats.
    if len(digits) <= 17 and abs(int(digits)) <= LARGEST:
        return int(digits)
    return float(digits)
