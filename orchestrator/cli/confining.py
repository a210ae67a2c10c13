"""Which files a tool may name: what lies below the working folder and holds neither state nor secrets."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.text import shown

_KEPT = re.compile(r"\.|keystore|utc--|brownie-config\.yaml$", re.IGNORECASE)
"""How names begin that no tool reads or writes: hidden ones (.diln, .git, .env), keystores, the settings."""


def refuse_outside(given: str, home: str) -> None:
    """Raises UsageError where the file, or something in the folder, is not for tools; `home` holds the state.

    Links count by where they lead.
    """
    root, state = os.path.realpath("."), os.path.realpath(home)
    try:
        places = ((each, os.path.realpath(each)) for each in _with_all_below(Path(given)))
        found = next((each for each, place in places if _is_kept(Path(place), root, state)), None)
    except (OSError, ValueError) as error:  # such as a zero in a name
        raise UsageError(f"{shown(repr(given), 200)} names no file", "Give a path.") from error
    if found:
        raise UsageError(
            f"{shown(str(found), 200)} is not for tools",
            "They take what lies below the server's folder, but nothing hidden, no settings and no keys.",
        )


def _with_all_below(path: Path) -> Iterator[Path]:
    yield path
    for folder, folders, files in os.walk(path):
        yield from (Path(folder, name) for name in (*folders, *files))


def _is_kept(place: Path, root: str, state: str) -> bool:
    if not place.is_relative_to(root) or place.is_relative_to(state):
        return True
    return any(map(_KEPT.match, place.relative_to(root).parts))
