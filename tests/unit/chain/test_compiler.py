"""
the compiler
├── what was compiled before: not again, unless a source has changed
├── sources that do not compile, or share a name: said with the compiler's words
└── which solc: installed, npm's, or none: said how to get it
"""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import solcx

from orchestrator.chain.compiler import compile_sources, solc_binary, write_artifacts
from orchestrator.config import load_settings
from orchestrator.errors import ChainError, ConfigError

ROOT = Path(__file__).parents[3]
CONFIG = load_settings(folder=ROOT, environ={}).compiler


def project(folder: Path, **sources: str) -> Path:
    (folder / "contracts").mkdir()
    for name, source in sources.items():
        heading = "// SPDX-License-Identifier: MIT\npragma solidity ^0.8.30;\n"
        (folder / "contracts" / f"{name}.sol").write_text(heading + source)
    return folder


def test_compile_sources__an_error__is_told_in_the_compilers_words(
    solc_installed: None, tmp_path: Path
) -> None:
    root = project(tmp_path, Bad="contract Bad { uint256 x = nonsense; }")
    with pytest.raises(ChainError, match=r"Undeclared identifier[^$]*contracts/Bad\.sol"):
        compile_sources(root, CONFIG)


def test_compile_sources__a_name_twice__is_refused(solc_installed: None, tmp_path: Path) -> None:
    root = project(tmp_path, A="contract Same { uint256 public x; }", B="contract Same { uint256 public y; }")
    with pytest.raises(ChainError, match="two contracts are named Same"):
        compile_sources(root, CONFIG)


def test_compile_sources__interfaces__are_left_out(solc_installed: None, tmp_path: Path) -> None:
    root = project(
        tmp_path, A="interface I { function f() external; } contract C { uint256 public immutable X = 1; }"
    )
    artifacts = compile_sources(root, CONFIG)
    assert list(artifacts) == ["C"]
    assert artifacts["C"]["immutables"]


def test_compile_sources__again__compiles_only_after_a_change(solc_installed: None, tmp_path: Path) -> None:
    library = "library L { function f() internal pure returns (uint256) { return 1; } }"
    user = 'import {L} from "./L.sol"; contract %s { uint256 public x = L.f(); }'
    root = project(tmp_path, L=library, A=user % "A")
    before = compile_sources(root, CONFIG)
    kept = {path: path.stat().st_mtime_ns for path in (root / ".build/solc").rglob("*.json")}
    assert len(kept) == 1
    assert compile_sources(root, CONFIG) == before
    assert kept == {path: path.stat().st_mtime_ns for path in (root / ".build/solc").rglob("*.json")}
    path = root / "contracts/L.sol"
    path.write_text(path.read_text().replace("return 1", "return 2"))
    after = compile_sources(root, CONFIG)
    assert after["A"]["sourceHash"] == before["A"]["sourceHash"]
    assert after["A"]["bytecode"] != before["A"]["bytecode"]  # through what it imports


def test_write_artifacts__stale_ones__are_removed(tmp_path: Path) -> None:
    write_artifacts({"Old": {"x": 1}, "Kept": {"x": 1}}, tmp_path)
    write_artifacts({"Kept": {"x": 2}}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["Kept.json"]
    assert json.loads((tmp_path / "Kept.json").read_text()) == {"x": 2}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where py-solc-x keeps compilers: empty here, and its downloads fail."""
    folder = tmp_path / "solcx"
    folder.mkdir()
    monkeypatch.setenv("SOLCX_BINARY_PATH", str(folder))

    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(solcx, "install_solc", unreachable)
    return folder


def npm_solc(root: Path, version: str) -> Path:
    package = root / "node_modules" / "solc"
    package.mkdir(parents=True)
    (package / "index.js").write_text(f"exports.version = () => '{version}+commit.0'")
    return root


def test_solc_binary__installed__is_used(installed: Path, tmp_path: Path) -> None:
    (installed / "solc-v0.8.37").write_bytes(b"\x7fELF")
    assert solc_binary(tmp_path, "0.8.37") == installed / "solc-v0.8.37"


def test_solc_binary__nowhere__says_how_to_get_it(installed: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no route to host") as caught:
        solc_binary(tmp_path, "0.8.37")
    assert "npm ci" in caught.value.hint


@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
def test_solc_binary__npms__is_wrapped(installed: Path, tmp_path: Path) -> None:
    binary = solc_binary(npm_solc(tmp_path, "0.8.37"), "0.8.37")
    assert binary.parent == installed
    shown = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    assert "Version: 0.8.37" in shown


@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
def test_solc_binary__wrapped_package_is_gone__is_wrapped_anew(installed: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    before = solc_binary(npm_solc(first, "0.8.37"), "0.8.37").read_text()
    npm_solc(second, "0.8.37")
    assert solc_binary(second, "0.8.37").read_text() == before
    shutil.rmtree(first)
    assert str(second) in solc_binary(second, "0.8.37").read_text()


@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
def test_solc_binary__npms_is_another_version__is_refused(installed: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"npm's solc is not 0\.8\.37"):
        solc_binary(npm_solc(tmp_path, "0.8.30"), "0.8.37")
    assert list(installed.iterdir()) == []
