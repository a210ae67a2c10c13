"""What the package ships is what the sources compile to: by `brownie compile`, or by our own run without it.

Brownie pins old versions of what DILN uses, so it lives in an environment of its own; DILN_BROWNIE is the
path of its command. To compile all contracts takes minutes, so it is done once: bytecode ends with the hash
of its metadata, which are the ABI, the documentation, the settings and the hash of every source.
"""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from orchestrator.chain import artifact_names, load_artifact
from orchestrator.chain.compiler import ARTIFACTS, compile_sources, solc_binary, write_artifacts
from orchestrator.config import load_settings
from tests.evm import MOCKS

pytestmark = [
    pytest.mark.integration,
    pytest.mark.early,
    pytest.mark.timeout(3600),
    pytest.mark.usefixtures("solc_installed"),
]

ROOT = Path(__file__).parents[2]
CONFIG = load_settings(folder=ROOT, environ={}).compiler
BROWNIE = os.environ.get("DILN_BROWNIE", "")
PUSH0, PUSH32 = 0x5F, 0x7F


@pytest.mark.parametrize(("folder", "shipped"), [("contracts", ARTIFACTS), ("tests/contracts/mocks", MOCKS)])
def test_compile_sources__as_they_are__give_what_is_shipped(
    folder: str, shipped: Path, tmp_path: Path
) -> None:
    if BROWNIE and shipped == ARTIFACTS:
        pytest.skip("is compared with what Brownie compiles, below")
    write_artifacts(compile_sources(ROOT, CONFIG, folders=[folder]), tmp_path)
    compiled = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert compiled == {path.name: path.read_bytes() for path in shipped.glob("*.json")}, (
        "python -m tests.evm"
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what Brownie built from a copy of the project, in a home of its own."""
    if not BROWNIE:
        pytest.skip("needs brownie: an environment with eth-brownie, its command in DILN_BROWNIE")
    project, home = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("home")
    shutil.copytree(ROOT / "contracts", project / "contracts")
    shutil.copytree(ROOT / "migrations", project / "migrations")
    shutil.copy(ROOT / "brownie-config.yaml", project)
    (project / "node_modules").symlink_to(ROOT / "node_modules")
    (home / ".solcx").mkdir()
    shutil.copy(solc_binary(ROOT, CONFIG.version), home / ".solcx" / f"solc-v{CONFIG.version}")
    done = subprocess.run(
        [BROWNIE, "compile"],
        cwd=project,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return project / ".build" / "contracts"


def test_brownie__each_contract__is_what_is_shipped(built: Path) -> None:
    contents = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in built.glob("*.json")}
    own = {name: each for name, each in contents.items() if each["sourcePath"].startswith("contracts/")}
    assert sorted(name for name, each in own.items() if each["bytecode"]) == list(artifact_names())
    settings = load_artifact(next(artifact_names(MOCKS)), MOCKS).compiler  # as in the run above
    for name in artifact_names():
        shipped = load_artifact(name)
        assert bytes.fromhex(own[name]["bytecode"]) == shipped.bytecode, name
        assert bytes.fromhex(own[name]["deployedBytecode"]) == shipped.deployed_bytecode, name
        assert _left_open(shipped.deployed_bytecode) == sorted(shipped.immutables), name
        assert own[name]["abi"] == list(shipped.abi), name
        assert hashlib.sha256(own[name]["source"].encode()).hexdigest() == shipped.source_hash, name
        assert own[name]["sourcePath"] == shipped.source, name
        assert shipped.compiler == settings, name


def _left_open(code: bytes) -> list[tuple[int, int]]:
    """Where the constructor fills in immutables: each PUSH32 of nothing, up to the metadata at the end."""
    found, place, end = [], 0, len(code) - int.from_bytes(code[-2:]) - 2
    while place < end:
        if code[place] == PUSH32 and not any(code[place + 1 : place + 33]):
            found.append((place + 1, 32))
        place += 1 + (code[place] - PUSH0 if PUSH0 < code[place] <= PUSH32 else 0)
    return found
