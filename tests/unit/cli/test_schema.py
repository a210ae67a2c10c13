"""`diln schema`: every command's result has a schema, and a schema says something.

results.json beside it has the keys of all, and what stands under them: whoever renames one sees it there, and
tells it in the changelog. What commands print in tests is held against the schemas. UPDATE_GOLDEN=1 writes
the file anew.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

from orchestrator.cli import schemas
from orchestrator.cli.dispatch import run
from orchestrator.console.shapes import ForPeople
from tests.schemas import check, command_of, sentences
from tests.unit.cli.test_golden import found
from tests.unit.test_docs import blocks

GOLDEN = Path(__file__).parent / "results.json"
KEY = re.compile(r"[a-z][a-z0-9_]*")
SENTENCE = get_args(ForPeople)[1].description
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


def outline(schema: Any, known: dict[str, Any], within: tuple[str, ...] = ()) -> Any:
    """The keys of a schema, with `?` if they may lack, and the kinds of values, in the shape of a value."""
    if name := schema.get("$ref", "").rpartition("/")[2]:
        return name if name in ("Amount", "Time", *within) else outline(known[name], known, (*within, name))
    if parts := schema.get("anyOf"):
        kinds = [outline(each, known, within) for each in parts]
        return " | ".join(kinds) if all(isinstance(each, str) for each in kinds) else {"either": kinds}
    if "properties" in schema:
        needed = schema.get("required", ())
        own = schema["properties"].items()
        return {key + "?" * (key not in needed): outline(each, known, within) for key, each in own}
    if schema.get("type") == "array":
        return [outline(schema.get("items", {}), known, within)]
    if isinstance(more := schema.get("additionalProperties"), dict):
        return {"*": outline(more, known, within)}
    if schema.get("description") == SENTENCE:
        return "sentence"
    words = schema.get("enum") or [schema["const"]] if {"enum", "const"} & schema.keys() else []
    return " | ".join(map(repr, words)) or schema.get("type", "anything")


def keys(part: Any, kind: str) -> set[str]:
    """The keys of an outline under which something of this kind stands, in a list, too."""
    found = set()
    for key, each in part.items() if isinstance(part, dict) else ():
        inner = each[0] if isinstance(each, list) else each
        inner = inner["*"] if isinstance(inner, dict) and inner.keys() == {"*"} else inner
        if isinstance(inner, str) and kind in inner.split(" | ") and key != "*":
            found.add(key.rstrip("?"))
        found |= keys(each, kind)
    for each in part if isinstance(part, list) else ():
        found |= keys(each, kind)
    return found


def outlines() -> dict[str, Any]:
    found = {command: schemas.schema_of(command) for command in schemas.results()}
    return {command: outline(schema, schema.get("$defs", {})) for command, schema in found.items()}


def test_schemas__keys_and_kinds__are_those_of_the_golden_file() -> None:
    made = outlines()
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n")
    golden = json.loads(GOLDEN.read_text())
    assert list(made) == list(golden)
    for command, expected in golden.items():
        assert made[command] == expected, command


def test_page__keys_that_hold_sentences__are_those_of_the_schemas() -> None:
    assert keys(outlines(), "sentence") == sentences()


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
    assert schemas.about(command)
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


def test_check__sentence_under_another_key__refused() -> None:
    wallet = {"name": "bob", "address": "0x" + "0" * 40, "kind": "keystore"}
    check("account new", wallet)
    with pytest.raises(AssertionError, match="name is for people"):
        check("account new", wallet | {"name": "this is whom nobody knows"})


def test_error__of_the_page__fits_its_schema() -> None:
    [(_, quoted)] = blocks("docs/json.md", "json")
    check("log", json.loads(quoted))
