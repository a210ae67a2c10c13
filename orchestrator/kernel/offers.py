"""Offers: TOML files in which an organizer says what a new instance of a system shall be."""

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from orchestrator.errors import SpecError
from orchestrator.kernel.secrets import SecretFolder
from orchestrator.text import shown

O = TypeVar("O")  # noqa: E741


def read_offer(kind: type[O], file: Path, page: str) -> O:
    """The offer in a TOML file: a dataclass of texts, numbers, flags, tuples of texts. `page` is its manual.

    Raises SpecError that names the key.
    """
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SpecError(f"{file} cannot be read: {error}", "Give a TOML file.") from error
    kinds: dict[str, Any] = {each.name: each.type for each in fields(kind)}  # type: ignore[arg-type]
    for key, value in content.items():
        if key not in kinds:
            raise SpecError(f"{file}: there is no key `{shown(key, 80)}`", f"There are {', '.join(kinds)}.")
        # A number is as good as its text, for people write amounts without quotes.
        known: dict[Any, Any] = {float: (int, float), str: (int, float, str), int: int, bool: bool}
        wanted = known.get(kinds[key], list)
        if not isinstance(value, wanted) or (isinstance(value, bool) and kinds[key] is not bool):
            raise SpecError(f"{file}: `{key}` has another type", f"{page} shows it.")
        content[key] = tuple(map(str, value)) if wanted is list else kinds[key](value)
    try:
        return kind(**content)
    except TypeError as error:
        raise SpecError(f"{file}: {str(error).partition('() ')[2]}", "Add it.") from error


def drafted_start(drafts: SecretFolder, key: str, now: int, wait: int) -> int:
    """`wait` seconds from `now`; the same when an interrupted creation is run again in time."""
    found = (drafts.read(key) or {}).get("start", "")
    if not found.isdecimal() or int(found) <= now:
        found = str(now + wait)
        drafts.write(key, {"start": found})
    return int(found)
