"""Many mutants of one contract in one compilation.

Each mutation is written beside the original and chosen by the block's base fee, which no contract here
reads: `a < b` becomes `(block.basefee == 17 ? a <= b : a < b)`. So a contract is compiled once for all its
mutants, and a test chooses one with a cheat code. Functions that are `pure` cannot look at the block and are
left out, as are constants and assembly.
"""

import json
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.chain.compiler import solc_binary
from orchestrator.config import load_settings

ROOT = Path(__file__).parents[2]
CONFIG = load_settings(folder=ROOT, environ={}).compiler
COMPARISONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "&&": "||", "||": "&&"}
ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*"}
ASSIGNMENTS = {"+=": "-=", "-=": "+="}


@dataclass(frozen=True)
class Mutant:
    """What is changed in `source`: `before` and `after` are written around bytes `start` to `end`.

    `@@` in them stands for the number under which the mutant is chosen.
    """

    source: str
    function: str
    start: int
    end: int
    what: str
    before: str
    after: str

    def place(self, text: bytes) -> str:
        line = text[: self.start].count(b"\n") + 1
        return f"{Path(self.source).name}:{line} {self.function}: {self.what}"


def request(sources: dict[str, str], outputs: dict[str, Any]) -> dict[str, Any]:
    """Solc's input for `sources`, with the settings of what is shipped but one: nothing is optimized.

    With all its mutants a contract takes the optimizer minutes, and the mere translation seconds.
    """
    translation = {"yul": True, "yulDetails": {"stackAllocation": True, "optimizerSteps": ":"}}
    settings = {
        "evmVersion": CONFIG.evm_version,
        "optimizer": {"enabled": True, "runs": 1, "details": translation},
        "remappings": list(CONFIG.remappings),
        "viaIR": CONFIG.via_ir,
        "outputSelection": outputs,
    }
    contents = {source: {"content": content} for source, content in sources.items()}
    return {"language": "Solidity", "sources": contents, "settings": settings}


def solc(asked: dict[str, Any]) -> tuple[Any, list[str]]:
    """The compiler's output and its errors."""
    binary = [str(solc_binary(ROOT, CONFIG.version)), "--standard-json"]
    done = subprocess.run(
        binary, input=json.dumps(asked), cwd=ROOT, capture_output=True, text=True, check=True
    )
    output = json.loads(done.stdout)
    errors = [each["formattedMessage"] for each in output.get("errors", ()) if each["severity"] == "error"]
    return output, errors


def mutants_of(source: str) -> list[Mutant]:
    """Every mutation of the file `source`, in the order of places."""
    text = (ROOT / source).read_bytes()
    output, errors = solc(request({source: text.decode()}, {source: {"": ["ast"]}}))
    if errors:
        raise RuntimeError(errors[0])
    found: list[Mutant] = []
    for function in _functions(output["sources"][source]["ast"]):
        found += _Walk(source, text, function).mutants()
    return sorted(set(found), key=lambda each: (each.start, -each.end, each.what))


def written(source: str, mutants: Sequence[tuple[int, Mutant]]) -> str:
    """The file `source` with the numbered `mutants` of it beside what stands there."""
    text = (ROOT / source).read_bytes()
    events: list[tuple[int, int, int, str]] = []
    for order, (number, mutant) in enumerate(mutants):
        size = mutant.end - mutant.start
        before, after = (part.replace("@@", str(number)) for part in (mutant.before, mutant.after))
        events.append((mutant.start, 1, -size * 1000 + order, before))  # the outer one opens first,
        events.append((mutant.end, 0, size * 1000 - order, after))  # and closes last
    result, position = [], 0
    for place, _, _, insertion in sorted(events):
        result += [text[position:place].decode(), insertion]
        position = place
    return "".join([*result, text[position:].decode()])


def _functions(node: Any) -> Iterator[Any]:
    if isinstance(node, list):
        for each in node:
            yield from _functions(each)
    elif isinstance(node, dict):
        if node.get("nodeType") in ("FunctionDefinition", "ModifierDefinition"):
            if node.get("stateMutability") != "pure" and node.get("body"):
                yield node
        else:
            yield from _functions(node.get("nodes", []))


class _Walk:
    """One function's mutants."""

    def __init__(self, source: str, text: bytes, function: Any) -> None:
        self.source, self.text, self.function = source, text, function

    def mutants(self) -> Iterator[Mutant]:
        yield from self._walk(self.function["body"])

    def _walk(self, node: Any) -> Iterator[Mutant]:
        """Not into constants, nor to the left of a shift or power: a literal is a `uint256` there."""
        if isinstance(node, list):
            for each in node:
                yield from self._walk(each)
        if not isinstance(node, dict):
            return
        kind = node.get("nodeType", "")
        if kind in ("EmitStatement", "RevertStatement", "InlineAssembly"):
            return
        look = getattr(self, f"_{kind}", None)
        if look:
            yield from look(node)
        constant = str(node.get("typeDescriptions", {}).get("typeString", "")).startswith("int_const")
        if constant and kind != "Literal":
            return
        wide = node.get("operator") in ("<<", ">>", "**")
        for part, value in node.items():
            if part == "loopExpression":
                continue  # it has no semicolon of its own, and a loop without it does not end
            if not (wide and part == "leftExpression" and value["nodeType"] == "Literal"):
                yield from self._walk(value)

    def _make(self, node: Any, what: str, before: str, after: str, beyond: int = 0) -> Mutant:
        start, size = map(int, node["src"].split(":")[:2])
        name = self.function["name"] or self.function.get("kind", "")
        return Mutant(self.source, name, start, start + size + beyond, what, before, after)

    def _raw(self, node: Any) -> str:
        start, size = map(int, node["src"].split(":")[:2])
        return self.text[start : start + size].decode()

    def _short(self, node: Any) -> str:
        raw = " ".join(self._raw(node).split())
        return raw if len(raw) < 60 else raw[:57] + "…"

    def _BinaryOperation(self, node: Any) -> Iterator[Mutant]:
        operator = node["operator"]
        other = {**COMPARISONS, **ARITHMETIC}.get(operator)
        if other is None or node["typeDescriptions"]["typeString"].startswith("int_const"):
            return
        if node["rightExpression"].get("value") == "1" and operator in "*/":
            return
        left, right = self._raw(node["leftExpression"]), self._raw(node["rightExpression"])
        mutated = f"(block.basefee == @@ ? {left} {other} {right} : "
        yield self._make(node, f"`{self._short(node)}` with {other}", mutated, ")")

    def _IfStatement(self, node: Any) -> Iterator[Mutant]:
        condition = node["condition"]
        yield self._make(condition, f"if not `{self._short(condition)}`", "(block.basefee == @@) != (", ")")

    def _FunctionCall(self, node: Any) -> Iterator[Mutant]:
        if node["expression"].get("name") in ("require", "assert"):
            condition = node["arguments"][0]
            yield self._make(condition, f"no `{self._short(condition)}`", "(block.basefee == @@ || (", "))")

    def _ExpressionStatement(self, node: Any) -> Iterator[Mutant]:
        """In braces of its own, or an `else` that follows would be taken for this one's."""
        expression = node["expression"]
        if expression.get("expression", {}).get("name") in ("require", "assert", "revert"):
            return
        kind = expression.get("leftHandSide", {}).get("typeDescriptions", {}).get("typeString", "")
        if "storage" in kind or "calldata" in kind:
            return  # a pointer must be assigned before it is used
        beyond = self.text.index(b";", sum(map(int, node["src"].split(":")[:2]))) + 1
        beyond -= sum(map(int, node["src"].split(":")[:2]))
        yield self._make(
            node, f"without `{self._short(node)}`", "{ if (block.basefee != @@) { ", " } }", beyond
        )
        other = ASSIGNMENTS.get(expression.get("operator", ""))
        if other:
            left, right = self._raw(expression["leftHandSide"]), self._raw(expression["rightHandSide"])
            mutated = f"{{ if (block.basefee == @@) {{ {left} {other} {right}; }} else {{ "
            yield self._make(node, f"`{self._short(node)}` with {other}", mutated, " } }", beyond)

    def _Literal(self, node: Any) -> Iterator[Mutant]:
        if node["kind"] == "number" and node.get("value", "").isdigit() and not node.get("subdenomination"):
            mutated = f"(block.basefee == @@ ? {int(node['value']) + 1} : "
            yield self._make(node, f"{node['value']} + 1", mutated, ")")
