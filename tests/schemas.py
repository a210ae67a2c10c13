"""What commands print with --json, held against their schemas, with no key that the schema does not name."""

import copy
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from orchestrator.cli import schemas

OPEN = {"card", "abi", "schema"}
"""Commands that print documents with a format of their own."""

BY_NAME = {"ignored"}
"""Objects whose keys are names, such as those of columns: the object's own key tells what is there."""

WORDS = re.compile(r"(?:[A-Za-z,:;']+ ){4}[A-Za-z]")
"""What makes a text a sentence: five words in a row."""


def command_of(arguments: list[str]) -> str | None:
    """The command that a command line means, without its arguments."""
    names = [" ".join(arguments[:count]) for count in range(min(3, len(arguments)), 0, -1)]
    return next((name for name in names if name in schemas.results()), None)


def check(command: str, value: Any) -> None:
    """Raise AssertionError where `value` is not what `command` may print."""
    failure = isinstance(value, dict) and value.keys() == {"error", "message", "hint"}
    found = jsonschema.exceptions.best_match(
        _validator(schemas.ERROR if failure else command).iter_errors(value)
    )
    assert found is None, f"diln {command}: {found.json_path}: {found.message}"
    if command not in OPEN:
        spoken = [key for key, text in _texts(value) if key not in sentences() and WORDS.search(text)]
        assert not spoken, f"diln {command}: docs/json.md does not say that {spoken[0]} is for people"


@cache
def sentences() -> frozenset[str]:
    """The keys that hold sentences, as docs/json.md lists them."""
    page = (Path(__file__).parents[1] / "docs" / "json.md").read_text(encoding="utf-8")
    listed = page.partition("These keys hold sentences")[2].partition("\n\n")[2].partition("\n\n")[0]
    return frozenset(re.findall(r"`([a-z_]+)`", listed))


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """All texts within, each with the key that it stands under."""
    if isinstance(value, str):
        yield key, value
    for name, each in value.items() if isinstance(value, dict) else ():
        yield from _texts(each, key if key in BY_NAME else name)
    for each in value if isinstance(value, list) else ():
        yield from _texts(each, key)


@cache
def _validator(command: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(_closed(schemas.schema_of(command)))


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    closed = copy.deepcopy(schema)
    pending: list[Any] = [closed]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            if "properties" in part and part.get("type") == "object":
                part["additionalProperties"] = False
            pending.extend(part.values())
        elif isinstance(part, list):
            pending.extend(part)
    return closed
