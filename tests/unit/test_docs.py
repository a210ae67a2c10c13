"""What README and docs show is run, and what they quote is true."""

import glob
import re
import shlex
from pathlib import Path

import pytest

from orchestrator.chain.deployments import fixed_addresses
from orchestrator.cli import SECTIONS, help_text

pytestmark = pytest.mark.early

ROOT = Path(__file__).parent.parent.parent
PAGES = (
    "README.md",
    "docs/federate.md",
    "docs/grow.md",
    "docs/market.md",
    "docs/models.md",
    "docs/python.md",
    "docs/tournament.md",
    "docs/tutorial.md",
)


def blocks(page: str, *languages: str, heading: str | None = None) -> list[tuple[str, str]]:
    """The fenced blocks of a page, or of a section, in these languages, as (language, content)."""
    text = (ROOT / page).read_text(encoding="utf-8")
    if heading:
        text = text[text.index(f"{heading}\n") + len(heading) :].partition("\n## ")[0]
    found = re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(language, content) for language, content in found if language in languages]


@pytest.mark.parametrize("page", PAGES)
def test_docs__commands_and_python__run(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from orchestrator.cli.dispatch import run

    monkeypatch.chdir(tmp_path)
    for variable in ("DILN_HOME", "DILN_NETWORK", "DILN_FROM", "DILN_STORAGE"):
        monkeypatch.delenv(variable, raising=False)
    if page == "docs/models.md":
        write_keys(tmp_path)
    for language, content in blocks(page, "console", "sh", "python"):
        if language == "sh" and ("pip install" in content or "openssl" in content):
            continue  # that is CI's: it installs the package
        if language == "python":
            exec(compile(content, page, "exec"), {})
            continue
        for line in content.splitlines():
            words = shlex.split(line.removeprefix("$ "))
            assert words[0] == "diln", "these blocks hold commands of diln alone"
            arguments = [name for word in words[1:] for name in (glob.glob(word) or [word])]
            assert run(arguments) == 0, f"{line}\n{capsys.readouterr().err}"


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
)
def test_pages__blocks__can_be_pasted(page: str) -> None:
    for language, content in blocks(page, "bash", "console", "sh"):
        assert language == "sh"
        assert not re.search(r"^\$ ", content, re.MULTILINE), content


def write_keys(folder: Path) -> None:
    """What the page makes with openssl."""
    from Crypto.PublicKey import ECC

    key = ECC.generate(curve="P-256")
    (folder / "key.pem").write_text(key.export_key(format="PEM"))
    (folder / "key.pub").write_text(key.public_key().export_key(format="PEM"))


def test_models__every_field_of_a_manifest__is_documented() -> None:
    from orchestrator.provenance.manifest import Manifest

    page = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    quoted = {
        word for code in re.findall(r"`([^`\n]+)`", page) for word in re.sub(r"\[.*?\]", "", code).split(".")
    }
    schema = Manifest.model_json_schema()
    parts = [schema, *schema["$defs"].values()]
    assert {name for part in parts for name in part.get("properties", {})} <= quoted


def test_readme__help_block__is_what_diln_help_prints() -> None:
    quoted = [content for _, content in blocks("README.md", "text") if content.startswith("Usage: diln")]
    assert quoted == [help_text()]


def test_readme__demo_block__names_the_steps_of_the_demo() -> None:
    quoted = next(content for _, content in blocks("README.md", "text") if content.startswith("collect"))
    source = (ROOT / "orchestrator" / "systems" / "prove" / "demo.py").read_text(encoding="utf-8")
    steps = [line.split()[0] for line in quoted.splitlines()]
    for step in steps:
        assert re.search(rf'\(?\s*"{step}",', source), step
    assert fixed_addresses()["ModelRegistry"] in quoted


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_docs__commands_they_mention__exist(page: str) -> None:
    known = {command for section in SECTIONS.values() for command in section}
    mentioned = set(re.findall(r"`diln ([a-z-]+)", (ROOT / "docs" / page).read_text(encoding="utf-8")))
    assert mentioned <= known


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_docs__imports_they_show__exist(page: str) -> None:
    """Read, not run: an extra may bring what they import."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for module, names in re.findall(r"^from (orchestrator[\w.]*) import ([\w, ]+)$", text, re.MULTILINE):
        place = ROOT / module.replace(".", "/")
        file = place.with_suffix(".py") if place.with_suffix(".py").exists() else place / "__init__.py"
        defined = set(re.findall(r"^(?:class |def |)(\w+)\b", file.read_text(encoding="utf-8"), re.MULTILINE))
        defined |= {each.stem for each in place.glob("*.py")}
        assert set(names.split(", ")) <= defined, module


def test_docs__links__lead_somewhere() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_measurements__gas_tables__are_those_of_the_snapshots() -> None:
    from benchmarks.__main__ import gas_tables

    page = (ROOT / "docs" / "measurements.md").read_text(encoding="utf-8")
    assert gas_tables() in page, "run `python -m benchmarks --gas-only`"


def test_menu__of_the_site__has_every_page() -> None:
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [each.relative_to(ROOT / "docs").as_posix() for each in (ROOT / "docs").rglob("*.md")]
    assert [each for each in pages if f": {each}\n" not in menu] == []
