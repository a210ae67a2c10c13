"""Faults of a spec as one sentence with file, line and key."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from orchestrator.errors import SpecError
from orchestrator.learning.tomllines import key_on_line, line_of

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


_HINTS = {
    "extra_forbidden": "look for a misspelling; `diln init` shows every key",
    "missing": "`diln init` writes a spec with every key",
}

_UNION_MARK = re.compile(r"^(\[.*\]|bool|int|float|str)$")
"""What pydantic adds to a location for the members of a union and for the keys of a dict."""


class KeyFault(ValueError):
    """Raised by a validator: like ValueError, and names the key below the validated one."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def fault(path: Path, text: str, keys: Sequence[str], message: str, hint: str = "") -> SpecError:
    """An error about `keys`; its line is that of the nearest table where the key itself is not written."""
    return SpecError(
        f"{path}, line {line_of(text, tuple(keys))}: {'.'.join(keys) or 'spec'}: {message}", hint
    )


def syntax_fault(path: Path, text: str, error: str) -> SpecError:
    """From the text of a TOMLDecodeError: "… (at line 3, column 7)" or "… (at end of document)"."""
    message, _, where = error.partition(" (at ")
    match = re.search(r"line (\d+)", where)
    line = int(match[1]) if match else text.rstrip("\n").count("\n") + 1
    key = key_on_line(text, line)
    return SpecError(
        f"{path}, line {line}{f', near {key}' if key else ''}: {_lowered(message)}",
        "this is not TOML: texts stand in quotes, a table's head in [brackets], each key once",
    )


def semantic_fault(path: Path, text: str, error: ValidationError) -> SpecError:
    """The first fault as the error; the keys of the others in the hint."""
    faults = error.errors(include_url=False)
    keys = [_keys(found) for found in faults]
    others = sorted({".".join(found) for found in keys[1:]} - {".".join(keys[0])})
    hint = f"also wrong: {', '.join(others)}" if others else _HINTS.get(faults[0]["type"], "")
    return fault(path, text, keys[0], _sentence(faults[0]), hint)


def _keys(found: "ErrorDetails") -> list[str]:
    keys = [part for part in found["loc"] if isinstance(part, str) and not _UNION_MARK.match(part)]
    error = found.get("ctx", {}).get("error")
    return [*keys, error.key] if isinstance(error, KeyFault) else keys


def _sentence(found: "ErrorDetails") -> str:
    """What pydantic found, said the way of a spec."""
    if found["type"] == "extra_forbidden":
        return "this key is not known"
    if found["type"] == "missing":
        return "this key is missing"
    message, given = str(found["msg"]).removeprefix("Value error, "), found["input"]
    if not isinstance(given, dict | list) and repr(given) not in message:
        message += f", not {given!r}"
    return _lowered(message)


def _lowered(message: str) -> str:
    """Without the capital of a sentence; names such as C keep theirs."""
    return message[:1].lower() + message[1:] if message[1:2].islower() else message
