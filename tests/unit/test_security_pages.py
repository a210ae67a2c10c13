"""The pages about security name tests: each is there.

docs/security
├── a test's name: a function (with … at its end: one that begins so)
├── a test's file: a file
└── another page of the kind: a page
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = "contracts|foundry|integration|parity|stateful|systems|unit"
PAGES = [ROOT / "docs" / "security.md", *sorted((ROOT / "docs" / "security").glob("*.md"))]


@pytest.fixture(scope="module")
def written() -> set[str]:
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    return {name for text in texts for name in re.findall(r"def (test_\w+)", text)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page__tests_that_it_names__are_there(page: Path, written: set[str]) -> None:
    text = page.read_text(encoding="utf-8")
    files = re.findall(rf"\b(?:tests/)?((?:{FOLDERS})/[\w/]+\.(?:py|sol))", text)
    assert [each for each in files if not (ROOT / "tests" / each).is_file()] == []
    pages = re.findall(r"\bsecurity/([\w-]+\.md)", text)
    assert [each for each in pages if not (ROOT / "docs" / "security" / each).is_file()] == []
    named = re.findall(r"`(test_\w+__\w+)(…?)`", text)
    missing = [
        name
        for name, more in named
        if not any(each == name or (more and each.startswith(name)) for each in written)
    ]
    assert missing == []
