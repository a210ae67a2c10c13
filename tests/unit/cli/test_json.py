"""What `--json` prints keeps to docs/json.md: keys, and the words for amounts and times."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.cli.dispatch import run
from orchestrator.console import Facts, Table, amount
from orchestrator.kernel.money import ETHER, Currency
from tests.unit.test_docs import blocks

CLI = Path(__file__).parents[3] / "orchestrator" / "cli"
KEY = re.compile(r"[a-z][a-z0-9_]*")
FOR_PEOPLE = {
    "__init__.py": "sections of `diln --help`",
    "checking.py": "marks of a verification",
    "contracts.py": "the columns of `migrate`",
    "predicting.py": "the columns of `predict`",
    "results.py": "the names of commands",
    "schemas.py": "the words of JSON Schema",
    "tools.py": "the words of JSON Schema",
}


def keys(module: Path) -> Iterator[tuple[int, str]]:
    """Each key that is written in the module's dictionaries, with its line."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        for key in node.keys if isinstance(node, ast.Dict) else ():
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.lineno, key.value


@pytest.mark.parametrize(
    "module",
    [each for each in sorted(CLI.rglob("*.py")) if each.name not in FOR_PEOPLE],
    ids=lambda module: str(module.relative_to(CLI)),
)
def test_commands__keys_of_what_they_return__are_snake_case(module: Path) -> None:
    assert [f"line {line}: {key}" for line, key in keys(module) if not KEY.fullmatch(key)] == []


def test_facts_and_tables__people__read_names_with_spaces(capsys: pytest.CaptureFixture[str]) -> None:
    Facts({"paid_in": 1}).show()
    Table([{"model_hash": "ab"}]).show()
    Table([{"model_hash": "ab"}], {"model_hash": "model_hash of them"}).show()
    assert capsys.readouterr().out == "paid in  1\nmodel hash\nab\nmodel_hash of them\nab\n"


def test_amount__ether_and_token__value_in_smallest_units_and_its_currency() -> None:
    token = Currency("0x" + "11" * 20, "COIN", 2)  # type: ignore[arg-type]
    shown = amount(ETHER, 3 * 10**18 // 2)
    assert shown.value == {"value": "1500000000000000000", "currency": "0x" + "0" * 40}
    assert str(shown) == "1.5 ether"
    assert amount(token, 250).value == {"value": "250", "currency": token.address}
    assert str(amount(token, 250)) == "2.5 COIN"


def test_error__of_the_page__is_what_the_command_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["chain", "advance", "soon", "--json"]) == 2
    [(_, quoted)] = blocks("docs/json.md", "json")
    assert json.loads(capsys.readouterr().out) == json.loads(quoted)
