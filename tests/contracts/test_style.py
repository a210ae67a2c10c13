"""What linters have no rule for: one pragma, one kind of comment, one kind of mark, one name for a bound."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OWN = sorted((ROOT / "contracts").rglob("*.sol"))
ALL = [*OWN, *sorted((ROOT / "tests").rglob("*.sol"))]
PRAGMA = "pragma solidity ^0.8.28;"
FORBIDDEN = {
    r"/\*\*": "documentation stands behind ///",
    r"// (Check|Effect|Interaction):\s*$": "a mark without a sentence has no colon",
    r"// (Check|Effect|Interaction)[ ,.]": "a mark with a sentence has a colon",
    r"\bconstant _[A-Z]": "constants have no underscore before them",
    r"\bconstant (LEAST|MOST)_": "bounds are MIN_ and MAX_",
}


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_source__pragma__the_one(path: Path) -> None:
    assert re.findall(r"^pragma solidity .*$", path.read_text("utf-8"), re.M) == [PRAGMA]


@pytest.mark.parametrize(("pattern", "why"), FORBIDDEN.items())
def test_source__style__as_everywhere(pattern: str, why: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {why}"
        for path in OWN
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if re.search(pattern, line)
    ]
    assert found == []
