"""Sizes that the house keeps to: functions, their parameters, commands, and types that say nothing."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.size import tournament

ROOT = Path(__file__).parents[2]
LONGEST, PARAMETERS, COMMAND = 60, 12, 12


def sources(folder: str = "orchestrator") -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        if "bindings" not in path.parts:
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path, module in sources():
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(ROOT)}:{node.name}", node


def is_command(node: ast.AST) -> bool:
    decorators = getattr(node, "decorator_list", [])
    return any(isinstance(each, ast.Call) and ast.unparse(each.func) == "command" for each in decorators)


def test_functions__each__are_short_and_take_few_parameters() -> None:
    long, many = {}, {}
    for name, node in functions():
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > LONGEST:
            long[name] = lines
        taken = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        if len(taken) > PARAMETERS and not is_command(node):
            many[name] = len(taken)
    assert (long, many) == ({}, {})


def commands() -> Iterator[tuple[str, int]]:
    """Each command, and its lines beyond parameters and help."""
    for path, module in sources("orchestrator/cli"):
        for node in module.body:
            if isinstance(node, ast.FunctionDef) and is_command(node):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                name = ".".join(
                    [*path.relative_to(ROOT / "orchestrator/cli").with_suffix("").parts, node.name]
                )
                yield name, (body[-1].end_lineno or 0) - body[0].lineno + 1


def test_commands__beyond_their_parameters__take_few_lines() -> None:
    longer = {name: lines for name, lines in commands() if lines > COMMAND}
    assert longer == {}


TOURNAMENT = 5_880
"""Lines of the tournament with its tests: to be lowered, never to grow."""


def test_tournament__with_its_tests__is_no_larger() -> None:
    assert sum(tournament().values()) <= TOURNAMENT


UNSAID = 40
"""How often `: Any` stands in the package: where a library has no types, or a file may hold anything."""


def test_types__any__are_few() -> None:
    found = [len(re.findall(r": Any\b", path.read_text(encoding="utf-8"))) for path, _ in sources()]
    assert sum(found) <= UNSAID


def test_architecture__picture__is_of_the_linter_s_layers() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = [layer.split(" | ") for layer in contracts[0]["layers"]]
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    picture = page[page.index("```mermaid") :].partition("\n```\n")[0]
    for layer in layers[: [layer[0] for layer in layers].index("orchestrator.config")]:
        places = [picture.index(module.removeprefix("orchestrator.")) for module in layer]
        assert places == sorted(places), layer
        picture = picture[max(places) :]
    rooms = {each.rpartition(".")[2] for each in contracts[1]["modules"]}
    assert rooms == {path.name for path in (ROOT / "orchestrator/systems").iterdir() if path.is_dir()} - {
        "__pycache__"
    }
    assert all(f"{room} ~~~" in page or f"~~~ {room}" in page for room in rooms)


def test_long_tests__each__is_one_of_the_tests() -> None:
    named = (ROOT / "tests" / "long.txt").read_text(encoding="utf-8").splitlines()
    for name in named:
        file, test = name.split("[")[0].split("::")[:2]
        source = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"(class|def) {test}\b|^{test} = ", source, re.MULTILINE), name
