"""How large the house is: `python -m tests.size`.

Code lines are those of Python that are not a blank line, comment or doc string; the tournament is counted
whole, with its contracts, commands and tests, in all of its lines.
"""

import ast
import io
import tokenize
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
EMPTY = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}
APART = {"bindings", "federation", "page", "page.py", "tournament"}
"""What the aim for the package leaves out."""


def code_lines(path: Path) -> int:
    text = path.read_text(encoding="utf-8")
    told: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        for part in getattr(node, "body", []) if not isinstance(node, ast.Lambda | ast.IfExp) else []:
            if isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant):
                told |= set(range(part.lineno, (part.end_lineno or 0) + 1))
    held: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in EMPTY:
            held |= set(range(token.start[0], token.end[0] + 1))
    return len(held - told)


def package() -> Counter[str]:
    """Code lines of `orchestrator` by folder."""
    found: Counter[str] = Counter()
    for path in (ROOT / "orchestrator").rglob("*.py"):
        found["/".join(path.relative_to(ROOT / "orchestrator").parts[:2])] += code_lines(path)
    return found


def tournament() -> Counter[str]:
    """All lines of the tournament by kind; its bindings, which are generated, and documents aside."""
    found: Counter[str] = Counter()
    for kind, folder in (
        ("contracts", "contracts"),
        ("room", "orchestrator/systems"),
        ("commands", "orchestrator/cli"),
        ("tests", "tests"),
    ):
        for path in (ROOT / folder).rglob("*"):
            named = "tournament" in str(path.relative_to(ROOT)).lower()
            if named and path.suffix in (".py", ".sol"):
                found[kind] += len(path.read_text(encoding="utf-8").splitlines())
    return found


if __name__ == "__main__":
    every, room = package(), tournament()
    for name, lines in every.most_common():
        print(f"{lines:7} {name}")  # noqa: T201
    kept = sum(lines for name, lines in every.items() if not APART & set(name.split("/")))
    print(f"{sum(every.values()):7} code lines in all; {kept} without {', '.join(sorted(APART))}")  # noqa: T201
    print(f"{sum(room.values()):7} lines of the tournament: {dict(room)}")  # noqa: T201
