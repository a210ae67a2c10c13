"""`diln schema`: every command's result has a schema, and a schema says something."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from orchestrator.cli import schemas
from orchestrator.cli.dispatch import run
from tests.schemas import check, command_of
from tests.unit.cli.test_golden import found
from tests.unit.test_docs import blocks

KEY = re.compile(r"[a-z][a-z0-9_]*")
FOREIGN = {"sign": {"chainId"}}
"""Keys of documents with a format of their own."""


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for each in schema.values():
            yield from objects(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from objects(each)


def test_schemas__commands__each_has_one() -> None:
    names = set(found())
    groups = {name for name in names if any(other.startswith(f"{name} ") for other in names)}
    assert set(schemas.results()) == names - groups | {schemas.ERROR}


@pytest.mark.parametrize("command", schemas.results())
def test_schema__of_each__is_one_with_keys_in_snake_case_and_a_sentence(command: str) -> None:
    schema = schemas.schema_of(command)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"].endswith(command)
    assert {"type", "anyOf", "$ref", "properties"} & schema.keys()
    for each in objects(schema):
        keys = set(each["properties"]) - FOREIGN.get(command, set())
        assert {key for key in keys if not KEY.fullmatch(key)} == set()
        assert each.get("description")


def test_schema_command__name_none_and_unknown__schema_list_and_hint(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["schema", "chain", "show"]) == 0
    assert json.loads(capsys.readouterr().out) == schemas.schema_of("chain show")
    assert run(["schema", "--json"]) == 0
    listed = {each["command"]: each["result"] for each in json.loads(capsys.readouterr().out)}
    assert listed["log"] == "A published version."
    assert run(["schema", "nonsense"]) == 2
    assert "diln schema" in capsys.readouterr().err
    assert run(["schema", "trian"]) == 2
    assert "Did you mean `diln schema train`?" in capsys.readouterr().err


def test_check__another_key_or_type__refused() -> None:
    amount = {"value": "5", "currency": "0x" + "0" * 40}
    check("tournament fund", {"paid": amount, "free": amount})
    check("tournament fund", {"error": "ChainError", "message": "no", "hint": ""})
    both = {"paid": amount, "free": amount}
    for wrong in (both | {"free": 5}, {}, both | {"more": 1}, both | {"free": amount | {"value": "5 ether"}}):
        with pytest.raises(AssertionError, match="diln tournament fund"):
            check("tournament fund", wrong)
    assert command_of(["market", "show", "x", "--json"]) == "market show"
    assert command_of(["nonsense"]) is None


def test_error__of_the_page__fits_its_schema() -> None:
    [(_, quoted)] = blocks("docs/json.md", "json")
    check("log", json.loads(quoted))
