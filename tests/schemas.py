"""What commands print with --json, held against their schemas, with no key that the schema does not name."""

import copy
from functools import cache
from typing import Any

import jsonschema

from orchestrator.cli import schemas

OPEN = {"card", "abi", "schema"}
"""Commands that print documents with a format of their own."""


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
