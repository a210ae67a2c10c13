"""Find the line of a key in TOML text: tomllib keeps no positions, and an error should name one.

Understood are tables, dotted and quoted keys, values over several lines, strings and comments. A key in an
inline table is found on the line of the table's own key. Arrays of tables are not: a spec has none.
"""

import re
from collections.abc import Iterator

Path = tuple[str, ...]

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEYS = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_TABLE = re.compile(rf"^\s*\[\s*({_KEYS})\s*\]")
_ASSIGNMENT = re.compile(rf"^\s*({_KEYS})\s*=(.*)$")
_SKIPPED = re.compile(
    r"\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''.*?'''" r"|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'" r"|#[^\n]*",
    re.DOTALL,
)


def line_of(text: str, path: Path) -> int:
    """The line (from 1) of `path`, or of the nearest of its parents that is written down."""
    best, depth = 1, 0
    for number, found in _keys(text):
        common = found[: len(path)]
        if path[: len(common)] == common and len(common) > depth:
            best, depth = number, len(common)
    return best


def key_on_line(text: str, number: int) -> str:
    """The dotted key whose value stands on or reaches to line `number`, or "" where there is none."""
    key: Path = ()
    for line, found in _keys(text):
        if line > number:
            break
        key = found
    return ".".join(key)


def _keys(text: str) -> Iterator[tuple[int, Path]]:
    """Every table and key with its line."""
    table: Path = ()
    depth = 0  # of brackets that are still open: inside them no key begins
    for number, (line, bare) in enumerate(zip(_outline(text), _outline(text, bare=True), strict=True), 1):
        if depth == 0 and (match := _TABLE.match(line)):
            table = _split(match[1])
            yield number, table
            continue
        if depth == 0 and (match := _ASSIGNMENT.match(line)):
            yield number, table + _split(match[1])
        depth = max(0, depth + bare.count("[") + bare.count("{") - bare.count("]") - bare.count("}"))


def _outline(text: str, *, bare: bool = False) -> list[str]:
    """The lines with comments and long strings blanked; `bare` blanks short strings (quoted keys too)."""

    def blank(match: re.Match[str]) -> str:
        keep = not bare and match[0][0] != "#" and match[0][:3] not in ('"""', "'''")
        return match[0] if keep else re.sub(r"[^\n]", " ", match[0])

    return _SKIPPED.sub(blank, text).split("\n")


def _split(dotted: str) -> Path:
    """`a."b c".d` as ("a", "b c", "d")."""
    return tuple(key[1:-1] if key[0] in "\"'" else key for key in re.findall(_KEY, dotted))
